"""Strongly connected parts of a graph, and shortest ways in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


def parts(after: Mapping[N, Sequence[N]]) -> Iterator[frozenset[N]]:
    """The strongly connected parts that hold a circle (Tarjan 1972, without recursion); linear in the edges."""
    order: dict[N, int] = {}
    low: dict[N, int] = {}
    open_: dict[N, None] = {}
    for root in after:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        open_[root] = None
        walk = [(root, iter(after[root]))]
        while walk:
            node, rest = walk[-1]
            further = next(rest, None)
            if further is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == order[node]:
                    part = _closed(open_, node)
                    if len(part) > 1 or node in after[node]:
                        yield part
            elif further not in order:
                order[further] = low[further] = len(order)
                open_[further] = None
                walk.append((further, iter(after[further])))
            elif further in open_:
                low[node] = min(low[node], order[further])


def _closed(open_: dict[N, None], node: N) -> frozenset[N]:
    """Takes the nodes of one part off the stack."""
    part: list[N] = []
    while not part or part[-1] != node:
        part.append(open_.popitem()[0])
    return frozenset(part)


def way(after: Mapping[N, Sequence[N]], begin: N, end: N) -> tuple[N, ...]:
    """A shortest way, both ends included; empty: there is none."""
    before: dict[N, N | None] = {begin: None}
    waiting = deque([begin])
    while waiting and end not in before:
        node = waiting.popleft()
        for further in after.get(node, ()):
            if further not in before:
                before[further] = node
                waiting.append(further)
    found: list[N] = []
    at: N | None = end if end in before else None
    while at is not None:
        found.append(at)
        at = before[at]
    return tuple(reversed(found))
