"""A proved flow to its table. `load` is the whole way from text, for the start of the program."""

from __future__ import annotations

from collections.abc import Mapping

from coster.engine.workflow import calendars, check, faults, language, paths, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.records import Flow, Transition
from coster.engine.workflow.step import DueTimer, Matched, Offer, Row, Table

ALONE: Mapping[str, Flow] = {}


def load(
    text: str, vocabulary: Vocabulary, source: str = "flow", library: Mapping[str, Flow] = ALONE
) -> Table:
    """The table of a flow file; `library` holds the flows that it names, for its children, by name.

    Raises FlowRefusedError with every fault of form, or else every fault of the checker.
    """
    return compile_flow(language.read(text, source), vocabulary, library)


def compile_flow(flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow] = ALONE) -> Table:
    """The table of a flow. Raises FlowRefusedError with every fault of the checker."""
    found = check.check(flow, vocabulary, library)
    if found:
        raise faults.FlowRefusedError(f"{flow.name} version {flow.version}", found)
    return prepare(flow, vocabulary)


def prepare(flow: Flow, vocabulary: Vocabulary) -> Table:
    """The table of a flow that was proved before. Raises ValueError or KeyError where the vocabulary does not fit it."""
    outside = frozenset(scope.triggers(flow, vocabulary))
    graph = paths.Graph(flow, outside)
    answers = _Answers(flow, vocabulary)
    rows = {
        (status, trigger): tuple(answers.of(row, status) for row in found_rows)
        for (status, trigger), found_rows in graph.rows.items()
    }
    names = [status.name for status in flow.statuses]
    sendable = dict.fromkeys(trigger for name in names for trigger in graph.sendable(name))
    return Table(
        flow=flow,
        initial=next(status.name for status in flow.statuses if status.initial),
        rows=rows,
        certain={
            key: found[0]
            for key, found in rows.items()
            if not found[0].row.conditional and key[1] in sendable
        },
        possible={name: tuple(on for on in graph.sendable(name) if on in outside) for name in names},
        accepted_in={trigger: tuple(n for n in names if (n, trigger) in rows) for trigger in sendable},
        timers={name: _timers(graph, name) for name in names},
        offers={name: _offers(graph, name) for name in names},
        final=frozenset(status.name for status in flow.statuses if status.final),
        slas={status.name: status.sla for status in flow.statuses if status.sla is not None},
        calendars={text.name: calendars.calendar(text) for text in flow.calendars},
        given=_given(flow),
        loads={
            (name, event): _needed(graph, rows, name, event) for name in names for event in graph.events(name)
        },
    )


class _Answers:
    """Makes the prepared answers of rows."""

    def __init__(self, flow: Flow, vocabulary: Vocabulary) -> None:
        self._flow = flow
        self._vocabulary = vocabulary
        self._languages = scope.Languages(flow, vocabulary)

    def of(self, row: Transition, status: str) -> Matched:
        """The prepared answer of a row in a status."""
        specs = [self._vocabulary.action(call.name) for call in row.do]
        return Matched(
            row=Row(
                number=row.index,
                trigger=row.on,
                guard=self._languages.guard(row) if row.when else None,
                otherwise=row.otherwise,
                rollup=row.rollup,
                label=row.label,
            ),
            to=row.to or status,
            actions=row.do,
            next=row.next,
            restart=row.restart,
            error=row.error or self._flow.error,
            needs=frozenset(need for spec in specs if spec is not None for need in spec.needs),
        )


def _needed(
    graph: paths.Graph, rows: Mapping[tuple[str, str], tuple[Matched, ...]], status: str, trigger: str
) -> frozenset[str]:
    """What any row that the trigger may end in needs loaded, `otherwise` followed."""
    numbers = {row.index for _, row in graph.closure(status, trigger)}
    found = [matched for key, answers in rows.items() if key[0] == status for matched in answers]
    return frozenset(need for matched in found if matched.row.number in numbers for need in matched.needs)


def _given(flow: Flow) -> frozenset[str]:
    """The calendars that the room has to give."""
    named = {row.after.calendar for row in flow.transitions if row.after is not None}
    named |= {status.sla.calendar for status in flow.statuses if status.sla is not None}
    return frozenset(named - {text.name for text in flow.calendars} - {""})


def _timers(graph: paths.Graph, status: str) -> tuple[DueTimer, ...]:
    """The timers of a status, one for each trigger that has one."""
    found = {
        row.on: DueTimer(trigger=row.on, timer=row.after)
        for trigger in graph.events(status)
        for row in graph.rows[status, trigger]
        if row.after is not None
    }
    return tuple(found.values())


def _offers(graph: paths.Graph, status: str) -> tuple[Offer, ...]:
    """The buttons of a status in file order."""
    return tuple(
        Offer(trigger=row.on, button=row.button)
        for trigger in graph.events(status)
        for row in graph.rows[status, trigger]
        if row.button is not None
    )
