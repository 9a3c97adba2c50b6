"""What became of one entity, told for a person: what happened, what was tried in vain, and what is due.

reads.py   the facts: its events, the commands that it refused, its timers
rules.py   the facts as a story, and the story as text
late.py    how much is beyond the service level of its status

Nothing is kept for it: events and the ledger of commands say it all.
"""
