"""Events between parent and child that nobody answers: for each `tell_…` a row in every status in which it may arrive.

A receiver that is in a final status need not answer. In every other one it has a row that fires whatever its guards say; one
without `do` and `to` says that nothing is meant to happen. The work is rows that tell, times statuses of those who are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from coster.engine.workflow import kinds
from coster.engine.workflow.families import Family
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import Questions
from coster.engine.workflow.records import Transition


class _Told(NamedTuple):
    """An event that a row in a status sends."""

    status: str
    label: str
    row: Transition
    number: int
    event: str


class _Receiver:
    """A flow that may be told something, with what was found out about its answers."""

    def __init__(self, graph: Graph) -> None:
        """Takes the graph of the flow."""
        self.graph = graph
        self._questions = Questions(graph.flow)
        self._silent: dict[str, tuple[str, ...]] = {}

    def silent(self, event: str) -> tuple[str, ...]:
        """The statuses that are not final in which no row is sure to fire for the event, nearest first."""
        if event not in self._silent:
            found = [
                name
                for name, status in self.graph.statuses.items()
                if not status.final and not self._questions.certain(self.graph, name, event)
            ]
            self._silent[event] = tuple(sorted(found, key=lambda name: self.graph.trail(name).count("->")))
        return self._silent[event]


def faults(family: Family) -> Iterator[Fault]:
    """Every event to a child or parent that has no row for it, has none somewhere, or none that is sure to fire."""
    known: dict[str, _Receiver] = {}
    for told, children in _told(family.graph):
        called = family.kinds.get(children, ()) if children else [graph for graph, _ in family.parents]
        for graph in called:
            receiver = known.setdefault(graph.flow.name, _Receiver(graph))
            if children:
                there = family.let_through(told.row.rollup, children, family.among(told.status, children))
                places = {seat.status for seat in there if seat.flow == graph.flow.name}
            else:
                places = set(graph.reached())
            name = children or f"the parent {graph.flow.name}"
            yield from _answer(family, told, receiver, (name, places))


def _told(graph: Graph) -> Iterator[tuple[_Told, str]]:
    """Every event that is sent, with the kind of children, or nothing for the parent; each row once for a status."""
    for status in graph.statuses:
        seen: set[int] = set()
        for event in graph.events(status):
            for label, row in graph.closure(status, event):
                if row.index in seen:
                    continue
                seen.add(row.index)
                for number, call in enumerate(row.do):
                    name, children = call.parameters.get("event"), call.parameters.get("children", "")
                    if call.name in ("tell_children", "tell_parent") and isinstance(name, str):
                        yield _Told(status, label, row, number, name), str(children)


def _answer(family: Family, told: _Told, receiver: _Receiver, where: tuple[str, set[str]]) -> Iterator[Fault]:
    """What is wrong with the answer of one receiver, which is called so and may be in these statuses."""
    graph, (called, places) = receiver.graph, where
    if all(row.on != told.event for row in graph.flow.transitions):
        message = (
            f"'{told.event}' to {called} is never answered, because no row of {graph.flow.name} is on it"
        )
        yield _fault(family, told, message, "")
        return
    takes = graph.flow.events.get(told.event, {})
    if missing := [name for name, kind in takes.items() if not kinds.optional(kind)]:
        message = f"'{told.event}' of {graph.flow.name} needs '{missing[0]}', which is not sent along"
        yield _fault(family, told, f"{message}; accepted: an attribute that may be left out", "")
    first = next((status for status in receiver.silent(told.event) if status in places), "")
    if first:
        why = "may find all guards false" if (first, told.event) in graph.rows else "has no row"
        message = f"'{told.event}' to {called} {why} in {first}, and nobody hears of it"
        path = f"{graph.flow.name}: {graph.trail(first)}"
        yield _fault(family, told, f"{message}; accepted: a row that fires there, be it without effect", path)


def _fault(family: Family, told: _Told, message: str, path: str) -> Fault:
    """The fault, with how the sender came to send and how the receiver came not to answer."""
    trail = family.graph.trail_with(told.status, told.label, told.row.to)
    return Fault(
        code="event_never_answered",
        line=told.row.line,
        path=f"{told.row.path}.do[{told.number}]",
        status=told.status,
        message=f"in {told.status}: {message}.",
        trail="; ".join(part for part in (trail, path) if part),
    )
