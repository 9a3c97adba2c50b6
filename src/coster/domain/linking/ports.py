"""What carrying out links needs of storage: turns of links, what they are now, and what came of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from coster.domain.linking.model import (
    Alarm,
    Asked,
    Health,
    Here,
    Holding,
    Lease,
    Link,
    OrderRefused,
    ShopperOrder,
    StandingOfLink,
    Turn,
    Verdict,
)
from coster.kernel.message import Event


class Journal(Protocol):
    """Links in the database. Nothing of it is held open while anybody speaks to a peer."""

    async def due(
        self, holder: uuid.UUID, now: tuple[dt.datetime, dt.datetime], count: int
    ) -> list[tuple[int, uuid.UUID, uuid.UUID]]:
        """Organisation, held order and peer of links with something to do, by the machine's clock and that of business."""
        ...

    async def claim(self, lease: Lease, now: dt.datetime) -> bool:
        """Whether the turn is ours now."""
        ...

    async def extend(self, lease: Lease, now: dt.datetime) -> bool:
        """Whether it still is; then for longer."""
        ...

    async def release(self, lease: Lease, now: dt.datetime) -> None:
        """Gives it back."""
        ...

    async def read(self, lease: Lease) -> Turn | None:
        """The link and its held order as they are now."""
        ...

    async def store(self, lease: Lease, link: Link, wish: str, now: dt.datetime) -> bool:
        """Keeps the link as it is after a step, with the wish that was heeded; False where the turn is another's by now."""
        ...

    async def holdings(self, org_id: int, link: Link, here: Here) -> list[Holding]:
        """Who holds on the held order's account, with what has happened to it since the last acknowledgement."""
        ...

    async def orders(self, org_id: int, ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, ShopperOrder]:
        """What undoing must know of these orders."""
        ...

    async def refuse(
        self, org_id: int, refused: Sequence[OrderRefused], now: dt.datetime, acked_version: int
    ) -> list[OrderRefused] | None:
        """Keeps what whoever waits for these orders on one held order is told, and gives what is kept (of an order's version that is what
        was said first); None, and nothing kept, where the supplier has acknowledged something since that version.
        """
        ...

    async def refused(self, org_id: int, notes: Sequence[OrderRefused], gone: Sequence[uuid.UUID]) -> None:
        """Those orders among all of these are taken back by now; of the others nothing was refused after all."""
        ...

    async def health(self, org_id: int, health: Health) -> None:
        """Keeps how a peer answers."""
        ...

    async def open(self, org_id: int, ids: Iterable[uuid.UUID]) -> None:
        """Held orders with a supplier elsewhere have their link."""
        ...

    async def alarms(self, closing: dt.datetime, failing: dt.datetime) -> list[Alarm]:
        """Links of which people must know: their sessions close before the first instant, or they fail since before the second."""
        ...

    async def uncompared(self, before: dt.datetime, since: dt.datetime) -> list[tuple[int, uuid.UUID]]:
        """Links that were last compared with their supplier before an instant; done ones only of sessions that ended since the other."""
        ...

    async def standings(self, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        """How links stand for those who wait."""
        ...

    async def refusals(self, org_id: int, ids: Iterable[uuid.UUID]) -> list[OrderRefused]:
        """What was refused of these orders."""
        ...

    async def accounts(self, org_id: int, ids: Iterable[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
        """Order, held order and its version now, of what these orders hold with suppliers elsewhere."""
        ...

    async def remote_producers(self, org_id: int) -> frozenset[uuid.UUID]:
        """The producers that are elsewhere."""
        ...


class Submit(Protocol):
    """Takes a command into the pipeline."""

    async def __call__(self, org_id: int, command_id: uuid.UUID, body: Any, reason: str) -> bool:
        """Whether it was accepted."""
        ...


class Waiting(Protocol):
    """Those who wait for suppliers."""

    async def needs(self, org_id: int, events: Sequence[Event]) -> dict[uuid.UUID, int]:
        """The held orders with suppliers elsewhere that these events made grow, each with its version then."""
        ...

    async def needs_of(self, org_id: int, order_id: uuid.UUID) -> dict[uuid.UUID, int]:
        """The same for all that an order holds now."""
        ...

    async def decided(self, org_id: int, asked: Asked) -> Verdict:
        """How the suppliers have decided; what nobody said in time is taken back before this returns."""
        ...

    async def undone(self, org_id: int, order_id: uuid.UUID, command_id: uuid.UUID) -> Verdict | None:
        """Why what a command made of the order was taken back for a supplier's sake, where it was; what somebody has begun to take back
        and died over is taken back before this returns.
        """
        ...
