"""Lists read about as many rows as they show, however many there are, and whatever the planner's statistics say (ADR 0015).

The tables are filled as they come to be in life: much that is old and analysed, and on top of it what came since and belongs to others.
"""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.orders import store as orders_store
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import OrdersWanted
from coster.domain.sessions import reads as sessions
from coster.domain.wholesale import reads as wholesale
from coster.engine.db.connect import Database
from coster.engine.flows.moving import Move, Place
from coster.kernel.authority import SYSTEM, Authority
from tests.domain.plans import Counted

pytestmark = pytest.mark.database

MINE, OTHER, SMALL, SESSION, SHOPPER = (uuid.UUID(int=n) for n in range(1, 6))
PAGE = 51
RETAIL = LIBRARY.shipped["order.retail"]
_NEWER = 3000
_ORDERS = """
INSERT INTO orders (org_id, id, seller_id, session_id, customer_id, channel, reference, status, flow, flow_version, payment, currency,
                    gross, line_discount, order_discount, total, priority, placed_at, version, type, holds, attributes, entered,
                    entered_at)
SELECT 1, lpad(n::text, 32, '0')::uuid, $3, $4, $5, 'web', n::text, 'placed', 'order.retail', 1, 'none', 'EUR', 0, 0, 0, 0, 0,
       '2026-11-21T12:00:00Z', 1, '', 'live', '{}', 1, '2026-11-21T12:00:00Z'
FROM generate_series($1::int, $2::int) AS s (n)
"""
_SESSIONS = """
INSERT INTO session (org_id, id, coordinator_id, name, status, opens_at, closes_at, amend_until, version)
SELECT 1, lpad(n::text, 32, '0')::uuid, $3, 'Session', $4, at, at + interval '1 day', at + interval '1 day', 1
FROM generate_series($1::int, $2::int) AS s (n), LATERAL (SELECT '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 hour' AS at) AS t
"""
_HUBS = "INSERT INTO session_hub SELECT org_id, id, $1 FROM session WHERE id = ANY($2)"
_ITEMS = """
INSERT INTO item (org_id, id, owner_id, sku, name, product, stock_unit, weight_mg, price_micros, min_quantity, max_quantity,
                  multiple_quantity, case_quantity, tracked, buyable, kit, version)
SELECT 1, lpad(n::text, 32, '0')::uuid, $1, n::text, 'Item', '', 'kg', NULL, 0, 0, NULL, 1, NULL, true, true, false, 1
FROM generate_series(1, 5000) AS s (n)
"""
_POSITIONS = """
INSERT INTO position (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told)
SELECT 1, gen_random_uuid(), i.id, lpad(n::text, 32, '0')::uuid, '', false, 5000, 0, 0, 0, 0
FROM item AS i, generate_series(1, 10) AS s (n)
"""
_HOLDS = """
INSERT INTO hold (org_id, demand_id, demand_line, position_id, pool_id, quantity, state, policy, since, priority)
SELECT 1, gen_random_uuid(), 1, $1, lpad((n / 10)::text, 32, '0')::uuid, 1000, 'committed', 'session', '2026-11-21T12:00:00Z', 0
FROM generate_series(1, 20000) AS s (n)
"""
_POOL_LINES = """
INSERT INTO pool_line (org_id, pool_id, position_id, held, committed, consumed, surplus, multiple)
SELECT 1, lpad(n::text, 32, '0')::uuid, $1, 0, 10000, 0, 0, 1 FROM generate_series(0, 2000) AS s (n)
"""
_POSITION = """
INSERT INTO position (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told)
SELECT 1, $1, i.id, $1, '', true, 0, 0, 0, 0, 0 FROM item AS i ORDER BY i.id LIMIT 1
"""


async def fill(database: Database, *filling: tuple[Any, ...], analysed: bool = False) -> None:
    """Rows without those that they refer to, which no list looks at."""
    async with database.system() as conn, conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")
        for statement, *values in filling:
            await conn.execute(statement, *values)
        if analysed:
            await conn.execute("ANALYZE orders, session, session_hub, item, position, hold, pool_line")


async def list_orders(database: Database, who: Authority = SYSTEM, **wanted: Any) -> tuple[list[int], int]:
    """The numbers of the orders, and how many were looked at."""
    async with database.read(1) as conn:
        counted = Counted(conn)
        found = await orders.list_orders(counted, 1, who, OrdersWanted(limit=PAGE, **wanted))
    return [int(str(order.id).replace("-", "")) for order in found], counted.read["orders"]


@pytest.fixture
async def many(database: Database) -> Database:
    """Twenty thousand orders of one hub, of one session and of one shopper; and then, since the statistics, three thousand of others."""
    await fill(database, (_ORDERS, 1, 20_000, MINE, SESSION, SHOPPER), analysed=True)
    await fill(database, (_ORDERS, 20_001, 20_000 + _NEWER, OTHER, None, None))
    return database


