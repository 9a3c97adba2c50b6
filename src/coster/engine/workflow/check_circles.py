"""Circles between flows: a parent tells its children, who tell the parent or come where its roll-ups wait, and so on for ever.

The graph has a node for what is tried next: the status of the parent, those of one child of each flow that answers, whose turn
it is, and the trigger. What follows at once are `next` and `otherwise`, `error.then` of an action that may refuse, `tell_children`,
`tell_parent`, and, when a child comes into another status, the roll-ups of the parent. Guards are not trusted to end a circle; of
roll-ups is believed what that one child makes of them. It is searched from every row that tells, up to MOST_NODES; beyond that
nothing more is said, and the circle is refused when it runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from coster.engine.workflow import circles
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.families import Family
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import ActionCall, Flow, Transition

MOST_NODES: Final = 50_000
PARENT: Final = 0


class Node(NamedTuple):
    """What is tried next: the statuses of all, the parent's first; whose turn it is (0: the parent's); and the trigger."""

    statuses: tuple[str, ...]
    turn: int
    trigger: str


class _Step(NamedTuple):
    """What led from one node to another."""

    row: Transition
    word: str


_Steps: TypeAlias = "dict[tuple[Node, Node], _Step]"


def faults(family: Family, vocabulary: Vocabulary, library: Mapping[str, Flow]) -> Iterator[Fault]:
    """Each circle in which a row of this flow has a part, once, with a shortest way around."""
    graph = family.graph
    own = {spec.name: spec for spec in vocabulary.actions}
    shortest: dict[tuple[int, ...], Fault] = {}
    for found in _tables(family, library):
        table = _Table(found, graph, own)
        for around in sorted(table.circles(), key=len):
            rows = tuple(sorted({step.row.index for node, step in around if table.is_checked(node.turn)}))
            fault = _told(table, around)
            if rows and (rows not in shortest or len(fault.trail) < len(shortest[rows].trail)):
                shortest[rows] = fault
    yield from shortest.values()


def _tables(family: Family, library: Mapping[str, Flow]) -> Iterator[Family]:
    """The flow as a parent, and each flow as whose child it is."""
    if any(_tells(row, "tell_children") for row in family.graph.flow.transitions):
        yield family
    among = {**library, family.graph.flow.name: family.graph.flow}
    for parent, _ in family.parents:
        if any(_tells(row, "tell_children") for row in parent.flow.transitions):
            yield Family(parent, among)


class _Table:
    """A parent and the flows of its children, with what each of their rows makes follow at once."""

    def __init__(self, family: Family, checked: Graph, own: Mapping[str, ActionSpec]) -> None:
        """Takes the parent's family, the flow that is checked, and the actions that are known of that one alone."""
        self._family = family
        self._checked = checked.flow.name
        self._own = own
        self._kinds = [""]
        self.graphs = [family.graph]
        for kind, graphs in family.kinds.items():
            for graph in graphs:
                if _answers(graph, family.graph, kind):
                    self._kinds.append(kind)
                    self.graphs.append(graph)
        self.steps: _Steps = {}

    def is_checked(self, turn: int) -> bool:
        """Whether it is the turn of the flow that is checked."""
        return self.graphs[turn].flow.name == self._checked

    def circles(self) -> Iterator[tuple[tuple[Node, _Step], ...]]:
        """A shortest circle of each strongly connected part in which the word goes from one flow to another."""
        after = self._built()
        for part in circles.parts(after):
            inside = {node: [one for one in after[node] if one in part] for node in after if node in part}
            over = [(a, b) for a, found in inside.items() for b in found if a.turn != b.turn == PARENT]
            ways = [circles.way(inside, b, a) for a, b in over]
            if ways:
                yield self._from_here(min(ways, key=len))

    def _from_here(self, nodes: tuple[Node, ...]) -> tuple[tuple[Node, _Step], ...]:
        """The circle with its steps, beginning with a row of the flow that is checked that tells, or else moves."""
        pairs = [(a, self.steps[a, b]) for a, b in zip(nodes, (*nodes[1:], nodes[0]), strict=True)]
        first = next(
            (
                at
                for at, (node, step) in enumerate(pairs)
                if self.is_checked(node.turn) and step.word == "tell"
            ),
            next((at for at, (node, _) in enumerate(pairs) if self.is_checked(node.turn)), 0),
        )
        return (*pairs[first:], *pairs[:first])

    def _built(self) -> dict[Node, list[Node]]:
        """Every node that follows from a row of the parent that tells, with those that follow from it."""
        after: dict[Node, list[Node]] = {}
        waiting = list(self._begins()) if len(self.graphs) > 1 else []
        while waiting and len(after) < MOST_NODES:
            node = waiting.pop()
            if node in after:
                continue
            after[node] = list(dict.fromkeys(self._follows(node)))
            waiting += [one for one in after[node] if one not in after]
        return {node: [one for one in found if one in after] for node, found in after.items()}

    def _begins(self) -> Iterator[Node]:
        """Where the parent tells its children something, with every mix of where these may be."""
        parent = self.graphs[PARENT]
        reached = parent.reached()
        for (status, trigger), rows in parent.rows.items():
            if status in reached and any(_tells(row, "tell_children") for row in rows):
                seats = [self._seats(status, turn) for turn in range(1, len(self.graphs))]
                mixes = itertools.islice(itertools.product(*seats), MOST_NODES)
                yield from (Node((status, *mix), PARENT, trigger) for mix in mixes)

    def _seats(self, status: str, turn: int) -> list[str]:
        """Where a child may be while the parent is in the status."""
        name = self.graphs[turn].flow.name
        among = self._family.among(status, self._kinds[turn])
        return sorted(seat.status for seat in among if seat.flow == name)

    def _follows(self, node: Node) -> Iterator[Node]:
        """What may be tried after one node."""
        status = node.statuses[node.turn]
        for row in self.graphs[node.turn].rows.get((status, node.trigger), ()):
            if row.otherwise:
                yield self._step(node, row, "otherwise", Node(node.statuses, node.turn, row.otherwise))
            if node.turn == PARENT and not self._may_hold(row, node.statuses):
                continue
            yield from self._after(node, row)

    def _after(self, node: Node, row: Transition) -> Iterator[Node]:
        """What may be tried after a row was carried out, or an action of it has refused."""
        turn = node.turn
        to = row.to or node.statuses[turn]
        statuses = (*node.statuses[:turn], to, *node.statuses[turn + 1 :])
        if row.next:
            yield self._step(node, row, "next", Node(statuses, turn, row.next))
        error = row.error or self.graphs[turn].flow.error
        if error is not None and error.then and any(self._fails(call, turn) for call in row.do):
            yield self._step(node, row, "error", Node(node.statuses, turn, error.then))
        for other, event in self._told(turn, row):
            yield self._step(node, row, "tell", Node(statuses, other, event))
        if turn != PARENT and to != node.statuses[turn]:
            yield self._step(node, row, "rollup", Node(statuses, PARENT, ROLLUP))

    def _told(self, turn: int, row: Transition) -> Iterator[tuple[int, str]]:
        """Who is told what by a row."""
        for call in row.do:
            event = str(call.parameters.get("event", ""))
            if call.name == "tell_parent" and turn != PARENT:
                yield PARENT, event
            elif call.name == "tell_children" and turn == PARENT:
                kind = call.parameters.get("children")
                yield from (
                    (other, event) for other in range(1, len(self.graphs)) if self._kinds[other] == kind
                )

    def _fails(self, call: ActionCall, turn: int) -> bool:
        """Whether an action may refuse in the same step, as far as is known of it."""
        spec = self._own.get(call.name) if self.is_checked(turn) else None
        return spec is not None and spec.fails

    def _may_hold(self, row: Transition, statuses: tuple[str, ...]) -> bool:
        """Whether the roll-ups of a row of the parent may hold with these children where they are."""
        for asked in row.rollup:
            for turn in range(1, len(self.graphs)):
                if self._kinds[turn] != asked.children:
                    continue
                inside = statuses[turn] in asked.statuses
                # `any` may hold because of a child of another flow of the kind.
                alone = asked.quantifier != "any" or self._kinds.count(asked.children) == 1
                if alone and inside == (asked.quantifier == "none"):
                    return False
        return True

    def _step(self, node: Node, row: Transition, word: str, then: Node) -> Node:
        self.steps.setdefault((node, then), _Step(row, word))
        return then


