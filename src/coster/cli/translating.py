"""A row of another shop's export, told in our columns: pure, cell by cell."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from coster.cli import targets
from coster.cli.mapping import From, Plan
from coster.cli.targets import INSTEAD_OF_ID, Target

_MILLIONTH: Final = Decimal("0.000001")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
# What people put between thousands besides the other one of point and comma: spaces of all widths, apostrophes.
_BETWEEN: Final = str.maketrans("", "", " \u00a0\u2009\u202f'\u2019")

Find = Callable[[str, str], str | None]
"""The id of the item that has this SKU or name (`item_sku`, `item_name`); None where there is none. ValueError: several have."""


class Translator:
    """Tells rows with a header in the columns of a plan that fits it. `find` looks items up by SKU or name."""

    def __init__(self, plan: Plan, kind: str, header: Sequence[str], find: Find) -> None:
        wanted = targets.of(kind).columns
        self._plan, self._find = plan, find
        self._zone = zoneinfo.ZoneInfo(plan.time_zone)
        self._places = {name: place for place, name in enumerate(header)}
        self._width = len(header)
        self._sources = [(ours, source, wanted[ours]) for ours, source in plan.columns.items()]
        self._constants = list(plan.constants.items())

    @property
    def header(self) -> list[str]:
        """The columns of what `row` tells, in order."""
        ours = [*(name for name, _, _ in self._sources), *(name for name, _ in self._constants)]
        return ["item_id" if name in INSTEAD_OF_ID else name for name in ours]

    def row(self, cells: Sequence[str]) -> list[str]:
        """The cells in our columns. ValueError with everything that is wrong with the row."""
        if len(cells) > self._width:
            raise ValueError(f"the row has {len(cells)} cells, the header {self._width}")
        told: list[str] = []
        faults: list[str] = []
        cell = {name: cells[place].strip() for name, place in self._places.items() if place < len(cells)}
        for ours, source, target in self._sources:
            try:
                told.append(self._cell(ours, source, target, cell))
            except ValueError as fault:
                faults.append(f"{source.column}: {fault}")
        for ours, value in self._constants:
            try:
                told.append(self._item(ours, value) if ours in INSTEAD_OF_ID else value)
            except ValueError as fault:
                faults.append(f"{ours}: {fault}")
        if faults:
            raise ValueError("; ".join(faults))
        return told

    def _cell(self, ours: str, source: From, target: Target, cell: Mapping[str, str]) -> str:
        text = cell.get(source.column, "")
        if not text:
            return ""
        if ours in INSTEAD_OF_ID:
            return self._item(ours, text)
        if target.instant:
            return self._instant(text)
        if not target.number:
            return text.rjust(source.pad, "0")
        number = self._number(text)
        return f"{self._share(number, cell.get(source.per, '')):f}" if source.per else f"{number:f}"

    def _item(self, ours: str, text: str) -> str:
        found = self._find(ours, text)
        if found is None:
            raise ValueError(f"no item has the {'SKU' if ours == targets.BY_SKU else 'name'} '{text}'")
        return found

    def _number(self, text: str) -> Decimal:
        thousands = "," if self._plan.decimal == "." else "."
        plain = text.translate(_BETWEEN).replace(thousands, "").replace(self._plan.decimal, ".")
        if not _NUMBER.fullmatch(plain):
            raise ValueError(f"'{text}' is no number")
        return Decimal(plain)

    def _share(self, whole: Decimal, text: str) -> Decimal:
        """A millionth is the finest that a price can say."""
        try:
            return (whole / self._number(text)).quantize(_MILLIONTH).normalize()
        except (ValueError, InvalidOperation, ZeroDivisionError):
            raise ValueError(f"'{whole}' cannot be divided by '{text}'") from None

    def _instant(self, text: str) -> str:
        form = self._plan.date
        try:
            found = dt.datetime.strptime(text, form) if form else dt.datetime.fromisoformat(text)  # noqa: DTZ007 - its zone follows below
        except ValueError:
            kind = f"as {form} has it" if form else "of the kind 2026-11-21"
            raise ValueError(f"'{text}' is no date {kind}") from None
        return (found if found.tzinfo else found.replace(tzinfo=self._zone)).isoformat()
