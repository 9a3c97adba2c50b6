"""The flow language: the strict reading of a flow file's YAML text into its records.

Reading knows the form of the language only (`shape`); whether names are known and the flow is safe is the work of
`check`. The language is documented in docs/reference/flows.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coster.engine.workflow import document, faults, records, shape
from coster.engine.workflow.document import Node
from coster.engine.workflow.reading import Notes
from coster.engine.workflow.records import Flow, Status, Timer, Transition

Entry = Mapping[str, Any]


def read(text: str, source: str = "flow") -> Flow:
    """The flow that the YAML text describes.

    Raises FlowRefusedError with every fault of form, each with line and path.
    """
    notes = Notes()
    root = document.read(text, notes.faults)
    if root is not None:
        shape.FLOW.check(root, notes)
    if root is None or notes.faults:
        raise faults.FlowRefusedError(source, faults.in_file_order(notes.faults))
    return _flow(root)


# Below, what the form accepted is only put into records.


def _flow(root: Node) -> Flow:
    """The whole file."""
    fields = _entries(root)
    plain: Any = {key: node.plain for key, node in fields.items()}
    events = {name: dict(attributes) for name, attributes in plain.get("events", {}).items()}
    return Flow(
        name=plain["name"],
        entity=plain["entity"],
        version=int(plain["version"]),
        title=plain.get("title", ""),
        description=plain.get("description", ""),
        type=plain.get("type", ""),
        settings={name: _setting(value) for name, value in plain.get("settings", {}).items()},
        events=events,
        calendars=tuple(_calendar(name, node) for name, node in _entries(fields.get("calendars")).items()),
        webhooks=tuple(_webhook(name, node) for name, node in _entries(fields.get("webhooks")).items()),
        children=tuple(_children(name, node) for name, node in _entries(fields.get("children")).items()),
        error=_error(plain.get("error")),
        statuses=tuple(_status(name, node) for name, node in _entries(fields["statuses"]).items()),
        transitions=tuple(_transition(n, node) for n, node in enumerate(_items(fields["transitions"]))),
    )


def _entries(node: Node | None) -> dict[str, Node]:
    """The entries of a mapping; none where nothing stands."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _items(node: Node) -> list[Node]:
    """The items of a list."""
    return node.value if isinstance(node.value, list) else []


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    """One name or a list of names."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _setting(value: Any) -> records.Setting:
    """A value with a name."""
    return tuple(value) if isinstance(value, list) else value


def _calendar(name: str, node: Node) -> records.CalendarText:
    """One entry of `calendars`."""
    plain: Any = node.plain
    hours = plain.get("hours")
    return records.CalendarText(
        name=name,
        zone=plain["zone"],
        hours=None if hours is None else {days: _names(spans) for days, spans in hours.items()},
        holidays=tuple(plain.get("holidays", ())),
        special={date: _names(spans) for date, spans in plain.get("special", {}).items()},
        line=node.line,
    )


def _webhook(name: str, node: Node) -> records.Webhook:
    """One entry of `webhooks`."""
    plain: Any = node.plain
    return records.Webhook(name=name, event=plain["event"], body=plain.get("body", {}), line=node.line)


def _children(kind: str, node: Node) -> records.Children:
    """One entry of `children`."""
    plain: Any = node.plain
    flow = plain["flow"]
    flows = {"other": flow} if isinstance(flow, str) else dict(flow)
    return records.Children(kind=kind, flows=flows, line=node.line)


def _error(plain: Any) -> records.ErrorPolicy | None:
    """What happens on failure."""
    if plain is None:
        return None
    retry = plain.get("retry")
    return records.ErrorPolicy(
        retry=None
        if retry is None
        else records.Retry(times=int(retry["times"]), wait=retry["wait"], factor=int(retry.get("factor", 1))),
        then=plain.get("then", ""),
    )


def _status(name: str, node: Node) -> Status:
    """One entry of `statuses`."""
    plain: Any = node.plain
    sla = plain.get("sla")
    words = ("category", "code", "label", "holds", "authorisation", "held_lines")
    return Status(
        name=name,
        **{word: plain.get(word, "") for word in words},
        dfc=plain.get("dfc", {}),
        initial=plain.get("initial", False),
        final=plain.get("final", False),
        rests=plain.get("rests", False),
        sla=None if sla is None else _sla(sla),
        line=node.line,
    )


def _sla(plain: Any) -> records.Sla:
    """A duration, or `{duration, in}`."""
    if isinstance(plain, str):
        return records.Sla(duration=plain)
    return records.Sla(duration=plain["duration"], calendar=plain.get("in", ""))


def _transition(index: int, node: Node) -> Transition:
    """One entry of `transitions`."""
    plain: Any = node.plain
    after = _timer(plain["after"]) if "after" in plain else None
    return Transition(
        index=index,
        on=plain.get("on") or (ROLLUP if after is None else timer_name(after)),
        sources=_names(plain.get("from")),
        label=plain.get("label", ""),
        when=plain.get("when", ""),
        rollup=_rollup(plain.get("rollup")),
        do=tuple(_action(call) for call in plain.get("do", ())),
        to=plain.get("to", ""),
        next=plain.get("next", ""),
        restart=_names(plain.get("restart")),
        otherwise=plain.get("otherwise", ""),
        error=_error(plain.get("error")),
        after=after,
        button=_button(plain["button"]) if "button" in plain else None,
        line=node.line,
    )


# The trigger of rows that the children's coming somewhere raises; its colon keeps it apart from what may stand in `on`.
ROLLUP = "rollup:children"


def timer_name(timer: Timer) -> str:
    """The trigger of a transition that has only a timer, such as `after:1800s`; nobody can write it in `on`."""
    if timer.field:
        wait = timer.field + (f"-{timer.before}" if timer.before else "")
    elif timer.length is not None and not timer.calendar:
        wait = f"{int(timer.length.total_seconds())}s"
    else:
        wait = "+".join(part for part in (timer.duration, timer.at) if part)
    return f"after:{wait}" + (f"@{timer.calendar}" if timer.calendar else "")


def _timer(plain: Any) -> Timer:
    """`after`: a duration, or a mapping."""
    if isinstance(plain, str):
        return Timer(duration=plain)
    words = ("duration", "field", "at", "before")
    found = {word: plain.get(word, "") for word in words}
    return Timer(**found, calendar=plain.get("in", ""), times=int(plain.get("times", 0)))


def _rollup(plain: Any) -> tuple[records.Condition, ...]:
    """One roll-up, or a list of such."""
    found = []
    quantifiers: tuple[records.Quantifier, ...] = ("all", "any", "none")
    for entry in [] if plain is None else [plain] if isinstance(plain, dict) else plain:
        [quantifier] = [word for word in quantifiers if word in entry]
        condition = records.Condition(
            quantifier=quantifier, children=entry[quantifier], statuses=_names(entry["in"])
        )
        found.append(condition)
    return tuple(found)


def _action(plain: Any) -> records.ActionCall:
    """`name`, or `name: {parameter: value}`."""
    if isinstance(plain, str):
        return records.ActionCall(name=plain)
    [(name, parameters)] = plain.items()
    return records.ActionCall(name=name, parameters=parameters)


def _button(plain: Entry) -> records.Button:
    """The user action of a transition."""
    return records.Button(
        label=plain["label"],
        roles=_names(plain["role"]),
        form=tuple(_form_field(name, field) for name, field in plain.get("form", {}).items()),
        confirm=plain.get("confirm", ""),
    )


def _form_field(name: str, plain: Entry) -> records.FormField:
    """One entry of a form."""
    choices = plain.get("choices", ())
    return records.FormField(
        name=name,
        type=plain["type"],
        label=plain.get("label", ""),
        required=plain.get("required", False),
        choices=tuple(choices),
        labels=choices if isinstance(choices, dict) else {},
        default=plain.get("default"),
    )
