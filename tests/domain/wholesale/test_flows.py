"""Held orders on flows of an organisation's own: other statuses, events, timers, guards and messages; by values only."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from coster.domain.identity.model import ROLES
from coster.domain.orders.model import CancelOrder
from coster.domain.wholesale.handlers import LIBRARY
from coster.domain.wholesale.model import (
    CancelHeldOrder,
    CompleteSession,
    FulfilHeldOrder,
    HeldOrderTimer,
    MakeHeldOrderGood,
    MoveHeldOrders,
    StepHeldOrder,
)
from coster.domain.wholesale.rules import moving
from coster.engine.flows import audit, clocks
from coster.engine.flows import moving as moves
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.tables import Tables
from coster.kernel.authority import SYSTEM as ALMIGHTY
from coster.kernel.authority import Authority
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.orders.worlds import CARROTS, HUB, JEAN, KILO, SESSION, basket, line, order_of
from tests.domain.wholesale.worlds import POOL, Market, lowered
from tests.town import name_id

TEXT = """\
name: wholesale.held
title: Confirmed by the producer before it is owed
entity: held_order
version: 2
settings: {most: 20000}
events:
  approve: {by: string, amount: int}
  remark: {}
webhooks:
  packing: {event: held_order.packing, body: {lines: "{lines}", who: "{attributes}"}}
statuses:
  Wished: {label: Wished, category: booking, holds: live, initial: true, sla: PT4H}
  Approved: {label: Approved, category: booking, holds: live, rests: true}
  Owed: {label: Owed, category: fulfilment, holds: committed, sla: P2D}
  Packed: {label: Packed, category: fulfilment, holds: committed, rests: true}
  Gone: {label: Gone, category: done, holds: none, final: true}
  Empty: {label: Empty, category: done, holds: none, rests: true}
transitions:
  - {on: grow, from: [Wished, Approved], do: [project_holds], to: Wished}
  - {on: grow, from: [Empty], do: [project_holds], to: Wished}
  - {on: shrink, from: [Wished, Approved], when: lines > 0, do: [project_holds], otherwise: drop}
  - {on: drop, from: [Wished, Approved], do: [close_empty], to: Empty}
  - on: approve
    label: Approved
    from: [Wished]
    when: event.amount <= settings.most
    do: [{set: {attributes: {approved_by: "{event.by}"}}}]
    to: Approved
    button: {label: Approve, role: [producer], form: {by: {type: string, required: true}, amount: {type: int, default: 5}}}
  - {on: complete, from: [Wished, Approved], when: lines > 0, do: [commit_holds], to: Owed, next: pack, otherwise: drop}
  - {on: pack, from: [Owed], when: quantity > 5000, do: [{send: {webhook: packing}}], to: Packed}
  - {on: pack, from: [Owed]}
  - {on: fulfil, from: [Owed, Packed], do: [consume_holds], to: Gone}
  - {on: cancel, from: [Wished, Approved], do: [release_holds], to: Empty}
  - {on: cancel, from: [Owed, Packed], do: [release_holds], to: Empty}
  - {after: PT1H, from: [Approved], do: [release_holds], to: Empty}
  - {on: chase, after: {duration: P1D, times: 3}, from: [Owed], restart: []}
  - {on: remark, from: [Owed], restart: [chase]}
"""


def table(version: int = 2, *edits: tuple[str, str]) -> Any:
    """The flow, proved, with edits."""
    text = TEXT.replace("version: 2", f"version: {version}")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return compiling.load(text, LIBRARY.vocabulary, "held.yaml")


def market(*kilos: int, flow: Any = None) -> Market:
    """Orders 0, 1, 2 … of so many kilos of carrots on a flow of the organisation's own."""
    made = Market({CARROTS: 30 * KILO})
    made.held_flows = Tables([flow or table()])
    if kilos:
        made.decide(*(basket(str(n), line(CARROTS, amount * KILO)) for n, amount in enumerate(kilos)))
    return made


def step(trigger: str, **attributes: Any) -> StepHeldOrder:
    """An event of the flow."""
    return StepHeldOrder(held_order_id=POOL, trigger=trigger, attributes=attributes)


def key(party: Any, *permissions: str) -> Authority:
    """What somebody may do at an enterprise."""
    return Authority(by_enterprise={party: frozenset(permissions)})


def timers(decided: Any) -> list[tuple[str, dt.datetime | None]]:
    """What is due when; None: no longer."""
    return [(timer.body.get("trigger", ""), timer.due_at) for _, timer in decided.timers]


