"""What only grows, moved into files: events, remembered commands, and the stock ledger, older than an instant (ADR 0014).

model.py      parts, what there is to do, and what stands in the way
rules.py      pure: months, instants, how far events may go
files.py      parts and the manifest on disk, written so that they survive a crash
reading.py    an archive read again, and checked
limits.py     how far each kind may go, and who holds it up
events.py     events, in the order of their numbers
commands.py   remembered commands, by month
ledger.py     entries of the ledger, each position's beginning, with what is carried forward
run.py        all of it for one organisation, part by part

Owns `archive_part`, and the column `archived` of `event_counter`. It works on tables of three rooms (`event`, `command`,
`ledger`), as migrations and backups do, with the rights of their owner: the role of requests may not remove any of these rows.
Invariants: a row is removed in the transaction that notes the part which holds it, and that part is on disk by then; each row is in
exactly one noted part; a position's ledger still adds up to the position; no event goes that a reader, a webhook or a parked
reaction still needs, and no command before its event.
"""
