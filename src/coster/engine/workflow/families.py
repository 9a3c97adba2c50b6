"""A flow among the flows of its children and parents: where each can be while the other is in a status.

Of a child only its flow is known, not its vocabulary, so every trigger of it is taken to come. A kind of children counts only
when all its flows are in the library and name no status that they lack; of the others nothing is said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import Condition, Flow


class Seat(NamedTuple):
    """A status of a child, with the name of its flow."""

    flow: str
    status: str


# Child statuses that may be carried along rows before no more is told apart.
MOST_VISITS = 2_000_000

Seats: TypeAlias = "frozenset[Seat]"


class Family:
    """The graph of a flow, those of its children's flows, and those of the flows that have it as a child."""

    def __init__(self, graph: Graph, library: Mapping[str, Flow]) -> None:
        """Takes the graph of the flow that is checked, and the other flows by name."""
        self.graph = graph
        names = {entry.kind: sorted(set(entry.flows.values())) for entry in graph.flow.children}
        usable = {name for name, flow in library.items() if flow.name == name and _usable(flow)}
        known = {kind: flows for kind, flows in names.items() if set(flows) <= usable}
        self.graphs = {name: free(library[name]) for flows in known.values() for name in flows}
        self.kinds: Mapping[str, tuple[Graph, ...]] = {
            kind: tuple(self.graphs[name] for name in flows) for kind, flows in known.items()
        }
        self.parents = tuple(
            (free(flow), entry.kind)
            for flow in library.values()
            for entry in flow.children
            if graph.flow.name in entry.flows.values() and flow.name != graph.flow.name and _usable(flow)
        )
        self._onward: dict[Seat, Seats] = {}
        self._through: dict[tuple[tuple[Condition, ...], Seats], Seats] = {}
        self._among: dict[str, dict[str, Seats]] = {}

    def onward(self, seat: Seat) -> Seats:
        """Where a child in the status can come, the status itself included."""
        if seat not in self._onward:
            graph, found, waiting = self.graphs[seat.flow], {seat.status}, deque([seat.status])
            while waiting:
                for _, target in graph.edges(waiting.popleft()):
                    if target not in found:
                        found.add(target)
                        waiting.append(target)
            self._onward[seat] = frozenset(Seat(seat.flow, name) for name in found)
        return self._onward[seat]

    def stays(self, seat: Seat) -> bool:
        """Whether a child may stay in the status for ever: it is final, or rests."""
        status = self.graphs[seat.flow].statuses[seat.status]
        return status.final or status.rests

    def trail(self, seat: Seat) -> str:
        """A shortest path of events that brings a child there."""
        return self.graphs[seat.flow].trail(seat.status)

    def among(self, status: str, kind: str) -> Seats:
        """Where children of the kind can be while the entity is in the status.

        All that they reach in the status where it begins; a row that passes a roll-up brings on only what the roll-up lets
        through. Children that are created after that are not thought of.
        """
        if not self._among:
            self._spread()
        return self._among.get(status, {}).get(kind, frozenset())

    def let_through(self, conditions: tuple[Condition, ...], kind: str, seats: Seats) -> Seats:
        """Where children of the kind can be when the roll-ups hold, and where they come from there."""
        narrow = tuple(c for c in conditions if c.children == kind and c.quantifier != "any")
        if not narrow:
            return seats
        key = (narrow, seats)
        if key not in self._through:
            left = seats
            for condition in narrow:
                inside = frozenset(seat for seat in left if seat.status in condition.statuses)
                left = inside if condition.quantifier == "all" else left - inside
            self._through[key] = frozenset(target for seat in left for target in self.onward(seat))
        return self._through[key]

    def _spread(self) -> None:
        """Carries where children can be along every row, until nothing is added; beyond MOST_VISITS they can be anywhere."""
        begin = {
            kind: frozenset(Seat(graph.flow.name, name) for graph in graphs for name in graph.reached())
            for kind, graphs in self.kinds.items()
        }
        initial = [status.name for status in self.graph.flow.statuses if status.initial]
        self._among = {name: dict(begin) for name in initial}
        waiting, visits = deque(initial), 0
        cost = 1 + sum(len(seats) for seats in begin.values())
        while waiting and visits < MOST_VISITS:
            status = waiting.popleft()
            for target, conditions in self._steps(status):
                visits += cost
                there = self._among.setdefault(target, {})
                more = {
                    kind: there.get(kind, frozenset()) | self.let_through(conditions, kind, seats)
                    for kind, seats in self._among[status].items()
                }
                if more != there:
                    self._among[target] = more
                    waiting.append(target)
        if waiting:
            self._among = {name: dict(begin) for name in self.graph.statuses}

    def _steps(self, status: str) -> Iterable[tuple[str, tuple[Condition, ...]]]:
        """Where rows lead from a status, with the roll-ups that they ask; what is the same once."""
        return dict.fromkeys(
            (row.to or status, row.rollup)
            for event in self.graph.events(status)
            for _, row in self.graph.closure(status, event)
        )


def _usable(flow: Flow) -> bool:
    """Whether every status that the rows name is there; a flow that is itself to be refused proves nothing."""
    names = {status.name for status in flow.statuses}
    return all(names.issuperset((*row.sources, row.to or flow.statuses[0].name)) for row in flow.transitions)


def free(flow: Flow) -> Graph:
    """The graph of a flow whose every trigger may come."""
    return Graph(flow, frozenset(row.on for row in flow.transitions))
