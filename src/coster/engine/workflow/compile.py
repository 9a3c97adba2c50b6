"""A proved flow to its table. `load` is the whole way from text, for the start of the program."""

from __future__ import annotations

from coster.engine.workflow import check, faults, guards, language, paths
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.language import Flow, Transition
from coster.engine.workflow.step import DueTimer, Matched, Offer, Row, Table


def load(text: str, vocabulary: Vocabulary, source: str = "flow") -> Table:
    """The table of a flow file.

    Raises FlowRefusedError with every fault of form, or else every fault of the checker.
    """
    return compile_flow(language.read(text, source), vocabulary)


def compile_flow(flow: Flow, vocabulary: Vocabulary) -> Table:
    """The table of a flow. Raises FlowRefusedError with every fault of the checker."""
    found = check.check(flow, vocabulary)
    if found:
        raise faults.FlowRefusedError(f"{flow.name} version {flow.version}", found)
    graph = paths.Graph(flow, frozenset(vocabulary.triggers))
    compiler = guards.Language(vocabulary.context)
    compiled = {row.index: compiler.compile(row.when) for row in flow.transitions if row.when}
    answers = {
        (status, trigger): tuple(_answer(row, status, compiled.get(row.index)) for row in found_rows)
        for (status, trigger), found_rows in graph.rows.items()
    }
    names = [status.name for status in flow.statuses]
    sendable = dict.fromkeys(trigger for name in names for trigger in graph.events(name))
    return Table(
        flow=flow,
        initial=next(status.name for status in flow.statuses if status.initial),
        rows=answers,
        certain={
            key: found[0]
            for key, found in answers.items()
            if found[0].row.guard is None and key[1] not in graph.inner
        },
        possible={name: tuple(event for event in graph.events(name) if ":" not in event) for name in names},
        accepted_in={trigger: tuple(n for n in names if (n, trigger) in answers) for trigger in sendable},
        timers={name: _timers(graph, name) for name in names},
        offers={name: _offers(graph, name) for name in names},
        final=frozenset(status.name for status in flow.statuses if status.final),
    )


def _answer(row: Transition, status: str, guard: guards.Guard | None) -> Matched:
    """The prepared answer of a row in a status."""
    entry = Row(number=row.index, trigger=row.on, guard=guard, otherwise=row.otherwise)
    return Matched(row=entry, to=row.to or status, actions=row.do)


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
