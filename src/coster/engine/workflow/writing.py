"""Flows as text: what is written is read back as the same flow. For drafts, exports and what is imported from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from coster.engine.workflow import records
from coster.engine.workflow.language import ROLLUP, timer_name
from coster.engine.workflow.records import Flow, Status, Transition

Plain = dict[str, Any]


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes values out without anchors, and words plainly by the rules of YAML 1.2, so that `on` needs no quotes."""

    def ignore_aliases(self, _: object) -> bool:
        """Never an anchor."""
        return True


_Dumper.yaml_implicit_resolvers = {}
for _tag, _words, _signs in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"null|Null|NULL|~|", ("n", "N", "~", "")),  # "" stands for the first sign of empty text
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_words})$"), list(_signs))


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Text; the line break NEL, which between single quotes is read back as a space, between double quotes."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\x85" in text else None)


_Dumper.add_representer(str, _quoted)


def write(flow: Flow) -> str:
    """The YAML text of a flow, keys in the order of the documentation; what is left to its default is left out."""
    text: str = yaml.dump(
        plain(flow), Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True
    )
    return text


def plain(flow: Flow) -> Plain:
    """The flow as plain data in the form of a file: what the JSON Schema describes."""
    return _given(
        name=flow.name,
        title=flow.title,
        description=flow.description,
        entity=flow.entity,
        type=flow.type,
        version=flow.version,
        settings={name: list(v) if isinstance(v, tuple) else v for name, v in flow.settings.items()},
        events=flow.events,
        calendars={text.name: _calendar(text) for text in flow.calendars},
        webhooks={webhook.name: _given(event=webhook.event, body=webhook.body) for webhook in flow.webhooks},
        children={entry.kind: {"flow": _child(entry)} for entry in flow.children},
        error=_error(flow.error),
    ) | {
        "statuses": {status.name: _status(status) for status in flow.statuses},
        "transitions": [_transition(row) for row in flow.transitions],
    }


def _given(**entries: object) -> Plain:
    """The entries that are not empty; `to_` stands for a key that is a word of Python."""
    empty: tuple[object, ...] = ("", None, False, (), [], {})
    return {
        name.rstrip("_"): v
        for name, v in entries.items()
        if not any(v is e or (v == e and v != 0) for e in empty)
    }


def _few(names: tuple[str, ...]) -> Any:
    """One name by itself, or a list."""
    return names[0] if len(names) == 1 else list(names)


def _calendar(text: records.CalendarText) -> Plain:
    spans = None if text.hours is None else {days: _few(found) for days, found in text.hours.items()}
    special = {date: _few(found) for date, found in text.special.items()}
    return _given(zone=text.zone, hours=spans, holidays=list(text.holidays), special=special)


def _child(entry: records.Children) -> Any:
    return entry.flows["other"] if list(entry.flows) == ["other"] else entry.flows


def _error(error: records.ErrorPolicy | None) -> Plain | None:
    if error is None:
        return None
    retry = error.retry
    written = None
    if retry is not None:
        written = _given(
            times=retry.times, wait=retry.wait, factor=retry.factor if retry.factor != 1 else None
        )
    return _given(retry=written, then=error.then) or {"park": True}


def _status(status: Status) -> Plain:
    sla = status.sla
    return _given(
        label=status.label,
        category=status.category,
        code=status.code,
        dfc=status.dfc,
        holds=status.holds,
        authorisation=status.authorisation,
        held_lines=status.held_lines,
        initial=status.initial,
        final=status.final,
        rests=status.rests,
        sla=None if sla is None else _length({"duration": sla.duration, "in": sla.calendar}),
    )


def _length(entries: Mapping[str, object]) -> Any:
    """A duration by itself where nothing else is said."""
    said = _given(**entries)
    only = list(said) == ["duration"] and str(said["duration"]).startswith("P")
    return said["duration"] if only else said


def _transition(row: Transition) -> Plain:
    after, button = row.after, row.button
    own = row.on == (timer_name(after) if after is not None else ROLLUP)
    return _given(
        on="" if own else row.on,
        label=row.label,
        after=None if after is None else _timer(after),
        rollup=_rollup(row.rollup),
        from_=_few(row.sources) if row.sources else None,
        when=row.when,
        do=[{call.name: call.parameters} if call.parameters else call.name for call in row.do],
        to=row.to,
        next=row.next,
        restart=_few(row.restart) if row.restart else None,
        otherwise=row.otherwise,
        error=_error(row.error),
        button=None if button is None else _button(button),
    )


def _timer(timer: records.Timer) -> Any:
    said = {"duration": timer.duration, "field": timer.field, "at": timer.at, "before": timer.before}
    return _length({**said, "in": timer.calendar, "times": timer.times or None})


def _rollup(conditions: tuple[records.Condition, ...]) -> Any:
    written = [{c.quantifier: c.children, "in": _few(c.statuses)} for c in conditions]
    return written[0] if len(written) == 1 else written


def _button(button: records.Button) -> Plain:
    form = {field.name: _form_field(field) for field in button.form}
    return _given(label=button.label, role=_few(button.roles), form=form, confirm=button.confirm)


def _form_field(field: records.FormField) -> Plain:
    choices = field.labels or list(field.choices)
    written = _given(type=field.type, label=field.label, required=field.required, choices=choices)
    return written if field.default is None else {**written, "default": field.default}
