"""A hub with one held order in memory, and an honest supplier elsewhere that can be made to fail in every way that a network can."""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.domain.federation.ports import (
    AcceptedByPeer,
    Answered,
    Ask,
    Found,
    Missing,
    NotAllowed,
    RefusedByPeer,
    RemoteLine,
    RemoteSession,
    Seen,
    Short,
    Superseded,
    Unknown,
)
from coster.domain.linking.handlers.turn import Tools, Turns
from coster.domain.linking.model import (
    Alarm,
    Health,
    Here,
    Holder,
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

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HUB, PRODUCER, SESSION, PEER = (
    ids.derived("linking", name) for name in ("hub", "producer", "session", "peer")
)
CARROTS = ids.derived("linking", "carrots")
_Key: TypeAlias = tuple[uuid.UUID, uuid.UUID]


def product(name: str) -> str:
    """The IRI of a product at the supplier."""
    return f"https://farm.example/SuppliedProducts/{name}"


def loose(item: uuid.UUID, name: str, numerator: int = 1, denominator: int = 1, step: int = 1) -> Offered:
    """An item that is a product of the supplier."""
    return Offered(
        item_id=item, product=product(name), offer=f"https://farm.example/Offers/{name}", numerator=numerator,
        denominator=denominator, step=step,
    )  # fmt: skip


class RemoteOrder(msgspec.Struct):
    """An order at the supplier."""

    order: str
    standing: str = "held"
    lines: dict[str, int] = {}
    sequence: int = 0


class Supplier:
    """Holds stock for orders by (hub, session), never more than there is. `fenced`: knows sequences; `keyed`: a second POST is the first.

    `faults` are taken one per request: 'lost' (the request), 'unanswered' (done, the answer lost), 'twice', 'late' (done later, by
    `deliver`), 'crash' (the asking process dies with its answer), 'forbidden', 'partly' (takes what there is without being told to).
    """

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        fenced: bool = True,
        keyed: bool = True,
        says_what_is_left: bool = True,
    ) -> None:
        self.stock = {product(name): amount for name, amount in stock.items()}
        self.orders: dict[_Key, RemoteOrder] = {}
        self.others: dict[str, int] = {}
        self.faults: list[str] = []
        self.late: list[Ask] = []
        self.fenced, self.keyed, self.says = fenced, keyed, says_what_is_left
        self.asks: list[Ask] = []
        self.made = 0
        self.closed = False

    # -- what others do --------------------------------------------------------------------------------------------

    def take(self, name: str, amount: int) -> bool:
        """Another hub takes of a product, if there is so much."""
        if self.free(product(name)) < amount:
            return False
        self.others[product(name)] = self.others.get(product(name), 0) + amount
        return True

    def free(self, name: str, but: RemoteOrder | None = None) -> int:
        """What nobody holds; `but` is not counted."""
        held = sum(
            one.lines.get(name, 0)
            for one in self.orders.values()
            if one is not but and one.standing != "cancelled"
        )
        return self.stock.get(name, 0) - self.others.get(name, 0) - held

    def backup(self) -> Any:
        """The whole state, to be restored."""
        return copy.deepcopy((self.orders, self.others, self.made))

    def restore(self, backup: Any) -> None:
        """Everything is as it was then."""
        self.orders, self.others, self.made = copy.deepcopy(backup)

    def deliver(self) -> None:
        """What was late arrives, in the wrong order."""
        for ask in reversed(self.late):
            self._do(ask)
        self.late.clear()

    # -- the port --------------------------------------------------------------------------------------------------

    async def put(self, ask: Ask) -> Answered:
        """As the port says, with the next fault."""
        self.asks.append(ask)
        fault = self.faults.pop(0) if self.faults else ""
        match fault:
            case "lost":
                return Unknown(cause="timeout")
            case "unanswered":
                self._do(ask)
                return Unknown(cause="timeout")
            case "late":
                self.late.append(ask)
                return Unknown(cause="timeout")
            case "crash":
                self._do(ask)
                raise Crash
            case "forbidden":
                return NotAllowed(cause="http_403")
            case "twice":
                self._do(ask)
        return self._do(ask, partly=fault == "partly")

    async def look(self, ask: Ask) -> Seen:
        """As the port says, with the next fault."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("lost", "unanswered", "late"):
            return Unknown(cause="timeout")
        if fault == "crash":
            raise Crash
        if fault == "forbidden":
            return NotAllowed(cause="http_403")
        found = self._find(ask)
        if found is None:
            return Missing()
        lines = tuple(_line(name, amount) for name, amount in found.lines.items())
        return Found(
            order=found.order,
            standing=found.standing,
            lines=lines,
            sequence=found.sequence if self.fenced else None,
        )  # type: ignore[arg-type]

    def _find(self, ask: Ask) -> RemoteOrder | None:
        found = self.orders.get((ask.hub_id, ask.session.id))
        return None if found and ask.order and found.order != ask.order else found

    def _do(self, ask: Ask, *, partly: bool = False) -> Answered:
        found = self._find(ask) if self.keyed or ask.order else None
        if found is None and ask.order:
            return Missing()
        if found and self.fenced and ask.sequence < found.sequence:
            return Superseded(sequence=found.sequence)
        wanted = {line.product: line.quantity for line in ask.lines}
        if (
            found
            and found.standing in ("complete", "cancelled")
            and (found.standing, found.lines) != (ask.standing, wanted)
        ):
            return RefusedByPeer(code="completed")
        if self.closed and found is None:
            return RefusedByPeer(code="closed")
        short = [
            Short(
                product=name, offer="", wanted=amount, available=self.free(name, found) if self.says else None
            )
            for name, amount in wanted.items()
            if amount > self.free(name, found)
        ]
        if short and not partly:
            return RefusedByPeer(code="short", lines=tuple(short))
        if found is None:
            self.made += 1
            found = self.orders[ask.hub_id, ask.session.id] = RemoteOrder(
                f"https://farm.example/Orders/{self.made}"
            )
        given = {name: min(amount, self.free(name, found)) for name, amount in wanted.items()}
        found.lines, found.standing = given, ask.standing
        found.sequence = max(found.sequence, ask.sequence)
        return AcceptedByPeer(
            order=found.order,
            standing=ask.standing,
            lines=tuple(_line(name, amount) for name, amount in given.items()),
        )

    def total(self, name: str) -> int:
        """What all orders and others hold of a product."""
        return self.stock[product(name)] - self.free(product(name))


def _line(name: str, amount: int) -> RemoteLine:
    return RemoteLine(product=name, offer=name.replace("SuppliedProducts", "Offers"), quantity=amount)


class Crash(BaseException):
    """The process that asked is no more."""


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
            if not await self.turns.step(self.lease):
                if self.link.next_at is None or self.link.next_at <= self.now:
                    return
                self.now = self.link.next_at
            if self.peer and self.peer.open_until:
                self.now = max(self.now, self.peer.open_until)

    async def step(self) -> bool:
        """One step; a crash ends it as it would end a process."""
        try:
            return await self.turns.step(self.lease)
        except Crash:
            return False

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

    async def holders(self, _org_id: int, link: Link, _here: Here) -> list[Holder]:
        """Who holds, from the entries after the mark."""
        mark = link.acked.marks.get("place", 0)
        found = []
        for order, items in self.baskets.items():
            for item, amount in items.items():
                after = [
                    (n, one) for n, one in enumerate(self.ledger) if n >= mark and one[:2] == (order, item)
                ]
                grown = max(0, min(amount, sum(one[2] for _, one in after)))
                last = max(
                    (n for n, one in enumerate(self.ledger) if one[:2] == (order, item) and one[2] > 0),
                    default=0,
                )
                found.append(
                    Holder(
                        order_id=order,
                        line_no=1,
                        item_id=item,
                        quantity=amount,
                        grown=grown,
                        seq=last,
                        placed=any(one[3] for _, one in after),
                        committed=self.holds == "committed",
                        version=self.versions[order],
                        commands=tuple(self.made_by(n) for n, one in after if one[2] > 0),
                    )
                )
        return [one for one in found if one.quantity]

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

    async def standings(self, _org_id: int, _ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        """Nobody waits in here."""
        return {}

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
