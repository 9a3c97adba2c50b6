"""What a flow has no answer for is a refusal of the order that it befalls: nothing is left of it, and nobody else is kept back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from coster.domain.orders.handlers import CHECKOUTS, LIBRARY
from coster.domain.orders.model import ExpireSession, OrderTimer, StepOrder
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import records
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.tables import Tables
from tests.domain.orders.worlds import CARROTS, HOUR, KILO, SESSION, Memory, basket, line, order_of

ALI, PAUL = order_of("Ali"), order_of("Paul")
END = ExpireSession(session_id=SESSION)
LIFE = """
name: order.odd
entity: order
version: 1
type: odd
events: {ping: {}, pong: {}, fill: {text: string}, clear: {}, wait: {}}
statuses:
  new: {category: booking, holds: live, initial: true}
  later: {category: booking, holds: live}
  shut: {category: booking, holds: none}
  gone: {category: done, holds: none, final: true}
transitions:
  - {on: expire_checkout, from: [new, later], do: [release_holds], to: shut, next: close}
  - {on: close, from: shut, when: attributes.sealed == true, to: gone, otherwise: seal}
  - {on: seal, from: shut, to: gone}
  - {on: fill, from: new, do: [{set: {attributes: {text: "{event.text}"}}}]}
  - {on: clear, from: new, do: [{set: {attributes: {text: null}}}]}
  - {on: wait, from: new, do: [release_holds, take_holds], to: later}
  - {on: lapse, after: PT1H, from: later, do: [release_holds], to: gone}
"""
CHECKOUT = """
name: checkout.odd
entity: checkout
version: 1
events: {pay: {}, ping: {}, hear: {}, tell: {}}
statuses:
  running: {category: booking, initial: true}
  paying: {category: booking}
  completed: {category: done, final: true}
  expired: {category: done, final: true}
transitions:
  - {on: pay, from: running, to: paying}
  - {on: complete_checkout, from: [running, paying], to: completed}
  - {on: abandon_checkout, from: [running, paying], to: expired}
  - {on: pay_over, after: PT15M, from: [running, paying], to: expired}
  - {on: ping, from: [running, paying], do: [{tell_parent: {event: pong}}]}
  - {on: hear}
"""
ORDER = """
name: order.odd
entity: order
version: 1
type: odd
events: {pong: {}}
children: {checkout: {flow: checkout.odd}}
statuses:
  open: {category: booking, holds: live, initial: true}
  booked: {category: booking, holds: live, rests: true}
  done: {category: done, holds: none, final: true}
transitions:
  - {rollup: {any: checkout, in: [completed]}, when: order.total > 10000, from: open, do: [keep_holds], to: booked}
  - {rollup: {all: checkout, in: [expired]}, from: open, do: [release_holds], to: done}
  - {on: pong, do: [{tell_children: {children: checkout, event: hear}}]}
  - {on: cancel, from: [open, booked], do: [release_holds, {tell_children: {children: checkout, event: abandon_checkout}}], to: done}
  - {on: late, after: PT1H, from: open, do: [release_holds], to: done}
"""
CIRCLE = ORDER.replace("event: hear", "event: ping")


def world(life: str = ORDER, checkout: str = CHECKOUT) -> Memory:
    """A world with orders of a type `odd`, on this flow, their checkouts on that."""
    below = compiling.load(checkout, CHECKOUTS.vocabulary)
    # Circles between flows are looked for where the checkout's flow is known; here one is to be met that nobody has found.
    known = {} if life == CIRCLE else {below.flow.name: below.flow}
    above = compiling.load(life, LIBRARY.vocabulary, "odd.yaml", known)
    tables = Tables([*LIBRARY.shipped.values(), above])
    return Memory({CARROTS: 10 * KILO}, flows=tables, checkouts=Tables([*CHECKOUTS.shipped.values(), below]))


def ordered(*flows: str, **more: Any) -> Memory:
    """Ali has ordered four kilos on these flows, Paul one kilo on the plain ones."""
    memory = world(*flows)
    assert memory.one(basket("Ali", line(CARROTS, 4 * KILO), type="odd", **more)).value["id"] == str(ALI)
    memory.one(basket("Paul", line(CARROTS, KILO)))
    return memory


def step(trigger: str, **attributes: Any) -> StepOrder:
    """An event for Ali's order."""
    return StepOrder(order_id=ALI, trigger=trigger, attributes=attributes)


