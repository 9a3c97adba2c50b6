"""Rows of one status and trigger that can both fit: which of them fires then is decided by their order in the file only.

Told is what is certain: that fields have values with which both guards hold, with an example. Guards that ask more than fields, children
and constants are not decided, and neither is what the budget of `logic` does not reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow.faults import Fault
from coster.engine.workflow.logic import OTHER, Value
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import ELSEWHERE, Questions
from coster.engine.workflow.records import Transition

# With so many rows for one status and trigger each is held against those near it only, so that the time stays linear.
NEAR = 50


def faults(graph: Graph, questions: Questions) -> Iterator[Fault]:
    """Each row with the first row before it that can fire for the same event; rows that are the same in other statuses once."""
    told: set[tuple[int, ...]] = set()
    for (status, _), found in graph.rows.items():
        key = tuple(row.index for row in found)
        if key in told:
            continue
        told.add(key)
        asked = tuple(row for row in found if row.conditional)
        for place, row in enumerate(asked):
            before = asked[max(0, place - NEAR) : place]
            example, earlier = _first(questions, row, before)
            # A row that those before it never let fire is told of by `check_guards`.
            if earlier is not None and questions.fires_after(row, found[: found.index(row)]):
                yield _fault(graph, status, (earlier, row), example)


def _first(
    questions: Questions, row: Transition, before: tuple[Transition, ...]
) -> tuple[Mapping[str, Value], Transition | None]:
    """The first row before it that can fire for the same event, with an example; None: there is none."""
    for earlier in before:
        example = questions.both(earlier, row)
        if example is not None:
            return example, earlier
    return {}, None


def _fault(
    graph: Graph, status: str, rows: tuple[Transition, Transition], example: Mapping[str, Value]
) -> Fault:
    """Two rows, with values for which both fit."""
    earlier, row = rows
    values = ", ".join(_said(name, value) for name, value in sorted(example.items()))
    message = f"the rows on '{row.on}' in lines {earlier.line} and {row.line} can both fire, for example with {values}"
    accepted = "accepted: guards that exclude each other, or the last row without `when`"
    return Fault(
        code="rows_overlap",
        line=row.line,
        path=row.path,
        status=status,
        message=f"in {status}: {message}; {accepted}.",
        trail=graph.trail_with(status, row.on, row.to),
    )


def _said(name: str, value: Value) -> str:
    """A value in words: of a field, or whether there is a child in a status."""
    kind, among, status = name.partition(" in ")
    if among:
        where = "another status" if status == ELSEWHERE else status
        return f"{'one' if value else 'none'} of {kind} in {where}"
    if isinstance(value, bool):
        return f"{name} = {str(value).lower()}"
    return f"{name} = {'any other text' if value == OTHER else value}"