@pytest.mark.parametrize("wanted", [{"seller_id": MINE}, {"session_id": SESSION}, {"customer_id": SHOPPER}])
async def test_newer_orders_of_others_are_not_read(many: Database, wanted: dict[str, Any]) -> None:
    """Nor on the next page, and with a status that most have."""
    newest = list(range(20_000, 20_000 - PAGE, -1))
    assert await list_orders(many, **wanted) == (newest, PAGE)
    following = uuid.UUID("00000000000000000000000000001000")
    assert await list_orders(many, before=following, **wanted) == (list(range(999, 999 - PAGE, -1)), PAGE)
    assert await list_orders(many, status="placed", **wanted) == (newest, PAGE)


async def test_a_list_that_ends_does_not_go_on_among_others(many: Database) -> None:
    """The hub's first order is the end; the ids before and after its own in the index are nobody's business."""
    await fill(many, (_ORDERS, 30_001, 30_003, SMALL, None, None))
    assert await list_orders(many, seller_id=SMALL) == ([30_003, 30_002, 30_001], 3)
    assert await list_orders(many, seller_id=uuid.UUID(int=99)) == ([], 0)


async def test_whoever_sees_some_sellers_reads_a_page_of_each(many: Database) -> None:
    """The newest of all of them together; whom he asks for beyond them is nobody."""
    await fill(many, (_ORDERS, 30_001, 30_003, SMALL, None, None))
    who = Authority(by_enterprise={one: frozenset({"orders:read"}) for one in (MINE, SMALL)})
    newest = [30_003, 30_002, 30_001, *range(20_000, 20_000 - PAGE + 3, -1)]
    assert await list_orders(many, who) == (newest, PAGE + 3)
    assert await list_orders(many, who, seller_id=OTHER) == ([], 0)


async def test_an_order_is_found_by_its_reference(many: Database) -> None:
    """By the index of references, whoever asks."""
    who = Authority(by_enterprise={MINE: frozenset({"orders:read"})})
    assert await list_orders(many, who, channel="web", reference="17") == ([17], 1)
    assert await list_orders(many, who, channel="web", reference="20001") == ([], 1)


async def list_sessions(database: Database, **wanted: Any) -> tuple[int, int]:
    """How many sessions are listed, and how many were looked at."""
    async with database.read(1) as conn:
        counted = Counted(conn)
        found = await sessions.list_sessions(counted, 1, sessions.SessionFilter(**wanted), limit=PAGE)
    assert found == sorted(found, key=lambda session: (session.opens_at, session.id), reverse=True)
    return len(found), counted.read["session"]


async def test_the_board_reads_the_sessions_that_it_shows(database: Database) -> None:
    """By status among many of others, of all statuses, of a hub with many, and of a hub with few."""
    await fill(
        database, (_SESSIONS, 1, 5000, MINE, "ended"), (_SESSIONS, 5001, 5100, MINE, "open"),
        (_HUBS, MINE, [uuid.UUID(f"{n:032}") for n in range(1, 5101)]),
        (_HUBS, SMALL, [uuid.UUID(f"{n:032}") for n in range(1, 11)]), analysed=True,
    )  # fmt: skip
    await fill(database, (_SESSIONS, 5101, 5100 + _NEWER, OTHER, "planned"))
    assert await list_sessions(database, statuses=["open"]) == (PAGE, PAGE)
    assert await list_sessions(database, statuses=["closed"]) == (0, 0)
    shown, read = await list_sessions(database)
    assert (shown, read <= 3 * PAGE) == (PAGE, True)
    assert await list_sessions(database, statuses=["open"], hub_id=MINE) == (PAGE, PAGE)
    assert await list_sessions(database, statuses=["ended"], visible_to=[SMALL]) == (10, 10)


async def test_availability_reads_the_items_that_are_asked_for(database: Database) -> None:
    """Two hundred of five thousand, at nine of their ten places; not the whole catalogue beside them."""
    await fill(database, (_ITEMS, MINE), (_POSITIONS,), analysed=True)
    items = [uuid.UUID(f"{n:032}") for n in range(25, 5001, 25)]
    places = [uuid.UUID(f"{n:032}") for n in range(1, 10)]
    async with database.read(1) as conn:
        counted = Counted(conn)
        found = await inventory.availability(counted, 1, SYSTEM, item_ids=items, location_ids=places)
    assert [(stock.item_id, stock.available) for stock in found] == [(item, [5000] * 9) for item in items]
    assert found[0].location_ids == [str(place) for place in places]
    # PostgreSQL 15 reads all ten places of an item and leaves one out.
    assert (counted.read["item"], counted.read["position"] <= 2000) == (200, True)


async def test_what_a_held_order_is_made_of_is_read_by_its_account(database: Database) -> None:
    """Not all holds on its positions, of which a place that is fetched seldom has very many."""
    position = uuid.UUID(int=7)
    held: Any = SimpleNamespace(id=uuid.UUID(f"{17:032}"), hub_id=MINE)
    await fill(
        database, (_ITEMS, MINE), (_POSITION, position), (_HOLDS, position), (_POOL_LINES, position), analysed=True
    )  # fmt: skip
    async with database.read(1) as conn:
        counted = Counted(conn)
        made_of = await wholesale.contributions(counted, 1, SYSTEM, held)
    assert (len(made_of or []), counted.read["hold"]) == (10, 10)


