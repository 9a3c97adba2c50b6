"""One event to its end: the row that fires, what it leads to at once (`next`), and what makes good a failure (`error`).

The step itself knows one row. A room's fold carries rows out, so it is asked here for each: for the answer to a trigger as things are
by then, and to carry a row out wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec

from coster.engine.workflow.step import Context, Matched, Table, Unmatched

# Rows that one event may fire; the checker refuses circles, so only a damaged table comes here.
MOST = 32


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row could not be carried out: a stable snake_case code, and a sentence for people."""

    code: str
    detail: str


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was carried out: in which status it was, by which trigger it came, and what it was."""

    status: str
    trigger: str
    matched: Matched


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one event came to."""

    status: str
    """Where the entity is now."""
    fired: tuple[Fired, ...] = ()
    unmatched: Unmatched | None = None
    """Why nothing fired; a `next` that finds nothing is no such case."""
    failed: Failed | None = None
    """The failure of the last row that was tried and not carried out."""
    made_good: bool = False
    """Whether the row of its `error.then` was carried out instead; if not, the failure waits for people."""


class DrivenTooFarError(Exception):
    """One event fired more rows than any flow may: a circle that the checker should have refused."""


ContextOf: TypeAlias = Callable[[str], Context]
Carry: TypeAlias = Callable[[Fired], Failed | None]


class Steps(Protocol):
    """Gives the answers of a table, by contexts that it makes itself."""

    table: Table

    def step(self, status: str, trigger: str, *, inner: bool) -> Matched | Unmatched:
        """What the trigger does in the status, as things are now; `inner`: it may be one that only rows name."""
        ...


class Plain:
    """The answers as they are; `flows.audit.Watched` also keeps what was asked for them."""

    __slots__ = ("_context_of", "table")

    def __init__(self, table: Table, context_of: ContextOf) -> None:
        """Takes the table, and what gives the context that guards on a trigger read."""
        self.table = table
        self._context_of = context_of

    def step(self, status: str, trigger: str, *, inner: bool) -> Matched | Unmatched:
        """As `Steps` has it."""
        context = self._context_of(trigger)
        return (self.table.inner if inner else self.table.step)(status, trigger, context)


def drive(steps: Steps, start: tuple[str, str], carry: Carry, *, inner: bool = False) -> Driven:
    """Carries out what an event (status, trigger) leads to.

    `steps` gives the answer to each trigger, as things are by then; `carry(fired)` does the row's actions and gives None, or does
    nothing and says why. `inner` lets the event be one that only rows name, as the machinery does for `error.then`. Raises as
    `Table.step` does, and DrivenTooFarError.
    """
    status, trigger = start
    answer = steps.step(status, trigger, inner=inner)
    if inner and isinstance(answer, Unmatched):
        answer = _elsewhere(steps.table, answer)
    fired: list[Fired] = []
    while isinstance(answer, Matched):
        if len(fired) >= MOST:
            raise DrivenTooFarError(
                f"flow {steps.table.flow.name}: '{start[1]}' in {start[0]} fired {MOST} rows without end"
            )
        row = Fired(status=status, trigger=trigger, matched=answer)
        failed = carry(row)
        if failed is not None:
            return _make_good(steps, (row, failed), carry, tuple(fired))
        fired.append(row)
        status, trigger = answer.to, answer.next
        if not trigger:
            return Driven(status=status, fired=tuple(fired))
        answer = steps.step(status, trigger, inner=True)
    return Driven(status=status, fired=tuple(fired), unmatched=None if fired else answer)


def _elsewhere(table: Table, answer: Unmatched) -> Unmatched:
    """Why a trigger that only rows name fired nothing: where it has rows, it is no unknown one."""
    statuses = tuple(status for status, trigger in table.rows if trigger == answer.trigger)
    if not statuses or answer.reason == "guard_false":
        return answer
    return msgspec.structs.replace(answer, reason="wrong_status", accepted_in=statuses)


def _make_good(steps: Steps, failure: tuple[Fired, Failed], carry: Carry, fired: tuple[Fired, ...]) -> Driven:
    """Tries the row's `error.then` in the status where it failed."""
    row, failed = failure
    trigger = row.matched.error.then if row.matched.error is not None else ""
    answer = steps.step(row.status, trigger, inner=True) if trigger else None
    if isinstance(answer, Matched):
        instead = Fired(status=row.status, trigger=trigger, matched=answer)
        again = carry(instead)
        if again is None:
            return Driven(status=answer.to, fired=(*fired, instead), failed=failed, made_good=True)
        failed = again
    return Driven(status=row.status, fired=fired, failed=failed)
