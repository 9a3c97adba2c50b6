"""Held orders whose session has other times now: timers that wait for one of them move with it. Pure.

Nothing else of a held order changes by it, so nothing is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from coster.domain.wholesale.model import FollowSession, HeldOrder, HeldOrdersMoved
from coster.domain.wholesale.rules.stepping import Happening, HeldState, Steps
from coster.engine.flows import clocks
from coster.engine.workflow.step import Table
from coster.engine.workflow.timing import TimerFailedError
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Timer
from coster.kernel.outcome import Accepted, Outcome

_OF_SESSION: Final = "session."


def waits_for_session(table: Table) -> bool:
    """Whether held orders on this version may have timers that wait for a time of their session."""
    return any(_triggers(table, status) for status in table.timers)


def follow(state: HeldState, commands: Sequence[Command[FollowSession]]) -> Decided[HeldOrdersMoved]:
    """The timers of a session's held orders, reckoned anew from its times as they are now. Only the machinery asks for this."""
    steps, outcomes = Steps(state), []
    for index, command in enumerate(commands):
        outcomes.append(_follow(steps, index, command))
    return Decided(outcomes, HeldOrdersMoved(held=[], pages=[]), [], steps.timers)


def _follow(steps: Steps, index: int, command: Command[FollowSession]) -> Outcome:
    session_id: uuid.UUID = command.body.session_id
    if not command.authority.system:
        return refusal.not_permitted("move timers")
    moved = 0
    for held in steps.held.values():
        if held.session_id == session_id:
            timers = _timers(steps, held, Happening(index=index, trigger="", at=command.at))
            steps.timers += [(index, timer) for timer in timers]
            moved += len(timers)
    return Accepted({"session_id": str(session_id), "timers": moved})


def _timers(steps: Steps, held: HeldOrder, what: Happening) -> list[Timer]:
    """The timers of its status that wait for its session; what waits for a time that there is none of ends."""
    triggers = _triggers(steps.table(held), held.status)
    if not triggers:
        return []
    try:
        standing = msgspec.structs.replace(steps.standing(what, held), since=held.entered_at)
        found = clocks.restarted(standing, triggers)
    except TimerFailedError:
        return []
    gone = {clocks.timer_id(held.id, trigger) for trigger in triggers} - {timer.id for timer in found}
    return found + [Timer(id_) for id_ in sorted(gone)]


def _triggers(table: Table, status: str) -> set[str]:
    return {
        entry.trigger for entry in table.timers.get(status, ()) if entry.timer.field.startswith(_OF_SESSION)
    }
