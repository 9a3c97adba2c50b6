"""What happened, told to everybody: events in the batch's own transaction, reactions to them, timers, the feed.

append.py    events and timers into the batch's transaction   feed.py      events by cursor and as a stream
relay.py     the task that carries them: who has work         lease.py     one process an organisation
react.py     events to commands, in order per entity          timers.py    what is due to commands
send.py      the patience with which commands are sent        parked.py    what was given up for now, and resuming it
wake.py      a bell that rings after commits

Owns the tables `event_counter`, `event`, `timer`, `relay_cursor` (webhooks keep cursors of their own in it) and
`parked_reaction`. Invariants: an organisation's events are numbered 1, 2, 3 … without gaps, in the order of their
commits; an entity's events carry its versions in order; what is due is done at least once, and in effect exactly once,
because the command id follows from it; what cannot be done is parked and never dropped.
"""
