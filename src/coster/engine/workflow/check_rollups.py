"""Roll-ups that starve: children that have come to rest where no roll-up of the parent can ever become true.

Only children matter that stay for ever, in statuses that are final or rest; and of those only what the roll-ups tell apart.
A mix says in which such statuses there are children. For every status that a roll-up leaves and for every mix it is searched
whether the parent still comes to an end by rows that do not ask, or by roll-ups that these children can make true. With up to
EXACT different statuses of a kind every mix is tried; beyond that those of three statuses and of all, never more than
MOST_MIXES for a status. Where kinds together have more mixes than that, each is looked at alone.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from coster.engine.workflow.families import Family, Seat
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import Condition, Transition

EXACT = 8
MOST_MIXES = 1_024

Mix: TypeAlias = "Mapping[str, tuple[Seat, ...]]"
Ways: TypeAlias = "dict[str, tuple[tuple[Transition, frozenset[str]], ...]]"


def faults(family: Family) -> Iterator[Fault]:
    """Each status from which the parent never comes away because of where its children are, with the smallest mix."""
    graph = family.graph
    if not family.kinds or not any(row.rollup for row in graph.flow.transitions):
        return
    search = _Search(family)
    reached = graph.reached() & graph.can_end()
    for status in graph.flow.statuses:
        ways = search.ways[status.name]
        waits = [row for row, targets in ways if row.rollup and targets - {status.name}]
        if not waits or status.final or status.rests or status.name not in reached:
            continue
        for mix in search.mixes(status.name):
            if status.name not in search.come_away(mix):
                yield _starves(family, status.name, waits[0], mix)
                break


class _Search:
    """What is asked again and again for one flow, each answer kept."""

    def __init__(self, family: Family) -> None:
        """Takes the flow with those of its children."""
        self.family = family
        self.ways = _ways(family.graph)
        asked = dict.fromkeys(c for row in family.graph.flow.transitions for c in row.rollup)
        self._asked = {kind: [c for c in asked if c.children == kind] for kind in family.kinds}
        self._helps: dict[tuple[Seat, Condition], bool] = {}
        self._away: dict[tuple[tuple[str, tuple[Seat, ...]], ...], frozenset[str]] = {}

    def mixes(self, status: str) -> Iterator[Mix]:
        """The mixes of children that may have come to rest while the parent is in the status, small ones first."""
        each = {kind: self._alone(status, kind) for kind in self.family.kinds}
        each = {kind: mixes for kind, mixes in each.items() if mixes}
        for kind, alone in each.items():
            yield from ({kind: mix} for mix in alone)
        if len(each) > 1 and math.prod(len(alone) for alone in each.values()) <= MOST_MIXES:
            for chosen in itertools.product(*each.values()):
                yield dict(zip(each, chosen, strict=True))

    def _alone(self, status: str, kind: str) -> tuple[tuple[Seat, ...], ...]:
        """The mixes of one kind, of one status for each group that no roll-up tells apart."""
        apart: dict[tuple[bool, ...], Seat] = {}
        for seat in sorted(self.family.among(status, kind)):
            if self.family.stays(seat):
                apart.setdefault(tuple(self._help(seat, asked) for asked in self._asked[kind]), seat)
        seats = tuple(apart.values())
        sizes = range(1, len(seats) + 1) if len(seats) <= EXACT else (1, 2, 3, len(seats))
        mixes = itertools.chain.from_iterable(itertools.combinations(seats, size) for size in sizes)
        return tuple(itertools.islice(mixes, MOST_MIXES))

    def come_away(self, mix: Mix) -> frozenset[str]:
        """The statuses from which the parent still reaches an end or a place to rest."""
        key = tuple(mix.items())
        if key not in self._away:
            before: dict[str, list[str]] = {}
            for status, rows in self.ways.items():
                for target in {to for row, targets in rows if self._can_hold(row, mix) for to in targets}:
                    before.setdefault(target, []).append(status)
            away = {
                name for name, status in self.family.graph.statuses.items() if status.final or status.rests
            }
            waiting = deque(away)
            while waiting:
                for status in before.get(waiting.popleft(), ()):
                    if status not in away:
                        away.add(status)
                        waiting.append(status)
            self._away[key] = frozenset(away)
        return self._away[key]

    def _can_hold(self, row: Transition, mix: Mix) -> bool:
        """Whether the roll-ups of a row can become true for the mix; kinds that it does not name are thought to help."""
        for asked in row.rollup:
            helps = [self._help(seat, asked) for seat in mix.get(asked.children, ())]
            if helps and not (any(helps) if asked.quantifier == "any" else all(helps)):
                return False
        return True

    def _help(self, seat: Seat, asked: Condition) -> bool:
        """Whether a child in the status is, or can still come, where the roll-up wants it."""
        key = (seat, asked)
        if key not in self._helps:
            inside = {onward.status in asked.statuses for onward in self.family.onward(seat)}
            self._helps[key] = (asked.quantifier != "none") in inside
        return self._helps[key]


def _ways(graph: Graph) -> Ways:
    """For each status the rows that an event from outside, time or the children may fire, with where they lead."""
    found: Ways = {}
    for status in graph.statuses:
        rows = {row.index: row for on in graph.sendable(status) for _, row in graph.closure(status, on)}
        found[status] = tuple((row, _landings(graph, status, row)) for row in rows.values())
    return found


def _landings(graph: Graph, status: str, row: Transition) -> frozenset[str]:
    """Where a row may end, `next` followed."""
    ends = {row.to or status}
    waiting = [(row.to or status, row.next)] if row.next else []
    seen = set(waiting)
    while waiting:
        place = waiting.pop()
        for _, further in graph.closure(*place):
            end = further.to or place[0]
            ends.add(end)
            if further.next and (end, further.next) not in seen:
                seen.add((end, further.next))
                waiting.append((end, further.next))
    return frozenset(ends)


def _starves(family: Family, status: str, row: Transition, mix: Mix) -> Fault:
    """The fault, with how the parent came there and how its children came to rest."""
    names = [(kind, seat) for kind, seats in mix.items() for seat in seats]
    where = "; ".join(
        f"{kind} in {' and '.join(seat.status for seat in seats)}" for kind, seats in mix.items()
    )
    message = f"with {where}, where they stay, no roll-up can become true and no other row leads to an end"
    accepted = "these statuses in a roll-up, or another way out"
    children = [f"{kind}: {family.trail(seat)}" for kind, seat in names]
    return Fault(
        code="rollup_starves",
        line=row.line,
        path=f"{row.path}.rollup",
        status=status,
        message=f"in {status}: {message}; accepted: {accepted}.",
        trail="; ".join((family.graph.trail(status), *children)),
    )