def due(decided: Any) -> dict[str, Any]:
    """When timers that were set come, by trigger."""
    return {one.body["trigger"]: one.due_at for _, one in decided.timers if one.due_at is not None}


def kept(memory: Memory) -> tuple[Any, ...]:
    """Ali's order, its lines and its holds."""
    holds = [hold for key, hold in sorted(memory.holds.items()) if key[0] == ALI]
    return memory.order("Ali"), memory.lines_by_order()[ALI], holds


def test_an_order_whose_flow_has_no_answer_stays_whole_while_the_session_ends_for_the_others() -> None:
    """Its row gave the goods back and the next one's guard reads what is not there: no hold, line or event is touched."""
    memory = ordered(LIFE)
    before = kept(memory)
    decided = memory.decide(END)
    stayed = [{"id": str(ALI), "code": "guard_failed"}]
    assert decided.outcomes[0].value == {
        "session_id": str(SESSION),
        "orders": [str(PAUL)],
        "stayed": stayed,
    }
    assert (kept(memory), memory.held(CARROTS)) == (before, 4 * KILO)
    assert ([event.entity_id for _, event in decided.events], memory.order("Paul").status) == (
        [PAUL],
        "cancelled",
    )
    assert [hold.demand_id for hold in memory.holds.values()] == [ALI]


def test_an_order_in_a_status_that_its_flow_lacks_keeps_back_nobody() -> None:
    """Neither the end of the session nor a batch of other orders' commands."""
    memory = ordered(LIFE)
    memory.orders[ALI] = lost = msgspec.structs.replace(memory.order("Ali"), status="lost")
    refused, done = memory.decide(
        step("wait"), StepOrder(order_id=PAUL, trigger="complete_checkout")
    ).outcomes
    assert (refused.code, done.value["status"]) == ("guard_failed", "booked")
    assert memory.one(END).value["stayed"] == [{"id": str(ALI), "code": "guard_failed"}]
    assert memory.order("Ali") is lost


def test_two_flows_that_call_each_other_without_end_are_a_refusal() -> None:
    """It is not published; met all the same, nothing is left of it, and the order goes on."""
    below = compiling.load(CHECKOUT, CHECKOUTS.vocabulary).flow
    with pytest.raises(FlowRefusedError) as caught:
        compiling.load(CIRCLE, LIBRARY.vocabulary, "odd.yaml", {below.name: below})
    assert [fault.code for fault in caught.value.faults] == ["event_circle"]
    memory = ordered(CIRCLE)
    before = kept(memory)
    for wish in ("pong", "ping"):
        decided = memory.decide(step(wish))
        assert (decided.outcomes[0].code, decided.outcomes[0].detail["trigger"]) == ("guard_failed", wish)
        assert (decided.events, decided.timers, kept(memory)) == ([], [], before)
    assert memory.one(step("cancel")).value["status"] == "done"


def test_a_timer_that_has_no_answer_is_a_refusal_that_leaves_nothing() -> None:
    """A damaged table waits for what no order has: the goods that the row moved, and the order, are as they were."""
    memory = ordered(LIFE)
    table = memory.flows.of("order.odd", 1)
    broken = records.Timer(field="order.nothing")
    table.timers["later"] = tuple(msgspec.structs.replace(one, timer=broken) for one in table.timers["later"])
    before = kept(memory)
    decided = memory.decide(step("wait"))
    assert (decided.outcomes[0].code, decided.events, decided.timers) == ("guard_failed", [], [])
    assert (kept(memory), decided.writes.changed, decided.writes.stock.entries) == (before, [], [])


