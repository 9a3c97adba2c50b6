"""Orders between businesses, decided in a world in memory: approval, blocks, edit lock, templates, goods that come later."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from coster.domain.identity.model import ROLES
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import ChangeOrder, LineChange, OrderTimer, StepOrder
from coster.domain.orders.rules import letters
from coster.kernel import authority
from coster.kernel.message import SYSTEM
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.orders.worlds import (
    CARROTS,
    HUB,
    JAM,
    KILO,
    NOW,
    OTHER_HUB,
    Memory,
    basket,
    item,
    line,
    order_of,
)

ME, BOSS, OTHER, DEPUTY = (uuid.UUID(int=n) for n in (61, 62, 63, 64))
HONEY, SALES, STRANGER = (uuid.UUID(int=n) for n in (71, 72, 73))
KEYS = {
    **{key: authority.Authority(by_enterprise={HUB: ROLES["hub"]}) for key in (ME, BOSS, OTHER, DEPUTY)},
    SALES: authority.Authority(by_enterprise={HUB: ROLES["shop"]}),
    STRANGER: authority.Authority(by_enterprise={OTHER_HUB: ROLES["hub"]}),
}
FEW, MANY, VERY_MANY = 1 * KILO, 600 * KILO, 6_000 * KILO
"""At 2.00 a kilogram: worth nobody's approval, one's, and two people's."""


class World(Memory):
    """The shop's world with one business order of jam, which the hub itself has."""

    def __init__(self, jam: int = 10_000 * KILO, wanted: int = MANY) -> None:
        super().__init__({JAM: jam, HONEY: 5 * KILO}, items=[item(HONEY, HUB, "honey")], keys=KEYS)
        self.told: list[Any] = []
        self.timers: dict[uuid.UUID, Any] = {}
        self.send(basket("acme", line(JAM, wanted), session_id=None, type="b2b"), ME)

    def send(self, body: Any, actor: uuid.UUID = ME) -> Any:
        """One command of somebody; its outcome. Keeps what was told, and the clock's entries."""
        command = dataclasses.replace(self.command(body, authority.SYSTEM), actor=actor)
        decided = self.carry_out([command])
        self.take(decided.writes)
        self.told += [event for _, event in decided.events]
        for _, timer in decided.timers:
            self.timers.pop(timer.id, None)
            if timer.due_at is not None:
                self.timers[timer.id] = timer
        self.agree()
        return decided.outcomes[0]

    def agree(self) -> None:
        """The letter that is rolled up from the order's axes is the one that its flow gives its status."""
        order, of_order = self.order("acme"), self.lines_by_order()[order_of("acme")]
        rolled_up = letters.letter(letters.standing(order, of_order))
        assert rolled_up == LIBRARY.shipped["order.b2b"].flow.status(order.status).code, order

    def step(self, trigger: str, actor: uuid.UUID = ME, **attributes: Any) -> Any:
        """An event for the order."""
        return self.send(StepOrder(order_id=order_of("acme"), trigger=trigger, attributes=attributes), actor)

    def change(self, quantity: int, number: int = 1, actor: uuid.UUID = ME, **more: Any) -> Any:
        """Another quantity of a line."""
        changes = [LineChange(line_no=number, quantity=quantity, **more)]
        return self.send(ChangeOrder(order_id=order_of("acme"), lines=changes), actor)

    def pass_time(self, trigger: str) -> Any:
        """The instant comes for which a timer is set."""
        timer = next(one for one in self.timers.values() if one.body["trigger"] == trigger)
        del self.timers[timer.id]
        self.at = max(self.at, timer.due_at)
        return self.send(msgspec.convert(timer.body, OrderTimer), SYSTEM)

    def is_now(self) -> tuple[str, int]:
        """The order's status, and how much of the jam is held."""
        return self.order("acme").status, self.held(JAM)

    def due(self) -> set[str]:
        """Which timers run."""
        return {timer.body["trigger"] for timer in self.timers.values()}


def code(outcome: Any) -> str:
    """Why something was refused: the action's own code where there is one."""
    assert isinstance(outcome, Rejected), outcome
    return str(outcome.detail.get("refusal") or outcome.code)


def well(*outcomes: Any) -> None:
    """All of it was accepted."""
    for outcome in outcomes:
        assert isinstance(outcome, Accepted), outcome


def test_a_draft_holds_nothing() -> None:
    """Row 1: it begins as P; there need not even be enough, and no checkout runs."""
    world = World(jam=0)
    assert world.is_now() == ("draft", 0)
    assert (world.order("acme").expires_at, world.order("acme").holds, world.timers) == (None, "none", {})
    assert [one.stock for one in world.lines.values()] == ["none"]


