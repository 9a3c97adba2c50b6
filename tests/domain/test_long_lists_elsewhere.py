"""What is asked about other platforms every few seconds, and the lists that they ask for, read what is going on and not all there ever was.

Each table holds twenty thousand rows of two organisations that are over, and few that are not.
"""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from coster.domain.federation import reads as suppliers
from coster.domain.federation import store as federation
from coster.domain.federation.model import RemoteItemsWanted
from coster.domain.linking import reads as links
from coster.domain.linking import store as linking
from coster.domain.supplying import reads as supplying
from coster.domain.supplying.model import SessionsWanted, SuppliedWanted
from coster.domain.wholesale import handlers as wholesale
from coster.engine.db.connect import Database
from coster.engine.workflow.tables import Tables
from coster.kernel.authority import SYSTEM
from tests.domain.plans import Counted
from tests.domain.test_long_lists import fill

pytestmark = pytest.mark.database

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OLD, OPEN, HUBS, PAGE = 20_000, 100, 10, 26
_N = "lpad(n::text, 32, '0')::uuid"
_TABLES = (
    "org, enterprise, session, counterpart, relation, supplied_order, orders, held_order, supplier, link, link_refusal, position, "
    "pool_line, hold, remote_item"
)
# Session n is of hub n % 10; of the hubs, one in two is of the platform. They lie a minute apart, but the open ones are of today.
_ORGANISATIONS = "INSERT INTO org SELECT n, 'Org', $1::timestamptz FROM generate_series(1, 2) AS s (n) ON CONFLICT DO NOTHING"
_HUBS = f"""
INSERT INTO counterpart SELECT $1, {_N}, lpad((n % 2)::text, 32, '0')::uuid, '', 'Hub' FROM generate_series(0, 9) AS s (n)
"""
_RELATIONS = f"""
INSERT INTO relation SELECT $1, {_N}, $2, true, 'per_session', 'by_item', 'refuse', 'loose', 'first_come', 0, 0, 1
FROM generate_series(0, 9) AS s (n)
"""
_SESSIONS = f"""
INSERT INTO session (org_id, id, coordinator_id, name, status, opens_at, closes_at, amend_until, version)
SELECT $1, {_N}, lpad((n % 10)::text, 32, '0')::uuid, 'Session',
       CASE WHEN n <= {OLD} THEN 'ended' ELSE 'open' END, at, at + interval '1 day', at + interval '1 day', 1
FROM generate_series(1, $2::int) AS s (n),
     LATERAL (SELECT CASE WHEN n <= {OLD} THEN '2026-01-01T00:00:00Z'::timestamptz ELSE '2026-11-08T00:00:00Z' END
                     + n * interval '1 minute' AS at) AS t
"""
_HELD = """
INSERT INTO held_order (org_id, id, hub_id, producer_id, session_id, single, status, holds, flow, flow_version, attributes, entered,
                        entered_at, created_at, changed_at, version)
SELECT s.org_id, s.id, s.coordinator_id, $1, s.id, false, $2, 'live', 'wholesale.held', $3, '{}', 1, s.opens_at, s.opens_at,
       s.opens_at, 1
FROM session AS s
"""
_SUPPLIED = """
INSERT INTO supplied_order SELECT s.org_id, s.id, s.id, s.coordinator_id, s.coordinator_id, $1, s.id, '', s.opens_at FROM session AS s
"""
_ORDERS = """
INSERT INTO orders (org_id, id, seller_id, session_id, customer_id, channel, reference, status, flow, flow_version, payment, currency,
                    gross, line_discount, order_discount, total, priority, placed_at, version, type, holds, attributes, entered,
                    entered_at)
SELECT s.org_id, s.id, $1, s.id, NULL, 'dfc', s.id::text, 'placed', 'order.retail', 1, 'none', 'EUR', 0, 0, 0, 0, 0, s.opens_at, 1, '',
       'live', '{}', 1, s.opens_at
FROM session AS s
"""
_FARM = """
INSERT INTO enterprise SELECT org_id, $1, 'Farm', '{producer}', 'EUR', 'UTC', 60, NULL, 0, '{}', '{}', 1 FROM org
"""
_SHOPS = f"""
INSERT INTO enterprise SELECT $1, {_N}, 'Hub', '{{hub}}', 'EUR', 'UTC', 60, NULL, 0, '{{}}', '{{}}', 1 FROM generate_series(0, 999) AS s (n)
"""
_SUPPLIER = """
INSERT INTO supplier (org_id, producer_id, peer_id, hub_id, enterprise_iri, name, status, policy, wait_seconds, currency, refresh_minutes,
                      refresh_at, etag, failures, last_error, version)
SELECT o.org_id, $1, $1, $1, '', '', 'active', 'strict', 10, 'EUR', 60, o.created_at, '', 0, '', 1 FROM org AS o
"""
_LINKS = f"""
INSERT INTO link (org_id, held_order_id, producer_id, state, remote, sequence, acked_version, acked_standing, acked, acked_at, look,
                  attempts, failing_since, cause, looked_at, drifts, told, wish, sent, next_at)
SELECT h.org_id, h.id, h.producer_id, CASE WHEN open THEN 'open' ELSE 'done' END, '', 1, 1, CASE WHEN open THEN 'held' ELSE 'complete' END,
       '{{"lines": []}}', h.created_at, false, 0, CASE WHEN silent OR NOT open THEN h.created_at END, '', $1, 0, 0, '',
       CASE WHEN silent THEN '{{}}'::jsonb END, CASE WHEN silent THEN $1::timestamptz + interval '1 day' END
FROM held_order AS h, LATERAL (SELECT h.id > lpad('{OLD}', 32, '0')::uuid AS open, h.id > lpad('{OLD + OPEN - 2}', 32, '0')::uuid AS silent)
     AS x
"""
_REFUSALS = """
INSERT INTO link_refusal SELECT h.org_id, h.id, h.id, 1, h.created_at + interval '2 years', '', '{}', 1, '{}', '{}', true
FROM held_order AS h
"""
_STOCK = f"""
INSERT INTO position (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told)
SELECT 1, {_N}, {_N}, $1, '', false, 0, 0, 0, 0, 0 FROM generate_series(0, 9) AS s (n)
"""
_ACCOUNTS = """
INSERT INTO pool_line SELECT 1, h.id, h.hub_id, 0, 0, 1000, 0, 1 FROM held_order AS h WHERE h.org_id = 1
"""
_HOLDS = """
INSERT INTO hold (org_id, demand_id, demand_line, position_id, pool_id, quantity, state, policy, since, priority)
SELECT 1, h.id, 1, h.hub_id, h.id, 1000, 'live', 'session', h.created_at, 0 FROM held_order AS h WHERE h.org_id = 1 AND h.id > $1
"""
# One product in a hundred is no longer in the catalogue.
_PRODUCTS = f"""
INSERT INTO remote_item (org_id, id, producer_id, status, fault, source, product, offer, numerator, denominator, step, stock_kind, offered,
                         digest, gone_at, told, version)
SELECT 1, {_N}, $1, 'refused', '', n::text, n::text, '', 1, 1, 1, 'unknown', '{{"product": "p", "ordered": "p"}}', '',
       CASE WHEN n % 100 = 0 THEN $2::timestamptz END, 0, 1
FROM generate_series(1, {OLD}) AS s (n)
"""
FLOW = wholesale.LIBRARY.shipped["wholesale.held"]
FARM, ONE = uuid.UUID(int=77), uuid.UUID(f"{1:032}")


