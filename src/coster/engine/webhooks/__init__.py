"""Webhooks: events told to other people's servers, signed, in order per entity, until they are taken.

model.py       commands, endpoints, deliveries, and the policy of patience
rules.py       pure: what becomes of the commands
addresses.py   pure: which URLs and addresses may be called
verdict.py     pure: what follows from an answer
signing.py     pure: secrets and signatures
guard.py       resolves hosts and judges them
network.py     connects to what was judged, and to nothing else
sender.py      one POST and its answer
speaker.py     the message to one endpoint
run.py         a set of deliveries, entity by entity
journal.py     what the database knows of deliveries
deliver.py     the task of a process: who is due, each under a lease
handlers.py    the commands' table; store.py and reads.py: what it and others read

Owns `webhook_endpoint` and `webhook_delivery`, and the rows of `relay_cursor` whose reader is an endpoint's id.
Invariants: the cursor passes an event only in the transaction that either knows it delivered or keeps it in
`webhook_delivery`, so nothing is lost; while an entity has a kept delivery, its later events wait behind it. A secret
is never stored: it is derived from a key of the settings and the endpoint's salt.

A room of its own above batch, because its changes are commands, while the outbox below writes for batch.
"""
