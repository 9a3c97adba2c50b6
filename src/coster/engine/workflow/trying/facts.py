"""What scenarios name, against what the flow and its room have; and written values as guards and timers read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from coster.engine.workflow import check_parts, faults, kinds, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.document import Plain
from coster.engine.workflow.faults import Fault, FlowRefusedError
from coster.engine.workflow.reading import likely
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.trying.scenario import Book, Expected, Facts, Scenario, Step


def values(facts: Facts, declared: Mapping[str, str]) -> dict[str, object]:
    """Written facts as guards and timers read them: instants and lengths of time from their text."""
    return {name: _value(value, declared.get(name, "dyn")) for name, value in facts.items()}


def _value(value: Plain, declared: str) -> object:
    """One value."""
    kind = kinds.required(declared)
    if isinstance(value, str) and kind == "timestamp":
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    return kinds.duration(value) if isinstance(value, str) and kind == "duration" else value


_SAMPLES: Mapping[str, Plain] = {
    "bool": False,
    "int": 0,
    "string": "",
    "timestamp": "2026-01-05T09:00:00Z",
    "duration": "PT1H",
}


def wanted(table: Table, declared: Mapping[str, str], given: Facts) -> dict[str, Plain]:
    """Fields of the room that guards of the flow read and that were not given, each with a value of its type, for an example."""
    names = {
        name for rows in table.rows.values() for one in rows if one.row.guard for name in one.row.guard.names
    }
    fields = [name for name in declared if name in names and name not in given]
    return {
        name: _sample(kinds.required(declared[name])) for name in fields if not kinds.optional(declared[name])
    }


def _sample(kind: str) -> Plain:
    """A value of a type: nothing in it, or the least of it."""
    if kind.startswith("list"):
        return []
    return {} if kind.startswith("map") else _SAMPLES.get(kind)


def refuse(
    book: Book, flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow], *, source: str = "scenarios"
) -> None:
    """Raises FlowRefusedError with everything that scenarios name and the flow or its room do not have."""
    if found := check(book, flow, vocabulary, library):
        raise FlowRefusedError(source, found)


def check(book: Book, flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow]) -> tuple[Fault, ...]:
    """Everything that scenarios name and the flow or its room do not have, in file order."""
    names = _Names(flow, vocabulary, library)
    found: list[Fault] = []
    for number, scenario in enumerate(book.scenarios):
        found += names.scenario(scenario, f"scenarios[{number}]")
    return faults.in_file_order(found)


class _Names:
    """What may be named."""

    def __init__(self, flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow]) -> None:
        self._flow = flow
        self._context = vocabulary.context
        self._triggers = scope.triggers(flow, vocabulary)
        self._statuses = tuple(status.name for status in flow.statuses)
        self._actions = tuple(dict.fromkeys(call.name for row in flow.transitions for call in row.do))
        self._children = {
            entry.kind: check_parts.child_statuses(flow, entry.kind, library) for entry in flow.children
        }

    def scenario(self, scenario: Scenario, path: str) -> Iterator[Fault]:
        """What is wrong in one scenario and its steps."""
        place, given = (scenario.given.line, f"{path}.given"), scenario.given
        yield from self._status(given.status, place)
        yield from self._facts(given.context, place)
        yield from self._kinds(given.children, place)
        for number, step in enumerate(scenario.steps):
            yield from self._step(step, f"{path}.steps[{number}]")
        yield from self._expected(scenario.expect, f"{path}.expect")

    def _step(self, step: Step, path: str) -> Iterator[Fault]:
        place = (step.line, path)
        yield from self._facts(step.context, place)
        yield from self._facts(step.then, place)
        yield from self._kinds(step.children or {}, place)
        yield from self._attributes(step, place)
        for name in step.fails:
            if name not in self._actions:
                yield _fault(
                    "action_unknown", place, f"found the action '{name}'{likely(name, self._actions)}"
                )
        yield from self._expected(step.expect, f"{path}.expect")

    def _expected(self, expected: Expected | None, path: str) -> Iterator[Fault]:
        if expected is not None:
            yield from self._status(expected.status, (expected.line, path))

    def _status(self, name: str, place: tuple[int, str]) -> Iterator[Fault]:
        if name and name not in self._statuses:
            yield _fault("status_unknown", place, f"found the status '{name}'{likely(name, self._statuses)}")

    def _facts(self, facts: Facts, place: tuple[int, str]) -> Iterator[Fault]:
        for name, value in facts.items():
            if name not in self._context:
                message = f"found the field '{name}'{likely(name, tuple(self._context))}"
                yield _fault("value_wrong", place, message)
            elif not _fits(value, self._context[name]):
                yield _fault(
                    "value_wrong", place, f"found {value!r} for {name}; accepted: {self._context[name]}"
                )

    def _attributes(self, step: Step, place: tuple[int, str]) -> Iterator[Fault]:
        takes = self._triggers.get(step.event)
        if takes is None:
            takes = {}
        for name, value in step.attributes.items():
            if name not in takes:
                message = f"'{step.event}' takes no '{name}'{likely(name, tuple(takes))}"
                yield _fault("parameter_unknown", place, message)
            elif not _fits(value, takes[name]):
                message = f"found {value!r} for {name} of '{step.event}'; accepted: {takes[name]}"
                yield _fault("parameter_type", place, message)
        for name, declared in takes.items():
            if name not in step.attributes and not kinds.optional(declared):
                yield _fault("parameter_missing", place, f"'{step.event}' needs '{name}', {declared}")

    def _kinds(self, children: Mapping[str, tuple[str, ...]], place: tuple[int, str]) -> Iterator[Fault]:
        for kind, found in children.items():
            if kind not in self._children:
                message = f"found the children '{kind}'{likely(kind, tuple(self._children))}"
                yield _fault("children_unknown", place, message)
                continue
            known = self._children[kind]
            for name in found if known is not None else ():
                if known is not None and name not in known:
                    message = f"found the status '{name}' of {kind}{likely(name, known)}"
                    yield _fault("child_status_unknown", place, message)


def _fits(value: Plain, declared: str) -> bool:
    """Whether a written value is of the declared type, null where that is allowed."""
    if value is None:
        return kinds.optional(declared)
    return kinds.fits(value, kinds.parse(kinds.required(declared)))


def _fault(code: str, place: tuple[int, str], message: str) -> Fault:
    """A fault at a line and path."""
    return Fault(code=code, line=place[0], path=place[1], message=f"{message}.")
