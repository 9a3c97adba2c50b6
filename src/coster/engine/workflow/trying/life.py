"""One entity lives through a flow in memory, on a clock of its own that fires what is due: as the rooms do it, without them."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping

import msgspec

from coster.engine.workflow import check_parts, driving, kinds, plugins, rollups, scope, templates, timing
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.document import Plain
from coster.engine.workflow.driving import Driven, Failed, Fired
from coster.engine.workflow.guards import GuardFailedError
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.records import ActionCall, Flow
from coster.engine.workflow.step import Matched, Table, Weighed
from coster.engine.workflow.timing import Calendars, Moment
from coster.engine.workflow.trying import facts
from coster.engine.workflow.trying.scenario import BEGIN, Given, Step
from coster.engine.workflow.trying.story import Happening, Question, RowSeen, Seen, Sent, question

# So many timers fire in one step before it is taken for a circle that never ends.
MOST = 1_000
_EVENT = "event."
_AN_ID = "00000000-0000-7000-8000-000000000001"


class StoppedError(Exception):
    """A life cannot go on: a guard, a timer or a message reads what the scenario does not give. The message says what."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What a life needs beside its flow."""

    vocabulary: Vocabulary
    library: Mapping[str, Flow] = {}
    """Other flows by name: those of children tell which statuses there are."""
    calendars: Calendars = {}
    """Those that the room gives."""
    actions: Mapping[str, plugins.Action] = {}
    """Actions of other packages by name, which are carried out."""


