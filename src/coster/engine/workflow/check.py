"""The checker: proves a flow against a vocabulary, or tells everything that is wrong with it.

The order is names and types (`check_names`), rows (`check_rows`), then what needs the graph as a whole:
statuses that are reached, ways out, and what becomes of holds. The last part is left out while a transition
names a status that does not exist, because everything that it could say would follow from that.
"""

from __future__ import annotations

from collections.abc import Iterator

from coster.engine.workflow import check_names, check_rows, faults
from coster.engine.workflow.actions import AFTER, Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.language import Flow, Status, Transition
from coster.engine.workflow.paths import Graph


def check(flow: Flow, vocabulary: Vocabulary) -> tuple[Fault, ...]:
    """Every fault of the flow in file order; none means that the flow is proved for this vocabulary."""
    graph = Graph(flow, frozenset(vocabulary.triggers))
    found = [*check_names.faults(flow, vocabulary), *check_rows.faults(graph), *_initial(flow)]
    if not any(fault.code in ("status_unknown", "initial_count") for fault in found):
        found += [*_reach(graph), *_ends(graph)]
        found += [*(_holds(graph, vocabulary) if vocabulary.holds_stock else _no_holds(flow))]
    return faults.in_file_order(found)


def _at(status: Status, code: str, message: str, trail: str = "") -> Fault:
    """A fault of a status as such."""
    path = f"statuses.{status.name}"
    return Fault(code=code, line=status.line, path=path, status=status.name, message=message, trail=trail)


def _initial(flow: Flow) -> Iterator[Fault]:
    """More or fewer than one initial status."""
    names = [status.name for status in flow.statuses if status.initial]
    if len(names) != 1:
        found = ", ".join(names) or "none"
        message = (
            f"found {len(names)} initial statuses ({found}); accepted: exactly one with `initial: true`."
        )
        yield Fault(
            code="initial_count", line=0, path="statuses", message=message, status=names[0] if names else ""
        )


def _reach(graph: Graph) -> Iterator[Fault]:
    """Statuses that nothing leads to, and those that lead nowhere."""
    reached, can_end = graph.reached(), graph.can_end()
    for status in graph.flow.statuses:
        if status.name not in reached:
            message = f"no path of events from the initial status leads to {status.name}."
            yield _at(status, "unreachable", message)
        elif status.name not in can_end:
            message = f"from {status.name} neither a final status nor one that rests can be reached."
            yield _at(status, "dead_end", message, graph.trail(status.name))


def _at_row(graph: Graph, status: Status, step: tuple[str, Transition], found: tuple[str, str]) -> Fault:
    """A fault (code, message) of a step (label, row) from a status, with the shortest path that has it."""
    (label, row), (code, message) = step, found
    trail = graph.trail_with(status.name, label, row.to)
    text = f"in {status.name}: {message}."
    return Fault(code=code, line=row.line, path=row.path, status=status.name, message=text, trail=trail)


def _ends(graph: Graph) -> Iterator[Fault]:
    """Transitions out of final statuses."""
    for status in graph.flow.statuses:
        for event in graph.events(status.name) if status.final else ():
            for label, row in graph.closure(status.name, event):
                if row.to not in ("", status.name):
                    message = f"'{row.on}' leaves a final status; accepted: one that rests, or no `to`"
                    yield _at_row(graph, status, (label, row), ("final_left", message))


def _no_holds(flow: Flow) -> Iterator[Fault]:
    """Declarations about holds where there are none, which would look like a proof."""
    for status in flow.statuses:
        if status.holds:
            message = f"{status.name} declares `holds: {status.holds}`, but {flow.entity} owns no holds."
            yield _at(status, "holds_unexpected", message)


def _holds(graph: Graph, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Holds that are not what the statuses say.

    If each row keeps the declarations, so does every path of rows.
    """
    undeclared = [status for status in graph.flow.statuses if not status.holds]
    for status in undeclared:
        message = (
            f"{status.name} does not say what its holds are; accepted: `holds:` live, committed or none."
        )
        yield _at(status, "holds_undeclared", message, graph.trail(status.name))
    for status in graph.flow.statuses:
        if status.final and status.holds in ("live", "committed"):
            message = f"{status.name} is final with `holds: {status.holds}`, which nobody would ever release."
            yield _at(status, "final_holds", message, graph.trail(status.name))
    if not undeclared:
        for status in graph.flow.statuses:
            for event in graph.events(status.name):
                for label, row in graph.closure(status.name, event):
                    yield from _row_holds(graph, vocabulary, status, (label, row))


def _row_holds(
    graph: Graph, vocabulary: Vocabulary, status: Status, step: tuple[str, Transition]
) -> Iterator[Fault]:
    """What one row makes of the holds against what its end declares."""
    row = step[1]
    state, target = status.holds, graph.flow.status(row.to or status.name)
    for call in row.do:
        spec = vocabulary.action(call.name)
        if spec is None:
            return  # What an unknown action would do to the holds is not known either; its own fault is told.
        after = AFTER.get((state, spec.holds)) if spec.holds else state
        if after is None:
            message = f"'{call.name}' finds the holds {state}, which cannot be {spec.holds}"
            yield _at_row(graph, status, step, ("holds_impossible", message))
            return
        state = after
    if state != target.holds:
        found = f"'{row.on}' arrives in {target.name} with holds {state}"
        accepted = f"accepted: `holds: {target.holds}` as declared, by other actions in `do`"
        yield _at_row(graph, status, step, ("holds_differ", f"{found}; {accepted}"))