def numbered(number: int) -> uuid.UUID:
    """The id with this number in its digits."""
    return uuid.UUID(f"{number:032}")


def number_of(id_: uuid.UUID) -> int:
    """The number in its digits."""
    return int(str(id_).replace("-", ""))


@pytest.fixture(scope="module")
async def long(module_database: Database) -> Database:
    """Two organisations with a farm and ten hubs that are elsewhere; all that is to be read is in the first or across both."""
    await fill(
        module_database, (_ORGANISATIONS, NOW), *((_HUBS, org) for org in (1, 2)), *((_RELATIONS, org, FARM) for org in (1, 2)),
        (_SESSIONS, 1, OLD + OPEN), (_SESSIONS, 2, OLD + OPEN), (_FARM, FARM), (_SHOPS, 1), (_ORDERS, FARM),
        (_SUPPLIED, FARM), (_HELD, FARM, FLOW.flow.statuses[0].name, FLOW.flow.version), (_SUPPLIER, FARM), (_LINKS, NOW),
        (_REFUSALS,), (_PRODUCTS, FARM, NOW), (_STOCK, FARM), (_ACCOUNTS,), (_HOLDS, numbered(OLD)),
    )  # fmt: skip
    async with module_database.system() as conn:
        await conn.execute(f"ANALYZE {_TABLES}")
    return module_database