class Life:
    """An entity with its clock."""

    def __init__(self, table: Table, world: World, given: Given) -> None:
        """Begins in the given status (the flow's initial one where none is given). Raises StoppedError."""
        self._table = table
        self._world = world
        self._declared = world.vocabulary.context
        self._triggers = scope.triggers(table.flow, world.vocabulary)
        self.now = (given.at or BEGIN).astimezone(dt.UTC)
        self.status = given.status or table.initial
        optional = [name for name, kind in self._declared.items() if kinds.optional(kind)]
        self._context = {**dict.fromkeys(optional), **facts.values(given.context, self._declared)}
        self._children = dict(given.children)
        self._clock = _Clock()
        self._sent: dict[str, Fired] = {}
        self._number = 0
        with _stopping():
            self._clock.enter(self.now)
            self._refresh()

    @property
    def running(self) -> tuple[Moment, ...]:
        """The timers that run, the next first."""
        return self._clock.running()

    def step(self, step: Step) -> tuple[Seen, ...]:
        """Everything that comes of a step: of what it does, then of the timers that are due. Raises StoppedError."""
        self._number += 1
        with _stopping():
            seen = [*self._change(step), *self._do(step)]
            seen += self._pass(self._until(step), step)
        if not seen:
            seen.append(self._seen("wait", "", self.status))
        return tuple(seen)

    def _until(self, step: Step) -> dt.datetime:
        """Until when a step takes the clock."""
        if step.until is not None:
            return max(step.until, self.now)
        return self.now + (kinds.duration(step.wait) or dt.timedelta(0))

    def _change(self, step: Step) -> Iterator[Seen]:
        """What a step says is different from now on."""
        if step.context:
            self._context |= facts.values(step.context, self._declared)
            self._refresh()
            if not (step.event or step.failed or step.children is not None or step.wait or step.until):
                yield self._seen("context", "", self.status)

    def _do(self, step: Step) -> Iterator[Seen]:
        """An event, children that moved, or a failure."""
        if step.event:
            yield self._fire(step.event, "event", step)
        elif step.failed:
            yield self._make_good(step)
        elif step.children is not None:
            self._children |= step.children
            if (self.status, ROLLUP) in self._table.rows:
                yield self._fire(ROLLUP, "children", step)
            else:
                yield self._seen("children", ROLLUP, self.status)

    def _pass(self, target: dt.datetime, step: Step) -> Iterator[Seen]:
        """Fires what is due until the instant, in the order of the instants, and takes the clock there."""
        fired = 0
        while (moment := self._clock.next(target)) is not None:
            fired += 1
            if fired > MOST:
                raise StoppedError(
                    f"more than {MOST:,} timers fired in one step; the last was {moment.trigger}"
                )
            self.now = max(self.now, moment.due)
            entered = self._clock.fired(moment)
            seen = self._fire(moment.trigger, "timer", step)
            if self._clock.entered == entered:
                again = timing.again(
                    self._table, self.status, moment, self._facts("", {}), self._world.calendars
                )
                self._clock.again(again)
            yield msgspec.structs.replace(seen, timers=self.running)
        self.now = target

    def _fire(self, trigger: str, what: Happening, step: Step) -> Seen:
        """What a trigger leads to, `next` and `error.then` followed."""
        before, carried = self.status, _Carried(self, step)
        asked: list[tuple[str, Mapping[str, object]]] = []

        def context_of(on: str) -> Mapping[str, object]:
            given = step.attributes if what == "event" and on == trigger else {}
            asked.append((on, self._facts(on, given)))
            return asked[-1][1]

        def carry(fired: Fired) -> Failed | None:
            return carried.row(fired, asked[-1][1])

        driven = driving.drive(driving.Plain(self._table, context_of), (before, trigger), carry)
        refused, detail = _refusal(driven)
        guards: tuple[Question, ...] = ()
        if driven.unmatched is not None:
            guards = questions(self._table.weigh(before, trigger, asked[0][1]))
            if what == "children" and refused == "guard_false":
                refused, detail = "", ""
        seen = self._seen(what, trigger, before, tuple(carried.rows))
        return msgspec.structs.replace(seen, refused=refused, detail=detail, guards=guards)

    def _make_good(self, step: Step) -> Seen:
        """What becomes of a row whose messages could not be delivered: `error.then` in the status of now, or people."""
        before, fired = self.status, self._sent.get(step.failed)
        if fired is None:
            raise StoppedError(f"no row on '{step.failed}' was carried out before, so nothing of it can fail")
        then = fired.matched.error.then if fired.matched.error is not None else ""
        context = self._facts(then, {})
        answer = self._table.inner(before, then, context) if then else None
        carried = _Carried(self, step)
        detail = "The row has no `error.then`, so people retry or skip."
        failed: Failed | None = None
        if isinstance(answer, Matched):
            failed = carried.row(Fired(status=before, trigger=then, matched=answer), context)
            detail = failed.detail if failed is not None else ""
        elif answer is not None:
            detail = f"'{then}' has no row that fits in {before}, so people retry or skip."
        seen = self._seen("failed", step.failed, before, tuple(carried.rows))
        return msgspec.structs.replace(seen, refused="" if carried.rows else "parked", detail=detail)

    def _seen(self, what: Happening, trigger: str, before: str, rows: tuple[RowSeen, ...] = ()) -> Seen:
        """What happened just now."""
        return Seen(
            step=self._number,
            at=self.now,
            what=what,
            trigger=trigger,
            before=before,
            status=self.status,
            rows=rows,
            timers=self.running,
        )

    def _facts(self, trigger: str, attributes: Mapping[str, Plain]) -> dict[str, object]:
        """The context of a guard on the trigger, as things are now."""
        takes = self._triggers.get(trigger, {})
        event = {**dict.fromkeys(takes), **facts.values(dict(attributes), takes)}
        children = {f"children.{entry.kind}": self._counts(entry.kind) for entry in self._table.flow.children}
        return {
            **self._context,
            **scope.constants(self._table.flow),
            **children,
            **{f"event.{name}": value for name, value in event.items()},
            "now": self.now,
        }

    def _counts(self, kind: str) -> dict[str, int]:
        """How many children of the kind are in each status."""
        flow = self._table.flow
        known = check_parts.child_statuses(flow, kind, self._world.library)
        asked = [c for row in flow.transitions for c in row.rollup if c.children == kind]
        statuses = known or tuple(dict.fromkeys(name for condition in asked for name in condition.statuses))
        return rollups.counts(statuses, self._children.get(kind, ()))

    def carried(self, fired: Fired, changed: Mapping[str, object]) -> None:
        """Moves the entity as a row says that was carried out, with what its actions changed."""
        matched = fired.matched
        self._context |= changed
        # Through `otherwise` a row comes by another trigger than its own; a scenario may name either.
        own = matched.row.trigger
        self._sent |= {fired.trigger: fired, own: fired}
        if matched.to != self.status:
            self.status = matched.to
            self._clock.enter(self.now)
        else:
            self._clock.restart(matched.restart, self.now)
        self._refresh()

    def _refresh(self) -> None:
        """The timers of the status, as the facts are now."""
        given, context = self._world.calendars, self._facts("", {})
        times = {entry.trigger for entry in self._table.timers.get(self.status, ()) if entry.timer.times}
        for since, only in self._clock.beginnings():
            moments = timing.timers_at(self._table, self.status, since, context, given)
            self._clock.refresh(moments, only, times)

    def run(
        self, call: ActionCall, fired: Fired, context: Mapping[str, object]
    ) -> plugins.Done | plugins.Refused:
        """What an action of another package makes of it; those of rooms do nothing here."""
        action = self._world.actions.get(call.name)
        if action is None:
            return plugins.Done()
        if missing := sorted(need for need in action.spec.needs if need not in context):
            raise StoppedError(
                f"the action {call.name} needs '{missing[0]}', which the scenario does not give"
            )
        asked = plugins.Asked(
            id=_AN_ID,
            status=fired.status,
            trigger=fired.trigger,
            at=self.now,
            context=context,
            parameters=call.parameters,
            event={
                name.removeprefix(_EVENT): value for name, value in context.items() if name.startswith(_EVENT)
            },
        )
        return action(asked)

    def weighed(self, fired: Fired, context: Mapping[str, object]) -> tuple[Question, ...]:
        """What was asked before the row fired."""
        return questions(self._table.weigh_inner(fired.status, fired.trigger, context))

    def line(self, number: int) -> int:
        """The line of a row."""
        return self._table.flow.transitions[number].line

    def sent(self, call: ActionCall, context: Mapping[str, object]) -> Iterator[Sent]:
        """What the language's own actions send."""
        parameters = {name: str(value) for name, value in call.parameters.items()}
        if call.name == "send":
            for webhook in self._table.flow.webhooks:
                if webhook.name == parameters["webhook"]:
                    body = {name: templates.fill(part, context) for name, part in webhook.body.items()}
                    yield Sent(to="endpoints", event=webhook.event, body=body)
        elif call.name == "tell_children":
            yield Sent(to=f"children.{parameters['children']}", event=parameters["event"])
        elif call.name == "tell_parent":
            yield Sent(to="parent", event=parameters["event"])

    @property
    def declared(self) -> Mapping[str, str]:
        """The fields of the room's context with their types."""
        return self._declared