def test_a_held_order_begins_on_the_version_that_is_pinned_and_stays_on_it() -> None:
    """Name, version and status of the flow are kept, and what the status says of the goods."""
    made = market(3)
    head = made.held_orders[POOL]
    assert (head.status, head.holds, head.flow, head.flow_version) == ("Wished", "live", "wholesale.held", 2)
    assert (head.entered, head.entered_at, head.sla_at) == (1, made.at, made.at + dt.timedelta(hours=4))


def test_statuses_of_ones_own_are_told_in_the_words_of_the_standard() -> None:
    """They follow from the goods where the flow does not say them."""
    made = market()
    [event] = [e for _, e in made.decide(basket("0", line(CARROTS, KILO))).events if e.entity == "held_order"]
    assert [event.data[name] for name in ("state", "status", "fulfilment")] == ["Wished", "Held", "Held"]


def test_an_event_of_ones_own_sets_attributes_and_is_told_with_its_guard() -> None:
    """The form's default counts where nothing was said; the event says which row fired and what its guard read."""
    made = market(3)
    decided = made.decide(step("approve", by="Jean"), authority=key(JEAN, *ROLES["producer"]))
    assert decided.outcomes[0] == Accepted({"id": str(POOL), "status": "Approved", "version": 2})
    assert made.held_orders[POOL].attributes == {"approved_by": "Jean"}
    [event] = [event for _, event in decided.events]
    [row] = audit.rows(event.data["flow"])
    assert (event.name, event.data["flow"]["trigger"], row["label"], row["to"]) == (
        "held_order.stepped", "approve", "Approved", "Approved",
    )  # fmt: skip
    assert row["guards"] == [
        {"guard": "event.amount <= settings.most", "answer": True, "values": {"event.amount": 5, "settings.most": 20000}}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (step("approve", by="Jean", amount=30000), "held_order_status", "guard_false"),
        (step("explode"), "held_order_status", "unknown_trigger"),
        (step("grow"), "held_order_status", "unknown_trigger"),
        (step("complete"), "held_order_status", "unknown_trigger"),
        (step("fulfil"), "held_order_status", "wrong_status"),
        (step("approve"), "not_valid", None),
        (step("approve", by=3), "not_valid", None),
        (step("approve", by="Jean", colour="red"), "not_valid", None),
        (StepHeldOrder(held_order_id=POOL, trigger="remark", expected_version=7), "version_conflict", None),
    ],
)
def test_what_the_flow_does_not_allow_is_refused_with_its_reason(
    body: StepHeldOrder, code: str, reason: str | None
) -> None:
    """Nothing is changed, and the detail says why: it is what the audit of attempts is read from."""
    made = market(3)
    before = made.held_orders[POOL]
    refusal = made.one(body)
    assert isinstance(refusal, Rejected)
    assert (refusal.code, refusal.detail.get("reason")) == (code, reason)
    assert made.held_orders[POOL] == before
    if reason:
        told = {name: refusal.detail[name] for name in ("entity", "entity_id", "trigger", "status")}
        assert told == {
            "entity": "held_order",
            "entity_id": str(POOL),
            "trigger": body.trigger,
            "status": "Wished",
        }


def test_the_attributes_of_a_held_order_do_not_grow_without_bound() -> None:
    """64 kB as JSON and no byte more; what is refused changes nothing."""
    made, most = market(3), 64 * 1024 - len('{"approved_by":""}')
    refused = made.decide(step("approve", by="x" * (most + 1))).outcomes[0]
    assert (refused.code, refused.detail["refusal"]) == ("action_refused", "attributes_too_large")
    assert (made.held_orders[POOL].status, made.held_orders[POOL].attributes) == ("Wished", {})
    assert made.decide(step("approve", by="x" * most)).outcomes[0].value["status"] == "Approved"


def test_a_button_is_for_its_roles() -> None:
    """The hub may not approve for the producer; who may not even write held orders knows of none."""
    made = market(3)
    refused = made.one(step("approve", by="Hub"), key(HUB, "held_orders:write"))
    assert (refused.code, refused.detail) == ("role_needed", {"roles": ["producer"]})
    assert made.one(step("approve", by="x"), key(HUB, "orders:read")).code == "held_order_unknown"


def test_a_timer_begins_with_its_status_and_ends_with_it() -> None:
    """Approved for an hour; a shopper who comes meanwhile ends that."""
    made = market(3)
    approved = made.decide(step("approve", by="Jean"))
    assert timers(approved) == [("after:3600s", made.at + dt.timedelta(hours=1))]
    assert approved.timers[0][1].kind == "wholesale.timer"
    grown = made.decide(basket("9", line(CARROTS, KILO)))
    assert (approved.timers[0][1].id, None) in [(timer.id, timer.due_at) for _, timer in grown.timers]
    assert made.held_order() == ("Wished", {"carrots": "4"})


