"""Stock on the real database: constraints keep what rules promise, the ledger stays, and `verify` finds every breach."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from coster.domain.catalog import handlers as catalog
from coster.domain.catalog.model import PutItem
from coster.domain.inventory import handlers, reads, store
from coster.domain.inventory.model import AdjustStock, CountSheet, CountStock, PutLocation, TransferStock
from coster.domain.inventory.rules import holding
from coster.domain.parties import handlers as parties
from coster.domain.parties.model import PutEnterprise
from coster.engine.db.connect import Connection, Database
from tests.domain.asking import ORG, carry_out, codes, make_org
from tests.domain.inventory.stocks import (
    ALI,
    BARN,
    CARROTS,
    CELLAR,
    FARM,
    LEEKS,
    PAUL,
    POOL,
    Store,
    at,
    demand,
    spot,
    want,
)
from tests.refusals import constraint_of

pytestmark = pytest.mark.database

PUT, ADJUST, COUNT, SHEET, TRANSFER = handlers.HANDLERS
ELSEWHERE = 8
CHECKS = [
    "never_oversold",
    "position_is_sum",
    "never_below_zero",
    "held_is_holds",
    "pool_is_holds",
    "holds_have_pools",
]


def received(quantity: int, place: Any = BARN, **more: Any) -> AdjustStock:
    """Carrots that came."""
    return AdjustStock(item_id=CARROTS, location_id=place, quantity=quantity, type="RECEIPT", **more)


@pytest.fixture
async def farm(database: Database) -> Database:
    """A farm with a barn and a cellar, and five kilos of carrots in the barn: two for Ali, and a pool's case for Paul."""
    await make_org(database)
    await carry_out(
        database,
        parties.PUT_ENTERPRISE,
        PutEnterprise(enterprise_id=FARM, name="Farm", kinds=["producer"], currency="EUR"),
    )
    items = [
        PutItem(item_id=item, owner_id=FARM, sku=f"{item.int}", name="Item", stock_unit="kg")
        for item in (CARROTS, LEEKS)
    ]
    await carry_out(database, catalog.HANDLERS[0], *items)
    await carry_out(
        database,
        PUT,
        *[
            PutLocation(location_id=place, enterprise_id=FARM, name=f"{place.int}")
            for place in (BARN, CELLAR)
        ],
    )
    assert codes(await carry_out(database, ADJUST, received(5000))) == ["ok"]
    await hold(database, ALI, 2000)
    await hold(database, PAUL, 700, pool_id=POOL, multiple=1000)
    return database


async def hold(database: Database, who: Any, quantity: int, **more: Any) -> None:
    """Holds carrots as an order would."""
    async with database.write(ORG) as conn:
        places = await store.lock_places(conn, ORG, [CARROTS])
        loaded = Store(*places.positions)
        loaded.holds = {
            (h.demand_id, h.demand_line, h.position_id): h
            for h in await store.holds_of(conn, ORG, [who, POOL])
        }
        loaded.pool_lines = {
            (line.pool_id, line.position_id): line for line in await store.pool_lines(conn, ORG, [POOL])
        }
        book = loaded.book()
        assert holding.hold(book, demand(who), want(quantity, **more)) == quantity
        await store.write(conn, ORG, book.writes())