class _Carried:
    """The rows that one event carried out."""

    def __init__(self, life: Life, step: Step) -> None:
        self._life = life
        self._step = step
        self.rows: list[RowSeen] = []

    def row(self, fired: Fired, context: Mapping[str, object]) -> Failed | None:
        """Carries a row out wholly, or says why not."""
        life, matched = self._life, fired.matched
        attributes: dict[str, Plain] = {}
        messages: list[Sent] = []
        for call in matched.actions:
            if call.name in self._step.fails:
                return Failed(
                    code=self._step.fails[call.name], detail=f"The scenario has {call.name} refuse."
                )
            done = life.run(call, fired, context)
            if isinstance(done, plugins.Refused):
                return Failed(code=done.code, detail=done.detail)
            attributes |= done.attributes
            messages += life.sent(call, context)
            messages += [Sent(to="endpoints", event=sent.event, body=sent.body) for sent in done.messages]
        row = RowSeen(
            number=matched.row.number,
            line=life.line(matched.row.number),
            trigger=fired.trigger,
            on=matched.row.trigger,
            status=fired.status,
            to=matched.to,
            guards=life.weighed(fired, context),
            actions=matched.actions,
            attributes=attributes,
            messages=tuple(messages),
        )
        then = {} if self.rows else self._step.then
        self.rows.append(row)
        life.carried(fired, facts.values(then, life.declared))
        return None