def fired(decided: Any) -> HeldOrderTimer:
    """The command that the last timer sends."""
    return msgspec.convert(decided.timers[-1][1].body, HeldOrderTimer)


def test_a_timer_that_is_due_gives_everything_back_and_a_late_one_does_nothing() -> None:
    """The number of the status's coming tells them apart."""
    made = market(3, 5)
    due = fired(made.decide(step("approve", by="Jean")))
    assert made.decide(due).outcomes[0].value["status"] == "Empty"
    assert (made.held_order(), made.stock()) == (("Empty", {}), (30 * KILO, 0, 0))
    made.decide(basket("9", line(CARROTS, KILO)))
    made.decide(step("approve", by="Jean"))
    late = made.one(due)
    assert late.value["changed"] is False
    assert made.held_order()[0] == "Approved"


def test_a_timer_is_the_machinerys() -> None:
    """Nobody else can send one."""
    made = market(3)
    due = fired(made.decide(step("approve", by="Jean")))
    assert made.one(due, key(HUB, "held_orders:write")).code == "held_order_unknown"


def test_a_timer_that_fires_several_times_counts_down_and_can_be_begun_again() -> None:
    """Each time a day later, three times in all; a remark begins it again."""
    made = market(3)
    made.end()
    begun = made.decide(CompleteSession(session_id=SESSION))
    first = fired(begun)
    assert (first.trigger, first.left) == ("chase", 3)
    again = fired(made.decide(first))
    assert (again.left, again.due) == (2, first.due + dt.timedelta(days=1))
    last = fired(made.decide(again))
    assert last.left == 1
    assert made.decide(last).timers == []
    anew = fired(made.decide(step("remark")))
    assert (anew.left, anew.due) == (3, made.at + dt.timedelta(days=1))


def test_one_event_leads_to_the_next_and_sends_its_message() -> None:
    """Completed and packed in one batch: one event with both rows, and the message with what it is about."""
    made = market(6)
    made.end()
    decided = made.decide(CompleteSession(session_id=SESSION))
    told, message = [event for _, event in decided.events]
    assert (told.name, told.version, message.name, message.version) == (
        "held_order.completed", 2, "held_order.packing", 3,
    )  # fmt: skip
    assert [row["trigger"] for row in audit.rows(told.data["flow"])] == ["complete", "pack"]
    mark = {"flow": "wholesale.held", "version": 2}
    assert message.data == {"lines": 1, "who": {}, "sent_by": mark, "enterprises": [str(HUB), str(JEAN)]}
    assert (made.held_order(), made.held_orders[POOL].version) == (("Packed", {"carrots": "6"}), 3)
    assert made.held_orders[POOL].sla_at is None


def test_a_row_that_is_refused_has_sent_nothing() -> None:
    """Goods cannot be owed yet; another row makes good, and the message of the first is not told."""
    row = "  - {on: remark, from: [Owed], restart: [chase]}"
    owe = "  - {on: remark, from: [Wished], do: [{send: {webhook: packing}}, commit_holds], to: Owed, error: {then: wait}}"
    made = market(3, flow=table(2, (row, f"{row}\n{owe}\n  - {{on: wait, from: [Wished]}}")))
    decided = made.decide(step("remark"))
    assert [event.name for _, event in decided.events] == ["held_order.stepped"]
    assert decided.events[0][1].data["flow"]["failed"]["code"] == "session_not_ended"
    assert (made.held_order()[0], made.stock()) == ("Wished", (30 * KILO, 3 * KILO, 0))


def test_what_is_owed_cannot_be_given_back_by_any_flow() -> None:
    """The row fails, nothing of it is kept, and the answer says why."""
    made = market(3)
    made.end()
    made.decide(CompleteSession(session_id=SESSION))
    before = (made.held_orders[POOL], made.stock())
    refusal = made.one(CancelHeldOrder(held_order_id=POOL, reason="hail"))
    assert (refusal.code, refusal.detail["refusal"], refusal.detail["reason"]) == (
        "action_refused", "owed_already", "action_refused",
    )  # fmt: skip
    assert (made.held_orders[POOL], made.stock()) == before


def test_nothing_is_owed_or_handed_over_while_somebody_can_still_order() -> None:
    """A flow that would commit early is told when it is possible."""
    early = table(
        2, ("  - {on: fulfil, from: [Owed, Packed]", "  - {on: fulfil, from: [Wished, Owed, Packed]")
    )
    refusal = market(3, flow=early).one(FulfilHeldOrder(held_order_id=POOL))
    assert (refusal.code, refusal.detail["refusal"]) == ("action_refused", "session_not_ended")
    assert "2026-11-23T21:00:00Z" in refusal.message


