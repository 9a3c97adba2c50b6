"""A Fluent export to flows of our language, one for each entity type and subtype, with a report on every part of it.

`convert` is the whole way. The flows are not proved: what they need of a room (fields, roles, axes such as `holds`) and
every placeholder is for people, and the checker tells it.
"""

from __future__ import annotations

import json

import msgspec

from coster.engine.workflow import faults, language, records, writing
from coster.engine.workflow.document import LONGEST, Plain
from coster.engine.workflow.fluent import events, reading
from coster.engine.workflow.fluent.buttons import Buttons
from coster.engine.workflow.fluent.model import ExportRefusedError, Unreadable, below
from coster.engine.workflow.fluent.names import line
from coster.engine.workflow.fluent.report import Line, Report
from coster.engine.workflow.fluent.rows import Rows
from coster.engine.workflow.fluent.statuses import statuses
from coster.engine.workflow.fluent.work import Work
from coster.engine.workflow.records import Flow, Setting, Transition

# The shortest row needs more characters than this, so that more rows cannot be read back.
_MOST_ROWS = LONGEST // 30
_RETRY = "fc.rubix.sdk.webhook.retry.schedule"
_KNOWN_SETTINGS = {
    "fc.rubix.sdk.webhook.retry.method": "left out: Coster sends a webhook again as it was",
    "fc.rubix.sdk.primaryEntityCache": "left out: Coster loads each entity once for a step",
}


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """Flows with their texts in the same order, the root's first, and a line for every part of the export."""

    flows: tuple[Flow, ...]
    texts: tuple[str, ...]
    report: tuple[Line, ...]

    @property
    def whole(self) -> bool:
        """Whether everything is in the flows, the same or nearly."""
        return all(entry.verdict != "not_mapped" for entry in self.report)


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A flow before it is known who sends it what."""

    entity: str
    flow: Flow
    attributes: dict[str, dict[str, str]]
    """By trigger that has a button: what its form asks for."""


def convert(text: str) -> Converted:
    """The flows of an export. Raises ExportRefusedError where it cannot be read, or is too large for our files."""
    export = reading.read(text)
    work = Work(export)
    for path in export.unknown:
        work.report.not_mapped(path, "Fluent's workflows have no such part that the importer knows")
    drafts = [
        _draft(work, entity, subtype) for entity in export.entities for subtype in work.subtypes(entity)
    ]
    rows = sum(len(draft.flow.transitions) for draft in drafts)
    if rows > _MOST_ROWS:
        raise ExportRefusedError((Unreadable("", f"found {rows} rows; accepted: at most {_MOST_ROWS}"),))
    flows = tuple(_told(work, draft) for draft in drafts)
    texts = tuple(_text(flow) for flow in flows)
    return Converted(flows=flows, texts=texts, report=work.report.lines())


def _text(flow: Flow) -> str:
    """The text of a flow, which must be readable. Raises ExportRefusedError."""
    text = writing.write(flow)
    try:
        language.read(text, flow.name)
    except faults.FlowRefusedError as refused:
        message = f"the flow {flow.name} cannot be written so that it is read back: {refused.faults[0]}"
        raise ExportRefusedError((Unreadable("", message),)) from None
    return text


def _draft(work: Work, entity: str, subtype: str) -> _Draft:
    """The flow of an entity type and subtype without its events."""
    export = work.export
    found = tuple(r for r in export.rulesets if r.entity == entity and r.subtype in ("", subtype))
    known = statuses(work, entity, found)
    rows = Rows(work, entity, subtype, tuple(name for name, status in known.items() if not status.final))
    buttons = Buttons(work, entity)
    transitions = buttons.put(rows.make(), found)
    root = entity == export.entity
    if root:
        _header(work.report, export.header)
    settings, retry = _settings(work, root=root)
    flow = Flow(
        name=work.flow(entity, subtype),
        title=line(f"{export.header.get('name', export.entity)}: {entity} {subtype}"),
        description=_description(export.header) if root else "",
        entity=work.entity(entity),
        type=work.names.of(f"type {entity}", subtype) if subtype else "",
        version=1,
        settings=settings,
        webhooks=tuple(rows.webhooks.values()),
        children=tuple(_children(work, child) for child in events.children(export, entity)),
        error=records.ErrorPolicy(retry=retry) if rows.webhooks else None,
        statuses=tuple(known.values()),
        transitions=tuple(transitions),
    )
    return _Draft(entity=entity, flow=flow, attributes=buttons.attributes)


def _header(report: Report, header: dict[str, str]) -> None:
    """What became of the words at the top."""
    for key in header:
        if key == "version":
            report.approximated(key, "in the description; versions of a flow begin at 1")
        elif key in ("entityType", "entitySubtype"):
            report.mapped(key, "name, entity and type of the flow")
        else:
            report.mapped(key, "in the description of the flow")


def _description(header: dict[str, str]) -> str:
    """Where the flow comes from, in the words of the export."""
    return "From Fluent. " + " · ".join(f"{key}: {line(value)}" for key, value in header.items())


def _children(work: Work, child: str) -> records.Children:
    """A kind of children, with the flow of each of their subtypes."""
    flows = {
        (work.names.of(f"type {child}", subtype) if subtype else "other"): work.flow(child, subtype)
        for subtype in work.subtypes(child)
    }
    return records.Children(kind=work.kind(child), flows=flows)


def _settings(work: Work, *, root: bool) -> tuple[dict[str, Setting], records.Retry]:
    """The settings with a name, which stand in the root's flow, and how often webhooks are sent again."""
    export, report = work.export, work.report
    # Without a setting Fluent sends again after 2, 4 and 8 seconds.
    retry = records.Retry(times=3, wait="PT2S", factor=2)
    found: dict[str, Setting] = {}
    for name, value in export.settings.items():
        path = below(export.settings_key, name)
        if name == _RETRY and value == "exponential":
            retry = records.Retry(times=4, wait="PT1M", factor=10)
            report.approximated(
                path, "`error: {retry: …}` after 1, 10, 100 and 1000 minutes, not 1 min, 1 h and 1 day"
            )
        elif name in _KNOWN_SETTINGS:
            report.approximated(path, _KNOWN_SETTINGS[name])
        elif value is None:
            report.not_mapped(path, "it has no value")
        else:
            kept = _setting(value)
            word = work.names.of("setting", name)
            found[word] = kept
            same = kept == value or (isinstance(kept, tuple) and list(kept) == value)
            if same:
                report.mapped(path, f"`settings.{word}`")
            else:
                report.approximated(
                    path, f"`settings.{word}` as JSON text, since settings are texts and whole numbers"
                )
    return (found if root else {}), retry