class _Clock:
    """The timers of a status: which run, which were begun again, and which have fired for the last time."""

    def __init__(self) -> None:
        self.entered = 0
        self._since = BEGIN
        self._running: dict[str, Moment] = {}
        self._again: dict[str, dt.datetime] = {}
        self._spent: dict[str, dt.datetime] = {}

    def enter(self, at: dt.datetime) -> None:
        """A status is entered; the timers of the one before are void."""
        self.entered += 1
        self._since = at
        self._running, self._again, self._spent = {}, {}, {}

    def restart(self, triggers: tuple[str, ...], at: dt.datetime) -> None:
        """These timers begin again."""
        for trigger in triggers:
            self._again[trigger] = at
            self._running.pop(trigger, None)
            self._spent.pop(trigger, None)

    def beginnings(self) -> list[tuple[dt.datetime, frozenset[str] | None]]:
        """Since when timers run, with the triggers of those that were begun again; None: all others."""
        return [(self._since, None), *((at, frozenset({trigger})) for trigger, at in self._again.items())]

    def refresh(self, moments: tuple[Moment, ...], only: frozenset[str] | None, times: set[str]) -> None:
        """The timers as the facts have them: those that fire several times keep their instant, and spent ones stay so."""
        found = {moment.trigger: moment for moment in moments}
        if only is None:
            kept = {on: m for on, m in self._running.items() if on in times or on in self._again}
            self._running = {**{on: m for on, m in found.items() if on not in self._again}, **kept}
        else:
            self._running |= {
                on: m for on, m in found.items() if on in only and not (on in times and on in self._running)
            }
        for trigger, due in self._spent.items():
            if trigger in self._running and (trigger in times or self._running[trigger].due <= due):
                del self._running[trigger]

    def next(self, until: dt.datetime) -> Moment | None:
        """The timer that fires next until the instant."""
        due = [moment for moment in self.running() if moment.due <= until]
        return due[0] if due else None

    def running(self) -> tuple[Moment, ...]:
        """The timers that run, the next first."""
        return tuple(sorted(self._running.values(), key=lambda moment: moment.due))

    def fired(self, moment: Moment) -> int:
        """A timer fires; gives the number of the status's coming, by which its leaving is seen."""
        del self._running[moment.trigger]
        self._spent[moment.trigger] = moment.due
        return self.entered

    def again(self, moment: Moment | None) -> None:
        """A timer that fires several times runs on, unless it was begun again."""
        if moment is not None and moment.trigger not in self._running:
            self._running[moment.trigger] = moment
            self._spent.pop(moment.trigger, None)


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """What guards, timers and templates could not read, as one kind of error."""
    try:
        yield
    except (GuardFailedError, timing.TimerFailedError, templates.TemplateFailedError) as failure:
        raise StoppedError(str(failure)) from None


def _refusal(driven: Driven) -> tuple[str, str]:
    """Why nothing came of an event, with a sentence; empty: something did."""
    if driven.unmatched is not None:
        return driven.unmatched.reason, driven.unmatched.detail
    if driven.failed is not None and not driven.made_good:
        return "action_refused", f"{driven.failed.code}: {driven.failed.detail}"
    return "", ""


def questions(weighed: Weighed) -> tuple[Question, ...]:
    """What was asked for a step, with plain values."""
    return tuple(question(asked.source, asked.answer, asked.values) for asked in weighed.asked)
