"""The compiled flow and its one operation: which row does a trigger match in a status.

Everything that can be prepared is prepared when the flow is compiled; a step without a guard is one look-up,
and the answer is a record that was made beforehand and is shared, so answers must not be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow import rollups
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.guards import Guard, GuardFailedError
from coster.engine.workflow.records import ActionCall, Button, Condition, ErrorPolicy, Flow, Sla, Timer

Context: TypeAlias = Mapping[str, object]
Reason: TypeAlias = Literal["unknown_trigger", "wrong_status", "guard_false"]

Asked: TypeAlias = "dict[Guard | Condition, bool]"

NOTHING: Context = {}


class UnknownStatusError(LookupError):
    """An entity is in a status that its flow does not have: a damaged row or the wrong version, never a
    user's mistake."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A transition as seen from one status."""

    number: int
    """Its place in the file, from 0."""
    trigger: str
    guard: Guard | None
    otherwise: str
    rollup: tuple[Condition, ...] = ()
    label: str = ""

    @property
    def conditional(self) -> bool:
        """Whether it may not fit."""
        return self.guard is not None or bool(self.rollup)


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """The row that a trigger fired, the status afterwards, and the actions to carry out in order."""

    row: Row
    to: str
    actions: tuple[ActionCall, ...]
    next: str = ""
    """Trigger to try at once in the status afterwards, on the entity as the actions left it; empty: none."""
    restart: tuple[str, ...] = ()
    """Triggers whose timers begin again although the status is kept."""
    error: ErrorPolicy | None = None
    """What happens when an action fails; None: it waits for people."""
    needs: frozenset[str] = frozenset()
    """What the actions need loaded."""


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """Why a trigger fired nothing."""

    reason: Reason
    status: str
    trigger: str
    possible: tuple[str, ...]
    """Triggers that have a row in this status, in file order."""
    accepted_in: tuple[str, ...]
    """Statuses in which the trigger has a row."""
    false_guards: tuple[str, ...] = ()
    """The guards and roll-ups that were asked and were false, in the order of asking."""

    @property
    def detail(self) -> str:
        """The reason as a sentence with what is possible instead."""
        possible = f"Possible in {self.status}: {', '.join(self.possible) or 'nothing'}."
        if self.reason == "unknown_trigger":
            return f"'{self.trigger}' is not part of this flow. {possible}"
        if self.reason == "wrong_status":
            elsewhere = ", ".join(self.accepted_in)
            return f"'{self.trigger}' is possible in {elsewhere}, not in {self.status}. {possible}"
        guards = " or ".join(f"'{guard}'" for guard in self.false_guards)
        return (
            f"'{self.trigger}' is possible in {self.status} only if {guards}, which is not so now. {possible}"
        )


class GuardAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A guard or roll-up that was asked, what it answered, and the values that it read."""

    source: str
    answer: bool
    values: Mapping[str, object]


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A step with its reasons."""

    answer: Matched | Unmatched
    asked: tuple[GuardAsked, ...]
    """In the order of asking."""


