"""The checker: proves a flow against a vocabulary, or tells everything that is wrong with it.

The order is names and types (`check_names`, `check_parts`), rows (`check_rows`), then what needs the graph as a whole:
statuses that are reached, ways out, and what becomes of all that the entity owns. The last part is left out while a transition
names a status that does not exist, because everything that it could say would follow from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import check_names, check_parts, check_rows, effects, faults, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.effects import Axis
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import Flow, Status, Transition

ALONE: Mapping[str, Flow] = {}


def check(flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow] = ALONE) -> tuple[Fault, ...]:
    """Every fault of the flow in file order; none means that the flow is proved for this vocabulary.

    `library` holds the flows of its children by name; without it nothing is said about what is in these.
    """
    graph = Graph(flow, frozenset(scope.triggers(flow, vocabulary)))
    found = [*check_names.faults(flow, vocabulary), *check_parts.faults(flow, vocabulary, library)]
    found += [*check_rows.faults(graph), *_initial(flow)]
    if not any(fault.code in ("status_unknown", "initial_count") for fault in found):
        found += [*_reach(graph), *_ends(graph)]
        for axis in effects.AXES.values():
            found += [
                *(_owed(graph, vocabulary, axis) if axis.name in vocabulary.owns else _not_owed(flow, axis))
            ]
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


def _not_owed(flow: Flow, axis: Axis) -> Iterator[Fault]:
    """Declarations about what the entity does not own, which would look like a proof."""
    for status in flow.statuses:
        if state := status.owed(axis.name):
            message = f"{status.name} declares `{axis.name}: {state}`, but {flow.entity} owns no {axis.name}."
            yield _at(status, f"{axis.name}_unexpected", message)


def _owed(graph: Graph, vocabulary: Vocabulary, axis: Axis) -> Iterator[Fault]:
    """What the entity owns that is not what the statuses say.

    If each row keeps the declarations, so does every path of rows.
    """
    undeclared = [status for status in graph.flow.statuses if not status.owed(axis.name)]
    for status in undeclared:
        accepted = ", ".join(axis.states)
        message = f"{status.name} does not say what its {axis.name} are; accepted: `{axis.name}:` {accepted}."
        yield _at(status, f"{axis.name}_undeclared", message, graph.trail(status.name))
    for status in graph.flow.statuses:
        state = status.owed(axis.name)
        if status.final and state and state not in axis.ends:
            message = f"{status.name} is final with `{axis.name}: {state}`, which nobody would ever settle."
            yield _at(status, f"final_{axis.name}", message, graph.trail(status.name))
    if not undeclared:
        for status in graph.flow.statuses:
            for event in graph.events(status.name):
                for label, row in graph.closure(status.name, event):
                    yield from _row_owed(graph, (vocabulary, axis), status, (label, row))


def _row_owed(
    graph: Graph, judged: tuple[Vocabulary, Axis], status: Status, step: tuple[str, Transition]
) -> Iterator[Fault]:
    """What one row makes of an axis against what its end declares."""
    (vocabulary, axis), row = judged, step[1]
    state, target = status.owed(axis.name), graph.flow.status(row.to or status.name)
    for call in row.do:
        spec = vocabulary.action(call.name)
        if spec is None:
            return  # What an unknown action would do is not known either; its own fault is told.
        effect = spec.effect(axis.name)
        after = axis.after.get((state, effect)) if effect else state
        if after is None:
            message = f"'{call.name}' finds {axis.name} {state}, which cannot be {effect}"
            yield _at_row(graph, status, step, (f"{axis.name}_impossible", message))
            return
        state = after
    if state != target.owed(axis.name):
        found = f"'{row.on}' arrives in {target.name} with {axis.name} {state}"
        accepted = f"accepted: `{axis.name}: {target.owed(axis.name)}` as declared, by other actions in `do`"
        yield _at_row(graph, status, step, (f"{axis.name}_differ", f"{found}; {accepted}"))
