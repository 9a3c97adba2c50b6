"""The database's own guard over held orders, and what their readers are given."""

from __future__ import annotations

import uuid

import asyncpg
import msgspec
import pytest

from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.wholesale import reads, store
from coster.domain.wholesale.model import HeldOrder, HeldOrdersWanted
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.errors import TryAgain
from tests.acceptance.verify import broken
from tests.domain.orders.worlds import KILO
from tests.domain.wholesale.worlds import FLOWS
from tests.town import Town, name_id

pytestmark = pytest.mark.database
SECOND_HEAD = (
    "INSERT INTO held_order SELECT org_id, gen_random_uuid(), hub_id, producer_id, session_id, single, status, holds, flow, "
    "flow_version, attributes, entered, entered_at, sla_at, created_at, changed_at, version FROM held_order"
)


@pytest.fixture
async def sold(town: Town) -> tuple[uuid.UUID, uuid.UUID]:
    """Jean's carrots at a hub, of which Ali holds four kilos: hub and producer."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])
    lines = [LineRequest(item_id=carrots, quantity=4 * KILO)]
    await town.do(
        PlaceOrder(
            order_id=name_id("Ali"),
            seller_id=hub,
            session_id=session,
            channel="s",
            reference="Ali",
            lines=lines,
        )
    )
    return hub, jean


async def loaded(town: Town) -> HeldOrder:
    """The only held order, as it is loaded for deciding."""
    id_ = await town.value("SELECT id FROM held_order")
    async with town.database.write(town.org_id) as conn:
        [held] = (await store.lock_held_orders(conn, town.org_id, [id_, name_id("none")])).values()
    return held


@pytest.mark.parametrize("version", [0, 1])
async def test_older_news_never_overwrites_newer(
    town: Town, sold: tuple[uuid.UUID, uuid.UUID], version: int
) -> None:
    """A head of the same or an earlier version is not stored; the batch is told to try again."""
    held = await loaded(town)
    late = msgspec.structs.replace(held, status="Cancelled", version=version)
    with pytest.raises(TryAgain):
        async with town.database.write(town.org_id) as conn:
            await store.write(conn, town.org_id, [late])
    assert await loaded(town) == held


async def test_newer_news_is_stored_and_what_it_is_of_never_changes(
    town: Town, sold: tuple[uuid.UUID, uuid.UUID]
) -> None:
    """Status, instant and version follow; hub, producer and session are for good."""
    held = await loaded(town)
    moved = msgspec.structs.replace(held, hub_id=sold[1], status="Complete", version=held.version + 1)
    async with town.database.write(town.org_id) as conn:
        await store.write(conn, town.org_id, [moved])
    assert await loaded(town) == msgspec.structs.replace(held, status="Complete", version=held.version + 1)


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE held_order SET holds = 'perhaps'", asyncpg.CheckViolationError),
        ("UPDATE held_order SET hub_id = id", asyncpg.ForeignKeyViolationError),
        ("UPDATE held_order SET session_id = id", asyncpg.ForeignKeyViolationError),
        ("UPDATE pool_line SET held = -1", asyncpg.CheckViolationError),
        ("UPDATE pool_line SET surplus = held + 1", asyncpg.CheckViolationError),
        ("UPDATE pool_line SET multiple = 0", asyncpg.CheckViolationError),
    ],
)
async def test_no_hand_can_store_what_contradicts_itself(
    town: Town, sold: tuple[uuid.UUID, uuid.UUID], statement: str, refused: type[Exception]
) -> None:
    """Not even the owner of the tables."""
    with pytest.raises(refused):
        async with town.database.system() as conn:
            await conn.execute(statement)


@pytest.mark.parametrize(
    ("statement", "promise"),
    [
        ("UPDATE pool_line SET held = held - 1", "pool_is_holds"),
        ("DELETE FROM held_order", "head_for_every_pool"),
        ("UPDATE held_order SET status = 'Cancelled', holds = 'none'", "head_for_every_pool"),
        (SECOND_HEAD, "one_per_session"),
    ],
)  # fmt: skip
async def test_verify_finds_what_a_hand_has_broken(
    town: Town, sold: tuple[uuid.UUID, uuid.UUID], statement: str, promise: str
) -> None:
    """The promise that is broken is named; before the breach all of them hold."""
    assert await broken(town) == []
    async with town.database.system() as conn:
        await conn.execute(statement)
    assert promise in await broken(town)


async def test_each_party_reads_its_held_orders_and_nobody_elses(
    town: Town, sold: tuple[uuid.UUID, uuid.UUID]
) -> None:
    """Hub and producer see one, a stranger none; only the hub sees what it is made of."""
    hub, jean = sold
    readers = [
        Authority(by_enterprise={who: frozenset({"held_orders:read"})})
        for who in (hub, jean, name_id("stranger"))
    ]
    async with town.database.read(town.org_id) as conn:
        seen = [
            await reads.list_held_orders(conn, town.org_id, who, HeldOrdersWanted(), FLOWS) for who in readers
        ]
        [held] = seen[0]
        hubs = Authority(by_enterprise={hub: frozenset({"orders:read"})})
        jeans = Authority(by_enterprise={jean: frozenset({"orders:read", "held_orders:read"})})
        made_of = [await reads.contributions(conn, town.org_id, who, held) for who in (hubs, jeans)]
    assert [len(one) for one in seen] == [1, 1, 0]
    assert seen[0] == seen[1]
    assert made_of[0] is not None
    assert [(one["order_id"], one["quantity"]) for one in made_of[0]] == [(name_id("Ali"), 4 * KILO)]
    assert made_of[1] is None


async def test_filters_of_the_list_hold_together(town: Town, sold: tuple[uuid.UUID, uuid.UUID]) -> None:
    """By hub, producer, session, status and id."""
    hub, jean = sold
    held = await loaded(town)

    async def found(**wanted: object) -> int:
        async with town.database.read(town.org_id) as conn:
            return len(
                await reads.list_held_orders(conn, town.org_id, SYSTEM, HeldOrdersWanted(**wanted), FLOWS)
            )  # type: ignore[arg-type]

    assert (
        await found(hub_id=hub, producer_id=jean, session_id=held.session_id, status="Held", ids=[held.id])
        == 1
    )
    assert [
        await found(hub_id=jean),
        await found(status="Complete"),
        await found(after=held.id),
        await found(ids=[]),
    ] == [0] * 4
