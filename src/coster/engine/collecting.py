"""How often Python looks for rings of dead objects."""

from __future__ import annotations

import gc

# Left alone, Python looks after every 700 new objects, and through all that live after some of those times. Of a file's row that took
# a third of the time; seldom is enough, since nearly everything here dies by its reference count.
_THRESHOLD = (50_000, 20, 50)


def seldom() -> tuple[int, int, int]:
    """Has Python look seldom, as a server does; gives how often it looked before, for `gc.set_threshold`."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLD)
    return before
