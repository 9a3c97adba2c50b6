"""Orders go through flows of their own making: guards, what follows, what makes good, timers, service levels, messages."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from coster.domain.identity.model import ROLES
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import (
    CancelOrder,
    ChangeOrder,
    LineChange,
    MakeOrderGood,
    OrderTimer,
    StepOrder,
)
from coster.engine.flows import audit
from coster.engine.flows.clocks import timer_id
from coster.engine.workflow import check, language
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.tables import Tables
from coster.kernel.authority import Authority
from tests.domain.orders.worlds import CARROTS, HOUR, HUB, KILO, Memory, basket, line, order_of

ALI = order_of("Ali")
FLOW = """
name: order.phone
entity: order
version: 3
type: phone
settings: {limit: 1000}
events: {approve: {by: string, how: "string?"}, extend: {}}
webhooks: {asked: {event: order.asked, body: {order: "{order.number}", total: "{order.total}", text: "By {event.by}"}}}
statuses:
  new: {category: booking, holds: live, initial: true, sla: PT2H}
  big: {category: booking, holds: live}
  ok: {category: booking, holds: live, rests: true}
  gone: {category: done, holds: none, final: true}
transitions:
  - on: approve
    label: Agreed
    from: new
    when: order.total > settings.limit && size(order.lines) == 1
    do: [{set: {attributes: {by: "{event.by}"}}}, {send: {webhook: asked}}]
    to: big
    otherwise: small
    button:
      label: Agree
      role: [hub]
      form: {by: {type: string, required: true}, how: {type: string, choices: [phone, mail], default: phone}}
  - {on: small, from: new, to: ok, next: settle}
  - {on: settle, from: ok, do: [{set: {attributes: {settled: true}}}]}
  - {on: change, from: [new, big], do: [rehold], error: {then: give_up}}
  - {on: give_up, from: [new, big], do: [release_holds], to: gone}
  - {on: nag, after: {duration: PT1H, times: 3}, from: big, do: [{set: {attributes: {nagged: true}}}]}
  - {on: extend, from: big, restart: [nag]}
  - {on: lapse, after: {field: order.checkout_expires_at, before: PT10M}, from: new, do: [release_holds], to: gone}
  - {on: cancel, from: [new, big, ok], when: "!('by' in attributes)", do: [release_holds], to: gone}
  - {on: comment}
"""
PHONE = compiling.load(FLOW, LIBRARY.vocabulary)
BOSS = Authority(by_enterprise={HUB: ROLES["hub"]})
SHOP = Authority(by_enterprise={HUB: frozenset({"orders:write", "orders:read"})})


def ordered(kilos: int) -> Memory:
    """Ali's order of carrots at 2.00 for a kilogram, on the flow for orders by phone."""
    memory = Memory({CARROTS: 20 * KILO}, flows=Tables([*LIBRARY.shipped.values(), PHONE]))
    assert memory.one(basket("Ali", line(CARROTS, kilos * KILO), type="phone")).value["status"] == "new"
    return memory


def step(trigger: str, **attributes: Any) -> StepOrder:
    """An event for Ali's order."""
    return StepOrder(order_id=ALI, trigger=trigger, attributes=attributes)


def timer(memory: Memory, trigger: str, left: int = 1, **changed: Any) -> OrderTimer:
    """A timer of Ali's order, as it was set."""
    given = {"entered": memory.order("Ali").entered, "left": left, "due": memory.at}
    return OrderTimer(id=ALI, trigger=trigger, **{**given, **changed})


def due(decided: Any) -> dict[uuid.UUID, dt.datetime | None]:
    """When timers are due by id; none: wanted no longer."""
    return {one.id: one.due_at for _, one in decided.timers}


NAG, LAPSE = timer_id(ALI, "nag"), timer_id(ALI, "lapse")


def test_an_order_begins_on_the_flow_of_its_type() -> None:
    """With its service level and its timer, ten minutes before the checkout ends."""
    memory = Memory({CARROTS: 20 * KILO}, flows=Tables([*LIBRARY.shipped.values(), PHONE]))
    decided = memory.decide(basket("Ali", line(CARROTS, KILO), type="phone"))
    order = memory.order("Ali")
    assert (order.flow, order.flow_version, order.type, order.holds) == ("order.phone", 3, "phone", "live")
    assert (order.entered, order.entered_at, order.sla_at) == (1, memory.at, memory.at + 2 * HOUR)
    assert due(decided) == {LAPSE: memory.at + HOUR / 3}
    assert decided.events[0][1].data["flow"] == {"name": "order.phone", "version": 3, "to": "new"}
    assert memory.one(basket("Paul", line(CARROTS, KILO), type="fax")).code == "order_type_unknown"


