"""Scenarios: what is given, what happens and what must come of it; the strict reading of their files into records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from coster.engine.workflow import document, effects, faults, kinds, records
from coster.engine.workflow.document import Node, Plain
from coster.engine.workflow.reading import Notes
from coster.engine.workflow.trying import shape

# A Monday, so that whoever says no instant is not surprised by a weekend.
BEGIN = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)

Facts = dict[str, Plain]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """How an entity begins."""

    status: str = ""
    """Empty: the initial one."""
    at: dt.datetime | None = None
    """None: BEGIN."""
    context: Facts = {}
    children: dict[str, tuple[str, ...]] = {}
    line: int = 0

    def over(self, other: Given) -> Given:
        """This one, and what it leaves open as in the other."""
        return Given(
            status=self.status or other.status,
            at=self.at or other.at,
            context={**other.context, **self.context},
            children={**other.children, **self.children},
            line=self.line or other.line,
        )


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What must be so; what is None or empty is not looked at."""

    status: str = ""
    actions: tuple[Plain, ...] | None = None
    messages: tuple[Plain, ...] | None = None
    owed: dict[str, str] = {}
    """State by axis of `effects`."""
    timers: dict[str, dt.datetime | None] | None = None
    """When each is due; None: whenever."""
    refused: str = ""
    line: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens: an event, time that passes, children that move, a failure, or facts that change."""

    event: str = ""
    attributes: Facts = {}
    wait: str = ""
    until: dt.datetime | None = None
    children: dict[str, tuple[str, ...]] | None = None
    failed: str = ""
    context: Facts = {}
    then: Facts = {}
    fails: dict[str, str] = {}
    expect: Expected | None = None
    line: int = 0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A short life with what must come of it."""

    name: str
    given: Given = Given()
    steps: tuple[Step, ...]
    expect: Expected | None = None
    line: int = 0


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The scenarios of one flow; what its file gives for all is in each."""

    flow: str
    calendars: tuple[records.CalendarText, ...] = ()
    scenarios: tuple[Scenario, ...]


def read(text: str, source: str = "scenarios") -> Book:
    """The scenarios of a file. Raises FlowRefusedError with every fault of form, each with line and path."""
    notes = Notes()
    root = document.read(text, notes.faults)
    if root is not None:
        shape.FILE.check(root, notes)
    if root is None or notes.faults:
        raise faults.FlowRefusedError(source, faults.in_file_order(notes.faults))
    fields = _entries(root)
    common = _given(fields.get("given"))
    return Book(
        flow=str(fields["flow"].value),
        calendars=tuple(_calendar(name, node) for name, node in _entries(fields.get("calendars")).items()),
        scenarios=tuple(_scenario(node, common) for node in _items(fields["scenarios"])),
    )


def step(text: str) -> Step:
    """One step as it is written on a command line. Raises FlowRefusedError."""
    notes = Notes()
    root = document.read(text, notes.faults)
    if root is not None:
        shape.STEP_FORM.check(root, notes)
    if root is None or notes.faults:
        raise faults.FlowRefusedError(f"step '{text}'", faults.in_file_order(notes.faults))
    return _step(root)


def given(text: str) -> Given:
    """How an entity begins, as it is written on a command line. Raises FlowRefusedError."""
    notes = Notes()
    root = document.read(text, notes.faults)
    if root is not None:
        shape.GIVEN.check(root, notes)
    if root is None or notes.faults:
        raise faults.FlowRefusedError(f"given '{text}'", faults.in_file_order(notes.faults))
    return _given(root)


# Below, what the form accepted is only put into records.


def _entries(node: Node | None) -> Mapping[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _instant(text: Any) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _kinds(plain: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(found) for kind, found in plain.items()}


def _given(node: Node | None) -> Given:
    plain: Any = {} if node is None else node.plain
    return Given(
        status=plain.get("status", ""),
        at=_instant(plain.get("at")),
        context=plain.get("context", {}),
        children=_kinds(plain.get("children", {})),
        line=0 if node is None else node.line,
    )


def _calendar(name: str, node: Node) -> records.CalendarText:
    plain: Any = node.plain
    hours, special = plain.get("hours"), plain.get("special", {})
    return records.CalendarText(
        name=name,
        zone=plain["zone"],
        hours=None if hours is None else {days: _spans(spans) for days, spans in hours.items()},
        holidays=tuple(plain.get("holidays", ())),
        special={date: _spans(spans) for date, spans in special.items()},
        line=node.line,
    )


def _spans(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _scenario(node: Node, common: Given) -> Scenario:
    fields = _entries(node)
    return Scenario(
        name=str(fields["name"].value),
        given=_given(fields.get("given")).over(common),
        steps=tuple(_step(item) for item in _items(fields["steps"])),
        expect=_expected(fields.get("expect")),
        line=node.line,
    )


def _step(node: Node) -> Step:
    plain: Any = node.plain
    if isinstance(plain, str):
        waits = kinds.duration(plain) is not None
        return Step(line=node.line, wait=plain if waits else "", event="" if waits else plain)
    children = plain.get("children")
    return Step(
        event=plain.get("event", ""),
        attributes=plain.get("attributes", {}),
        wait=plain.get("wait", ""),
        until=_instant(plain.get("until")),
        children=None if children is None else _kinds(children),
        failed=plain.get("failed", ""),
        context=plain.get("context", {}),
        then=plain.get("then", {}),
        fails=plain.get("fails", {}),
        expect=_expected(_entries(node).get("expect")),
        line=node.line,
    )


def _expected(node: Node | None) -> Expected | None:
    if node is None:
        return None
    plain: Any = node.plain
    timers = plain.get("timers")
    if isinstance(timers, list):
        timers = dict.fromkeys(timers)
    return Expected(
        status=plain.get("status", ""),
        actions=_tuple(plain.get("actions")),
        messages=_tuple(plain.get("messages")),
        owed={axis: plain[axis] for axis in effects.AXES if axis in plain},
        timers=None if timers is None else {on: _instant(at) for on, at in timers.items()},
        refused=plain.get("refused", ""),
        line=node.line,
    )


def _tuple(found: list[Plain] | None) -> tuple[Plain, ...] | None:
    return None if found is None else tuple(found)
