"""The transitions of one flow from the rulesets of one entity type.

Fluent runs every ruleset that answers an event, and every rule in it; we fire one row. So the rulesets that answer one
event in the same statuses become one set of rows: what is unconditional stands in each, what branches tells them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from coster.engine.workflow.fluent import events, rules
from coster.engine.workflow.fluent.model import Rule, Ruleset
from coster.engine.workflow.fluent.names import line
from coster.engine.workflow.fluent.statuses import INITIAL
from coster.engine.workflow.fluent.work import Work
from coster.engine.workflow.records import ActionCall, Condition, ErrorPolicy, Timer, Transition, Webhook

_MOST_ROWS = 64
_EXHAUSTIVE = ({"true", "false"}, {"ALL", "PARTIAL", "NONE"})


class Next(msgspec.Struct, frozen=True):
    """An event for the entity itself, and the rule that sends it."""

    rule: Rule
    trigger: str


class Effect(msgspec.Struct, frozen=True):
    """What a part of a ruleset does."""

    do: tuple[ActionCall, ...] = ()
    next: tuple[Next, ...] = ()

    def then(self, other: Effect) -> Effect:
        """Both, one after the other."""
        return Effect(self.do + other.do, self.next + other.next)


class Arm(msgspec.Struct, frozen=True):
    """One way of a branch: what must be so, and what is done."""

    when: str = ""
    rollup: tuple[Condition, ...] = ()
    effect: Effect = Effect()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Rulesets that run together, and the statuses in which they do; empty: every status."""

    rulesets: tuple[Ruleset, ...]
    sources: tuple[str, ...]
    to: str = ""

    @property
    def after(self) -> tuple[str, ...]:
        """The statuses in which the entity is afterwards; empty: any."""
        return (self.to,) if self.to else self.sources


class Begins(msgspec.Struct, frozen=True):
    """A timer, and the statuses in which it begins, as Fluent calls them."""

    timer: Timer
    statuses: tuple[str, ...]


