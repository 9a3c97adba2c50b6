"""The report of an import: what became of every part of the export."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow.fluent.model import Item

Verdict: TypeAlias = Literal["mapped", "approximated", "not_mapped"]
VERDICTS: tuple[Verdict, ...] = ("mapped", "approximated", "not_mapped")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one part of the export: where it stood, what it was, the verdict, and how or why."""

    path: str
    what: str
    verdict: Verdict
    how: str

    def __str__(self) -> str:
        """The line as people read it."""
        return f"{self.verdict:12}  {self.path or 'file'}  {self.what}: {self.how}"


class Report:
    """Collects what became of each part. Where a part is told of several times, its worst verdict stands."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Takes everything that must be accounted for, in file order."""
        self._what = {item.path: item.what for item in items}
        self._verdicts: dict[str, Verdict] = {}
        self._hows: dict[str, dict[str, None]] = {}

    def knows(self, path: str) -> bool:
        """Whether the export has something there that must be accounted for."""
        return path in self._what

    def note(self, path: str, verdict: Verdict, how: str) -> None:
        """Says what became of the part at the path."""
        known = self._verdicts.get(path, "mapped")
        self._verdicts[path] = max(known, verdict, key=VERDICTS.index)
        self._hows.setdefault(path, {})[how] = None

    def mapped(self, path: str, how: str) -> None:
        """It is in the flow and means the same."""
        self.note(path, "mapped", how)

    def approximated(self, path: str, how: str) -> None:
        """It is in the flow, and means nearly the same; `how` says what differs."""
        self.note(path, "approximated", how)

    def not_mapped(self, path: str, why: str) -> None:
        """It is not in the flow, or only as a placeholder; `why` says the reason."""
        self.note(path, "not_mapped", why)

    def lines(self) -> tuple[Line, ...]:
        """A line for every part, in file order; what nobody spoke of is not mapped."""
        paths = dict.fromkeys([*self._what, *self._verdicts])
        return tuple(self._line(path) for path in paths)

    def _line(self, path: str) -> Line:
        how = "; ".join(self._hows.get(path, {"the importer has no place for it": None}))
        verdict = self._verdicts.get(path, "not_mapped")
        return Line(path=path, what=self._what.get(path, "workflow"), verdict=verdict, how=how)