def test_what_is_worth_little_is_confirmed_at_once() -> None:
    """And released: its goods are committed, and it cannot be cancelled any more."""
    world = World(wanted=FEW)
    well(world.step("submit"))
    assert world.is_now() == ("complete", FEW)
    well(world.step("release", BOSS))
    assert (world.order("acme").status, world.order("acme").holds) == ("released", "committed")
    assert [one.fulfilment for one in world.lines.values()] == ["released"]
    assert code(world.step("cancel", reason="too late")) == "order_status"


def test_one_approves() -> None:
    """Its goods are held while it waits; whoever sent it in cannot approve it."""
    world = World()
    well(world.step("submit"))
    assert world.is_now() == ("waiting", MANY)
    assert code(world.step("approve", ME)) == "approval_of_own"
    well(world.step("approve", BOSS))
    assert world.is_now() == ("complete", MANY)


def test_two_approve_and_the_first_not_twice() -> None:
    """The second level is for somebody else; the approval pending is a block until then."""
    world = World(wanted=VERY_MANY)
    well(world.step("submit"), world.step("approve", BOSS))
    assert world.is_now()[0] == "waiting"
    assert code(world.step("approve", BOSS)) == "approved_already"
    assert "resolved_at" not in world.order("acme").attributes["blocks"]["approval_pending"]
    well(world.step("approve", OTHER))
    attributes = world.order("acme").attributes
    assert (attributes["approval"]["level"], attributes["approval"]["by"]) == (2, [str(BOSS), str(OTHER)])
    assert attributes["blocks"]["approval_pending"]["resolved_by"] == str(OTHER)
    assert world.is_now()[0] == "complete"


def test_a_level_is_given_to_somebody() -> None:
    """Who alone decides it then, or gives it on; anybody's again on the next level."""
    world = World(wanted=VERY_MANY)
    well(world.step("submit"), world.step("delegate", BOSS, to=str(DEPUTY)))
    assert code(world.step("approve", BOSS)) == "approval_of_another"
    assert code(world.step("deny", OTHER)) == "approval_of_another"
    assert code(world.step("delegate", OTHER, to=str(OTHER))) == "approval_of_another"
    for nobody in ("my colleague", str(uuid.UUID(int=99)), str(SALES), str(STRANGER)):
        assert code(world.step("delegate", DEPUTY, to=nobody)) == "approver_unknown"
    assert code(world.step("delegate", DEPUTY, to=str(ME))) == "approver_not_free"
    well(world.step("approve", DEPUTY), world.step("approve", BOSS))
    assert world.is_now()[0] == "complete"


def test_denied_corrected_and_sent_in_again() -> None:
    """What was agreed to before counts no longer; the goods stay held meanwhile."""
    world = World(wanted=VERY_MANY)
    well(world.step("submit"), world.step("approve", BOSS), world.step("deny", OTHER, reason="too much"))
    assert world.is_now() == ("denied", VERY_MANY)
    assert [remark.text for remark in world.comments] == ["too much"]
    well(world.change(MANY))
    assert world.is_now() == ("denied", MANY)
    well(world.step("submit"))
    assert world.order("acme").attributes["approval"]["levels"] == 1
    well(world.step("approve", OTHER))
    assert world.is_now() == ("complete", MANY)


def test_denied_and_sent_in_for_less_than_anybody_must_see() -> None:
    """Nothing of the denial is left."""
    world = World()
    well(world.step("submit"), world.step("deny", BOSS), world.change(FEW), world.step("submit"))
    assert world.is_now() == ("complete", FEW)
    assert "approval" not in world.order("acme").attributes


def test_nobody_decides() -> None:
    """After two office days it is anybody's again, after two more it is denied, after two weeks off; each at its instant."""
    world = World()
    well(world.step("submit"), world.step("delegate", BOSS, to=str(DEPUTY)))
    assert (world.due(), world.order("acme").sla_at) == (
        {"approval_overdue"},
        dt.datetime(2026, 11, 24, 9, 0, 2, tzinfo=dt.UTC),
    )
    well(world.pass_time("approval_overdue"))
    assert world.at.date() == dt.date(2026, 11, 25)
    assert (world.is_now()[0], world.order("acme").attributes["approval"]["approver"]) == ("overdue", None)
    well(world.pass_time("approval_expired"))
    assert (world.is_now()[0], world.at.date()) == ("denied", dt.date(2026, 11, 27))
    well(world.pass_time("denied_for_long"))
    assert (world.is_now(), world.due()) == (("cancelled", 0), set())


