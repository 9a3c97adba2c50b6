"""Mail to people whom the program knows: written down with the batch, carried afterwards, at least once.

model.py    records                          rules.py   what is written, and what follows a failure
texts.py    words by kind and language       ports.py   who carries a letter, and who knows addresses
posting.py  the task that carries            parked.py  what was refused for ever, for people to look at
store.py    rows                             handlers.py commands

Owns the table `mail`. Invariants: what is written names a key and never an address, which is looked up when the letter goes; nothing
is sent inside a transaction; a letter keeps its Message-ID however often it is tried; what was taken is forgotten.
"""