def test_a_guard_decides_and_is_told_with_what_it_read() -> None:
    """The row that fits is carried out: attributes, message, status, clock; the event says why."""
    memory = ordered(6)
    decided = memory.decide(step("approve", by="Ada"), authority=BOSS)
    [stepped, asked] = [event for _, event in decided.events]
    order = memory.order("Ali")
    assert (order.status, order.attributes, order.sla_at, order.version, order.entered) == (
        "big",
        {"by": "Ada"},
        None,
        3,
        2,
    )
    assert (asked.name, asked.version, asked.data["total"], asked.data["text"]) == (
        "order.asked",
        3,
        1200,
        "By Ada",
    )
    assert asked.data["enterprises"] == [str(HUB)]
    assert due(decided) == {LAPSE: None, NAG: memory.at + HOUR}
    [row] = stepped.data["flow"]["rows"]
    assert (stepped.name, row["label"], row["actions"]) == ("order.stepped", "Agreed", ["set", "send"])
    [guard] = row["guards"]
    assert (guard["answer"], guard["values"]["order.total"], guard["values"]["settings.limit"]) == (
        True,
        1200,
        1000,
    )


def test_otherwise_and_next_are_followed_in_one_command() -> None:
    """A small order is settled at once, in one event with both rows."""
    memory = ordered(2)
    decided = memory.decide(step("approve", by="Ada"), authority=BOSS)
    order = memory.order("Ali")
    assert (order.status, order.attributes, order.version) == ("ok", {"settled": True}, 2)
    [(_, stepped)] = decided.events
    told = [(row["trigger"], row["from"], row["to"]) for row in audit.rows(stepped.data["flow"])]
    assert told == [("approve", "new", "ok"), ("settle", "ok", "ok")]


def test_what_fails_is_made_good_by_its_row() -> None:
    """More than there is cannot be held: everything is given back instead, and the event says what failed."""
    memory = ordered(2)
    decided = memory.decide(ChangeOrder(order_id=ALI, lines=[LineChange(line_no=1, quantity=99 * KILO)]))
    assert (decided.outcomes[0].value["status"], memory.held(CARROTS)) == ("gone", 0)
    [(_, stepped)] = decided.events
    assert (stepped.name, stepped.data["flow"]["failed"]["code"]) == ("order.stepped", "insufficient_stock")
    assert memory.order("Ali").holds == "none"


def test_a_timer_comes_again_and_begins_again() -> None:
    """Three times an hour apart, from the beginning after `extend`; it ends with its status."""
    memory = ordered(6)
    memory.decide(step("approve", by="Ada"), authority=BOSS)
    fired = memory.decide(timer(memory, "nag", 3))
    assert (memory.order("Ali").attributes["nagged"], due(fired)) == (
        True,
        {NAG: memory.at - dt.timedelta(seconds=1) + HOUR},
    )
    assert fired.timers[0][1].body["left"] == 2
    assert due(memory.decide(timer(memory, "nag", 1))) == {}
    again = memory.decide(step("extend"), authority=BOSS)
    assert (due(again), again.timers[0][1].body["left"]) == ({NAG: memory.at + HOUR}, 3)


def test_a_timer_of_a_status_that_was_left_does_nothing() -> None:
    """Nor one that another has sent; nothing changes, and nothing is told."""
    memory = ordered(6)
    late = timer(memory, "lapse")
    assert memory.one(late).value["changed"] is False
    assert memory.one(late, BOSS).code == "not_permitted"
    memory.decide(step("approve", by="Ada"), authority=BOSS)
    memory.at += HOUR
    decided = memory.decide(late)
    assert (decided.outcomes[0].value["changed"], decided.events, decided.timers) == (False, [], [])


def test_a_timer_waits_for_what_it_reads() -> None:
    """Ten minutes before the end of the checkout, and not a minute earlier."""
    memory = ordered(6)
    memory.at += HOUR / 3 - dt.timedelta(minutes=1)
    assert memory.one(timer(memory, "lapse")).value["changed"] is False
    memory.at += dt.timedelta(minutes=1)
    assert memory.one(timer(memory, "lapse")).value["status"] == "gone"


