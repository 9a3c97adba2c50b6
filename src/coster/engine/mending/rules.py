"""Deciding about what was given up: each once, for those who may, with a reason where it is never done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from coster.engine.mending.model import LONGEST_REASON, MANAGE, Parked, RetryParked, SkipParked, Writes
from coster.engine.outbox.model import Decision, GivenUp
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

ENTITY: Final = "parked"


def retry(state: Parked, commands: Sequence[Command[RetryParked]]) -> Decided[Writes]:
    """Each is tried again once."""
    return _each(state, commands)


def skip(state: Parked, commands: Sequence[Command[SkipParked]]) -> Decided[Writes]:
    """Each is dropped for good, once, and why is kept."""
    return _each(state, commands)


def _each(state: Parked, commands: Sequence[Command[Any]]) -> Decided[Writes]:
    left = {(one.what, one.key, one.name): one for one in state.found}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    retried: list[GivenUp] = []
    skipped: list[tuple[GivenUp, Decision]] = []
    for index, command in enumerate(commands):
        body = command.body
        refused = _refused(command)
        one = None if refused else left.pop((body.what, body.key, body.name), None)
        if one is None:
            outcomes.append(refused or _NOT_PARKED)
            continue
        told = {"what": one.what, "key": one.key, "name": one.name}
        # Who reads the stream is told that somebody decided; causes and reasons may name somebody, and stay in the ledger.
        if isinstance(body, SkipParked):
            skipped.append((one, Decision(body.reason, f"API key {command.actor}", command.at)))
            events.append((index, Event("parked.skipped", ENTITY, command.id, 1, told)))
        else:
            retried.append(one)
            events.append((index, Event("parked.retried", ENTITY, command.id, 1, told)))
        outcomes.append(Accepted(told))
    at = max((command.at for command in commands), default=None)
    return Decided(outcomes, Writes(retried=retried, skipped=skipped, at=at), events)


def _refused(command: Command[Any]) -> Rejected | None:
    if not command.authority.allows(MANAGE):
        return refusal.not_permitted("decide about what was given up")
    faults = refusal.Faults()
    if isinstance(command.body, SkipParked):
        faults.text("reason", command.body.reason, most=LONGEST_REASON, needed=True)
    return faults.rejected()


_NOT_PARKED: Final = Rejected(
    "parked_not_found",
    "Nothing of this id is parked (any more): somebody has retried or skipped it. List what is at /api/v1/parked.",
)