def test_while_shoppers_order_a_held_order_only_follows() -> None:
    """A row that would give everything back when it grows is not carried out, and the event says so."""
    giving = table(
        2,
        ("  - {on: grow, from: [Wished, Approved], do: [project_holds], to: Wished}",
         "  - {on: grow, from: [Wished, Approved], do: [release_holds], to: Empty}"),
    )  # fmt: skip
    made = market(3, flow=giving)
    assert made.held_order() == ("Wished", {"carrots": "3"})
    [event] = [e for _, e in made.decide(basket("9", line(CARROTS, KILO))).events if e.entity == "held_order"]
    assert (event.name, event.data["flow"]["failed"]["code"]) == ("held_order.changed", "not_empty")


def test_goods_are_never_without_a_held_order_that_says_so() -> None:
    """Where the flow has no row for growth after its end, it begins anew; where it has none for its last line, it ends."""
    stubborn = table(
        2,
        ("  - {on: grow, from: [Empty], do: [project_holds], to: Wished}\n", ""),
        ("when: lines > 0, do: [project_holds], otherwise: drop}\n  - {on: drop", "do: [project_holds]}\n  - {on: drop"),
    )  # fmt: skip
    made = market(3, flow=stubborn)
    made.decide(CancelOrder(order_id=order_of("0")))
    assert made.held_order() == ("Empty", {})
    made.decide(basket("9", line(CARROTS, KILO)))
    assert made.held_order() == ("Wished", {"carrots": "1"})


def test_a_shortage_shrinks_a_held_order_of_any_flow() -> None:
    """Approved stays approved with less in it, and drops with nothing."""
    made = market(3)
    made.decide(step("approve", by="Jean"))
    made.decide(lowered(2 * KILO))
    assert made.held_order() == ("Approved", {"carrots": "2"})
    made.decide(lowered(0))
    assert made.held_order() == ("Empty", {})


def test_two_versions_live_side_by_side() -> None:
    """The one that began on version 2 goes by it, whatever is pinned later."""
    made = market(3)
    made.held_flows = Tables([table(), table(3, ("Wished: {label: Wished", "Wanted: {label: Wanted"),
                                             ("Wished", "Wanted"))])  # fmt: skip
    made.decide(basket("9", line(CARROTS, KILO)))
    assert (made.held_orders[POOL].flow_version, made.held_order()) == (2, ("Wished", {"carrots": "4"}))


def test_timers_have_ids_that_follow_from_their_entity() -> None:
    """So setting one again moves it."""
    made = market(3)
    decided = made.decide(step("approve", by="Jean"))
    assert decided.timers[0][1].id == clocks.timer_id(POOL, "after:3600s")


MOVE = name_id("a move")
NEXT = table(3, ("Approved", "Agreed"), ("PT1H", "PT2H"), ("sla: PT4H", "sla: PT8H"))


def moving_state(made: Market, **more: Any) -> moving.MovingState:
    """A move of everything on version 2 to version 3."""
    given = {"sources": (2,), "to_version": 3, "mapping": {"Approved": "Agreed"}, **more}
    move = moves.Move(id=MOVE, name="wholesale.held", entity="held_order", **given)
    made.held_flows = Tables([table(), NEXT])
    return moving.MovingState(
        moves=moves.Moving(moves={MOVE: move}, back={}),
        wanted={MOVE: sorted(made.held_orders)},
        held=made.held_state(),
    )


def moved(made: Market, **more: Any) -> Any:
    """What a page of the move comes to."""
    command: Command[Any] = Command(
        name_id("page"), 1, SYSTEM, made.at, MoveHeldOrders(move_id=MOVE), authority=ALMIGHTY
    )
    decided = moving.move(moving_state(made, **more), [command])
    made.held_orders.update((one.id, one) for one in decided.writes.held)
    return decided


