"""Which rows of a flow were carried out, and which never were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from coster.engine.workflow.records import Flow
from coster.engine.workflow.trying.story import Seen


class RowCovered(msgspec.Struct, frozen=True, kw_only=True):
    """A row with how often it was carried out."""

    number: int
    """Its place in the file, from 0."""
    line: int
    on: str
    sources: tuple[str, ...]
    times: int

    def __str__(self) -> str:
        """The row in words."""
        return f"line {self.line} transitions[{self.number}]: {self.on} from {', '.join(self.sources) or 'every status'}"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a flow was carried out."""

    rows: tuple[RowCovered, ...]
    statuses: dict[str, int]
    """How often an entity was left in each status by a row."""

    @property
    def missing(self) -> tuple[RowCovered, ...]:
        """The rows that never were, in file order."""
        return tuple(row for row in self.rows if not row.times)

    @property
    def percent(self) -> int:
        """Rows that were carried out, in percent and rounded down; a flow without rows is covered."""
        return 100 * (len(self.rows) - len(self.missing)) // len(self.rows) if self.rows else 100


def coverage(flow: Flow, seen: Iterable[Seen]) -> Coverage:
    """How often each row was carried out in what was seen. All rows of a flow that was proved can be."""
    return covered(flow, [(row.number, row.to) for one in seen for row in one.rows])


def covered(flow: Flow, rows: Sequence[tuple[int, str]]) -> Coverage:
    """The same of rows by number, each with the status in which it left the entity."""
    times = Counter(number for number, _ in rows)
    reached = Counter(to for _, to in rows)
    return Coverage(
        rows=tuple(
            RowCovered(
                number=row.index, line=row.line, on=row.on, sources=row.sources, times=times[row.index]
            )
            for row in flow.transitions
        ),
        statuses={status.name: reached[status.name] for status in flow.statuses},
    )
