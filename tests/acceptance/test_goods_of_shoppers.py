"""What shoppers see of their goods once the hub's held order is completed and handed over: it is told by the holds themselves."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from coster.domain.orders import handlers, reads
from coster.domain.orders.model import Order, OrdersWanted
from coster.domain.wholesale.model import CancelHeldOrder, FulfilHeldOrder
from coster.kernel import authority
from tests.acceptance.market import KILO, basket, end_of, line, lines_of, order_of
from tests.acceptance.verify import broken
from tests.town import Town

pytestmark = pytest.mark.database


async def found(town: Town, who: str) -> Order:
    """Somebody's order."""
    async with town.database.read(town.org_id) as conn:
        wanted = OrdersWanted(ids=[order_of(who)], limit=1)
        [order] = await reads.list_orders(conn, town.org_id, authority.SYSTEM, wanted)
    return order


async def seen(town: Town, who: str) -> tuple[list[str], str, str, str]:
    """Where the goods of each line are; the order's letter; its two words of the Data Food Consortium."""
    order = await found(town, who)
    async with town.database.read(town.org_id) as conn:
        lines = (await reads.lines_of(conn, town.org_id, [order.id]))[order.id]
    letter, view, _ = reads.seen_by_others(order, lines)
    return [one.stock for one in lines], letter, view.dfc_order, view.dfc_fulfilment


async def known(town: Town, who: str, instant: dt.datetime) -> list[str]:
    """Where the goods of each line were, as it was known at an instant."""
    async with town.database.read(town.org_id) as conn:
        flows = await handlers.LIBRARY.tables(conn, town.org_id)
        wanted = OrdersWanted(ids=[order_of(who)], limit=1)
        [(_, lines)] = await reads.list_as_of(conn, town.org_id, authority.SYSTEM, wanted, (instant, flows))
    return [one.stock for one in lines]


async def story(town: Town, who: str) -> list[str]:
    """What the order's story says of its goods."""
    order = await found(town, who)
    async with town.database.read(town.org_id) as conn:
        return [turn.words(numbers) for turn, numbers in await reads.story_of_goods(conn, town.org_id, order)]


async def held_of(town: Town, producer: uuid.UUID) -> uuid.UUID:
    """The id of a producer's held order."""
    return uuid.UUID(
        str(await town.value("SELECT id FROM held_order WHERE producer_id = $1 LIMIT 1", producer))
    )


@pytest.mark.parametrize("consolidation", ["per_session", "per_order"])
async def test_a_shoppers_order_says_where_its_goods_have_come(town: Town, consolidation: str) -> None:
    """Held; owed by each producer when the session is over; gone, producer by producer, and what is the hub's own stays as it is."""
    jean, anna = await town.enterprise("Jean", "producer"), await town.enterprise("Anna", "producer")
    hub = await town.enterprise("Hub", "hub")
    carrots, honey = await town.item(jean, "carrots", 10 * KILO), await town.item(anna, "honey", 9 * KILO)
    jam = await town.item(hub, "jam", 9 * KILO)
    for producer in (jean, anna):
        await town.relation(hub, producer, consolidation=consolidation)
    session = await town.session("week", [hub], [carrots, honey, jam])
    await town.do(basket("Ali", hub, session, line(carrots, KILO), line(honey, KILO), line(jam, KILO)))
    placed = town.now
    assert await seen(town, "Ali") == (["held", "held", "held"], "C", "Complete", "Unfulfilled")
    await end_of(town, session)
    owed = town.now
    assert await seen(town, "Ali") == (["allocated", "allocated", "held"], "C", "Complete", "Unfulfilled")
    await town.do(FulfilHeldOrder(held_order_id=await held_of(town, jean)))
    assert await seen(town, "Ali") == (["consumed", "allocated", "held"], "C", "Complete", "Unfulfilled")
    await town.do(FulfilHeldOrder(held_order_id=await held_of(town, anna)))
    assert (await seen(town, "Ali"))[0] == ["consumed", "consumed", "held"]
    assert [row["stock"] for row in await lines_of(town, "Ali")] == ["held", "held", "held"]
    told = await story(town, "Ali")
    assert sorted(told[:2]) == [
        "The producer owes the goods (line 1)",
        "The producer owes the goods (line 2)",
    ]
    assert told[2:] == [
        "The producer has handed over the goods (line 1)",
        "The producer has handed over the goods (line 2)",
    ]
    assert [await known(town, "Ali", at) for at in (placed, owed, town.now)] == [
        ["held", "held", "held"], ["allocated", "allocated", "held"], ["consumed", "consumed", "held"],
    ]  # fmt: skip
    assert await broken(town) == []


async def test_an_order_whose_goods_are_all_gone_is_released(town: Town) -> None:
    """The letter and the words of the standard follow from the lines: complete, and not yet in the shopper's hands."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])
    await town.do(basket("Ali", hub, session, line(carrots, KILO)))
    await end_of(town, session)
    await town.do(FulfilHeldOrder(held_order_id=await held_of(town, jean)))
    assert await seen(town, "Ali") == (["consumed"], "R", "Complete", "Unfulfilled")


async def test_what_was_called_off_is_not_told_as_gone(town: Town) -> None:
    """A line that was given back has no hold either, and says so itself; nor is a line gone that was taken out before."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])
    await town.do(basket("Ali", hub, session, line(carrots, KILO)))
    before = town.now
    await town.do(CancelHeldOrder(held_order_id=await held_of(town, jean), reason="Frost."))
    assert ((await seen(town, "Ali"))[0], await story(town, "Ali")) == (
        [(await lines_of(town, "Ali"))[0]["stock"]],
        [],
    )
    assert (await seen(town, "Ali"))[0] != ["consumed"]
    assert await known(town, "Ali", before) == ["held"]


async def test_the_past_is_told_from_where_the_goods_are_now_when_the_events_are_archived(town: Town) -> None:
    """No event of the held order is here any more: what is gone now was gone then, as far as anybody can tell."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])
    await town.do(basket("Ali", hub, session, line(carrots, KILO)))
    await end_of(town, session)
    await town.do(FulfilHeldOrder(held_order_id=await held_of(town, jean)))
    async with town.database.system() as conn:
        await conn.execute("DELETE FROM event WHERE entity = 'held_order'")
    assert await known(town, "Ali", town.now) == ["consumed"]