async def rows(database: Database, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows as plain tuples, as the organisation itself sees them."""
    async with database.read(ORG) as conn:
        return [tuple(row) for row in await conn.fetch(statement, *values)]


BALANCES = "SELECT location_id, on_hand, held, committed, seq FROM position ORDER BY location_id"


async def test_what_is_decided_is_stored(farm: Database) -> None:
    """Positions, ledger, holds and pools as the rules said, and every promise is kept."""
    assert await rows(farm, BALANCES) == [(BARN, 5000, 3000, 0, 4)]
    assert await rows(farm, "SELECT seq, type, on_hand, held, demand_id FROM ledger ORDER BY seq") == [
        (1, "RECEIPT", 5000, 0, None), (2, "HOLD", 0, 2000, ALI), (3, "HOLD", 0, 700, PAUL), (4, "HOLD", 0, 300, POOL),
    ]  # fmt: skip
    assert await rows(farm, "SELECT demand_id, quantity, policy FROM hold ORDER BY quantity") == [
        (POOL, 300, "remainder"), (PAUL, 700, "submitted"), (ALI, 2000, "submitted"),
    ]  # fmt: skip
    assert await rows(farm, "SELECT held, surplus, multiple FROM pool_line") == [(1000, 300, 1000)]
    assert await broken(farm) == []


async def test_a_transfer_moves_both_ends(farm: Database) -> None:
    """Only what is free; both entries have one cause."""
    bodies = [
        TransferStock(item_id=CARROTS, from_location_id=BARN, to_location_id=CELLAR, quantity=q)
        for q in (2001, 2000)
    ]
    assert codes(await carry_out(farm, TRANSFER, *bodies)) == ["stock_promised", "ok"]
    assert [row[:3] for row in await rows(farm, BALANCES)] == [(BARN, 3000, 3000), (CELLAR, 2000, 0)]
    moved = await rows(
        farm, "SELECT type, on_hand, command_id FROM ledger WHERE type LIKE 'TRANSFER%' ORDER BY on_hand"
    )
    assert [row[:2] for row in moved] == [("TRANSFER_OUT", -2000), ("TRANSFER_IN", 2000)]
    assert (moved[0][2] == moved[1][2], await broken(farm)) == (True, [])


async def test_a_sheet_is_stored_with_all_that_it_did(farm: Database) -> None:
    """A known position twice, a new one, and a refused count between them: balances, entries and events as decided."""
    wanted = [(BARN, 4000), (CELLAR, 700), (BARN, 2999), (BARN, 3000)]
    counts = [
        CountStock(item_id=CARROTS, location_id=place, quantity=n, reason="taking") for place, n in wanted
    ]
    decided = await carry_out(farm, SHEET, CountSheet(counts=counts))
    said = [row["code"] if isinstance(row, dict) else row[1:] for row in decided.outcomes[0].value["rows"]]
    assert said == [[4000, 3000, 0], [700, 0, 0], "stock_promised", [3000, 3000, 0]]
    assert await rows(farm, BALANCES) == [(BARN, 3000, 3000, 0, 6), (CELLAR, 700, 0, 0, 1)]
    entries = await rows(
        farm, "SELECT seq, on_hand, reason FROM ledger WHERE type = 'COUNT' ORDER BY on_hand DESC"
    )
    assert entries == [(1, 700, "taking"), (5, -1000, "taking"), (6, -1000, "taking")]
    assert await broken(farm) == []


async def test_a_late_count_is_loaded_with_what_came_since(farm: Database) -> None:
    """Counted before the receipt, told after it: the five kilos are on top, and the entry is of the count's instant."""
    before = at(-5)
    decided = await carry_out(
        farm, COUNT, CountStock(item_id=CARROTS, location_id=BARN, quantity=1000, as_of=before)
    )
    assert codes(decided) == ["ok"]
    assert await rows(farm, "SELECT on_hand, counted_at FROM position") == [(6000, before)]
    assert await rows(farm, "SELECT seq, type, on_hand, at FROM ledger WHERE type = 'COUNT'") == [
        (5, "COUNT", 1000, before)
    ]
    again = CountStock(item_id=CARROTS, location_id=BARN, quantity=1000, as_of=at(-6))
    assert codes(await carry_out(farm, COUNT, again)) == ["count_outdated"]
    assert await broken(farm) == []


async def test_two_processes_open_one_position_once(farm: Database) -> None:
    """The second waits at the constraint for the first, is then refused, and is run again; nothing is lost."""

    async def open_(found_none: asyncio.Barrier) -> None:
        async with farm.write(ORG) as conn:
            assert await store.lock_positions(conn, ORG, [spot(CELLAR)]) == []
            book = Store().book()
            book.open(holding.Position(id=spot(CELLAR), item_id=CARROTS, location_id=CELLAR))
            await found_none.wait()
            await store.write(conn, ORG, book.writes())

    both = asyncio.Barrier(2)
    answers = await asyncio.gather(open_(both), open_(both), return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [asyncpg.UniqueViolationError]
    assert len(await rows(farm, BALANCES)) == 2


async def test_a_position_that_has_changed_is_not_overwritten(farm: Database) -> None:
    """Somebody wrote without the lock: the database refuses, so that the batch is run again instead of writing over it."""
    async with farm.read(ORG) as conn:
        row = await conn.fetchrow("SELECT id, item_id, location_id, on_hand, seq FROM position")
    stale = Store(holding.Position(**dict(row))).book()
    await hold(farm, ALI, 100)
    stale.move(holding.Change(position_id=spot(), type="DELTA", on_hand=1), demand())
    with pytest.raises(asyncpg.NotNullViolationError, match='"seq"'):
        async with farm.write(ORG) as conn:
            await store.write(conn, ORG, stale.writes())
    assert await rows(farm, BALANCES) == [(BARN, 5000, 3100, 0, 5)]


_TWIN = """
INSERT INTO position SELECT org_id, '00000000-0000-0000-0000-000000000063', item_id, location_id, lot, unlimited, on_hand, held,
                            committed, seq, told, counted_at FROM position
"""


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE position SET held = 5001", "never_oversold"),
        ("UPDATE position SET on_hand = 2999", "never_oversold"),
        ("UPDATE position SET committed = 2001", "never_oversold"),
        ("UPDATE position SET on_hand = -1, unlimited = true", "position_on_hand_check"),
        ("UPDATE position SET held = -1", "position_held_check"),
        ("UPDATE position SET committed = -1", "position_committed_check"),
        ("UPDATE hold SET quantity = 0", "hold_quantity_check"),
        ("UPDATE hold SET state = 'loose'", "hold_state_check"),
        ("UPDATE hold SET policy = 'forever'", "hold_policy_check"),
        ("UPDATE pool_line SET held = -1, committed = 1, surplus = 0", "pool_line_held_check"),
        ("UPDATE pool_line SET surplus = 1001", "pool_line_check"),
        ("UPDATE pool_line SET multiple = 0", "pool_line_multiple_check"),
        ("INSERT INTO ledger SELECT org_id, position_id, 9, 'GIFT', 1, 0, 0, at, command_id, NULL, NULL, '' FROM ledger LIMIT 1",
         "ledger_type_check"),
        ("INSERT INTO ledger SELECT * FROM ledger LIMIT 1", "ledger_pkey"),
        (_TWIN, "position_org_id_item_id_location_id_lot_key"),
        ("DELETE FROM position", "hold_org_id_position_id_fkey"),
    ],
)  # fmt: skip
async def test_the_database_refuses_what_no_rule_would_do(
    farm: Database, change: str, constraint: str
) -> None:
    """The second lock: a bug becomes an error, never an oversell."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        async with farm.write(ORG) as conn:
            await conn.execute(change)
    assert constraint_of(caught.value) == constraint
    assert await broken(farm) == []


async def test_where_nobody_counts_more_may_be_held(farm: Database) -> None:
    """The constraint knows the difference."""
    async with farm.write(ORG) as conn:
        await conn.execute("UPDATE position SET unlimited = true, held = 900000")
    assert await rows(farm, "SELECT on_hand, held FROM position") == [(5000, 900000)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET reason = 'x'",
        "UPDATE ledger SET on_hand = 9",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
    ],
)
async def test_the_ledger_is_immutable(farm: Database, change: str) -> None:
    """For the role under which the server runs, whatever it is asked to do."""
    before = await rows(farm, "SELECT * FROM ledger ORDER BY seq")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with farm.write(ORG) as conn:
            await conn.execute(change)
    assert await rows(farm, "SELECT * FROM ledger ORDER BY seq") == before


@pytest.mark.parametrize("table", ["location", "position", "ledger", "hold", "pool_line"])
async def test_another_organisation_sees_and_changes_nothing(farm: Database, table: str) -> None:
    """Not by reading without a WHERE, not by changing, and it cannot make rows for this one."""
    await make_org(farm, ELSEWHERE)
    there = len(await rows(farm, f"SELECT FROM {table}"))
    assert there > 0
    async with farm.write(ELSEWHERE) as conn:
        assert await conn.fetch(f"SELECT FROM {table}") == []
        if table != "ledger":
            assert await conn.execute(f"UPDATE {table} SET org_id = org_id") == "UPDATE 0"
            assert await conn.execute(f"DELETE FROM {table}") == "DELETE 0"
    async with farm.read(ORG) as conn:
        row = await conn.fetchrow(f"SELECT * FROM {table} LIMIT 1")
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with farm.write(ELSEWHERE) as conn:
            await conn.execute(
                f"INSERT INTO {table} ({', '.join(row.keys())}) VALUES ({places})", *row.values()
            )
    assert len(await rows(farm, f"SELECT FROM {table}")) == there


async def test_stores_ask_for_their_own_organisation(farm: Database) -> None:
    """Each statement names it, beside the row-level security under it."""
    await make_org(farm, ELSEWHERE)
    async with farm.system() as owner:
        assert await store.lock_positions(owner, ELSEWHERE, [spot()]) == []
        assert (await store.lock_places(owner, ELSEWHERE, [CARROTS])).positions == []
        assert await store.holds_of(owner, ELSEWHERE, [ALI]) == []
        assert await store.holds_on(owner, ELSEWHERE, [spot()]) == []
        assert await store.pool_lines(owner, ELSEWHERE, [POOL]) == []
        assert await store.later_changes(owner, ELSEWHERE, [spot()], at(-60)) == []
        assert await store.load_locations(owner, ELSEWHERE, [BARN]) == {}


# -- verify ----------------------------------------------------------------------------------------------------


async def broken(database: Database) -> list[tuple[str, int, str]]:
    """The promises that do not hold: name, how often, an example."""
    async with database.read(ORG) as conn:
        checks = await reads.verify(conn, ORG)
    assert [check.name for check in checks] == CHECKS
    assert all(check.promise for check in checks)
    return [(check.name, check.broken, check.example) for check in checks if check.broken]


BARN_ID, POOL_ID = str(spot()), str(POOL)
BREACHES = {
    "more held than there is": (
        "ALTER TABLE position DROP CONSTRAINT never_oversold; UPDATE position SET held = 5001",
        {"never_oversold": BARN_ID, "position_is_sum": BARN_ID, "held_is_holds": BARN_ID},
    ),
    "a balance that no entry explains": (
        "UPDATE position SET on_hand = on_hand + 1",
        {"position_is_sum": BARN_ID},
    ),
    "a lost entry": (
        "DELETE FROM ledger WHERE seq = 3",
        {"position_is_sum": BARN_ID},
    ),
    "a gap in the ledger": (
        "UPDATE ledger SET seq = 14 WHERE seq = 4; UPDATE position SET seq = 14",
        {"position_is_sum": BARN_ID},
    ),
    "a changed entry": (
        "UPDATE ledger SET on_hand = 5001 WHERE seq = 1",
        {"position_is_sum": BARN_ID},
    ),
    "oversold for a moment": (
        "UPDATE ledger SET seq = 9 WHERE seq = 1; UPDATE ledger SET seq = seq - 1; UPDATE ledger SET seq = 4 WHERE seq = 8",
        {"never_below_zero": BARN_ID},
    ),
    "below nothing for a moment": (
        "UPDATE ledger SET held = held - 2001 WHERE seq = 2; UPDATE ledger SET held = held + 2001 WHERE seq = 4",
        {"never_below_zero": BARN_ID},
    ),
    "a hold that is not counted": (
        "UPDATE hold SET quantity = quantity + 1 WHERE pool_id IS NULL",
        {"held_is_holds": BARN_ID},
    ),
    "a lost hold": (
        "DELETE FROM hold WHERE pool_id IS NULL",
        {"held_is_holds": BARN_ID},
    ),
    "a hold in the wrong state": (
        "UPDATE hold SET state = 'committed' WHERE pool_id IS NULL",
        {"held_is_holds": BARN_ID},
    ),
    "a pool that holds what nobody holds": (
        "UPDATE pool_line SET held = held + 1000",
        {"pool_is_holds": POOL_ID},
    ),
    "a surplus that nobody holds": (
        "UPDATE pool_line SET surplus = surplus + 1",
        {"pool_is_holds": POOL_ID},
    ),
    "half a case": (
        "UPDATE pool_line SET multiple = 300",
        {"pool_is_holds": POOL_ID},
    ),
    "a hold on no account": (
        "DELETE FROM pool_line",
        {"holds_have_pools": str(POOL)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), BREACHES.values(), ids=BREACHES)
async def test_verify_finds_a_planted_breach(farm: Database, plant: str, found: dict[str, str]) -> None:
    """Each check sees what it is for, says how often, and names an example."""
    async with farm.system() as owner:
        await owner.execute(plant)
    told = await broken(farm)
    assert {name for name, *_ in told} == set(found)
    for name, count, example in told:
        if name == "holds_have_pools":
            assert (count, example in (str(PAUL), str(POOL))) == (2, True)
        else:
            assert (count >= 1, example) == (True, found[name])


async def test_every_check_has_a_planted_breach() -> None:
    """A promise that is added to `verify` needs one as well."""
    assert {name for _, found in BREACHES.values() for name in found} == set(CHECKS) == set(reads.PROMISES)


async def test_verify_is_of_one_organisation(farm: Database) -> None:
    """Somebody else's breach is not this one's."""
    await make_org(farm, ELSEWHERE)
    async with farm.system() as owner:
        await owner.execute("UPDATE position SET on_hand = on_hand + 1")
    async with farm.system() as owner:
        checks = await reads.verify(owner, ELSEWHERE)
    assert [check.broken for check in checks] == [0] * len(CHECKS)


async def _lines(conn: Connection) -> list[Any]:
    return await store.pool_lines(conn, ORG, [POOL])


async def test_a_closed_pool_closes_all_its_holds(farm: Database) -> None:
    """Those that were not loaded as well; then the goods leave, and every promise is kept at each step."""
    for step in (holding.commit_pool, holding.consume_pool):
        async with farm.write(ORG) as conn:
            book = Store(*(await store.lock_positions(conn, ORG, [spot()]))).book()
            for line in await _lines(conn):
                book.pools[line.pool_id, line.position_id] = line
            step(book, demand(POOL), POOL, await _lines(conn))
            await store.write(conn, ORG, book.writes())
        assert await broken(farm) == []
        states = await rows(farm, "SELECT demand_id, state FROM hold ORDER BY quantity")
        owed = [(POOL, "committed"), (PAUL, "committed")] if step is holding.commit_pool else []
        assert states == [*owed, (ALI, "live")]
    assert await rows(farm, BALANCES) == [(BARN, 4000, 2000, 0, 6)]


async def test_an_inactive_place_is_locked_and_not_drawn_from(farm: Database) -> None:
    """By priority among the others; a lower number first."""
    await carry_out(farm, ADJUST, received(100, CELLAR))
    for place, active, priority in ((CELLAR, True, -1), (BARN, False, 0)):
        body = PutLocation(location_id=place, enterprise_id=FARM, name="P", active=active, priority=priority)
        await carry_out(farm, PUT, body)
        async with farm.write(ORG) as conn:
            places = await store.lock_places(conn, ORG, [CARROTS, LEEKS])
        drawn = [spot(CELLAR), spot()] if place == CELLAR else [spot(CELLAR)]
        assert (places.by_item, len(places.positions)) == ({CARROTS: drawn}, 2)