def test_overdue_is_still_approved() -> None:
    """By whoever may; a second level has its time from the beginning."""
    world = World(wanted=VERY_MANY)
    well(world.step("submit"), world.pass_time("approval_overdue"), world.step("approve", BOSS))
    assert (world.is_now()[0], world.due()) == ("waiting", {"approval_overdue"})


def test_blocks_keep_it_from_being_released() -> None:
    """Each by itself, by reason; the same reason again takes the older one's place; what is no block cannot be resolved."""
    world = World(wanted=FEW)
    well(world.step("submit"), world.step("block", BOSS, reason="fraud_review", text="first"))
    well(
        world.step("block", OTHER, reason="fraud_review", text="again"),
        world.step("block", BOSS, reason="customer_hold"),
    )
    refused = world.step("release", BOSS)
    assert (code(refused), refused.detail["reason"]) == ("order_status", "guard_false")
    well(world.step("unblock", BOSS, reason="customer_hold"))
    assert code(world.step("unblock", BOSS, reason="customer_hold")) == "block_unknown"
    assert isinstance(world.step("release", BOSS), Rejected)
    assert world.order("acme").attributes["blocks"]["fraud_review"]["by"] == str(OTHER)
    assert [remark.text for remark in world.comments[:2]] == ["first", "again"]
    well(world.step("unblock", BOSS, reason="fraud_review"), world.step("release", BOSS))


def test_blocks_have_known_reasons_and_go_with_every_status() -> None:
    """A draft too; a reason that nobody knows is refused."""
    world = World()
    assert code(world.step("block", BOSS, reason="because")) == "not_valid"
    well(
        world.step("block", BOSS, reason="export_control"),
        world.step("cancel", reason="no"),
        world.step("block", BOSS, reason="other"),
    )


def test_another_system_packs_it() -> None:
    """It is told what is in the order; it may refuse, be asked again, or take it; a blocked order is not given to it."""
    world = World(wanted=FEW)
    well(world.step("submit"), world.step("block", BOSS, reason="other"))
    assert isinstance(world.step("transfer", BOSS), Rejected)
    well(world.step("unblock", BOSS, reason="other"), world.step("transfer", BOSS))
    [told] = [event.data for event in world.told if event.name == "order.transferred"]
    assert (told["reference"], told["total"], told["lines"][0]["quantity"]) == ("acme", 200, FEW)
    well(world.step("refuse_transfer", BOSS, error="E17"))
    assert world.order("acme").attributes["transfer"]["error"] == "E17"
    well(world.step("transfer", BOSS), world.step("confirm_transfer", BOSS))
    assert (world.is_now(), "transfer" in world.order("acme").attributes) == (("released", FEW), False)


def test_what_another_system_refuses_is_taken_back() -> None:
    """And goes on like any confirmed order."""
    world = World(wanted=FEW)
    well(world.step("submit"), world.step("transfer", BOSS), world.step("refuse_transfer", BOSS, error="E17"))
    assert code(world.step("cancel", reason="first take it back")) == "order_status"
    well(world.step("submit", BOSS), world.step("cancel", reason="then it is off"))
    assert world.is_now() == ("cancelled", 0)


def test_one_edits_at_a_time() -> None:
    """The second is warned, may take over, and then the first can save nothing, nor send it in."""
    world = World()
    well(world.step("submit"), world.step("begin_edit", ME))
    assert (world.is_now()[0], world.due()) == ("edited", set())
    assert code(world.step("begin_edit", OTHER)) == "order_locked"
    well(world.change(2 * FEW), world.step("begin_edit", OTHER, take_over=True))
    assert code(world.change(FEW)) == "order_locked"
    assert code(world.step("submit", ME)) == "order_locked"
    assert code(world.step("finish_edit", ME)) == "order_locked"
    well(world.change(FEW, actor=OTHER), world.step("submit", OTHER))
    assert (world.is_now(), "edit" in world.order("acme").attributes) == (("complete", FEW), False)


def test_an_edit_that_changed_nothing_is_undone() -> None:
    """It is where it was, with its approval; one that changed something must be sent in."""
    world = World(wanted=VERY_MANY)
    well(
        world.step("submit"), world.step("approve", BOSS), world.step("begin_edit"), world.step("cancel_edit")
    )
    assert (world.is_now()[0], world.order("acme").attributes["approval"]["level"]) == ("waiting", 1)
    well(world.step("begin_edit"), world.change(MANY))
    assert code(world.step("cancel_edit")) == "order_status"
    well(world.step("finish_edit"), world.step("submit", OTHER))
    assert world.order("acme").attributes["approval"]["level"] == 0


