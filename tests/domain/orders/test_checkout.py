"""The checkout is a child of its order: it has a flow of its own, and lives in the order's row."""

from __future__ import annotations

from typing import Any

import pytest

from coster.domain.orders.handlers import CHECKOUTS, LIBRARY
from coster.domain.orders.model import CancelOrder, CompleteCheckout, FailCheckout, OrderTimer, StepOrder
from coster.engine.workflow import check, language
from tests.domain.orders.worlds import CARROTS, HOUR, KILO, Memory, basket, line, order_of

ALI = order_of("Ali")
BEGUN = ("created", "running", 1)


def ordered(**more: Any) -> Memory:
    """A world in which Ali has ordered four kilos of carrots."""
    memory = Memory()
    memory.decide(basket("Ali", line(CARROTS, 4 * KILO), **more))
    return memory


def now(memory: Memory) -> tuple[str, str | None, int | None]:
    """Status of Ali's order, status and version of its checkout."""
    order = memory.order("Ali")
    return order.status, order.checkout, order.checkout_version


def test_a_checkout_begins_with_its_order() -> None:
    """And is over at once where it was completed elsewhere."""
    assert now(ordered()) == BEGUN
    assert now(ordered(completed=True)) == ("booked", "completed", 1)


@pytest.mark.parametrize(
    ("body", "came_to"),
    [
        (CompleteCheckout(order_id=ALI), ("booked", "completed", 1)),
        (FailCheckout(order_id=ALI), ("cancelled", "failed", 1)),
        (CancelOrder(order_id=ALI), ("cancelled", "abandoned", 1)),
        (
            StepOrder(order_id=ALI, trigger="complete_checkout", attributes={"payment": "captured"}),
            ("booked", "completed", 1),
        ),
    ],
)
def test_order_and_checkout_come_to_their_ends_together(body: Any, came_to: tuple[str, str, int]) -> None:
    """In one command and one event, which tells what both flows did."""
    memory = ordered()
    decided = memory.decide(body)
    assert now(memory) == came_to
    [(_, event)] = decided.events
    told = event.data["flow"]
    assert (told["from"], told["to"], told["checkout"]["from"], told["checkout"]["to"]) == (
        "created",
        came_to[0],
        "running",
        came_to[1],
    )
    assert memory.order("Ali").expires_at is None


def test_the_clock_ends_a_checkout_in_time() -> None:
    """And not before; afterwards it finds nothing to do."""
    memory = ordered()
    [timer] = [OrderTimer(id=ALI, trigger="expire_checkout")]
    assert memory.one(timer).value["changed"] is False
    memory.at += HOUR / 2
    assert (memory.one(timer).value["status"], now(memory)) == ("cancelled", ("cancelled", "expired", 1))
    assert memory.one(timer).value["changed"] is False


def test_what_a_checkout_refuses_names_what_is_possible_with_the_order() -> None:
    """Nobody abandons or expires it from outside."""
    memory = ordered(completed=True)
    refusal = memory.one(CompleteCheckout(order_id=ALI))
    assert (refusal.code, refusal.detail["reason"], refusal.detail["status"]) == (
        "order_status",
        "wrong_status",
        "booked",
    )
    assert refusal.detail["possible"] == ["cancel", "change", "comment"]
    for trigger in ("abandon_checkout", "expire_checkout"):
        assert ordered().one(StepOrder(order_id=ALI, trigger=trigger)).code == "order_status"
    fresh = ordered().one(StepOrder(order_id=ALI, trigger="nonsense"))
    assert fresh.detail["possible"] == ["cancel", "change", "comment", "complete_checkout", "fail_checkout"]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("checkout: {flow: checkout}", "parcels: {flow: checkout}"), "children_unknown"),
        (("checkout: {flow: checkout}", "checkout: {flow: order.b2b}"), "child_flow_unknown"),
        (("do: [keep_holds]", "do: [keep_holds, {tell_parent: {event: cancel}}]"), "event_never_answered"),
    ],
)
def test_what_the_room_does_not_carry_out_is_not_published(edit: tuple[str, str], code: str) -> None:
    """Other children than checkouts, children of another kind, and a parent that no order has."""
    text = LIBRARY.texts["order.retail", 1]
    flow = language.read(text.replace(*edit))
    others = {table.flow.name: table.flow for one in (LIBRARY, CHECKOUTS) for table in one.shipped.values()}
    assert code in {fault.code for fault in check.check(flow, LIBRARY.vocabulary, others)}
