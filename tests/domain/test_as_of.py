"""What was known at an instant is what the same read answered then: orders with their lines, positions, and who holds them."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from coster.domain.inventory import reads as inventory
from coster.domain.inventory.model import AdjustStock, CountStock, PositionsWanted
from coster.domain.orders import reads as orders
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    Discount,
    FailCheckout,
    LineChange,
    LineRequest,
    OrdersWanted,
    PlaceOrder,
    StepOrder,
)
from coster.domain.sessions.model import CloseSession, EndSession
from coster.domain.sourcing import rules as sourcing
from coster.domain.wholesale import handlers as wholesale_handlers
from coster.domain.wholesale import reads as wholesale
from coster.domain.wholesale.model import (
    CancelHeldOrder,
    CompleteSession,
    FulfilHeldOrder,
    HeldOrdersWanted,
    HeldOrderView,
    LowerStock,
)
from coster.engine.workflow.tables import Tables
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.errors import NotKept
from tests.domain.plans import Counted
from tests.town import Town, name_id

pytestmark = pytest.mark.database
KILO = 1000
FLOWS = Tables(LIBRARY.shipped.values())
ALL = OrdersWanted(limit=200)
EVERYWHERE = PositionsWanted(limit=200)
POOLS = HeldOrdersWanted(limit=200)
HELD_FLOWS = Tables(wholesale_handlers.LIBRARY.shipped.values())


async def now(town: Town, who: Authority = SYSTEM) -> Any:
    """Everything that can be asked for by instant, as it is answered now."""
    async with town.database.read(town.org_id) as conn:
        heads = await orders.list_orders(conn, town.org_id, who, ALL)
        lines = await orders.lines_of(conn, town.org_id, [head.id for head in heads])
        positions = await inventory.list_positions(conn, town.org_id, who, EVERYWHERE)
        held = {one.id: await inventory.accounts(conn, town.org_id, one) for one in positions}
        pools = await wholesale.list_held_orders(conn, town.org_id, who, POOLS, HELD_FLOWS)
    return [(head, lines[head.id]) for head in heads], positions, held, pools


async def then(town: Town, instant: dt.datetime, who: Authority = SYSTEM) -> Any:
    """The same as of an instant."""
    async with town.database.read(town.org_id) as conn:
        found = await orders.list_as_of(conn, town.org_id, who, ALL, (instant, FLOWS))
        positions = await inventory.list_positions_as_of(conn, town.org_id, who, EVERYWHERE, instant)
        held = {one.id: await inventory.accounts(conn, town.org_id, one, past=True) for one in positions}
        pools = await wholesale.list_as_of(conn, town.org_id, who, POOLS, (instant, HELD_FLOWS))
    return found, positions, held, pools


INNER = {
    "entered", "checkout", "checkout_version", "basis_gross", "basis_discount", "basis_share",
}  # fmt: skip


def shown(found: Any) -> Any:
    """What of an answer is shown to anybody; the rest only serves the next decision."""
    orders_, positions, held, pools = found
    told = [(_fields(head), [_fields(line) for line in lines]) for head, lines in orders_]
    return told, positions, held, [_without_discounts(pool) for pool in pools]


def _without_discounts(pool: HeldOrderView) -> HeldOrderView:
    """What the hub gave its shoppers off is as it is now, whenever it is asked for."""
    lines = [msgspec.structs.replace(line, discount=0) for line in pool.lines]
    return msgspec.structs.replace(pool, lines=lines)


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__ if name not in INNER}


class Day:
    """A day on which everything happens that can, in an order that a number decides."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.chance = random.Random(number)
        self.orders: list[uuid.UUID] = []
        self.seen: list[tuple[dt.datetime, Any]] = []

    async def begin(self) -> None:
        """A producer, a hub that it supplies, a session, and the hub's own jam."""
        town = self.town
        self.jean, self.hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
        self.carrots = await town.item(self.jean, "carrots", 60 * KILO)
        self.leeks = await town.item(self.jean, "leeks", 30 * KILO)
        self.jam = await town.item(self.hub, "jam", 40 * KILO)
        await town.relation(self.hub, self.jean)
        self.items = [self.carrots, self.leeks, self.jam]
        self.session = await town.session("week", [self.hub], self.items)
        self.pool = sourcing.shared_pool(self.hub, self.jean, self.session)
        await self.note()

    async def note(self) -> None:
        """Remembers what is answered now, and under which instant; then a while passes."""
        self.seen.append((self.town.now, shown(await now(self.town))))
        self.town.now += dt.timedelta(minutes=self.chance.randrange(1, 40))

    async def go(self, body: Any) -> None:
        """Sends a command, whatever becomes of it."""
        await self.town.batch(body)
        await self.note()

    def choices(self) -> Iterator[Callable[[], Any]]:
        """What may be sent."""
        chance = self.chance
        amount = chance.randrange(1, 9) * KILO
        some = chance.choice(self.orders) if self.orders else name_id("nobody's")
        yield from [self._place] * 4
        yield lambda: CompleteCheckout(order_id=some, payment=chance.choice(["none", "authorised"]))
        yield lambda: FailCheckout(order_id=some, reason="declined")
        yield lambda: CancelOrder(order_id=some, reason="changed his mind")
        yield lambda: ChangeOrder(order_id=some, lines=[LineChange(line_no=1, quantity=amount)],
                                  discount=chance.choice([None, Discount(permille=100)]))  # fmt: skip
        yield lambda: ChangeOrder(
            order_id=some, lines=[LineChange(line_no=0, quantity=amount, item_id=self.jam)]
        )
        yield lambda: AddComment(order_id=some, text="ring twice")
        yield lambda: AdjustStock(
            item_id=self.jam, location_id=self._place_of(self.hub), quantity=amount, type="RECEIPT"
        )
        yield lambda: CountStock(
            item_id=self.carrots, location_id=self._place_of(self.jean), quantity=50 * KILO,
            as_of=self.town.now - dt.timedelta(minutes=50),
        )  # fmt: skip
        yield lambda: LowerStock(
            item_id=self.leeks, location_id=self._place_of(self.jean), quantity=amount, reason="frost"
        )
        yield lambda: CancelHeldOrder(held_order_id=self.pool, reason="hail")

    def _place_of(self, owner: uuid.UUID) -> uuid.UUID:
        return name_id(f"barn of {owner}")

    def _place(self) -> PlaceOrder:
        who = f"order {len(self.orders)}"
        self.orders.append(name_id(who))
        wanted = [
            LineRequest(item_id=item, quantity=self.chance.randrange(1, 6) * KILO)
            for item in self.chance.sample(self.items, self.chance.randrange(1, 3))
        ]
        session = self.session if self.chance.random() < 0.8 else None
        if session is None:
            wanted = [LineRequest(item_id=self.jam, quantity=KILO)]
        return PlaceOrder(
            order_id=name_id(who), seller_id=self.hub, session_id=session, channel="shop", reference=who, lines=wanted,
            completed=self.chance.random() < 0.3, discount=self.chance.choice([None, Discount(amount=50)]),
        )  # fmt: skip

    async def live(self, commands: int) -> None:
        """So many commands, then the session's end and the handing over."""
        for _ in range(commands):
            await self.go(self.chance.choice(list(self.choices()))())
        await self.go(
            AdjustStock(
                item_id=self.jam, location_id=self._place_of(self.hub), quantity=9 * KILO, type="RECEIPT"
            )
        )
        jam = name_id("jam at last")
        lines = [LineRequest(item_id=self.jam, quantity=3 * KILO)]
        await self.go(
            PlaceOrder(order_id=jam, seller_id=self.hub, channel="shop", reference="jam", lines=lines)
        )
        await self.go(ChangeOrder(order_id=jam, lines=[LineChange(line_no=1, quantity=2 * KILO)]))
        await self.go(CancelOrder(order_id=jam, reason="changed his mind"))
        self.town.now += dt.timedelta(days=5)
        await self.go(CloseSession(session_id=self.session))
        await self.go(EndSession(session_id=self.session))
        await self.go(CompleteSession(session_id=self.session))
        if self.orders:
            await self.go(CancelOrder(order_id=self.orders[0]))
        await self.go(FulfilHeldOrder(held_order_id=self.pool))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_every_instant_of_a_day_is_answered_as_it_was_then(town: Town, number: int) -> None:
    """Exactly: orders, lines, amounts, statuses, positions, held orders' holds; and a moment later the same."""
    day = Day(town, number)
    await day.begin()
    await day.live(22)
    for instant, seen in day.seen:
        assert shown(await then(town, instant)) == seen, instant
        assert shown(await then(town, instant + dt.timedelta(seconds=5))) == seen, instant
    kinds = {row["name"] for row in await town.rows("SELECT DISTINCT name FROM event")}
    assert {"order.placed", "order.changed", "order.cancelled"} <= kinds, (
        "the day was too quiet to prove anything"
    )