async def sessions(database: Database, **wanted: object) -> tuple[list[int], Counted]:
    """The numbers of the sessions that are listed, and what was read."""
    async with database.read(1) as conn:
        counted = Counted(conn)
        asked = SessionsWanted(producer_id=FARM, limit=PAGE, **wanted)  # type: ignore[arg-type]
        found = await supplying.list_sessions(counted, 1, asked)  # type: ignore[arg-type]
    return [number_of(one.id) for one in found], counted


async def test_sessions_of_other_platforms_are_read_page_by_page(long: Database) -> None:
    """A page of each hub, and the first of those; from either end, from the middle, of one platform and of all."""
    last, middle = OLD + OPEN, OLD // 2
    odd = {"platform_id": ONE}
    for wanted, expected in (
        (odd, list(range(last - 1, 0, -2))),
        ({}, list(range(last, 0, -1))),
        ({**odd, "after": numbered(middle)}, list(range(middle - 1, 0, -2))),
        ({**odd, "backwards": True}, list(range(1, last, 2))),
        ({**odd, "backwards": True, "before": numbered(middle)}, list(range(middle + 1, last, 2))),
    ):
        found, counted = await sessions(long, **wanted)
        assert found == expected[:PAGE]
        assert counted.read["session"] <= HUBS * PAGE + 1
        assert (counted.read["supplied_order"] <= PAGE, counted.read["orders"] <= PAGE) == (True, True)


async def test_orders_of_other_platforms_are_read_page_by_page(long: Database) -> None:
    """A page reads its own orders, wherever it begins and from either end, and each of them by its key."""
    last, middle = OLD + OPEN, OLD // 2
    one = {"platform_id": ONE}
    for wanted, expected in (
        (one, list(range(1, last, 10))),
        ({}, list(range(1, last))),
        ({**one, "after": numbered(middle)}, list(range(middle + 1, last, 10))),
        ({**one, "backwards": True, "before": numbered(middle)}, list(range(middle - 9, 0, -10))),
    ):
        which = SuppliedWanted(producer_id=FARM, limit=PAGE, **wanted)  # type: ignore[arg-type]
        async with long.read(1) as conn:
            counted = Counted(conn)
            found = await supplying.list_supplied(counted, 1, which, Tables([FLOW]))  # type: ignore[arg-type]
        assert [number_of(order.id) for order in found.orders] == expected[:PAGE]
        read = [counted.read[name] for name in ("supplied_order", "orders", "session", "held_order")]
        # Once for which they are, once for what they say, once for their lines.
        assert max(read) <= 3 * PAGE


async def test_an_order_of_another_platform_is_one_question_by_its_key(long: Database) -> None:
    """With everything around it and its lines, planned once for all of them; another platform's is not found."""
    which = SuppliedWanted(producer_id=FARM, platform_id=ONE)
    async with long.read(1, by_key=True) as conn:
        counted = Counted(conn)
        found = await supplying.find_supplied(counted, 1, which, numbered(OLD + 1), wholesale.LIBRARY)  # type: ignore[arg-type]
        other = await supplying.find_supplied(counted, 1, which, numbered(OLD + 2), wholesale.LIBRARY)  # type: ignore[arg-type]
    assert found is not None
    assert (found.id, found.producer_name, found.hub_name, found.order_status) == (
        numbered(OLD + 1),
        "Farm",
        "Hub",
        "Held",
    )
    assert other is None
    assert counted.asked == 2
    assert max(counted.read.values()) <= 6


