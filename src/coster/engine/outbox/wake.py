"""A bell for all who wait for commits: each listener has an event of its own, so nobody takes it from another."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable


class Bell:
    """Rung after each commit with the names of what happened; it takes the place of an `asyncio.Event` where several listen."""

    def __init__(self) -> None:
        self._listeners: weakref.WeakKeyDictionary[asyncio.Event, frozenset[str] | None] = (
            weakref.WeakKeyDictionary()
        )

    def listen(self, names: Iterable[str] | None = None) -> asyncio.Event:
        """An event that is set whenever one of these things has happened (None: anything).

        The listener clears it, and may simply forget it.
        """
        event = asyncio.Event()
        self._listeners[event] = None if names is None else frozenset(names)
        return event

    def ring(self, names: Iterable[str]) -> None:
        """Rings for whoever waits for one of these names, or for anything."""
        happened = frozenset(names)
        for event, wanted in self._listeners.items():
            if wanted is None or wanted & happened:
                event.set()