class Rows:
    """Makes the rows of the flow of an entity type and subtype."""

    def __init__(self, work: Work, entity: str, subtype: str, statuses: tuple[str, ...]) -> None:
        """`statuses` are those that something may leave, as Fluent calls them."""
        self._work = work
        self._entity = entity
        self._subtype = subtype
        self._open = statuses
        self._below = events.children(work.export, entity)
        self.rulesets = tuple(
            r for r in work.export.rulesets if r.entity == entity and r.subtype in ("", subtype)
        )
        self.timers: dict[str, Begins] = {}
        self.webhooks: dict[str, Webhook] = {}
        self._unscheduled: dict[str, str] = {}
        self._entered: list[tuple[str, str, set[str]]] = []
        self._schedules()

    def make(self) -> list[Transition]:
        """Every row, in the order of the rulesets."""
        found: list[Transition] = []
        groups: dict[tuple[str, bool], list[Ruleset]] = {}
        for ruleset in self.rulesets:
            groups.setdefault((ruleset.name, ruleset.handles_errors), []).append(ruleset)
        for (name, handles_errors), rulesets in groups.items():
            trigger = self._work.names.failure(name) if handles_errors else self._work.names.trigger(name)
            handled = not handles_errors and (name, True) in groups
            error = ErrorPolicy(then=self._work.names.failure(name)) if handled else None
            for place in self._places(rulesets):
                found += [msgspec.structs.replace(row, error=error) for row in self._rows(place, trigger)]
            for ruleset in rulesets:
                self._account(ruleset, trigger, answered=(name, False) in groups)
        return [timed for row in found for timed in self._timed(row, found)]

    def _timed(self, row: Transition, rows: list[Transition]) -> Iterator[Transition]:
        """The row with its timer in the statuses in which that begins, and without it in all others.

        Fluent sends a scheduled event once; a timer that may stay in its status is told so.
        """
        begins = self.timers.get(row.on)
        if begins is None:
            yield row
            return
        timer = begins.timer
        if not timer.field and any(not other.to for other in rows if other.on == row.on):
            timer = msgspec.structs.replace(timer, times=1)
        names = [self._work.names.status(self._entity, status) for status in begins.statuses]
        if not names or (row.sources and set(row.sources) <= set(names)):
            yield msgspec.structs.replace(row, after=timer)
            return
        among = row.sources or tuple(self._work.names.status(self._entity, status) for status in self._open)
        for sources, after in (
            ([s for s in among if s in names], timer),
            ([s for s in among if s not in names], None),
        ):
            if sources:
                yield msgspec.structs.replace(row, sources=tuple(sources), after=after)

    def _account(self, ruleset: Ruleset, trigger: str, *, answered: bool) -> None:
        """Says what became of the ruleset's own words."""
        report, path = self._work.report, ruleset.path
        flow = self._work.flow(self._entity, self._subtype)
        report.mapped(path, f"rows on `{trigger}` of {flow}")
        for each in ruleset.triggers:
            if each.status:
                report.mapped(each.path, f"`from: {self._work.names.status(self._entity, each.status)}`")
            elif ruleset.statuses:
                report.not_mapped(each.path, "it names no status")
            else:
                report.approximated(each.path, "it names no status: taken as every status")
        if ruleset.about:
            report.mapped(f"{path}.description", "label of its rows")
        if ruleset.subtype:
            report.mapped(f"{path}.subtype", f"type of the flow {flow}")
        root = self._entity == self._work.export.entity
        if root and ruleset.subtype and self._subtype != self._work.export.subtype:
            report.approximated(
                path, f"a flow of its own, since this workflow is for {self._work.export.subtype}"
            )
        if report.knows(f"{path}.eventType"):
            self._account_kind(ruleset, trigger, answered=answered)

    def _account_kind(self, ruleset: Ruleset, trigger: str, *, answered: bool) -> None:
        """Says what became of the ruleset's event type."""
        report, path = self._work.report, f"{ruleset.path}.eventType"
        if ruleset.handles_errors and answered:
            report.mapped(path, f"`error: {{then: {trigger}}}` of the rows of {ruleset.name}")
        elif ruleset.handles_errors:
            report.not_mapped(path, f"no ruleset {ruleset.name} can fail; the rows are an event")
        elif ruleset.kind == "NORMAL":
            report.mapped(path, "an ordinary row")
        else:
            report.approximated(path, f"a row like any other; {line(ruleset.kind)} makes no difference")

    def _places(self, rulesets: list[Ruleset]) -> Iterator[Place]:
        """The rulesets of one event, by the statuses in which the same of them run."""
        report = self._work.report
        everywhere = all(not r.statuses for r in rulesets)
        if everywhere or len(rulesets) == 1:
            sources: list[tuple[str, ...]] = [rulesets[0].statuses]
        else:
            by_run: dict[tuple[str, ...], list[str]] = {}
            named = tuple(dict.fromkeys(status for r in rulesets for status in r.statuses))
            spread = self._open if any(not r.statuses for r in rulesets) else ()
            for status in dict.fromkeys((*named, *spread)):
                run = tuple(r.path for r in rulesets if not r.statuses or status in r.statuses)
                by_run.setdefault(run, []).append(status)
            sources = [tuple(statuses) for statuses in by_run.values()]
        for statuses in sources:
            first = statuses[0] if statuses else None
            together = tuple(r for r in rulesets if first is None or not r.statuses or first in r.statuses)
            for other in together[1:]:
                report.approximated(other.path, f"runs in one row with {together[0].path}")
            place = Place(rulesets=together, sources=statuses, to=self._to(together))
            if not statuses and place.to:
                place = msgspec.structs.replace(place, sources=self._open)
                report.approximated(together[0].path, "every status but the final ones")
            yield place

    def _to(self, rulesets: tuple[Ruleset, ...]) -> str:
        """The status that the last SetState of them leaves, as Fluent calls it."""
        found: list[tuple[Rule, str]] = []
        for rule, meant in self._meanings(rulesets):
            if isinstance(meant, rules.SetState):
                status = self._work.names.status(self._entity, meant.status)
                self._work.report.mapped(rule.path, f"`to: {status}`")
                self._work.report.mapped(rule.prop(meant.prop), f"`to: {status}`")
                self._work.leave(rule, meant.prop)
                found.append((rule, meant.status))
        for rule, _ in found[:-1]:
            self._work.report.approximated(
                rule.path, f"overwritten by {found[-1][0].path}; a row has one `to`"
            )
        return found[-1][1] if found else ""

    def _meanings(self, rulesets: tuple[Ruleset, ...]) -> Iterator[tuple[Rule, rules.Meaning]]:
        entities = self._work.export.entities
        for ruleset in rulesets:
            for rule in ruleset.rules:
                yield rule, rules.meaning(rule, self._entity, entities)

    def _rows(self, place: Place, trigger: str) -> Iterator[Transition]:
        """The rows of a place: one, or one for each way that its branches can go."""
        base, groups = self._parts(place)
        ways = [Arm(effect=base)]
        for arms in groups:
            ways = [
                Arm(_both(way.when, arm.when), way.rollup + arm.rollup, way.effect.then(arm.effect))
                for way in ways
                for arm in arms
            ]
        names = self._work.names
        sources = tuple(names.status(self._entity, s) for s in place.sources)
        about = next((r.about for r in place.rulesets if line(r.about)), "")
        for way in ways:
            effect = self._single(way.effect)
            row = Transition(
                index=0,
                on=trigger,
                sources=sources,
                label=line(about),
                when=way.when,
                rollup=way.rollup,
                do=effect.do,
                to=names.status(self._entity, place.to) if place.to else "",
                next=effect.next[0].trigger if effect.next else "",
            )
            idle = not (row.do or row.to or row.next or row.when or row.rollup)
            if not idle or len(ways) == 1:
                yield row

    def _single(self, effect: Effect) -> Effect:
        """A row has one `next`; what is sent besides is kept as a placeholder."""
        more = tuple(
            self._work.placeholder(each.rule, f"a row has one `next`, which is `{effect.next[0].trigger}`")
            for each in effect.next[1:]
            if each.trigger != effect.next[0].trigger
        )
        return Effect(effect.do + more, effect.next[:1])

    def _parts(self, place: Place) -> tuple[Effect, list[list[Arm]]]:
        """What is done in any case, and the branches, each with its ways in the order in which they are tried."""
        base = Effect()
        branches: dict[str, dict[str, Arm]] = {}
        for rule, meant in self._meanings(place.rulesets):
            if not isinstance(meant, rules.Branch | rules.Rollup):
                base = base.then(self._effect(rule, meant, place))
                continue
            key, arm = self._condition(rule, meant)
            if arm is None or not _room(branches, key, arm):
                why = "too many branches in one ruleset" if arm else "its children are not below this entity"
                base = base.then(Effect((self._work.placeholder(rule, why),)))
                continue
            old = branches.setdefault(key, {}).get(arm.when, arm)
            effect = old.effect.then(self._sent(rule, meant.send, place))
            branches[key][arm.when] = msgspec.structs.replace(arm, effect=effect)
        return base, [_ordered(list(arms.values())) for arms in branches.values()]

    def _condition(self, rule: Rule, meant: rules.Branch | rules.Rollup) -> tuple[str, Arm | None]:
        """What must be so: the key of its branch, and the way; None: it cannot be said."""
        report, names = self._work.report, self._work.names
        if isinstance(meant, rules.Rollup):
            if meant.entity not in self._below:
                return "", None
            condition = Condition(
                quantifier=meant.quantifier,  # type: ignore[arg-type]
                children=self._work.kind(meant.entity),
                statuses=tuple(names.status(meant.entity, status) for status in meant.statuses),
            )
            report.mapped(rule.path, f"roll-up `{condition}`")
            report.mapped(rule.prop(meant.prop), "statuses of the roll-up")
            self._work.leave(rule, meant.prop, meant.send.prop)
            return str(condition), Arm(rollup=(condition,))
        field = names.unique("field", meant.fact, meant.field)
        when = {"true": field, "false": f"!{field}"}.get(meant.arm, f'{field} == "{meant.arm}"')
        report.approximated(rule.path, f"guard `{when}`; the room must give the field `{field}`")
        for name in meant.read:
            report.approximated(rule.prop(name), f"part of the name of the field `{field}`")
        return field, Arm(when=when)

    def _effect(self, rule: Rule, meant: rules.Meaning, place: Place) -> Effect:
        """What a rule does in any case."""
        if isinstance(meant, rules.Send):
            self._work.leave(rule, meant.prop)
            return self._sent(rule, meant, place)
        if isinstance(meant, rules.Webhook):
            return Effect((self._webhook(rule, meant),))
        if isinstance(meant, rules.Schedule) and rule.path in self._unscheduled:
            return Effect((self._work.placeholder(rule, self._unscheduled[rule.path]),))
        if isinstance(meant, rules.Unknown):
            return Effect((self._work.placeholder(rule, meant.why),))
        return Effect()

    def _sent(self, rule: Rule, send: rules.Send, place: Place) -> Effect:
        """An event to whomever answers it."""
        work, found = self._work, events.destination(self._work.export, self._entity, send.event, send.hint)
        if found.way in ("nowhere", "far"):
            return Effect((work.placeholder(rule, found.why),))
        trigger = work.names.trigger(send.event)
        work.report.mapped(rule.prop(send.prop), f"trigger `{trigger}`")
        if found.way == "same":
            return self._next(rule, send, place, trigger)
        work.told.add((found.entity, trigger))
        if found.way == "parent":
            work.report.mapped(rule.path, f"`tell_parent: {{event: {trigger}}}`")
            return Effect((ActionCall(name="tell_parent", parameters={"event": trigger}),))
        kind = work.kind(found.entity)
        how = f"`tell_children: {{children: {kind}, event: {trigger}}}`"
        if "All" in rule.last:
            work.report.mapped(rule.path, how)
        else:
            work.report.approximated(rule.path, f"{how}, which tells every one of them")
        return Effect((ActionCall(name="tell_children", parameters={"children": kind, "event": trigger}),))

    def _next(self, rule: Rule, send: rules.Send, place: Place, trigger: str) -> Effect:
        """An event to the entity itself, where it is answered in the status afterwards."""
        report = self._work.report
        answers = self._work.export.answering(self._entity, send.event, self._subtype)
        after = place.after or self._open
        answered = [s for s in after if any(not r.statuses or s in r.statuses for r in answers)]
        if not answered:
            where = ", ".join(after) or "any status"
            how = f"left out: no ruleset answers {send.event} in {where}, so Fluent records NO_MATCH and does nothing"
            report.approximated(rule.path, how)
            return Effect()
        if send.note:
            report.approximated(rule.path, f"`next: {trigger}`, {send.note}")
        elif len(answered) < len(after):
            missing = ", ".join(s for s in after if s not in answered)
            report.approximated(rule.path, f"`next: {trigger}`, which nothing answers in {missing}")
        else:
            report.mapped(rule.path, f"`next: {trigger}`")
        return Effect(next=(Next(rule, trigger),))

    def _webhook(self, rule: Rule, meant: rules.Webhook) -> ActionCall:
        """A message of the flow; addresses belong to endpoints."""
        work = self._work
        name = work.names.of("webhook", meant.name)
        event = f"{work.entity(self._entity)}.{name}"
        self.webhooks[name] = Webhook(name=name, event=event)
        work.report.approximated(
            rule.path, f"sent as the event `{event}`; write its body, which Fluent does not have"
        )
        if meant.prop:
            work.report.mapped(rule.prop(meant.prop), f"webhook `{name}`")
        if meant.endpoint:
            work.report.approximated(
                rule.prop(meant.endpoint),
                f"make a webhook endpoint with this address that asks for `{event}`",
            )
        work.leave(rule, meant.prop, meant.endpoint)
        return ActionCall(name="send", parameters={"webhook": name})

    def _schedules(self) -> None:
        """Which events time sends; said before the rows are made, since the timer stands at the row of the event."""
        for ruleset in self.rulesets:
            scheduled = {m.event for _, m in self._meanings((ruleset,)) if isinstance(m, rules.Schedule)}
            self._entered.append((ruleset.path, self._enters(ruleset), scheduled))
        for ruleset in self.rulesets:
            for rule, meant in self._meanings((ruleset,)):
                if isinstance(meant, rules.Schedule):
                    why = self._timer(ruleset, rule, meant)
                    if why:
                        self._unscheduled[rule.path] = why

    def _enters(self, ruleset: Ruleset) -> str:
        """The status that an entity has just entered when the ruleset has run; empty: it may have been there before."""
        begins = ruleset.name == "CREATE" and ruleset.statuses == (INITIAL,)
        return self._to((ruleset,)) or (INITIAL if begins else "")

    def _timer(self, ruleset: Ruleset, rule: Rule, meant: rules.Schedule) -> str:
        """Takes up a timer; gives why it cannot be, or nothing."""
        work = self._work
        answers = work.export.answering(self._entity, meant.event, self._subtype)
        if not answers:
            return f"no ruleset of {self._entity} answers {meant.event}"
        trigger = work.names.trigger(meant.event)
        timer = meant.timer or Timer(field=f"{trigger}_at")
        enters = self._enters(ruleset)
        waiting = {s for r in answers for s in r.statuses} or set(self._open)
        begins = ({enters} if enters else set(ruleset.statuses)) & waiting
        known = self.timers.get(trigger, Begins(timer, ()))
        if known.timer != timer:
            return f"`{trigger}` has another timer already"
        statuses = tuple(dict.fromkeys((*known.statuses, *sorted(begins or waiting))))
        self.timers[trigger] = Begins(timer, statuses)
        path = rule.path
        if timer.field:
            work.report.approximated(
                path, f"timer on `{trigger}`; the room must give its instant as `{timer.field}`"
            )
        elif timer.calendar:
            how = f"timer on `{trigger}`; the room must give `{timer.duration}` and the calendar `{timer.calendar}`"
            work.report.approximated(path, how)
        else:
            work.report.mapped(path, f"timer on `{trigger}`")
        others = [path for path, to, events_ in self._entered if to == enters and meant.event not in events_]
        if not enters or not begins:
            where = ", ".join(sorted(begins or waiting))
            work.report.approximated(path, f"begins when {where} is entered, not when this ruleset runs")
        elif waiting - begins:
            where = ", ".join(sorted(waiting - begins))
            work.report.approximated(path, f"void when {enters} is left; Fluent would send it in {where} too")
        if enters and others:
            work.report.approximated(path, f"begins in {enters} however it was entered, by {others[0]} too")
        for name in (meant.prop, meant.waits):
            if name:
                work.report.mapped(rule.prop(name), f"timer on `{trigger}`")
        work.leave(rule, meant.prop, meant.waits)
        return ""


def _room(branches: dict[str, dict[str, Arm]], key: str, arm: Arm) -> bool:
    """Whether another way keeps the rows of a ruleset few enough to be read."""
    arms = branches.get(key, {})
    others = math.prod(len(found) + 1 for name, found in branches.items() if name != key)
    return arm.when in arms or others * (len(arms) + 2) <= _MOST_ROWS


def _both(one: str, other: str) -> str:
    """Both guards."""
    return f"{one} && {other}" if one and other else one or other


def _ordered(arms: list[Arm]) -> list[Arm]:
    """The ways of a branch as rows try them: the last has no condition, as one of them must fit, or as none may."""
    words = {arm.when.rpartition('== "')[2].rstrip('"') for arm in arms if "==" in arm.when}
    signs = {
        "false" if arm.when.startswith("!") else "true" for arm in arms if arm.when and "==" not in arm.when
    }
    if words in _EXHAUSTIVE or signs in _EXHAUSTIVE:
        ordered = sorted(arms, key=lambda arm: arm.when.startswith("!"))
        return [*ordered[:-1], Arm(effect=ordered[-1].effect)]
    return [*arms, Arm()]