async def test_what_links_are_looked_for_reads_those_that_are_open(long: Database) -> None:
    """Across organisations, every few seconds: what is to be done, told, compared and forgotten, whatever was done before."""
    day = dt.timedelta(days=1)
    async with long.system() as conn:
        due, told, compared, forgotten = (Counted(conn) for _ in range(4))
        assert await linking.due(due, ONE, (NOW, NOW), 64) == []
        alarms = await linking.alarms(told, NOW + 3 * day, NOW - dt.timedelta(minutes=15), 64)
        ahead = await linking.uncompared(compared, NOW + day, NOW - day, 64)
        await linking.forget_refusals(forgotten, NOW)
    assert due.read["link"] <= 2 * OPEN
    assert [(alarm.org_id, alarm.new) for alarm in alarms] == [(1, True), (1, True), (2, True), (2, True)]
    assert told.read["link"] == 4
    assert (len(ahead), compared.read["link"] <= 4 * OPEN) == (64, True)
    assert forgotten.read["link_refusal"] == 0


async def test_what_is_held_of_items_reads_their_holds(long: Database) -> None:
    """Not the accounts of two thousand held orders that had some of each and are over."""
    async with long.read(1) as conn:
        counted = Counted(conn)
        found = await federation.concerned(counted, 1, [numbered(3)])  # type: ignore[arg-type]
    assert found[numbered(3)].held == tuple((numbered(OLD + 3 + 10 * n), 1000) for n in range(10))
    assert (counted.read["hold"], counted.read["pool_line"]) == (10, 0)


@pytest.mark.parametrize("after", [None, OLD + OPEN - 1])
async def test_the_queue_of_links_reads_those_that_are_at_work(long: Database, after: int | None) -> None:
    """What is not confirmed, of the few that are not done; the other page is one of those that are confirmed."""
    behind, confirmed = {"behind": True}, {"behind": False}
    last = [OLD + OPEN - 1, OLD + OPEN]
    for wanted, expected, most in (
        (behind, [one for one in last if one > (after or 0)], OPEN),
        ({**behind, "state": "blocked"}, [], OPEN),
        ({"state": "refused"}, [], OPEN),
        (confirmed, [] if after else list(range(1, PAGE + 1)), PAGE),
    ):
        given = {**wanted, "after": numbered(after) if after else None, "limit": PAGE}
        async with long.read(1) as conn:
            counted = Counted(conn)
            found = await links.list_links(counted, 1, SYSTEM, links.LinksWanted(**given))  # type: ignore[arg-type]
        assert [number_of(one.held_order_id) for one in found] == expected
        assert counted.read["link"] <= most


async def test_products_that_are_gone_are_read_page_by_page(long: Database) -> None:
    """A page of those, wherever it begins, and not the catalogue around them; the others are a page as well."""
    for wanted, expected in (
        ({"gone": True}, range(100, OLD, 100)),
        ({"gone": True, "after": numbered(OLD // 2)}, range(OLD // 2 + 100, OLD, 100)),
        ({"gone": True, "producer_id": FARM, "status": "refused"}, range(100, OLD, 100)),
        ({"gone": False}, range(1, PAGE + 1)),
    ):
        async with long.read(1) as conn:
            counted = Counted(conn)
            asked = RemoteItemsWanted(limit=PAGE, **wanted)  # type: ignore[arg-type]
            found = await suppliers.list_remote_items(counted, 1, SYSTEM, asked)  # type: ignore[arg-type]
        assert [number_of(one.id) for one in found] == list(expected)[:PAGE]
        assert counted.read["remote_item"] <= PAGE
