"""What differs between two flows, row by row and key by key: for reviews, for the record of a version, and for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from coster.engine.workflow import writing
from coster.engine.workflow.records import Flow

Kind: TypeAlias = Literal["added", "removed", "changed", "moved"]
Entries: TypeAlias = Mapping[str, Any]

# Mappings of a flow whose entries have names of their own.
_NAMED = ("settings", "events", "calendars", "webhooks", "children", "statuses")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs, as plain data in the form of a file."""

    kind: Kind
    path: str
    """Where: `version`, `statuses.booked`, `statuses.booked.label`, `row cancel from created, booked` with a key of it."""
    before: Any = None
    """What stood there; None: nothing. Of a row that moved: its place among the rows, from 1."""
    after: Any = None
    line: int = 0
    """Line in the new file, or of what was removed in the old one; 0: none."""

    def __str__(self) -> str:
        """The change as one line."""
        before, after = _words(self.before), _words(self.after)
        told = {
            "added": f"+ {self.path}: {after}",
            "removed": f"- {self.path}: {before}",
            "changed": f"~ {self.path}: {before} -> {after}",
            "moved": f"~ {self.path}: row {before} is now row {after}",
        }
        return told[self.kind]


def diff(old: Flow, new: Flow) -> tuple[Change, ...]:
    """Every difference: of the flow as such, then by name, then row by row; none for two flows that do the same.

    Comments and the order of statuses make none. Rows have no names: those that are alike belong together, then those on one
    trigger that have most in common. A row has moved when it changed places with another on its trigger, because the first
    that fits fires.
    """
    before, after = writing.plain(old), writing.plain(new)
    lines = _lines(old, new)
    found: list[Change] = []
    for key in ("name", "title", "description", "entity", "type", "version", "error"):
        found += _one(key, before.get(key), after.get(key), 0)
    for key in _NAMED:
        found += _named(key, before.get(key, {}), after.get(key, {}), lines)
    return (*found, *_rows(old, new))


def _words(value: Any) -> str:
    """A value as it would be written, short."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _one(path: str, before: Any, after: Any, line: int) -> Iterator[Change]:
    """The difference at one place, if there is one."""
    if before == after and type(before) is type(after):
        return
    kind: Kind = "added" if before is None else "removed" if after is None else "changed"
    yield Change(kind=kind, path=path, before=before, after=after, line=line)


def _lines(old: Flow, new: Flow) -> dict[str, int]:
    """The line of each status, calendar, webhook and kind of children, those of the new file first."""
    found: dict[str, int] = {}
    for flow in (old, new):
        found |= {f"statuses.{entry.name}": entry.line for entry in flow.statuses}
        found |= {f"calendars.{entry.name}": entry.line for entry in flow.calendars}
        found |= {f"webhooks.{entry.name}": entry.line for entry in flow.webhooks}
        found |= {f"children.{entry.kind}": entry.line for entry in flow.children}
    return found


def _named(key: str, before: Entries, after: Entries, lines: Mapping[str, int]) -> Iterator[Change]:
    """The differences of a mapping: entries that came and went, and the keys of those that stayed."""
    for name in [*before, *(name for name in after if name not in before)]:
        path = f"{key}.{name}"
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            for part in [*one, *(part for part in other if part not in one)]:
                yield from _one(f"{path}.{part}", one.get(part), other.get(part), lines.get(path, 0))
        else:
            yield from _one(path, one, other, lines.get(path, 0))


def _rows(old: Flow, new: Flow) -> Iterator[Change]:
    """The differences of the rows: those that went, then in the new order those that stayed or came."""
    before, after = writing.plain(old)["transitions"], writing.plain(new)["transitions"]
    one, other = _keyed(old, before), _keyed(new, after)
    pairs = _pairs(one, other)
    stayed = set(pairs.values())
    for number, row in enumerate(old.transitions):
        if number not in stayed:
            yield Change(kind="removed", path=_called(one[number]), before=before[number], line=row.line)
    moved = _moved(one, pairs)
    for number, row in enumerate(new.transitions):
        path, line = _called(other[number]), row.line
        if number not in pairs:
            yield Change(kind="added", path=path, after=after[number], line=line)
            continue
        was, now = before[pairs[number]], after[number]
        for key in [*was, *(key for key in now if key not in was)]:
            yield from _one(f"{path}: {key}", was.get(key), now.get(key), line)
        if number in moved:
            yield Change(kind="moved", path=path, before=pairs[number] + 1, after=number + 1, line=line)


def _keyed(flow: Flow, rows: Sequence[Entries]) -> list[Entries]:
    """The rows with their triggers, also those that have none of their own."""
    return [{**row, "on": entry.on} for entry, row in zip(flow.transitions, rows, strict=True)]


def _called(row: Entries) -> str:
    """What a row is called: its trigger and where it starts from."""
    sources = row.get("from", "every status")
    return f"row {row['on']} from {sources if isinstance(sources, str) else ', '.join(sources)}"


def _pairs(old: Sequence[Entries], new: Sequence[Entries]) -> dict[int, int]:
    """New row to the old one that it was: rows that are the same, then on one trigger those with most in common."""
    pairs: dict[int, int] = {}
    left = list(range(len(old)))
    for number, row in enumerate(new):
        same = next((was for was in left if old[was] == row), None)
        if same is not None:
            pairs[number] = same
            left.remove(same)
    rest = [number for number in range(len(new)) if number not in pairs]
    alike = sorted(
        (
            (_common(old[was], new[now]), -was, -now)
            for now in rest
            for was in left
            if old[was]["on"] == new[now]["on"]
        ),
        reverse=True,
    )
    for _, was, now in alike:
        if -now not in pairs and -was in left:
            pairs[-now] = -was
            left.remove(-was)
    return pairs


def _common(one: Entries, other: Entries) -> int:
    """How many keys two rows agree in; where they start from counts twice."""
    return sum(1 + (key == "from") for key in one if one[key] == other.get(key))


def _moved(old: Sequence[Entries], pairs: Mapping[int, int]) -> set[int]:
    """New rows that stand after another row of their trigger which stood after them."""
    moved: set[int] = set()
    last: dict[str, int] = {}
    for number in sorted(pairs):
        was = pairs[number]
        trigger = old[was]["on"]
        if was < last.get(trigger, -1):
            moved.add(number)
        last[trigger] = max(last.get(trigger, -1), was)
    return moved