class DueTimer(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that starts when a status is entered and sends its trigger; it is void when the status is
    left."""

    trigger: str
    timer: Timer


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A button of a status with what it sends."""

    trigger: str
    button: Button


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A flow that was proved, ready to be stepped. Made by `compile`."""

    flow: Flow
    initial: str
    rows: dict[tuple[str, str], tuple[Matched, ...]]
    """For each status and trigger the answers in the order in which their guards are asked."""
    certain: dict[tuple[str, str], Matched]
    """Those answers that need no guard."""
    possible: dict[str, tuple[str, ...]]
    accepted_in: dict[str, tuple[str, ...]]
    """For each trigger that can be sent, timers included, the statuses in which it has a row."""
    timers: dict[str, tuple[DueTimer, ...]]
    """What to start when a status is entered."""
    offers: dict[str, tuple[Offer, ...]]
    final: frozenset[str]
    slas: dict[str, Sla]
    """The service level of each status that has one."""
    calendars: dict[str, Calendar]
    """The flow's own."""
    given: frozenset[str]
    """Calendars of the room in which a timer or a service level counts; a room loads none for a flow that names none."""
    loads: dict[tuple[str, str], frozenset[str]]
    """For each status and trigger what any row that it may end in needs loaded: fields and sets of the vocabulary."""

    def step(self, status: str, trigger: str, context: Context = NOTHING) -> Matched | Unmatched:
        """What the trigger does in the status. The context must hold every field that the guards read.

        Raises UnknownStatusError, and GuardFailedError when a guard has no answer.
        """
        matched = self.certain.get((status, trigger))
        if matched is not None:
            return matched
        return self._weigh(status, trigger, context, {})

    def step_many(self, steps: Iterable[tuple[str, str, Context]]) -> list[Matched | Unmatched]:
        """One answer for each (status, trigger, context), in order.

        Raises as `step` does, for the first that fails.
        """
        return [self.step(status, trigger, context) for status, trigger, context in steps]

    def weigh(self, status: str, trigger: str, context: Context = NOTHING) -> Weighed:
        """The same as `step`, with every guard that was asked and what it read. Raises as `step` does."""
        asked: Asked = {}
        return _told(self._weigh(status, trigger, context, asked), asked, context)

    def weigh_inner(self, status: str, trigger: str, context: Context = NOTHING) -> Weighed:
        """The same as `inner`, with every guard that was asked and what it read. Raises as `step` does."""
        found = self.rows.get((status, trigger))
        if not found:
            return Weighed(answer=self._refuse(status, trigger), asked=())
        asked: Asked = {}
        return _told(self._first(found, (status, trigger), context, asked), asked, context)

    def inner(self, status: str, trigger: str, context: Context = NOTHING) -> Matched | Unmatched:
        """A step by what a row names in `next` or `error`, which nobody outside can send. Raises as `step` does."""
        found = self.rows.get((status, trigger))
        if not found:
            return self._refuse(status, trigger)
        return self._first(found, (status, trigger), context, {})

    def _weigh(self, status: str, trigger: str, context: Context, asked: Asked) -> Matched | Unmatched:
        """The first row that fits, `otherwise` followed; or why there is none."""
        found = self.rows.get((status, trigger), ()) if trigger in self.accepted_in else ()
        if not found:
            return self._refuse(status, trigger)
        return self._first(found, (status, trigger), context, asked)

    def _first(
        self, found: tuple[Matched, ...], where: tuple[str, str], context: Context, asked: Asked
    ) -> Matched | Unmatched:
        """The first row that fits, `otherwise` followed. Nothing is asked twice."""
        status, trigger = where
        try:
            while found:
                otherwise = ""
                for matched in found:
                    if _fits(matched.row, context, asked):
                        return matched
                    otherwise = matched.row.otherwise
                found = self.rows[status, otherwise] if otherwise else ()
        except GuardFailedError as failure:
            raise GuardFailedError(f"flow {self.flow.name}, {status}, '{trigger}': {failure}") from None
        false = tuple(str(what) for what, held in asked.items() if not held)
        return self._unmatched("guard_false", status, trigger, false)

    def _refuse(self, status: str, trigger: str) -> Unmatched:
        """The answer where no row exists."""
        if status not in self.possible:
            known = ", ".join(self.possible)
            raise UnknownStatusError(f"flow {self.flow.name} has no status '{status}'; it has {known}")
        return self._unmatched(
            "wrong_status" if trigger in self.accepted_in else "unknown_trigger", status, trigger
        )

    def _unmatched(self, reason: Reason, status: str, trigger: str, false: tuple[str, ...] = ()) -> Unmatched:
        """An answer that says what would have been possible."""
        return Unmatched(
            reason=reason,
            status=status,
            trigger=trigger,
            possible=self.possible[status],
            accepted_in=self.accepted_in.get(trigger, ()),
            false_guards=false,
        )


def _fits(row: Row, context: Context, asked: Asked) -> bool:
    """Whether roll-ups and guard are true; notes what was asked. Raises GuardFailedError."""
    for condition in row.rollup:
        if condition not in asked:
            asked[condition] = _rolled_up(condition, context)
        if not asked[condition]:
            return False
    guard = row.guard
    if guard is None:
        return True
    held = asked.get(guard)
    if held is None:
        held = asked[guard] = guard(context)
    return held


def _rolled_up(condition: Condition, context: Context) -> bool:
    """Whether the children are there. Raises GuardFailedError when the context does not say where they are."""
    counts = context.get(f"children.{condition.children}")
    if not isinstance(counts, Mapping):
        raise GuardFailedError(
            f"the roll-up '{condition}' reads 'children.{condition.children}', which the context does not hold"
        )
    return rollups.holds(condition, counts)


def _told(answer: Matched | Unmatched, asked: Asked, context: Context) -> Weighed:
    """An answer with what was asked for it."""
    told = [
        GuardAsked(source=str(what), answer=held, values=_values(what, context))
        for what, held in asked.items()
    ]
    return Weighed(answer=answer, asked=tuple(told))


def _values(what: Guard | Condition, context: Context) -> Mapping[str, object]:
    """What a guard or a roll-up read."""
    if isinstance(what, Guard):
        return what.values(context)
    name = f"children.{what.children}"
    return {name: context.get(name)}
