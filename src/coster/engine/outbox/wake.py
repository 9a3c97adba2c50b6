"""A bell for all who wait for commits: each listener has an event of its own, so nobody takes it from another."""

from __future__ import annotations

import asyncio
import weakref


class Bell:
    """Rung after each commit; it takes the place of an `asyncio.Event` where several listen."""

    def __init__(self) -> None:
        self._listeners: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()

    def listen(self) -> asyncio.Event:
        """An event that is set whenever the bell rings; the listener clears it, and may simply forget it."""
        event = asyncio.Event()
        self._listeners.add(event)
        return event

    def set(self) -> None:
        """Rings."""
        for event in self._listeners:
            event.set()