async def test_attributes_are_known_by_instant_too(town: Town) -> None:
    """Blocks of an order between businesses, which no event tells: as they were before, between and after."""
    hub = await town.enterprise("Hub", "hub", "producer")
    jam = await town.item(hub, "jam", 40 * KILO)
    order = name_id("b2b")
    lines = [LineRequest(item_id=jam, quantity=2 * KILO)]
    bodies = [
        PlaceOrder(order_id=order, seller_id=hub, channel="edi", reference="1", lines=lines, type="b2b"),
        StepOrder(order_id=order, trigger="block", attributes={"reason": "customer_hold"}),
        AddComment(order_id=order, text="ask Ali"),
        StepOrder(order_id=order, trigger="submit"),
        StepOrder(order_id=order, trigger="unblock", attributes={"reason": "customer_hold"}),
    ]
    seen = []
    for body in bodies:
        town.now += dt.timedelta(minutes=10)
        await town.batch(body)
        seen.append((town.now, shown(await now(town))))
    assert len({str(answer[0][0][0]["attributes"]) for _, answer in seen}) > 1
    for instant, answer in seen:
        assert shown(await then(town, instant)) == answer, instant


async def test_before_everything_there_was_nothing(town: Town) -> None:
    """No order, no position, no holds; and no fault."""
    day = Day(town, 1)
    before = town.now - dt.timedelta(seconds=1)
    await day.begin()
    await day.live(6)
    assert await then(town, before) == ([], [], {}, [])


