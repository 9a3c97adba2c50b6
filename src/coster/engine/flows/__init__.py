"""Flows of organisations: which versions there are, on which one new entities begin, and who moved what to another.

library.py     the compiled flows of an organisation, for whoever steps entities; asks nothing while nothing was published
model.py       commands and records; folding.py the fold over them, rules.py drafts and publishing, pinning.py, migrating.py
moving.py      who goes where when entities change their version: planned here, carried out by the room whose entities they are
handlers.py    the commands' table, for the kinds of entities that the program has; store.py and reads.py: what it and others read
clocks.py      timers of a status; asking.py, outside.py, audit.py: what rooms share when they step an entity

Owns every table that begins with `flow`. Invariants: the text of a published version is never changed, which the database forbids to
the role under which all commands run; every publish, pin and retirement gives the organisation another number in `flow_state`, so
whoever has compiled its flows under a number need not look; of a flow one move runs at a time.

A room of its own above batch, because its changes are commands; the language itself is `engine/workflow`, which is pure.
"""
