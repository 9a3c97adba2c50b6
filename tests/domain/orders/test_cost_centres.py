"""Orders on cost centres, decided in a world in memory: who must agree, who may, and who is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from coster.domain.buying.model import Centre, Level
from coster.domain.identity.model import ROLES
from coster.domain.orders.model import CopyOrder, OrderTimer, StepOrder
from coster.domain.orders.rules import approving, copying
from coster.kernel import authority
from coster.kernel.authority import Authority
from coster.kernel.message import SYSTEM
from tests.domain.orders.test_b2b import code, well
from tests.domain.orders.worlds import HUB, JAM, KILO, OTHER_HUB, Memory, basket, line, order_of

BUYER = uuid.UUID(int=81)
"""The enterprise that buys, and whose approvers decide; the hub sells."""
CENTRE = uuid.UUID(int=82)
ME, LEAD, DEPUTY, HEAD, BOSS = (uuid.UUID(int=n) for n in (91, 92, 93, 94, 95))
APPROVER = Authority(by_enterprise={BUYER: ROLES["approver"]})
KEYS = {
    ME: Authority(by_enterprise={HUB: ROLES["shop"], BUYER: ROLES["approver"]}),
    LEAD: APPROVER,
    DEPUTY: APPROVER,
    HEAD: APPROVER,
    BOSS: Authority(by_enterprise={HUB: ROLES["hub"]}),
}
LEVELS = [Level(from_total=10_000, approvers=[LEAD, ME]), Level(from_total=50_000, approvers=[HEAD])]
"""From 100.00 the lead (or the buyer), from 500.00 the head as well; jam is 2.00 a kilogram."""
SMALL, MIDDLE, LARGE = 10 * KILO, 100 * KILO, 300 * KILO


def centre(**changes: Any) -> Centre:
    """The buyer's cost centre, which the hub's orders may name."""
    given = {"id": CENTRE, "enterprise_id": BUYER, "name": "Kitchen", "currency": "EUR", "levels": LEVELS,
             "sellers": [HUB], "own_orders": False, "active": True, "version": 1}  # fmt: skip
    return Centre(**{**given, **changes})


class World(Memory):
    """A hub with jam, and one order of it on a cost centre."""

    def __init__(self, wanted: int = MIDDLE, **changes: Any) -> None:
        super().__init__({JAM: 9_000 * KILO}, keys=KEYS, centres=[centre(**changes)])
        self.told: list[Any] = []
        self.timers: dict[uuid.UUID, Any] = {}
        self.placed = self.send(self.wish(wanted), ME, authority.SYSTEM)

    @staticmethod
    def wish(wanted: int, who: str = "acme", **more: Any) -> Any:
        """An order of jam on the cost centre."""
        given = {"session_id": None, "type": "b2b", "cost_centre_id": CENTRE}
        return basket(who, line(JAM, wanted), **{**given, **more})

    def send(self, body: Any, actor: uuid.UUID, may: Authority | None = None) -> Any:
        """One command of somebody, with what their key may do; its outcome."""
        held = may or KEYS.get(actor, authority.SYSTEM)
        command = dataclasses.replace(self.command(body, held), actor=actor)
        decided = self.carry_out([command])
        self.take(decided.writes)
        self.told += [event for _, event in decided.events]
        for _, timer in decided.timers:
            self.timers.pop(timer.id, None)
            if timer.due_at is not None:
                self.timers[timer.id] = timer
        return decided.outcomes[0]

    def step(self, trigger: str, actor: uuid.UUID, **attributes: Any) -> Any:
        """An event of somebody for the order."""
        return self.send(StepOrder(order_id=order_of("acme"), trigger=trigger, attributes=attributes), actor)

    def pass_time(self, trigger: str) -> Any:
        """The instant comes for which a timer is set."""
        timer = next(one for one in self.timers.values() if one.body["trigger"] == trigger)
        del self.timers[timer.id]
        self.at = max(self.at, timer.due_at) + dt.timedelta(seconds=1)
        return self.send(msgspec.convert(timer.body, OrderTimer), SYSTEM)

    @property
    def status(self) -> str:
        """Where the order stands."""
        return self.order("acme").status

    @property
    def deciders(self) -> list[str]:
        """Whose turn it is, as it is stored."""
        return self.asked.get(order_of("acme"), [])

    def messages(self, name: str) -> list[dict[str, Any]]:
        """What was told under a name."""
        return [dict(event.data) for event in self.told if event.name == name]


def names(*keys: uuid.UUID) -> list[str]:
    """Keys as they are told."""
    return [str(key) for key in keys]


@pytest.mark.parametrize(
    ("wanted", "levels"), [(SMALL, 0), (50 * KILO, 1), (MIDDLE, 1), (250 * KILO, 2), (LARGE, 2)]
)
def test_the_amount_says_how_many_agree(wanted: int, levels: int) -> None:
    """A level begins at its amount exactly; the seller's own limits count for nothing."""
    world = World(wanted)
    well(world.placed, world.step("submit", ME))
    assert world.status == ("waiting" if levels else "complete")
    assert approving.standing(world.order("acme").attributes)["levels"] == levels


def test_level_after_level() -> None:
    """The lead agrees, then the head; each is told by the key's id when it is their turn, and the buyer what came of it."""
    world = World(LARGE)
    well(world.step("submit", ME))
    assert world.deciders == names(LEAD, ME)
    assert code(world.step("approve", HEAD)) == "order_unknown"
    well(world.step("approve", LEAD))
    assert (world.status, world.deciders) == ("waiting", names(HEAD))
    well(world.step("approve", HEAD))
    assert (world.status, world.deciders) == ("complete", [])
    assert [(one["level"], one["approvers"]) for one in world.messages(approving.ASKED_EVENT)] == [
        (1, names(LEAD, ME)),
        (2, names(HEAD)),
    ]
    [decided] = world.messages(approving.DECIDED_EVENT)
    assert (decided["decision"], decided["asked_by"], decided["total"]) == ("approved", str(ME), "600.00")


