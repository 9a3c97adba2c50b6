"""A hub with one held order in memory, and the journal of its link."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from coster.domain.federation.ports import (
    RemoteSession,
)
from coster.domain.linking.handlers.turn import Tools, Turns
from coster.domain.linking.model import (
    Alarm,
    Entry,
    Health,
    Here,
    Holding,
    Lease,
    Link,
    Offered,
    OrderRefused,
    ReportLink,
    ShopperOrder,
    StandingOfLink,
    Turn,
)
from coster.domain.orders.model import CancelOrder, ChangeOrder, FailCheckout
from coster.domain.wholesale.model import ShortHeldOrder
from coster.kernel import ids
from tests.domain.linking.supplier import Crash, Supplier, product

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HUB, PRODUCER, SESSION, PEER = (
    ids.derived("linking", name) for name in ("hub", "producer", "session", "peer")
)
CARROTS = ids.derived("linking", "carrots")
T = TypeVar("T")


def loose(item: uuid.UUID, name: str, numerator: int = 1, denominator: int = 1, step: int = 1) -> Offered:
    """An item that is a product of the supplier."""
    return Offered(
        item_id=item, product=product(name), offer=f"https://farm.example/Offers/{name}", numerator=numerator,
        denominator=denominator, step=step,
    )  # fmt: skip


class Hub:
    """One held order of a hub with the supplier: shoppers' orders in memory, and the journal of its link."""

    def __init__(self, supplier: Supplier, offered: Iterable[Offered] | None = None) -> None:
        self.supplier = supplier
        self.now = NOON
        kinds = list(offered or [loose(CARROTS, "carrots")])
        self.offered = {one.item_id: one for one in kinds}
        self.baskets: dict[uuid.UUID, dict[uuid.UUID, int]] = {}
        self.versions: dict[uuid.UUID, int] = {}
        self.confirmed: set[uuid.UUID] = set()
        self.ledger: list[tuple[uuid.UUID, uuid.UUID, int, bool]] = []
        self.version, self.holds = 0, "live"
        self.session = RemoteSession(id=SESSION, begins_at=NOON, ends_at=NOON + dt.timedelta(days=4))
        self.link = Link(held_order_id=ids.derived("linking", "held"), producer_id=PRODUCER)
        self.wish = ""
        self.peer: Health | None = None
        self.notes: dict[tuple[uuid.UUID, int], OrderRefused] = {}
        self.answered: dict[uuid.UUID, tuple[Any, bool]] = {}
        self.reports: list[ReportLink] = []
        self.stubborn: set[uuid.UUID] = set()
        self.dies = False
        self.lease = Lease(
            org_id=1, held_order_id=self.link.held_order_id, peer_id=PEER, holder=ids.derived("one")
        )
        self.tools = Tools(
            journal=self, suppliers=supplier, submit=self.submit, instant=lambda: self.now, machine=lambda: self.now, chance=lambda: 0.5
        )  # fmt: skip
        self.turns = Turns(self.tools)

    # -- shoppers --------------------------------------------------------------------------------------------------

    def place(self, number: int, amount: int, item: uuid.UUID = CARROTS) -> tuple[uuid.UUID, int]:
        """A shopper orders; gives the order and the version of the held order that came of it."""
        order = ids.derived("order", number)
        self.baskets[order] = {item: amount}
        self.versions[order] = 1
        self._entry(order, item, amount, placed=True)
        return order, self.version

    def change(self, order: uuid.UUID, amount: int, item: uuid.UUID = CARROTS) -> int:
        """A shopper wants another quantity; gives the version."""
        before = self.baskets[order].get(item, 0)
        self.baskets[order][item] = amount
        self.versions[order] += 1
        self._entry(order, item, amount - before, placed=False)
        return self.version

    def cancel(self, order: uuid.UUID) -> None:
        """A shopper's order is over."""
        for item, amount in self.baskets.pop(order).items():
            self._entry(order, item, -amount, placed=False)

    def _entry(self, order: uuid.UUID, item: uuid.UUID, amount: int, *, placed: bool) -> None:
        self.ledger.append((order, item, amount, placed))
        self.version += 1

    def total(self, item: uuid.UUID = CARROTS) -> int:
        """What all orders hold of an item."""
        return sum(of_order.get(item, 0) for of_order in self.baskets.values())

    async def submit(self, _org_id: int, command_id: uuid.UUID, body: Any, _reason: str) -> bool:
        """The pipeline: the same command is carried out once, and another under its id is refused."""
        if command_id not in self.answered:
            self.answered[command_id] = (body, self._carry_out(body))
        known, accepted = self.answered[command_id]
        return accepted and known == body

    def _carry_out(self, body: Any) -> bool:
        """Cancels, shrinks, or keeps a report."""
        if isinstance(body, ReportLink):
            self.reports.append(body)
            return True
        if isinstance(body, ShortHeldOrder):
            self._shorten(body.items)
            return True
        if body.order_id in self.stubborn or body.order_id not in self.baskets:
            return False
        if isinstance(body, FailCheckout | CancelOrder):
            self.cancel(body.order_id)
            return True
        assert isinstance(body, ChangeOrder)
        if body.expected_version not in (None, self.versions[body.order_id]):
            return False
        item = next(iter(self.baskets[body.order_id]))
        self.change(body.order_id, body.lines[0].quantity, item)
        return True

    def complete(self) -> None:
        """What is held is owed from now on; it is not given back to anybody any more."""
        self.holds, self.now = "committed", self.session.ends_at
        self.version += 1

    def _shorten(self, items: Mapping[uuid.UUID, int]) -> None:
        """Whoever came last loses what is owed and not there."""
        for item, left in items.items():
            for order in reversed(self.baskets):
                fewer = min(self.baskets[order].get(item, 0), max(0, self.total(item) - left))
                self.baskets[order][item] = self.baskets[order].get(item, 0) - fewer
        if not any(self.total(item) for item in self.offered):
            self.holds = "none"
        self.version += 1

    # -- turns -----------------------------------------------------------------------------------------------------

    async def settle(self, steps: int = 50) -> None:
        """Turns until nothing is to be done, with the time that it takes."""
        for _ in range(steps):
            if not await self.step():
                if self.link.next_at is None or self.link.next_at <= self.now:
                    return
                self.now = self.link.next_at
            if self.peer and self.peer.open_until:
                self.now = max(self.now, self.peer.open_until)

    async def step(self) -> bool:
        """One step; a crash ends it as it would end a process."""
        return bool(await self.alive(self.turns.step(self.lease)))

    async def alive(self, work: Awaitable[T]) -> T | None:
        """What comes of it; None where the process dies over it."""
        try:
            return await work
        except Crash:
            return None

    def pass_time(self, **more: float) -> None:
        """Later."""
        self.now += dt.timedelta(**more)

    # -- the journal -----------------------------------------------------------------------------------------------

    async def due(
        self, holder: uuid.UUID, now: tuple[dt.datetime, dt.datetime], count: int
    ) -> list[tuple[int, uuid.UUID, uuid.UUID]]:
        """Nothing is looked for in here."""
        raise AssertionError((holder, now, count))

    async def claim(self, lease: Lease, now: dt.datetime) -> bool:
        """The turn is ours."""
        return bool(lease and now)

    async def extend(self, lease: Lease, now: dt.datetime) -> bool:
        """It still is."""
        return bool(lease and now)

    async def release(self, lease: Lease, now: dt.datetime) -> None:
        """Given back."""

    async def read(self, lease: Lease) -> Turn | None:
        """Link and held order in one look."""
        known = {item for of_order in self.baskets.values() for item in of_order} | set(self.offered)
        items: dict[uuid.UUID, int] = {item: self.total(item) for item in known}
        holds = self.holds if self.holds != "live" or any(items.values()) else "none"
        here = Here(
            version=self.version, holds=holds, items=items, delivered=False, marks={"place": len(self.ledger)},
            session=self.session, closes_at=self.session.ends_at, hub_id=HUB, producer_id=PRODUCER, peer_id=lease.peer_id,
            offered=self.offered,
        )  # fmt: skip
        return Turn(link=self.link, here=here, wish=self.wish, health=self.peer)

    async def store(self, lease: Lease, link: Link, wish: str, now: dt.datetime) -> bool:
        """Kept, as the database would."""
        assert lease.held_order_id == link.held_order_id, now
        self.link = msgspec.json.decode(msgspec.json.encode(link), type=Link)
        if wish and wish == self.wish:
            self.wish = ""
        return True

    async def holdings(self, _org_id: int, link: Link, _here: Here) -> list[Holding]:
        """Who holds, with the entries after the mark."""
        mark = link.acked.marks.get("place", 0)
        return [
            Holding(
                order_id=order, line_no=1, position_id=item, item_id=item, quantity=amount, committed=self.holds == "committed",
                since=NOON, version=self.versions[order],
                entries=tuple(
                    self._as_entry(n)
                    for n, one in enumerate(self.ledger)
                    if n >= mark and one[:2] == (order, item)
                ),
            )
            for order, items in self.baskets.items()
            for item, amount in items.items()
            if amount
        ]  # fmt: skip

    def _as_entry(self, number: int) -> Entry:
        _, _, amount, placing = self.ledger[number]
        return Entry(
            seq=number + 1, at=self.now, amount=amount, command_id=self.made_by(number), placing=placing
        )

    @staticmethod
    def made_by(entry: int) -> uuid.UUID:
        """The command of a ledger entry: each has one of its own."""
        return uuid.UUID(int=0xC0 << 64 | entry)

    async def orders(self, _org_id: int, ids_: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, ShopperOrder]:
        """What undoing must know of these orders."""
        found = {}
        for one in ids_:
            if (items := self.baskets.get(one)) is not None:
                amount = next(iter(items.values()))
                found[one] = ShopperOrder(
                    order_id=one, version=self.versions[one], running=one not in self.confirmed, lines={1: (amount, amount)}
                )  # fmt: skip
        return found

    async def refuse(
        self, _org_id: int, refused: Sequence[OrderRefused], _now: dt.datetime, acked_version: int
    ) -> list[OrderRefused] | None:
        """Kept for who waits, unless the supplier has said something meanwhile."""
        if self.link.acked.version != acked_version:
            return None
        return [self.notes.setdefault((one.order_id, one.step.version), one) for one in refused]

    async def refused(self, _org_id: int, notes: Sequence[OrderRefused], gone: Sequence[uuid.UUID]) -> None:
        """Done, or never said."""
        if self.dies:
            self.dies = False
            raise Crash
        for note in notes:
            key = (note.order_id, note.step.version)
            if note.order_id in gone:
                self.notes[key] = msgspec.structs.replace(self.notes[key], done=True)
            elif not self.notes[key].done:
                del self.notes[key]

    @property
    def told_no(self) -> dict[uuid.UUID, OrderRefused]:
        """What was said last of each order."""
        return {order: note for (order, _), note in sorted(self.notes.items())}

    async def health(self, _org_id: int, health: Health) -> None:
        """Kept."""
        self.peer = health if health.failures else None

    async def open(self, _org_id: int, ids_: Iterable[uuid.UUID]) -> None:
        """Is there."""
        assert ids_

    async def alarms(self, closing: dt.datetime, failing: dt.datetime) -> list[Alarm]:
        """Nothing is looked for in here."""
        raise AssertionError((closing, failing))

    async def uncompared(self, before: dt.datetime, since: dt.datetime) -> list[tuple[int, uuid.UUID]]:
        """Nothing is looked for in here."""
        raise AssertionError((before, since))

    async def standings(self, _org_id: int, ids_: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        """As the link is."""
        return {one: self.standing() for one in ids_}

    def standing(self) -> StandingOfLink:
        """What those who wait see of the link."""
        return StandingOfLink(
            held_order_id=self.link.held_order_id, acked_version=self.link.acked.version, state=self.link.state, cause="", next_at=None,
            open_until=None, policy="strict", wait_seconds=5,
        )  # fmt: skip

    async def refusals(self, _org_id: int, ids_: Iterable[uuid.UUID]) -> list[OrderRefused]:
        """What was refused of these orders."""
        wanted = set(ids_)
        return [note for (order, _), note in sorted(self.notes.items()) if order in wanted]

    async def accounts(
        self, _org_id: int, _ids: Iterable[uuid.UUID]
    ) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
        """Nobody asks in here."""
        return []

    async def remote_producers(self, _org_id: int) -> frozenset[uuid.UUID]:
        """The one."""
        return frozenset({PRODUCER})