def test_an_edit_that_wants_more_takes_it_when_it_is_sent_in() -> None:
    """Meanwhile it keeps what it has; a line that is added takes its goods then too, one that is taken out gives them back at once."""
    world = World(wanted=FEW)
    well(
        world.step("submit"),
        world.step("begin_edit"),
        world.change(3 * FEW),
        world.change(2 * KILO, 0, item_id=HONEY),
    )
    assert (world.held(JAM), world.held(HONEY)) == (FEW, 0)
    well(world.step("submit"))
    assert (world.held(JAM), world.held(HONEY), world.is_now()[0]) == (3 * FEW, 2 * KILO, "complete")
    well(world.step("begin_edit"), world.change(0, 2))
    assert world.held(HONEY) == 0


def test_goods_that_are_not_there_are_waited_for() -> None:
    """B: it tries again every four hours and whenever it is asked to; what is there then is held, and it is confirmed."""
    world = World(jam=0, wanted=FEW)
    well(world.step("submit"))
    assert (world.is_now(), world.due()) == (("backordered", 0), {"allocate"})
    well(world.pass_time("allocate"))
    assert (world.is_now()[0], world.due()) == ("backordered", {"allocate"})
    world.put_stock(JAM, uuid.UUID(int=39), 5 * KILO)
    well(world.step("allocate", BOSS))
    assert (world.is_now(), world.due()) == (("complete", FEW), set())


def test_lines_that_are_there_are_held_while_others_are_waited_for() -> None:
    """Whole lines only."""
    world = World(jam=5 * KILO, wanted=6 * KILO)
    well(world.change(2 * KILO, 0, item_id=HONEY), world.step("submit"))
    assert (world.is_now(), world.held(HONEY)) == (("backordered", 0), 2 * KILO)
    assert [one.stock for one in world.lines.values()] == ["backordered", "held"]


def test_goods_that_are_lost() -> None:
    """L: the line gives up what it held, and is tried again like the others; after the approval it is still lost."""
    world = World()
    well(world.step("submit"), world.step("lose_stock", BOSS, line=1))
    assert world.is_now() == ("waiting", 0)
    well(world.step("approve", BOSS))
    assert world.is_now() == ("low", 0)
    assert code(world.step("lose_stock", BOSS, line=7)) == "line_unknown"
    well(world.step("allocate", BOSS))
    assert world.is_now() == ("complete", MANY)


def test_what_nobody_can_supply() -> None:
    """L at once: Jean's carrots come to the hub in a session only. Without that line it goes on."""
    world = World(wanted=FEW)
    well(world.change(1 * KILO, 0, item_id=CARROTS), world.step("submit"))
    assert (world.is_now(), [one.stock for one in world.lines.values()]) == (
        ("low", FEW),
        ["held", "unavailable"],
    )
    well(world.step("begin_edit"), world.change(0, 2), world.step("submit"))
    assert world.is_now() == ("complete", FEW)


@pytest.mark.parametrize(
    "events", [[], ["submit"], ["submit", "deny"], ["submit", "begin_edit"], ["submit", "approve"]]
)
def test_cancelled_holds_nothing(events: list[str]) -> None:
    """Row 30, from draft, waiting, denied, edited and confirmed: goods, request, edit and timers are given up."""
    world = World()
    for event in events:
        well(world.step(event, BOSS if event in ("approve", "deny") else ME))
    well(world.step("cancel", reason="changed our mind"))
    attributes = world.order("acme").attributes
    assert (world.is_now(), world.due()) == (("cancelled", 0), set())
    assert not {"approval", "edit", "schedule"} & set(attributes)
    assert code(world.step("submit")) == "order_status"


def test_all_that_the_parts_keep_is_out_of_reach_of_flows() -> None:
    """Approval, blocks, edit, plan, transfer: whatever an order has collected by its own actions is kept from others' hands."""
    world, seen = World(), set[str]()
    for event, actor in (("submit", ME), ("approve", BOSS), ("begin_edit", ME), ("finish_edit", ME)):
        well(world.step(event, actor))
        seen |= set(world.order("acme").attributes)
    planned = World()
    well(planned.step("schedule", at="2026-11-25T08:00:00Z"))
    seen |= set(planned.order("acme").attributes)
    assert seen >= {"approval", "blocks", "edit", "schedule"}
    assert seen <= LIBRARY.vocabulary.kept


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_plan_at_no_instant_is_refused_in_a_sentence(at: str) -> None:
    """As whatever is no instant, not with the words of the machine."""
    refused = World().step("schedule", at=at)
    assert refused.code == "not_valid"
    assert "Overflow" not in str(refused)


