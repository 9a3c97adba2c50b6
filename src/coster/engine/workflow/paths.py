"""A flow as a graph: rows by status and trigger, what an event can lead to, and shortest paths of events."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from coster.engine.workflow.records import Flow, Transition

Rows: TypeAlias = dict[tuple[str, str], tuple[Transition, ...]]


def rows(flow: Flow) -> Rows:
    """The transitions of each status and trigger in file order; `from` left empty stands for every status."""
    found: dict[tuple[str, str], list[Transition]] = {}
    names = tuple(status.name for status in flow.statuses)
    for transition in flow.transitions:
        for source in transition.sources or names:
            found.setdefault((source, transition.on), []).append(transition)
    return {key: tuple(transitions) for key, transitions in found.items()}


def inner_triggers(flow: Flow, outside: frozenset[str]) -> frozenset[str]:
    """Triggers that only rows of the flow name (`otherwise`, `next`, `error`), so that nobody outside can send them."""
    named = {
        trigger for row in flow.transitions for trigger in (row.otherwise, row.next, *_makes_good(flow, row))
    }
    return frozenset(named - {""}) - outside


def _makes_good(flow: Flow, row: Transition) -> tuple[str, ...]:
    """The trigger that is tried when the row fails, its own or the flow's."""
    error = row.error or flow.error
    return (error.then,) if error is not None and error.then else ()


class Graph:
    """What can happen in a flow: each outside event with every row that it may end in."""

    def __init__(self, flow: Flow, outside: frozenset[str]) -> None:
        """Takes the flow and the triggers that can be sent from outside."""
        self.flow = flow
        self.rows = rows(flow)
        self.inner = inner_triggers(flow, outside)
        self.statuses = {status.name: status for status in flow.statuses}
        self._raised = self._raises()
        self._events = self._by_status()
        self._trails = self._shortest()

    def _by_status(self) -> dict[str, tuple[str, ...]]:
        """The events of each status, told apart once: there may be many rows."""
        found: dict[str, list[str]] = {}
        for status, on in self.rows:
            if on not in self.inner or (status, on) in self._raised:
                found.setdefault(status, []).append(on)
        return {status: tuple(events) for status, events in found.items()}

    def _raises(self) -> frozenset[tuple[str, str]]:
        """Where rows raise inner triggers: `next` in the status that it arrives in, `error` wherever there is a row.

        What goes out may fail late, when the entity is anywhere.
        """
        late = {trigger for row in self.flow.transitions for trigger in _makes_good(self.flow, row)}
        found = {(status, trigger) for status, trigger in self.rows if trigger in late}
        for (status, _), transitions in self.rows.items():
            found |= {(row.to or status, row.next) for row in transitions if row.next}
        return frozenset(found)

    def closure(self, status: str, trigger: str) -> Iterator[tuple[str, Transition]]:
        """The rows that one event may end in, `otherwise` followed; each with its label in a path."""
        label, seen = trigger, {trigger}
        current = trigger
        while True:
            found = self.rows.get((status, current), ())
            for row in found:
                yield label, row
            current = found[-1].otherwise if found else ""
            if not current or current in seen:
                return
            seen.add(current)
            label = f"{trigger} (otherwise {current})"

    def events(self, status: str) -> tuple[str, ...]:
        """Triggers with a row in the status that something raises there: outside, time, `next` or a failure."""
        return self._events.get(status, ())

    def sendable(self, status: str) -> tuple[str, ...]:
        """Those of them that come from outside or from time, in file order."""
        return tuple(on for on in self.events(status) if on not in self.inner)

    def edges(self, status: str) -> Iterator[tuple[str, str]]:
        """Pairs of a label and the status that it leads to, also where it stays."""
        for event in self.events(status):
            for label, row in self.closure(status, event):
                yield label, row.to or status

    def reached(self) -> frozenset[str]:
        """Statuses that some path from the initial status reaches."""
        return frozenset(self._trails)

    def trail(self, status: str) -> str:
        """A shortest path of events from the initial status; empty when there is none."""
        return self._trails.get(status, "")

    def trail_with(self, status: str, label: str, target: str) -> str:
        """The shortest path to the status and one event more; empty when the status is not reached."""
        begin = self.trail(status)
        return f"{begin} -{label}-> {target or status}" if begin else ""

    def _shortest(self) -> dict[str, str]:
        """Breadth first from the initial statuses."""
        trails = {status.name: status.name for status in self.flow.statuses if status.initial}
        waiting = deque(trails)
        while waiting:
            status = waiting.popleft()
            for label, target in self.edges(status):
                if target not in trails:
                    trails[target] = f"{trails[status]} -{label}-> {target}"
                    waiting.append(target)
        return trails

    def can_end(self) -> frozenset[str]:
        """Statuses from which a final status or a resting place can be reached, those themselves included."""
        ends = {status.name for status in self.flow.statuses if status.final or status.rests}
        before: dict[str, set[str]] = {}
        for status in self.flow.statuses:
            for _, target in self.edges(status.name):
                before.setdefault(target, set()).add(status.name)
        waiting = deque(ends)
        while waiting:
            for source in before.get(waiting.popleft(), ()):
                if source not in ends:
                    ends.add(source)
                    waiting.append(source)
        return frozenset(ends)