@pytest.mark.parametrize(
    ("wish", "who", "code"),
    [
        (step("approve"), BOSS, "not_valid"),
        (step("approve", by=7), BOSS, "not_valid"),
        (step("approve", by="Ada", how="letter"), BOSS, "not_valid"),
        (step("approve", by="Ada", more=1), BOSS, "not_valid"),
        (step("approve", by="Ada"), SHOP, "role_needed"),
        (step("small"), BOSS, "order_status"),
        (step("nag"), BOSS, "order_status"),
        (step("lapse"), BOSS, "order_status"),
        (step("extend"), BOSS, "order_status"),
        (step("complete_checkout"), BOSS, "order_status"),
    ],
)
def test_what_may_not_be_sent_is_refused(wish: StepOrder, who: Authority, code: str) -> None:
    """Attributes that do not fit, roles that are not there, what only rows and clocks send, what is not possible now."""
    memory = ordered(6)
    before = memory.order("Ali")
    decided = memory.decide(wish, authority=who)
    assert (decided.outcomes[0].code, decided.events, decided.timers) == (code, [], [])
    assert memory.order("Ali") is before


def test_a_refusal_tells_the_guards_with_what_they_read() -> None:
    """Why nothing happened stands in the ledger of commands: entity, trigger, status, reason, guards."""
    memory = ordered(6)
    memory.decide(step("approve", by="Ada"), authority=BOSS)
    refusal = memory.one(CancelOrder(order_id=ALI))
    assert refusal.code == "order_status"
    assert refusal.detail == {
        "entity": "order", "entity_id": str(ALI), "trigger": "cancel", "reason": "guard_false", "status": "big",
        "possible": ["change", "extend", "cancel", "comment"],
        "guards": [{"guard": "!('by' in attributes)", "answer": False, "values": {"attributes": {"by": "Ada"}}}],
    }  # fmt: skip


def test_a_button_may_be_pressed_by_its_roles_and_the_system_by_all() -> None:
    """The form's default is filled in."""
    memory = ordered(6)
    assert memory.one(step("approve", by="Ada"), BOSS).value["status"] == "big"
    assert ordered(6).one(step("approve", by="clock")).value["status"] == "big"


def undelivered(trigger: str, of: str = "order") -> MakeOrderGood:
    """The word that a message of Ali's order was not delivered."""
    return MakeOrderGood(
        id=ALI, of=of, trigger=trigger, message="order.asked", seq=4, endpoint_id=uuid.UUID(int=7), error="refused"
    )  # fmt: skip


def test_a_message_says_which_flow_sent_it() -> None:
    """Whatever its body says, so that nothing in the program acts by it; what a room tells itself has no such mark."""
    text = FLOW.replace('text: "By', 'sent_by: nobody, text: "By')
    flow = compiling.load(text, LIBRARY.vocabulary)
    memory = Memory({CARROTS: 20 * KILO}, flows=Tables([*LIBRARY.shipped.values(), flow]))
    memory.one(basket("Ali", line(CARROTS, 6 * KILO), type="phone"))
    told, message = [event for _, event in memory.decide(step("approve", by="Ada")).events]
    assert ("sent_by" in told.data, message.data["sent_by"]) == (False, {"flow": "order.phone", "version": 3})


def test_what_the_room_keeps_in_attributes_is_written_by_nobody_else() -> None:
    """Not by a flow that was published before the checker refused it either."""
    text = FLOW.replace('{by: "{event.by}"}', '{blocks: "{event.by}"}')
    [fault] = check.check(language.read(text), LIBRARY.vocabulary)
    assert (fault.code, "'blocks'" in fault.message) == ("attribute_reserved", True)
    flow = compiling.prepare(language.read(text), LIBRARY.vocabulary)
    memory = Memory({CARROTS: 20 * KILO}, flows=Tables([*LIBRARY.shipped.values(), flow]))
    memory.one(basket("Ali", line(CARROTS, 6 * KILO), type="phone"))
    refused = memory.one(step("approve", by="Ada"))
    assert (refused.code, refused.detail["refusal"]) == ("action_refused", "attribute_reserved")
    assert memory.order("Ali").attributes == {}


