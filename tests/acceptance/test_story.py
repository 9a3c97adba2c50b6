"""The main job: Jean's ten kilos, two hubs, four shoppers (seed 000)."""

from __future__ import annotations

import datetime as dt
import uuid

from coster.domain.orders.model import CancelOrder, LineRequest, PlaceOrder
from coster.domain.sessions.model import CloseSession, EndSession
from coster.domain.wholesale.model import CompleteSession
from tests.acceptance.verify import broken
from tests.town import Town, name_id

KILO = 1000


def basket(who: str, hub: uuid.UUID, session: uuid.UUID, item: uuid.UUID, quantity: int) -> PlaceOrder:
    """Somebody's order of one item, booked at once."""
    return PlaceOrder(
        order_id=name_id(f"order of {who}"), seller_id=hub, session_id=session, channel="shop", reference=who,
        completed=True, lines=[LineRequest(item_id=item, quantity=quantity)],
    )  # fmt: skip


async def close(town: Town, session: uuid.UUID) -> None:
    """Time passes until the session has ended, and its held orders are completed."""
    await town.do(CloseSession(session_id=session))
    before = town.now
    town.now += dt.timedelta(days=5)
    await town.do(EndSession(session_id=session))
    await town.do(CompleteSession(session_id=session))
    town.now = before


async def held(town: Town) -> list[tuple[str, int]]:
    """Hub, status and total of each held order."""
    rows = await town.rows(
        "SELECT e.name, h.status, l.held + l.committed AS quantity FROM held_order h "
        "JOIN enterprise e ON e.org_id = h.org_id AND e.id = h.hub_id "
        "JOIN pool_line l ON l.org_id = h.org_id AND l.pool_id = h.id WHERE h.org_id = 1 ORDER BY e.name"
    )
    return [(row["name"], row["status"], row["quantity"]) for row in rows]


async def left(town: Town) -> int:
    """What can still be promised."""
    return await town.value("SELECT on_hand - held - committed FROM position")


async def test_ten_kilos_never_become_eleven(town: Town) -> None:
    """Every step of the story leaves the held orders and the kilos that it must leave."""
    jean = await town.enterprise("Jean", "producer")
    hub_a, hub_b = await town.enterprise("Hub A", "hub"), await town.enterprise("Hub B", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub_a, jean)
    await town.relation(hub_b, jean)
    a = await town.session("A", [hub_a], [carrots], closes_at=town.now + dt.timedelta(days=4, hours=10))
    b = await town.session("B", [hub_b], [carrots], closes_at=town.now + dt.timedelta(days=3, hours=10))

    await town.do(basket("Ali", hub_a, a, carrots, KILO))
    assert await held(town) == [("Hub A", "Held", 1 * KILO)]
    await town.do(basket("Paul", hub_a, a, carrots, 5 * KILO))
    assert await held(town) == [("Hub A", "Held", 6 * KILO)]
    await town.do(basket("David", hub_b, b, carrots, 3 * KILO))
    assert await held(town) == [("Hub A", "Held", 6 * KILO), ("Hub B", "Held", 3 * KILO)]
    refusal = await town.refused(basket("Michael", hub_b, b, carrots, 2 * KILO))
    assert refusal.code == "insufficient_stock"
    assert refusal.detail["lines"][0]["available"] == "1"
    assert await left(town) == 1 * KILO
    await town.do(basket("Michael again", hub_b, b, carrots, 1 * KILO))
    assert await left(town) == 0
    await close(town, b)
    assert await held(town) == [("Hub A", "Held", 6 * KILO), ("Hub B", "Complete", 4 * KILO)]
    await town.do(CancelOrder(order_id=name_id("order of Ali")))
    assert await held(town) == [("Hub A", "Held", 5 * KILO), ("Hub B", "Complete", 4 * KILO)]
    assert await left(town) == 1 * KILO
    await close(town, a)
    assert await held(town) == [("Hub A", "Complete", 5 * KILO), ("Hub B", "Complete", 4 * KILO)]
    assert await town.value("SELECT committed FROM position") == 9 * KILO
    assert await broken(town) == []