def _setting(value: Plain) -> Setting:
    """A value that a setting can have, or its JSON text."""
    if isinstance(value, str | bool) or _whole(value):
        return value  # type: ignore[return-value]
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return tuple(str(part) for part in value)
    if isinstance(value, list) and value and all(_whole(part) for part in value):
        return tuple(part for part in value if isinstance(part, int))
    return json.dumps(value, ensure_ascii=False)


def _whole(value: Plain) -> bool:
    """Whether it is a whole number that the text of a flow can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18


def _told(work: Work, draft: _Draft) -> Flow:
    """The flow with its events: every trigger that neither time nor another row alone sends."""
    rows = draft.flow.transitions
    inner = {name for row in rows for name in (row.next, row.error.then if row.error else "")}
    outside = {trigger for entity, trigger in work.told if entity == draft.entity} | set(draft.attributes)
    told: dict[str, dict[str, str]] = {
        row.on: draft.attributes.get(row.on, {})
        for row in rows
        if row.on in outside or (row.on not in inner and row.after is None)
    }
    return msgspec.structs.replace(draft.flow, events=told, transitions=_numbered(rows))


def _numbered(rows: tuple[Transition, ...]) -> tuple[Transition, ...]:
    """The rows with their places in the file."""
    return tuple(msgspec.structs.replace(row, index=number) for number, row in enumerate(rows))