def _tells(row: Transition, name: str) -> bool:
    """Whether a row has the action."""
    return any(call.name == name for call in row.do)


def _answers(child: Graph, parent: Graph, kind: str) -> bool:
    """Whether a child may make its parent do something: it tells it, or moves while roll-ups watch."""
    watched = any(asked.children == kind for row in parent.flow.transitions for asked in row.rollup)
    return any(_tells(row, "tell_parent") or (watched and row.to) for row in child.flow.transitions)


def _told(table: _Table, around: tuple[tuple[Node, _Step], ...]) -> Fault:
    """The circle as a fault of its first row, with how the parent and the children came where they are."""
    (node, step), graph = around[0], table.graphs[around[0][0].turn]
    status = node.statuses[node.turn]
    names = " to ".join(f"'{one.trigger}' of {table.graphs[one.turn].flow.name}" for one, _ in around)
    message = f"{names} leads back to '{node.trigger}', without a timer or an event from outside"
    word = next((n for n, call in enumerate(step.row.do) if call.name.startswith("tell_")), None)
    return Fault(
        code="event_circle",
        line=step.row.line,
        path=step.row.path if word is None or step.word != "tell" else f"{step.row.path}.do[{word}]",
        status=status,
        message=f"in {status}: {message}; accepted: a timer or an event in between, or a row that tells nobody.",
        trail=_trail(table, around) if graph.trail(status) else "",
    )


def _trail(table: _Table, around: Iterable[tuple[Node, _Step]]) -> str:
    """Once around, each part in the flow whose turn it is; the last arrow leads to where it begins again."""
    parts: list[str] = []
    met: set[int] = set()
    last = -1
    begin: Node | None = None
    for node, step in around:
        begin = begin or node
        graph, status = table.graphs[node.turn], node.statuses[node.turn]
        if node.turn != last:
            name = f"{graph.flow.name}: " if parts else ""
            parts.append(f"{name}{status if node.turn in met else graph.trail(status)}")
        how = " (false)" if step.word == "otherwise" else " (fails)" if step.word == "error" else ""
        stays = step.word in ("otherwise", "error")
        parts[-1] += f" -{node.trigger}{how}-> {status if stays else step.row.to or status}"
        met.add(node.turn)
        last = node.turn
    if begin is not None:
        again = f"{begin.statuses[begin.turn]} -{begin.trigger}-> …"
        name = f"{table.graphs[begin.turn].flow.name}: "
        parts.append(f"{name}{again}")
    return "; ".join(parts)