_PLACES = [
    Place(move_id=uuid.UUID(int=1), version=1, status=status, to=status) for status in ("placed", "seldom")
]


async def test_a_move_reads_the_orders_that_it_takes(database: Database) -> None:
    """By flow, version and status among thousands of others, on every page; what nobody is on costs nothing."""
    await fill(database, (_ORDERS, 1, 20_000, MINE, SESSION, SHOPPER), analysed=True)
    await fill(
        database, (_ORDERS, 20_001, 20_000 + _NEWER, OTHER, None, None),
        ("UPDATE orders SET status = 'seldom' WHERE id = ANY($1)", [uuid.UUID(f"{n:032}") for n in (17, 19_999)]),
    )  # fmt: skip
    async with database.read(1) as conn:
        counted = Counted(conn)
        found = await orders.flow_page(counted, 1, "order.retail", _PLACES, (uuid.UUID(f"{10:032}"), PAGE))
        assert [int(str(one.id).replace("-", "")) for one in found] == list(range(11, 11 + PAGE))
        assert found[6].status == "seldom"
        assert counted.read["orders"] <= PAGE + 2
        seldom = Counted(conn)
        found = await orders.flow_page(seldom, 1, "order.retail", _PLACES[1:], (None, PAGE))
        assert ([one.id.int for one in found] != [], seldom.read["orders"]) == (True, 2)
        nobody = Counted(conn)
        assert await orders.flow_page(nobody, 1, "order.none", _PLACES, (None, PAGE)) == []
        assert nobody.read["orders"] == 0


_ELSEWHERE = "UPDATE orders SET flow_version = 2, status = $1, checkout = 'running', checkout_version = 1 WHERE id = ANY($2)"
_CHECKOUTS = "UPDATE orders SET checkout = 'completed', checkout_version = 1"


async def test_counts_by_status_read_no_more_than_they_count(database: Database) -> None:
    """Of a status that nearly all have, ten thousand, and that there are more; each rare one to the last, wherever it is."""
    few = [uuid.UUID(f"{n:032}") for n in (3, 17, 19_999)]
    await fill(database, (_ORDERS, 1, 20_000, MINE, SESSION, SHOPPER), (_CHECKOUTS,), analysed=True)
    await fill(
        database, (_ORDERS, 20_001, 20_000 + _NEWER, OTHER, None, None), (_ELSEWHERE, "seldom", few[:2]),
        (_ELSEWHERE, "never", few[2:]),
    )  # fmt: skip
    async with database.read(1) as conn:
        counted = Counted(conn)
        found = await orders.flow_counts(counted, 1)
        assert [(one.version, one.status, one.count, one.more) for one in found] == [
            (1, "placed", 10_000, True), (2, "never", 1, False), (2, "seldom", 2, False),
        ]  # fmt: skip
        assert counted.read["orders"] <= 10_001 + 3 + 3 * 2


async def test_checkouts_are_counted_and_paged_by_their_index(database: Database) -> None:
    """Those of one version of an order's flow and of another, among thousands that are over."""
    few = [uuid.UUID(f"{n:032}") for n in (3, 17, 19_999)]
    await fill(database, (_ORDERS, 1, 20_000, MINE, SESSION, SHOPPER), (_CHECKOUTS,), analysed=True)
    await fill(database, (_ELSEWHERE, "seldom", few))
    flows: Any = SimpleNamespace(of=lambda _name, _version: RETAIL)
    running = [Place(move_id=uuid.UUID(int=1), version=1, status="running", to="running")]
    async with database.read(1) as conn:
        counted, paged, last = Counted(conn), Counted(conn), Counted(conn)
        found = await orders.checkout_counts(counted, 1, flows)
        page = await orders.checkout_page(paged, 1, ("checkout", flows), running, (None, 2))
        end = await orders.checkout_page(last, 1, ("checkout", flows), running, (page[-1].id, 2))
    assert [(one.status, one.count, one.more) for one in found] == [
        ("completed", 10_000, True),
        ("running", 3, False),
    ]
    assert [one.id for one in page + end] == few
    assert counted.read["orders"] <= 10_001 + 3 + 2 * 2
    assert (paged.read["orders"] <= 10, last.read["orders"] <= 10) == (True, True)


async def test_a_move_of_checkouts_reads_those_that_it_takes(database: Database) -> None:
    """Each place of each version of an order's flow is a range of the index; what is over is passed by."""
    few = [uuid.UUID(f"{n:032}") for n in (3, 17, 19_999)]
    await fill(database, (_ORDERS, 1, 20_000, MINE, SESSION, SHOPPER), (_CHECKOUTS,), analysed=True)
    await fill(database, (_ELSEWHERE, "seldom", few))
    move = Move(
        id=uuid.UUID(int=1), name="checkout", entity="checkout", sources=(1,), to_version=2, mapping={}
    )
    running = [Place(move_id=move.id, version=1, status="running", to="running")]
    async with database.read(1) as conn:
        counted = Counted(conn)
        assert await orders_store.checkouts_to_be_moved(counted, 1, [move], running) == {move.id: few}
    assert counted.read["orders"] <= 3 + 2 * 2
