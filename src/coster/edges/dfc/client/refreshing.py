"""Catalogues of suppliers are read again when they are due, a few suppliers at a time; what is different becomes a command.

When each is due stands in the database, so that a restart forgets nothing, and of several processes one reads it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from coster.domain.federation.model import ImportCatalogue, NoteRefresh
from coster.edges.dfc.client.peers import Peers
from coster.engine import observe
from coster.kernel import ids
from coster.kernel.clock import Clock
from coster.kernel.message import SYSTEM, Command

_BETWEEN_SECONDS: Final = 5.0
_SIDE_BY_SIDE: Final = 4
CLAIMED_SECONDS: Final = 600.0
"""For how long a supplier is this process's: longer than reading the longest catalogue takes."""
Submit = Callable[[Command[Any]], Awaitable[Any]]
Claim = Callable[[dt.datetime], Awaitable[list[tuple[int, uuid.UUID]]]]


class Refresher:
    """Reads what is due; `claim` gives what that is at an instant, and to nobody else."""

    def __init__(self, peers: Peers, claim: Claim, submit: Submit, clock: Clock) -> None:
        self._peers = peers
        self._claim = claim
        self._submit = submit
        self._clock = clock

    async def once(self) -> int:
        """Reads all catalogues that are due; yields how many that were."""
        due = await self._claim(self._clock.now())
        turns = asyncio.Semaphore(_SIDE_BY_SIDE)
        await asyncio.gather(*(self._read(turns, org_id, producer_id) for org_id, producer_id in due))
        return len(due)

    async def _read(self, turns: asyncio.Semaphore, org_id: int, producer_id: uuid.UUID) -> None:
        """One supplier; whatever is wrong with it is its own trouble, and is noted, so that it comes less and less often."""
        async with turns:
            body: ImportCatalogue | NoteRefresh
            try:
                body = await self._peers.refreshed(org_id, producer_id)
            except Exception as fault:  # noqa: BLE001 - one catalogue must not keep the others from being read
                observe.log.warning("catalogue_not_read", producer=str(producer_id), exc_info=fault)
                body = NoteRefresh(producer_id=producer_id, error="its catalogue cannot be read")
            try:
                id_ = ids.at_instant(self._clock.now(), os.urandom(10))
                await self._submit(Command(id_, org_id, SYSTEM, self._clock.now(), body))
            except Exception as fault:  # noqa: BLE001 - as above; it is due again when its claim is over
                observe.log.warning("catalogue_not_kept", producer=str(producer_id), exc_info=fault)

    async def keep(self) -> None:
        """Goes on until it is cancelled; what fails passes, because what is due stays due."""
        while True:
            try:
                await self.once()
            except Exception as fault:  # noqa: BLE001 - whatever a peer or the database does, what is due stays due
                observe.log.warning("catalogues_not_read", cause=type(fault).__name__)
            await asyncio.sleep(_BETWEEN_SECONDS)