def test_a_message_says_what_its_row_says_about_failure() -> None:
    """A body cannot say it itself."""
    text = FLOW.replace('text: "By', 'on_failure: {then: cancel}, text: "By')
    row = "    to: big\n    otherwise: small\n"
    assert text.count(row) == 1
    plain = compiling.load(text, LIBRARY.vocabulary)
    text = text.replace(row, row + "    error: {retry: {times: 2, wait: PT1M}, then: give_up}\n")
    told = []
    for flow in (plain, compiling.load(text, LIBRARY.vocabulary)):
        memory = Memory({CARROTS: 20 * KILO}, flows=Tables([*LIBRARY.shipped.values(), flow]))
        memory.one(basket("Ali", line(CARROTS, 6 * KILO), type="phone"))
        told.append(memory.decide(step("approve", by="Ada")).events[-1][1].data.get("on_failure"))
    said = {
        "entity": "order",
        "row": 0,
        "retry": {"times": 2, "wait": "PT1M", "factor": 1},
        "then": "give_up",
    }
    assert told == [None, said]


def test_a_row_that_only_rows_name_makes_good_what_was_not_delivered() -> None:
    """In whatever status the order is; its event says which message it was, why, and to whom."""
    memory = ordered(6)
    memory.one(step("approve", by="Ada"))
    decided = memory.decide(undelivered("give_up"))
    assert (memory.order("Ali").status, memory.held(CARROTS)) == ("gone", 0)
    [(_, event)] = decided.events
    assert (event.name, event.data["flow"]["trigger"], event.data["flow"]["from"]) == (
        "order.stepped",
        "give_up",
        "big",
    )
    assert event.data["flow"]["cause"] == {
        "message": "order.asked", "seq": 4, "endpoint_id": str(uuid.UUID(int=7)), "error": "refused",
    }  # fmt: skip


def test_where_no_row_makes_good_the_order_stays_and_the_answer_says_where_there_is_one() -> None:
    """The refusal names the statuses in which the trigger has a row; one that is nowhere is no part of the flow."""
    memory = ordered(1)
    memory.one(step("approve", by="Ada"))
    before = memory.order("Ali")
    refusal = memory.one(undelivered("give_up"))
    assert (refusal.code, refusal.detail["reason"]) == ("order_status", "wrong_status")
    assert refusal.message.startswith("'give_up' is possible in new, big, not in ok.")
    assert memory.one(undelivered("nothing")).detail["reason"] == "unknown_trigger"
    assert memory.order("Ali") is before


def test_only_the_machinery_says_that_a_message_was_not_delivered() -> None:
    """Whoever may write orders may not; who may not does not learn that the order is there."""
    memory = ordered(6)
    assert memory.one(undelivered("give_up"), BOSS).code == "not_permitted"
    assert memory.one(undelivered("give_up"), Authority()).code == "order_unknown"


def test_a_message_of_the_checkouts_flow_is_made_good_there() -> None:
    """The checkout takes the step, and the order follows."""
    memory = Memory({CARROTS: 20 * KILO})
    memory.one(basket("Ali", line(CARROTS, KILO)))
    decided = memory.decide(undelivered("fail_checkout", "checkout"))
    assert (memory.order("Ali").status, memory.order("Ali").checkout) == ("cancelled", "failed")
    assert decided.events[0][1].data["flow"]["cause"]["message"] == "order.asked"
    assert memory.one(undelivered("fail_checkout")).code == "order_status"


def test_a_timer_that_was_begun_again_since_it_was_read_does_not_fire_once_more() -> None:
    """It was due and on its way when the order was locked for `extend`; what stands then is the later time, which counts."""
    memory = ordered(8)
    memory.one(step("approve", by="Ada"), BOSS)
    assert memory.order("Ali").status == "big"
    early = memory.at
    memory.at += HOUR
    [(id_, later)] = due(memory.decide(step("extend"), authority=BOSS)).items()
    assert later is not None
    memory.timers_due = {id_: later}
    assert memory.one(timer(memory, "nag", left=3, due=early)).value["changed"] is False
    assert "nagged" not in memory.order("Ali").attributes
    memory.at = later
    fired = memory.decide(timer(memory, "nag", left=3, due=later), timer(memory, "nag", left=3, due=later))
    assert [one.value.get("changed", True) for one in fired.outcomes] == [True, False]
    assert memory.order("Ali").attributes["nagged"] is True
    memory.timers_due = {}
    assert memory.one(timer(memory, "nag", left=2, due=later)).value["changed"] is False
