"""A CSV of another shop as a source of rows: read as it came, sent in our columns, and told again as it came."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import msgspec

from coster.cli import mapping, targets
from coster.cli.mapping import Plan
from coster.cli.remote import Remote
from coster.cli.rowfiles import Csv, Row
from coster.cli.translating import Find, Translator

_ORDER: Final = ("channel", "reference")
CODE: Final = "row_not_mapped"


class MappedCsv(Csv):
    """A CSV whose header is another shop's. The plan is checked when the header is read, before any row is given out."""

    def __init__(self, stream: BinaryIO, plan: Plan, kind: str, find: Find) -> None:
        super().__init__(stream)
        self._plan, self._kind, self._find = plan, kind, find
        self._translator: Translator | None = None
        self._seen: set[tuple[str, ...]] = set()
        self.left_out = 0

    def rows(self) -> Iterator[Row]:
        """The rows with what is to be sent of them; those that say again what may be said once are left out, and counted."""
        for row in super().rows():
            told = row if row.too_long else self._told(row)
            if told is None:
                self.left_out += 1
            else:
                yield told

    def parcel(self, rows: Iterable[Row]) -> bytes:
        """Rows below our header."""
        return _line(self._fitted.header) + b"".join(row.sent for row in rows)

    @property
    def _fitted(self) -> Translator:
        assert self._translator is not None, "the header was read"
        return self._translator

    def _read_header(self, record: bytes | None) -> None:
        super()._read_header(record)
        mapping.stop_at("against the file's header", mapping.faults_of(self._plan, self._kind, self._names))
        self._translator = Translator(self._plan, self._kind, self._names, self._find)

    def _told(self, row: Row) -> Row | None:
        try:
            [cells] = csv.reader([row.raw.decode()], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            return msgspec.structs.replace(row, fault=f"the row cannot be read: {error}")
        whole = self._one_order(cells)
        try:
            told = self._fitted.row(cells)
        except ValueError as fault:
            return msgspec.structs.replace(row, whole=whole, fault=str(fault))
        if self._plan.once:
            named = self._cells_of(self._plan.once, cells)
            if named in self._seen:
                return None
            self._seen.add(named)
        return msgspec.structs.replace(row, whole=whole, sent=_line(told))

    def _one_order(self, cells: list[str]) -> tuple[str, str] | None:
        """Which order a row belongs to, also where the rest of it is wrong."""
        if self._kind != "orders":
            return None
        channel, reference = self._cells_of(_ORDER, cells)
        return (channel, reference) if channel and reference else None

    def _cells_of(self, ours: Iterable[str], cells: list[str]) -> tuple[str, ...]:
        found = dict(zip(self._names, cells, strict=False))
        plan = self._plan
        return tuple(
            found.get(plan.columns[name].column, "").strip()
            if name in plan.columns
            else plan.constants.get(name, "")
            for name in ours
        )


def finder(remote: Remote) -> Find:
    """Looks items up in the catalogue that the key may see, which is read once, when the first item is asked for."""
    catalogue: dict[str, dict[str, list[str]]] = {}

    def find(ours: str, text: str) -> str | None:
        if not catalogue:
            catalogue.update({targets.BY_SKU: {}, targets.BY_NAME: {}})
            for item in remote.every("items", limit="200"):
                catalogue[targets.BY_SKU].setdefault(item["sku"], []).append(item["id"])
                catalogue[targets.BY_NAME].setdefault(item["name"], []).append(item["id"])
        ids = catalogue[ours].get(text, [])
        if len(ids) > 1:
            raise ValueError(f"{len(ids)} items are called '{text}'; name it by its id")
        return ids[0] if ids else None

    return find


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
