"""Cycles that no event and no timer interrupts, and steps that go on only if something happens to fit.

What follows at once from a row is its `next` in the status afterwards, the `otherwise` of its trigger in the same status, and
`error.then`: in the same status when an action refuses, after the row when something that it sent fails. These are the edges
of a graph whose nodes are pairs of status and trigger. A strongly connected part of it is a cycle, which guards are not
trusted to end. Finding all parts is linear in rows times statuses, finding a shortest cycle is one search more for each part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from coster.engine.workflow import circles
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import Questions
from coster.engine.workflow.records import Transition

Place: TypeAlias = "tuple[str, str]"


class Edge(NamedTuple):
    """What follows at once from a row: the place afterwards, and the word of the row that leads there."""

    target: Place
    word: str
    row: Transition


Edges: TypeAlias = "dict[Place, tuple[Edge, ...]]"


def faults(graph: Graph, vocabulary: Vocabulary, questions: Questions) -> Iterator[Fault]:
    """Every cycle once, with a shortest path into it and around; every `next` that may find nothing."""
    edges = at_once(graph, vocabulary)
    after = {place: tuple(edge.target for edge in found) for place, found in edges.items()}
    for part in circles.parts(after):
        cycle = _cycle(edges, part)
        if cycle:
            yield _told(graph, cycle)
    yield from _nothing(graph, questions)


def at_once(graph: Graph, vocabulary: Vocabulary) -> Edges:
    """What follows from each place without a timer or an event."""
    actions = {call.name: vocabulary.action(call.name) for row in graph.flow.transitions for call in row.do}
    found: Edges = {}
    for place, rows in graph.rows.items():
        edges = [edge for row in rows for edge in _follows(graph, place, row, actions)]
        found[place] = tuple(edge for edge in edges if edge.target in graph.rows)
    return found


def _follows(
    graph: Graph, place: Place, row: Transition, actions: Mapping[str, ActionSpec | None]
) -> Iterator[Edge]:
    """What follows from one row in a status."""
    status, target = place[0], row.to or place[0]
    if row.otherwise:
        yield Edge((status, row.otherwise), "otherwise", row)
    if row.next:
        yield Edge((target, row.next), "next", row)
    error = row.error or graph.flow.error
    if error is not None and error.then:
        done = [spec for call in row.do if (spec := actions[call.name]) is not None]
        if any(spec.fails for spec in done):
            yield Edge((status, error.then), "error", row)
        if any(spec.sends for spec in done):
            yield Edge((target, error.then), "error", row)


def _cycle(edges: Edges, part: frozenset[Place]) -> tuple[tuple[Place, Edge], ...]:
    """A shortest cycle through the first edge of the part that is no `otherwise`; those alone are told elsewhere."""
    inside = [
        (place, edge) for place in edges if place in part for edge in edges[place] if edge.target in part
    ]
    first = next(((place, edge) for place, edge in inside if edge.word != "otherwise"), None)
    if first is None:
        return ()
    begin, edge = first
    before: dict[Place, tuple[Place, Edge] | None] = {edge.target: None}
    waiting = deque([edge.target])
    while waiting and begin not in before:
        place = waiting.popleft()
        for way in edges[place]:
            if way.target in part and way.target not in before:
                before[way.target] = (place, way)
                waiting.append(way.target)
    back: list[tuple[Place, Edge]] = []
    step = before[begin]
    while step is not None:
        back.append(step)
        step = before[step[0]]
    return (first, *reversed(back))


def _told(graph: Graph, cycle: tuple[tuple[Place, Edge], ...]) -> Fault:
    """The cycle as a fault, told from the place to which the shortest path of events leads."""
    (status, trigger), edge = cycle[0]
    words = " and ".join(dict.fromkeys(f"`{way.word}`" for _, way in cycle))
    names = " to ".join(f"'{place[1]}'" for place, _ in cycle)
    message = f"{names} leads back to '{trigger}' by {words}, without a timer or an event from outside"
    trail = graph.trail(status)
    for place, way in cycle:
        how = "" if way.word == "next" else f" ({'false' if way.word == 'otherwise' else 'fails'})"
        trail += f" -{place[1]}{how}-> {way.target[0]}" if trail else ""
    return Fault(
        code="next_cycle",
        line=edge.row.line,
        path=f"{edge.row.path}.{'error' if edge.word == 'error' else edge.word}",
        status=status,
        message=f"in {status}: {message}; accepted: a timer or an event in between.",
        trail=f"{trail} -{trigger}-> …" if trail else "",
    )


def _nothing(graph: Graph, questions: Questions) -> Iterator[Fault]:
    """`next` whose rows may all not fit, so that whether anything happens is decided by nobody's rule."""
    for (status, trigger), rows in graph.rows.items():
        for row in rows:
            target = row.to or status
            if row.next and (target, row.next) in graph.rows:
                if questions.certain(graph, target, row.next):
                    continue
                message = (
                    f"`next: {row.next}` finds in {target} only rows with guards that may all be false, and then "
                    "nothing happens and nobody hears of it; accepted: a last row without `when`, or `otherwise`"
                )
                yield Fault(
                    code="nothing_as_control",
                    line=row.line,
                    path=f"{row.path}.next",
                    status=status,
                    message=f"in {status}: {message}.",
                    trail=graph.trail_with(status, trigger, row.to),
                )
