"""The third part of the proof: what becomes of all that an entity owns, on every way to an end.

The actions of each row must lead from what its status declares to what the next one declares. What holds for each row holds
for every path of rows, and final statuses declare nothing that is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import effects
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.effects import Axis
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import Flow, Status, Transition


def faults(graph: Graph, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Everything wrong with holds, authorised money and lines of held orders."""
    actions = {call.name: vocabulary.action(call.name) for row in graph.flow.transitions for call in row.do}
    for axis in effects.AXES.values():
        if axis.name in vocabulary.owns:
            yield from _owed(graph, actions, axis)
        else:
            yield from _not_owed(graph.flow, axis)


def _not_owed(flow: Flow, axis: Axis) -> Iterator[Fault]:
    """Declarations about what the entity does not own, which would look like a proof."""
    for status in flow.statuses:
        if state := status.owed(axis.name):
            message = f"{status.name} declares `{axis.name}: {state}`, but {flow.entity} owns no {axis.name}."
            yield _at(status, f"{axis.name}_unexpected", message)


def _owed(graph: Graph, actions: Mapping[str, ActionSpec | None], axis: Axis) -> Iterator[Fault]:
    """What the entity owns that is not what the statuses say."""
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
                    yield from _row_owed(graph, (actions, axis), status, (label, row))


def _row_owed(
    graph: Graph,
    judged: tuple[Mapping[str, ActionSpec | None], Axis],
    status: Status,
    step: tuple[str, Transition],
) -> Iterator[Fault]:
    """What one row makes of an axis against what its end declares."""
    (actions, axis), row = judged, step[1]
    state, target = status.owed(axis.name), graph.statuses[row.to or status.name]
    for call in row.do:
        spec = actions[call.name]
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


def _at(status: Status, code: str, message: str, trail: str = "") -> Fault:
    """A fault of a status as such."""
    path = f"statuses.{status.name}"
    return Fault(code=code, line=status.line, path=path, status=status.name, message=message, trail=trail)


def _at_row(graph: Graph, status: Status, step: tuple[str, Transition], found: tuple[str, str]) -> Fault:
    """A fault (code, message) of a step (label, row) from a status, with the shortest path that has it."""
    (label, row), (code, message) = step, found
    trail = graph.trail_with(status.name, label, row.to)
    text = f"in {status.name}: {message}."
    return Fault(code=code, line=row.line, path=row.path, status=status.name, message=text, trail=trail)
