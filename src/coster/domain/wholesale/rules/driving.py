"""Commands on held orders: events of their flow that hub or producer send, and its timers. Pure.

Handing over and calling off are events like those that a flow declares for itself; a timer is the machinery's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from coster.domain.identity.model import ROLES
from coster.domain.wholesale.model import (
    CancelHeldOrder,
    Consolidated,
    FulfilHeldOrder,
    HeldOrder,
    HeldOrderTimer,
    MakeHeldOrderGood,
    StepHeldOrder,
)
from coster.domain.wholesale.rules import acting, cutting
from coster.domain.wholesale.rules.stepping import Happening, Run
from coster.domain.wholesale.rules.vocabulary import FOLLOWING, VOCABULARY
from coster.engine.flows import asking, clocks
from coster.kernel import refusal as refusals
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome, Rejected

_OF_THE_MACHINERY: Final = (HeldOrderTimer, MakeHeldOrderGood)
UNKNOWN = Rejected(
    "held_order_unknown", "No held order of yours has this id; list them at /api/v1/held-orders."
)


def step(state: cutting.CuttingState, commands: Sequence[Command[Any]]) -> Decided[Consolidated]:
    """One outcome per command, in arrival order; a refused one leaves nothing."""
    fold = cutting.Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        fold.begin(index, command)
        outcomes.append(_STEPS.get(type(command.body), _step)(fold, command))
    return fold.decided(outcomes)


def held_order_of(body: Any) -> uuid.UUID:
    """The held order that a command is about."""
    found: uuid.UUID = body.id if isinstance(body, _OF_THE_MACHINERY) else body.held_order_id
    return found


def trigger_of(body: Any) -> str:
    """The event of its flow that a command sends."""
    return body.trigger if isinstance(body, _OF_THE_MACHINERY) else asked(body)[0]


def asked(body: StepHeldOrder | FulfilHeldOrder | CancelHeldOrder) -> tuple[str, Mapping[str, Any]]:
    """The event of the flow that a command sends, with its attributes."""
    if isinstance(body, FulfilHeldOrder):
        return "fulfil", {}
    if isinstance(body, CancelHeldOrder):
        return "cancel", {"reason": body.reason}
    return body.trigger, body.attributes


def _step(fold: cutting.Fold, command: Command[Any]) -> Outcome:
    held = fold.projection.held.get(command.body.held_order_id)
    if held is None or not _may_write(held, command):
        return UNKNOWN
    expected = getattr(command.body, "expected_version", None)
    if conflict := refusals.version_conflict("held order", expected=expected, current=held.version):
        return conflict
    trigger, attributes = asked(command.body)
    if isinstance(command.body, StepHeldOrder):
        checked = _checked(fold, command, held)
        if isinstance(checked, Rejected):
            return checked
        attributes = checked
    what = Happening(index=fold.index, trigger=trigger, at=command.at, attributes=attributes)
    return _answer(fold, fold.projection.step(what, held.id, acting.actions(fold, _reason(attributes))), held)


def _checked(
    fold: cutting.Fold, command: Command[StepHeldOrder], held: HeldOrder
) -> Mapping[str, Any] | Rejected:
    """The event's attributes as its flow declares them; or why it may not be sent, or not like this."""
    body, parties = command.body, (held.hub_id, held.producer_id)
    wish = asking.Wish(
        table=fold.projection.table(held), vocabulary=VOCABULARY, status=held.status, trigger=body.trigger,
        given=body.attributes, inner=FOLLOWING,
    )  # fmt: skip

    def may_press(role: str) -> bool:
        needed = ROLES.get(role, frozenset())
        return command.authority.system or any(
            needed and all(command.authority.allows(one, party) for one in needed) for party in parties
        )

    if refusal := asking.unknown(wish, "held_order_status"):
        told = {"entity": "held_order", "entity_id": str(held.id), **refusal.detail}
        return Rejected(refusal.code, refusal.message, told)
    return asking.asked(wish, may_press)


def _reason(attributes: Mapping[str, Any]) -> str:
    """Why, where the event says so."""
    reason = attributes.get("reason")
    return reason if isinstance(reason, str) else ""


def _timer(fold: cutting.Fold, command: Command[HeldOrderTimer]) -> Outcome:
    """A timer of the status in which the held order still is; one that comes late does nothing."""
    body, held = command.body, fold.projection.held.get(command.body.id)
    if held is None or not command.authority.system:
        return UNKNOWN
    timers = fold.projection.table(held).timers.get(held.status, ())
    if held.entered != body.entered or body.trigger not in {entry.trigger for entry in timers}:
        return _unchanged(held)
    if clocks.overtaken(body, fold.projection.state.due, fold.projection.timers):
        return _unchanged(held)
    what = Happening(index=fold.index, trigger=body.trigger, at=command.at)
    later = clocks.not_yet(fold.projection.standing(what, held), body, command.at)
    if later is not None:
        fold.projection.timers += [(fold.index, timer) for timer in later]
        return _unchanged(held)
    run = fold.projection.step(what, held.id, acting.actions(fold))
    now = fold.projection.held[held.id]
    restarted = {trigger for fired in run.fired for trigger in fired.matched.restart}
    if now.entered == body.entered and body.trigger not in restarted:
        further = clocks.again(fold.projection.standing(what, now), body)
        fold.projection.timers += [(fold.index, timer) for timer in further]
    return _answer(fold, run, held)


def _unchanged(held: HeldOrder) -> Accepted:
    return Accepted({"id": str(held.id), "status": held.status, "version": held.version, "changed": False})


def _make_good(fold: cutting.Fold, command: Command[MakeHeldOrderGood]) -> Outcome:
    """A message was not delivered: the row that makes good, in whatever status the held order is by now."""
    body, held = command.body, fold.projection.held.get(command.body.id)
    if not command.authority.system:
        return refusals.not_permitted("make good what was not delivered")
    if held is None:
        return UNKNOWN
    what = Happening(index=fold.index, trigger=body.trigger, at=command.at, undelivered=body)
    return _answer(fold, fold.projection.step(what, held.id, acting.actions(fold)), held)


def _answer(fold: cutting.Fold, run: Run, held: HeldOrder) -> Outcome:
    """Where the held order stands now; or why nothing came of it."""
    driven, now = run.driven, fold.projection.held[held.id]
    if driven.unmatched is not None:
        return Rejected("held_order_status", driven.unmatched.detail, run.refused())
    if driven.failed is not None and not driven.made_good and not driven.fired:
        code = "guard_failed" if driven.failed.code == "guard_failed" else "action_refused"
        return Rejected(code, driven.failed.detail, run.refused())
    return Accepted({"id": str(now.id), "status": now.status, "version": now.version})


_STEPS: Final[Mapping[type, Callable[[cutting.Fold, Command[Any]], Outcome]]] = {
    HeldOrderTimer: _timer, MakeHeldOrderGood: _make_good,
}  # fmt: skip


def _may_write(held: HeldOrder, command: Command[Any]) -> bool:
    """Whether the actor may act for the hub or for the producer."""
    parties = (held.hub_id, held.producer_id)
    return any(command.authority.allows("held_orders:write", party) for party in parties)