async def test_a_late_count_was_not_known_before_it_came(town: Town) -> None:
    """The count is of nine o'clock and came at ten: at half past nine nobody knew it."""
    jean = await town.enterprise("Jean", "producer")
    carrots = await town.item(jean, "carrots", 60 * KILO)
    nine = town.now + dt.timedelta(minutes=1)
    town.now = nine + dt.timedelta(hours=1)
    await town.do(
        CountStock(item_id=carrots, location_id=name_id(f"barn of {jean}"), quantity=10 * KILO, as_of=nine)
    )
    found = [
        (await then(town, instant))[1][0].on_hand for instant in (nine + dt.timedelta(minutes=30), town.now)
    ]
    assert found == [60 * KILO, 10 * KILO]


async def test_who_sees_what_is_as_it_is_now(town: Town) -> None:
    """A stranger sees of the past what he sees of the present: a buyer what was available, others nothing."""
    day = Day(town, 2)
    await day.begin()
    await day.live(8)
    instant = day.seen[4][0]
    stranger = Authority(by_enterprise={name_id("stranger"): frozenset({"orders:read", "stock:read"})})
    assert await then(town, instant, stranger) == ([], [], {}, [])
    hubs = Authority(by_enterprise={day.hub: frozenset({"stock:read"})})
    async with town.database.read(town.org_id) as conn:
        seen = await inventory.list_positions_as_of(conn, town.org_id, hubs, EVERYWHERE, instant)
    assert {(one.item_id == day.jam, one.on_hand is None) for one in seen} == {(True, False), (False, True)}


@pytest.mark.parametrize("kind", ["events", "ledger"])
async def test_what_is_in_the_archive_is_not_guessed(town: Town, kind: str) -> None:
    """Before the archive's edge nothing is answered; at the edge and behind it everything is."""
    day = Day(town, 3)
    await day.begin()
    await day.live(5)
    edge = day.seen[3][0]
    async with town.database.system() as conn:
        await conn.execute(
            "INSERT INTO archive_part (org_id, number, kind, month, rows, first, last, latest, file, bytes, sha256, written_at) "
            "VALUES ($1, 1, $2, '2026-11', 1, '1', '1', $3, 'x', 1, 'x', $3)", town.org_id, kind, edge,
        )  # fmt: skip
    with pytest.raises(NotKept) as gone:
        await then(town, edge - dt.timedelta(seconds=1))
    assert gone.value.since == edge
    assert shown(await then(town, edge)) == day.seen[3][1]


async def test_of_a_busy_position_only_what_came_since_is_read(town: Town) -> None:
    """Of forty thousand entries of the ledger a few, where the recent past is asked for."""
    jean = await town.enterprise("Jean", "producer")
    await town.item(jean, "carrots", 60 * KILO)
    async with town.database.system() as conn:
        await conn.execute(
            "INSERT INTO ledger (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, reason) "
            "SELECT p.org_id, p.id, n, 'HOLD', 0, 0, 0, $1::timestamptz + n * interval '1 second', p.id, '' "
            "FROM position AS p CROSS JOIN generate_series(2, 40000) AS n", town.now,
        )  # fmt: skip
        await conn.execute("UPDATE position SET seq = 40000")
        await conn.execute("ANALYZE ledger")
    recent = town.now + dt.timedelta(seconds=39_990)
    async with town.database.read(town.org_id) as conn:
        counted = Counted(conn)
        [position] = await inventory.list_positions_as_of(counted, town.org_id, SYSTEM, EVERYWHERE, recent)  # type: ignore[arg-type]
    assert (position.version, position.on_hand) == (39_990, 60 * KILO)
    assert counted.read["ledger"] < 100