def test_an_edit_that_was_given_up_says_so() -> None:
    """Every row for it has a label, whatever the status that the order came from."""
    rows = [row for row in LIBRARY.shipped["order.b2b"].flow.transitions if row.on == "cancel_edit"]
    assert [row.label for row in rows] == ["Edit given up"] * 8


def test_a_standing_order_is_a_template() -> None:
    """Weekly, three times: each time one is told to place a copy; the template stays, and is over after the last."""
    world = World()
    first = NOW + dt.timedelta(days=2)
    well(world.step("schedule", at=first.isoformat(), every="P1W", times=3))
    assert (world.is_now(), world.due()) == (("scheduled", 0), {"copy_due"})
    for week in range(3):
        well(world.pass_time("copy_due"))
        assert world.at >= first + dt.timedelta(weeks=week)
    copies = [event.data for event in world.told if event.name == "order.copy_due"]
    assert [copy["run"] for copy in copies] == [1, 2, 3]
    assert (world.is_now()[0], world.due()) == ("ended", set())


def test_a_scheduled_order_is_placed_once() -> None:
    """Without `every`; planned again before that, it comes at the new time."""
    world = World()
    well(world.step("schedule", at="2026-11-25T08:00:00Z"), world.step("schedule", at="2026-11-26T08:00:00Z"))
    well(world.pass_time("copy_due"))
    assert (world.at.date(), world.is_now()[0]) == (dt.date(2026, 11, 26), "ended")


def test_what_was_missed_is_placed_once() -> None:
    """Nothing ran for three weeks: one copy now, the next at its own time."""
    world = World()
    well(world.step("schedule", at="2026-11-25T08:00:00Z", every="P1W"))
    world.at = dt.datetime(2026, 12, 15, 12, tzinfo=dt.UTC)
    well(world.pass_time("copy_due"))
    assert world.order("acme").attributes["schedule"]["next_at"].startswith("2026-12-16T08:00:00")


def test_a_template_is_edited_without_touching_the_shelf() -> None:
    """And goes on waiting for its time; a plan that cannot be is refused."""
    world = World()
    assert code(world.step("schedule", at="2026-11-20T08:00:00Z")) == "schedule_past"
    assert code(world.step("schedule", at="2026-11-25T08:00:00Z", every="PT5M")) == "schedule_too_often"
    assert code(world.step("schedule", at="2026-11-25T08:00:00Z", every="P1D", times=0)) == "schedule_times"
    well(
        world.step("schedule", at="2026-11-25T08:00:00Z", every="P1D"),
        world.step("begin_edit"),
        world.change(FEW),
    )
    assert (world.is_now(), world.due()) == (("edited_template", 0), set())
    well(world.step("finish_edit"))
    assert (world.is_now()[0], world.due()) == ("scheduled", {"copy_due"})
    well(world.step("cancel", reason="no more"))
    assert world.due() == set()


def test_events_name_nobody() -> None:
    """Neither reasons nor notes go into what is told."""
    world = World()
    well(
        world.step("submit"),
        world.step("block", BOSS, reason="other", text="Ada called"),
        world.step("deny", BOSS, reason="Ada again"),
    )
    assert not [event for event in world.told if "Ada" in repr(event.data)]


def test_whoever_sends_in_first_has_the_goods() -> None:
    """Two orders in one batch want what is there for one: the second waits, and tries again when the first is cancelled."""
    world = World(jam=6 * KILO, wanted=4 * KILO)
    world.send(basket("zeta", line(JAM, 4 * KILO), session_id=None, type="b2b"))
    both = [StepOrder(order_id=order_of(who), trigger="submit") for who in ("zeta", "acme")]
    well(*world.decide(*both).outcomes)
    assert (world.order("zeta").status, world.order("acme").status, world.held(JAM)) == (
        "complete",
        "backordered",
        4 * KILO,
    )
    off, again = (StepOrder(order_id=order_of("zeta"), trigger="cancel", attributes={"reason": "no"}),
                  StepOrder(order_id=order_of("acme"), trigger="allocate"))  # fmt: skip
    well(*world.decide(off, again).outcomes)
    assert (world.order("acme").status, world.held(JAM)) == ("complete", 4 * KILO)


def test_a_refused_event_leaves_nothing() -> None:
    """Another has the lock: the goods that sending in would have taken are free for the next in the same batch."""
    world = World(wanted=FEW)
    well(world.step("begin_edit", OTHER))
    before = world.order("acme")
    assert code(world.step("submit", ME)) == "order_locked"
    assert (world.order("acme"), world.held(JAM)) == (before, 0)