def test_an_order_that_comes_completed_and_is_not_booked_has_the_timers_of_its_status() -> None:
    """Too small to be booked by itself, it waits with its goods, and not for ever; a booked one has none of them."""
    memory = world()
    decided = memory.decide(basket("Ali", line(CARROTS, 4 * KILO), type="odd", completed=True))
    order = memory.order("Ali")
    assert (order.status, order.checkout, order.entered) == ("open", "completed", 1)
    assert due(decided) == {"late": memory.at + HOUR}
    memory.at += HOUR
    assert memory.one(OrderTimer(id=ALI, trigger="late", entered=1)).value["status"] == "done"
    booked = world(ORDER.replace("10000", "100"))
    assert due(booked.decide(basket("Ali", line(CARROTS, 4 * KILO), type="odd", completed=True))) == {}


def test_timers_of_a_checkouts_next_status_count_from_when_it_came_there() -> None:
    """Those of its first from when the order came; each is a new time, and one that comes late does nothing."""
    memory = world()
    placed = memory.decide(basket("Ali", line(CARROTS, KILO), type="odd"))
    assert due(placed) == {"late": memory.at + HOUR, "pay_over": memory.at + HOUR / 4}
    memory.at += HOUR / 6
    paying = memory.decide(step("pay"))
    assert (memory.order("Ali").checkout, due(paying)) == ("paying", {"pay_over": memory.at + HOUR / 4})
    [old], [new] = (
        [OrderTimer(**{**one.body, "id": ALI}) for _, one in decided.timers if one.body.get("trigger") == "pay_over"]
        for decided in (placed, paying)
    )  # fmt: skip
    memory.at += HOUR / 12
    assert (memory.one(old).value["changed"], memory.order("Ali").checkout) == (False, "paying")
    memory.at += HOUR / 6
    assert (memory.one(new).value["status"], memory.order("Ali").checkout) == ("done", "expired")


@pytest.mark.parametrize(
    "edit",
    [("initial: true}", "initial: true, sla: PT1H}"), ("after: PT15M", "after: {duration: PT15M, times: 2}"),
     ("from: running, to: paying}", "from: running, restart: pay_over, to: running}\n  - {on: tell, from: running, to: paying}")],
)  # fmt: skip
def test_a_checkout_for_which_an_orders_row_keeps_no_clock_is_not_published(edit: tuple[str, str]) -> None:
    """Service levels, timers that come again or begin again: nothing would come of them."""
    assert CHECKOUT.count(edit[0]) == 1
    with pytest.raises(FlowRefusedError) as caught:
        compiling.load(CHECKOUT.replace(*edit), CHECKOUTS.vocabulary)
    assert [fault.code for fault in caught.value.faults] == ["clock_not_kept"]


SAYS = (
    "  - {on: tell, from: running, do: [{tell_parent: {event: pong}}, {set: {attributes: {text: '{event.text}'}}}], "
    "error: {then: spare}}\n  - {on: spare, from: running, to: paying}\n"
)


@pytest.mark.parametrize(("size", "checkout", "told"), [(10, "running", "pong"), (70_000, "paying", "")])
def test_what_a_row_of_a_checkout_tells_is_not_heard_where_the_row_fails(
    size: int, checkout: str, told: str
) -> None:
    """What makes it good is carried out, and the order hears nothing of what was not."""
    hears = ORDER.replace(
        "{tell_children: {children: checkout, event: hear}}", "{set: {attributes: {told: pong}}}"
    )
    memory = ordered(hears, CHECKOUT.replace("tell: {}", "tell: {text: string}") + SAYS)
    memory.one(step("tell", text="x" * size))
    order = memory.order("Ali")
    assert (order.checkout, order.attributes.get("told", "")) == (checkout, told)


def test_the_attributes_of_an_order_do_not_grow_without_bound() -> None:
    """64 kB as JSON and no byte more; what is refused changes nothing, and removing is always possible."""
    memory = ordered(LIFE)
    most = 64 * 1024 - len('{"text":""}')
    assert memory.one(step("fill", text="x" * most)).value["status"] == "new"
    refused = memory.one(step("fill", text="y" * (most + 1)))
    assert (refused.code, refused.detail["refusal"]) == ("action_refused", "attributes_too_large")
    assert memory.order("Ali").attributes == {"text": "x" * most}
    memory.one(step("clear"))
    assert memory.order("Ali").attributes == {}