def test_nobody_else_agrees() -> None:
    """Not the seller's own people, who see the order, nor approvers of the enterprise whom the centre does not name."""
    world = World()
    well(world.step("submit", ME))
    for event in ("approve", "deny"):
        assert code(world.step(event, BOSS)) == "approval_of_another"
        assert code(world.step(event, DEPUTY)) == "order_unknown"
    assert world.status == "waiting"


def test_an_approver_does_nothing_but_decide() -> None:
    """Whoever is asked cannot cancel, comment, block, change or release the order."""
    world = World()
    well(world.step("submit", ME))
    for event, given in (("cancel", {"reason": "no"}), ("comment", {"text": "x"}), ("block", {"reason": "other"}),
                         ("begin_edit", {}), ("release", {}), ("lose_stock", {"line": 1})):  # fmt: skip
        assert code(world.step(event, LEAD, **given)) == "order_unknown", event
    well(world.step("deny", LEAD, reason="too dear"))
    assert (world.status, world.deciders) == ("denied", [])
    assert code(world.step("approve", LEAD)) == "order_unknown"


@pytest.mark.parametrize(("own", "answer"), [(False, "approval_of_own"), (True, "")])
def test_own_order(own: bool, answer: str) -> None:  # noqa: FBT001 - a case
    """Whoever sent it in agrees to it only where the centre says so."""
    world = World(own_orders=own)
    well(world.step("submit", ME))
    outcome = world.step("approve", ME)
    assert (code(outcome) if answer else well(outcome) or "") == answer
    assert world.status == ("waiting" if answer else "complete")


def test_given_to_somebody_who_may_approve_there() -> None:
    """The deputy is not named by the centre but may approve for the enterprise; the seller's people may not."""
    world = World()
    well(world.step("submit", ME))
    assert code(world.step("delegate", LEAD, to=str(BOSS))) == "approver_unknown"
    assert code(world.step("delegate", LEAD, to=str(ME))) == "approver_not_free"
    well(world.step("delegate", LEAD, to=str(DEPUTY)))
    assert (world.deciders, code(world.step("approve", LEAD))) == (names(DEPUTY), "order_unknown")
    assert world.messages(approving.ASKED_EVENT)[-1]["approvers"] == names(DEPUTY)
    well(world.step("approve", DEPUTY))
    assert world.status == "complete"


def test_when_nobody_decides_those_above_may() -> None:
    """After two office days the head may as well, also of an order for which the lead alone was asked; then it is denied."""
    world = World()
    well(world.step("submit", ME), world.pass_time("approval_overdue"))
    assert (world.status, world.deciders) == ("overdue", names(LEAD, ME, HEAD))
    well(world.step("approve", HEAD))
    assert world.status == "complete"
    late = World()
    well(late.step("submit", ME), late.pass_time("approval_overdue"), late.pass_time("approval_expired"))
    assert (late.status, late.messages(approving.DECIDED_EVENT)[0]["decision"]) == ("denied", "denied")


def test_whoever_is_named_no_more_cannot_agree() -> None:
    """The centre counts as it is when somebody decides, and the key as it is then."""
    world = World()
    well(world.step("submit", ME))
    world.centres[CENTRE] = centre(levels=[Level(from_total=10_000, approvers=[DEPUTY])])
    assert code(world.step("approve", LEAD)) == "approval_of_another"
    event = StepOrder(order_id=order_of("acme"), trigger="approve", attributes={})
    elsewhere = Authority(by_enterprise={OTHER_HUB: ROLES["approver"]})
    assert code(world.send(event, LEAD, elsewhere)) == "order_unknown"


@pytest.mark.parametrize("changes", [{"active": False}, {"sellers": []}])
def test_a_centre_that_is_closed(changes: dict[str, Any]) -> None:
    """Drafts cannot be sent in on it, and no new order names it; an order that nobody would be asked for neither."""
    for wanted in (SMALL, MIDDLE):
        world = World(wanted)
        world.centres[CENTRE] = centre(**changes)
        assert code(world.step("submit", ME)) == "cost_centre_closed"
        assert code(world.send(world.wish(SMALL, "other"), ME)) == "cost_centre_unknown"


def test_naming_a_centre() -> None:
    """It has to be there, and to reckon in the shop's currency; the buyer's own orders may always name it."""
    world = World(currency="CHF")
    assert code(world.placed) == "currency_mismatch"
    missing = world.wish(SMALL, "other", cost_centre_id=uuid.UUID(int=99))
    assert code(world.send(missing, ME)) == "cost_centre_unknown"
    assert centre(sellers=[]).sold_by(BUYER)
    kept = World().wish(SMALL, "forged", cost_centre_id=None, attributes={"cost_centre": {"id": str(CENTRE)}})
    assert code(world.send(kept, ME)) == "not_valid"


def test_a_copy_is_bought_in_the_same_name() -> None:
    """Standing orders go through the same approval each time."""
    world = World()
    body = CopyOrder(order_id=order_of("acme"), copy_id=order_of("copy"), run=1)
    wish = copying.wish(body, world.order("acme"), world.lines_by_order()[order_of("acme")])
    assert wish.cost_centre_id == CENTRE


def test_given_up() -> None:
    """Cancelled or sent in anew, the request that stood is gone, and nobody is asked any more."""
    world = World()
    well(world.step("submit", ME), world.step("cancel", ME, reason="late"))
    assert (world.deciders, "approval" in world.order("acme").attributes) == ([], False)
