"""The checker: proves a flow against a vocabulary, or tells everything that is wrong with it.

The order is names and types (`check_names`, `check_parts`), rows (`check_rows`, `check_guards`, `check_overlaps`), then what needs the
graph as a whole: statuses that are reached, ways out, what the entity owns (`check_axes`), cycles (`check_cycles`), and its children
and parents (`check_rollups`, `check_children`, `check_circles`). The last part is left out while a transition names a status that does not
exist, because everything that it could say would follow from that.

Every part is polynomial. With P pairs of a status and a row (a row without `from` counts for each status), S statuses, C
statuses of children and K kinds of them: names, rows, axes, cycles and paths are linear in P, or in P times the longest chain
of `otherwise`; roll-ups try at most MOST_MIXES mixes of children for each status, each one search over P; messages between
flows are P times C, circles of these at most `check_circles.MOST_NODES`. Guards are decided within a fixed budget for a flow
(`logic.A_FLOW`). A flow with more than MOST_PAIRS pairs is refused before anything is built, so that nobody can make a check long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import (
    check_axes,
    check_children,
    check_circles,
    check_cycles,
    check_guards,
    check_names,
    check_overlaps,
    check_parts,
    check_rollups,
    check_rows,
    faults,
    scope,
)
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.families import Family
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import Questions
from coster.engine.workflow.records import Flow, Status, Transition

ALONE: Mapping[str, Flow] = {}
# As many as 200 statuses with 1,000 rows in each of them.
MOST_PAIRS = 200_000


def check(flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow] = ALONE) -> tuple[Fault, ...]:
    """Every fault of the flow in file order; none means that the flow is proved for this vocabulary.

    `library` holds the flows of its children by name; without it nothing is said about what is in these.
    """
    if (size := _size(flow)) > MOST_PAIRS:
        message = f"found {size:,} pairs of a status and a row; accepted: at most {MOST_PAIRS:,}."
        return (Fault(code="flow_too_large", line=0, path="transitions", message=message),)
    graph = Graph(flow, frozenset(scope.triggers(flow, vocabulary)))
    questions = Questions(flow, vocabulary)
    found = [*check_names.faults(flow, vocabulary), *check_parts.faults(flow, vocabulary, library)]
    found += [*check_rows.faults(graph, questions), *_initial(flow), *check_guards.faults(graph, questions)]
    found += check_overlaps.faults(graph, questions)
    if not any(fault.code in ("status_unknown", "initial_count") for fault in found):
        family = Family(graph, library)
        found += [*_reach(graph), *_ends(graph), *check_axes.faults(graph, vocabulary)]
        found += check_cycles.faults(graph, vocabulary, questions)
        found += [*check_rollups.faults(family), *check_children.faults(family)]
        found += check_circles.faults(family, vocabulary, library)
    return faults.in_file_order(found)


def _size(flow: Flow) -> int:
    """How many pairs of a status and a row there are, on which the time of a check depends."""
    return sum(len(row.sources) or len(flow.statuses) for row in flow.transitions)


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
