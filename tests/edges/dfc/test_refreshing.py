"""Catalogues that are due are read beside each other, and none keeps the others from being read."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

from coster.domain.federation.model import NoteRefresh
from coster.edges.dfc.client.refreshing import Refresher
from coster.kernel.clock import SystemClock

BROKEN, SLOW, GOOD = (uuid.UUID(int=number) for number in (1, 2, 3))


class Peers:
    """One supplier that nobody can read, one that takes its time, and one that answers."""

    def __init__(self) -> None:
        self.read: list[uuid.UUID] = []
        self.gate = asyncio.Event()

    async def refreshed(self, _org_id: int, producer_id: uuid.UUID) -> NoteRefresh:
        """What follows for a supplier."""
        if producer_id == BROKEN:
            raise RecursionError
        if producer_id == SLOW:
            await self.gate.wait()
        self.read.append(producer_id)
        return NoteRefresh(producer_id=producer_id)


async def test_a_catalogue_that_cannot_be_read_keeps_nobody_from_being_read() -> None:
    """It is noted as failed, so that it comes less often; who is behind it does not wait for it."""
    peers, noted, both = Peers(), list[NoteRefresh](), asyncio.Event()

    async def claim(_now: dt.datetime) -> list[tuple[int, uuid.UUID]]:
        return [(1, BROKEN), (1, SLOW), (2, GOOD)]

    async def submit(command: Any) -> None:
        noted.append(command.body)
        if len(noted) == 2:
            both.set()

    reading = asyncio.create_task(Refresher(peers, claim, submit, SystemClock()).once())  # type: ignore[arg-type]
    await asyncio.wait_for(both.wait(), 5)
    assert {one.producer_id: one.error for one in noted} == {BROKEN: "its catalogue cannot be read", GOOD: ""}
    peers.gate.set()
    assert await reading == 3
    assert peers.read == [GOOD, SLOW]