def test_a_held_order_is_moved_to_another_version_with_its_clock() -> None:
    """The timers of the old status end, those of the new one begin; goods stay where they are, and the event says from where to where."""
    made = market(3)
    approved = made.decide(step("approve", by="Jean"))
    stock = made.stock()
    decided = moved(made)
    head = made.held_orders[POOL]
    assert (head.flow_version, head.status, head.holds, head.entered, head.version) == (
        3,
        "Agreed",
        "live",
        3,
        3,
    )
    due = {timer.id: timer.due_at for _, timer in decided.timers}
    assert due == {
        approved.timers[0][1].id: None,
        clocks.timer_id(POOL, "after:7200s"): made.at + dt.timedelta(hours=2),
    }
    names_ = [event.name for _, event in decided.events]
    assert names_ == ["held_order.flow_moved", "flow.move_finished"]
    told = decided.events[0][1].data["flow"]
    assert (told["from_version"], told["version"], told["from"], told["to"]) == (2, 3, "Approved", "Agreed")
    assert (made.stock(), decided.outcomes[0].value["moved"]) == (stock, 1)
    assert made.decide(basket("9", line(CARROTS, KILO))).outcomes[0].value["status"] == "created"
    assert made.held_order() == ("Wished", {"carrots": "4"})


def test_who_has_ended_stays_on_the_version_on_which_it_ended() -> None:
    """A final status is left by nobody."""
    made = market(3)
    made.end()
    made.decide(CompleteSession(session_id=SESSION))
    made.decide(FulfilHeldOrder(held_order_id=POOL))
    decided = moved(made)
    assert (decided.outcomes[0].value["moved"], made.held_orders[POOL].flow_version) == (0, 2)


def test_a_move_is_the_machinerys() -> None:
    """Nobody else can ask for a page."""
    made = market(3)
    command: Command[Any] = Command(name_id("page"), 1, name_id("key"), made.at, MoveHeldOrders(move_id=MOVE))
    assert moving.move(moving_state(made), [command]).outcomes[0].code == "not_permitted"


def undelivered(trigger: str) -> MakeHeldOrderGood:
    """The word that a message of the held order's flow was not delivered."""
    return MakeHeldOrderGood(
        id=POOL, of="held_order", trigger=trigger, message="held_order.packing", seq=9, endpoint_id=name_id("packer"),
        error="refused",
    )  # fmt: skip


def test_what_was_not_delivered_is_made_good_by_a_row_that_only_rows_name() -> None:
    """The event says which message it was; in a status without such a row nothing happens, and the answer says so."""
    row = "  - {on: pack, from: [Owed], when: quantity > 5000, do: [{send: {webhook: packing}}], to: Packed"
    unpack = (row + "}", row + ", error: {then: unpack}}\n  - {on: unpack, from: [Packed], to: Owed}")
    made = market(3, 4, flow=table(2, unpack))
    early = made.decide(undelivered("unpack")).outcomes[0]
    assert (early.code, early.detail["reason"]) == ("held_order_status", "wrong_status")
    made.end()
    completed = made.decide(CompleteSession(session_id=SESSION))
    assert completed.events[-1][1].data["on_failure"] == {"entity": "held_order", "row": 6, "then": "unpack"}
    other = made.decide(undelivered("unpack"), authority=key(JEAN, *ROLES["producer"])).outcomes[0]
    assert other.code == "not_permitted"
    told = made.decide(undelivered("unpack")).events[0][1]
    assert (told.name, told.data["state"], told.data["flow"]["cause"]["seq"]) == (
        "held_order.stepped",
        "Owed",
        9,
    )


def test_a_clock_without_an_answer_is_told_and_keeps_nobody_back() -> None:
    """A shopper's order goes where it goes; the held order stands in its status without timer and service level, and its event says why."""
    flow = table(
        2,
        ("after: PT1H, from", "after: {duration: PT1H, in: opening_hours}, from"),
        ("sla: PT4H", "sla: {duration: PT4H, in: producer_hours}"),
    )
    made = market(4, flow=flow)
    held = made.held_orders[POOL]
    assert (held.status, held.sla_at) == ("Wished", None)
    decided = made.decide(
        StepHeldOrder(held_order_id=POOL, trigger="approve", attributes={"by": "Jean", "amount": 1})
    )
    [event] = [event for _, event in decided.events]
    assert (made.held_orders[POOL].status, event.data["flow"]["failed"]["code"]) == (
        "Approved",
        "timer_failed",
    )
    assert decided.timers == []


def test_a_held_order_in_no_status_of_its_flow_refuses_and_follows() -> None:
    """A damaged row: what is sent to it is refused, and the next change of a shopper's order puts it where its goods are."""
    made = market(4)
    made.held_orders[POOL] = msgspec.structs.replace(made.held_orders[POOL], status="Nowhere")
    refused = made.one(
        StepHeldOrder(held_order_id=POOL, trigger="approve", attributes={"by": "Jean", "amount": 1})
    )
    assert (refused.code, refused.detail["status"]) == ("guard_failed", "Nowhere")
    made.decide(basket("late", line(CARROTS, KILO)))
    assert (made.held_orders[POOL].status, made.held_orders[POOL].holds) == ("Wished", "live")
