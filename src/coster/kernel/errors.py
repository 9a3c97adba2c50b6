"""Faults: broken worlds and bugs. What a rule refuses is not here; that is a value (`kernel.outcome`).

Fault
├── Busy            too much is waiting; the caller may come again
├── TryAgain        a race was lost; the batch is run again with the same ids and instants
├── Stopped         the process is going down
└── Broken          a stored thing is not as it must be (a bug, or somebody else's hand)
"""

from __future__ import annotations

from datetime import datetime


class Fault(Exception):
    """Anything that rolls a batch back."""


class Busy(Fault):
    """The queue is full; `retry_after` is in seconds."""

    def __init__(self, message: str = "too many commands are waiting", *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TryAgain(Fault):
    """What was read before the locks has changed since; running the same batch again settles it."""


class Stopped(Fault):
    """No new work is taken because the process is stopping."""


class Broken(Fault):
    """A stored thing contradicts what the program promises."""


class NotKept(Exception):
    """What was known at an instant is kept no longer where it was asked for; from `since` on it is."""

    def __init__(self, since: datetime) -> None:
        super().__init__(f"what was known before {since.isoformat()} is in the archive")
        self.since = since
