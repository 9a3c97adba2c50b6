"""What a picture says of a flow, in words: each row as it is seen from each of its statuses, and the whole as lines of text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow import kinds
from coster.engine.workflow.document import Plain
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.records import (
    ActionCall,
    ErrorPolicy,
    Flow,
    FormField,
    Sla,
    Status,
    Timer,
    Transition,
)

Sort: TypeAlias = Literal["button", "timer", "rollup", "failure", "inner", "event"]

SORTS: dict[Sort, str] = {
    "button": "Button that people press",
    "event": "Event from outside",
    "timer": "Timer",
    "rollup": "The children have come there",
    "inner": "Only as a consequence",
    "failure": "After a failure",
}
CATEGORIES = {"booking": "Booking", "fulfilment": "Fulfilment", "delivery": "Delivery", "done": "Done"}
LANES = {**CATEGORIES, "none": "Not declared", "every": "Anywhere"}
_UNITS = (("week", "weeks"), ("day", "days"), ("h", "h"), ("min", "min"), ("s", "s"))


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is said of a row: a short word, and what comes after it."""

    word: str
    text: str
    code: bool = False
    """Whether it is written in a language for machines."""


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it is seen from one status."""

    row: Transition
    sort: Sort
    head: str
    """What people call it: the button, the trigger, or when it fires."""
    to: str
    """Name of the status afterwards; empty: it stays."""
    details: tuple[Detail, ...]


def duration(text: str) -> str:
    """An ISO 8601 duration as people say it, such as `1 day 4 h`; anything else as it is."""
    found = re.fullmatch(kinds.DURATION, text)
    if found is None:
        return text
    counts = [(int(count), unit) for count, unit in zip(found.groups(), _UNITS, strict=True) if count]
    return " ".join(f"{count} {one if count == 1 else more}" for count, (one, more) in counts if count)


def span(text: str, calendar: str) -> str:
    """A duration, counted in a calendar where one is named."""
    if not calendar:
        return duration(text)
    return f"{duration(text)} while {calendar} is open"


def timer(timer: Timer) -> str:
    """When a timer fires."""
    times = f", {timer.times} times" if timer.times else ""
    calendar = f" of {timer.calendar}" if timer.calendar else ""
    if timer.field:
        moment = f"{duration(timer.before)} before" if timer.before else "at"
        return f"{moment} {timer.field}" + (f", when {timer.calendar} is open" if timer.calendar else "")
    if timer.at:
        wait = f"after {span(timer.duration, timer.calendar)}, then " if timer.duration else ""
        return f"{wait}at {timer.at}{'' if wait else calendar}{times}"
    return f"after {span(timer.duration, timer.calendar)}{times}"


def sla(level: Sla | None) -> str:
    """How long an entity should stay at most; empty: nobody says."""
    return "" if level is None else f"at most {span(level.duration, level.calendar)}"


def title(status: Status) -> str:
    """What people call a status."""
    return status.label.strip() or status.name


def facts(status: Status) -> tuple[str, ...]:
    """What is said of a status besides its name: its role in the life, what is owed in it, its service level and its DFC words."""
    role = (
        ("begins here", status.initial),
        ("the end", status.final),
        ("may rest here", status.rests),
    )
    owed = [(word.replace("_", " "), status.owed(word)) for word in ("holds", "authorisation", "held_lines")]
    return (
        *(word for word, so in role if so),
        *(f"{word}: {state}" for word, state in owed if state),
        *((sla(status.sla),) if status.sla else ()),
        *(
            (f"DFC: {', '.join(f'{axis} {word}' for axis, word in status.dfc.items())}",)
            if status.dfc
            else ()
        ),
    )


def statuses(flow: Flow) -> tuple[Status, ...]:
    """The statuses of the flow, and after them those that only its rows name: a draft may be wrong and is drawn all the same."""
    known = {status.name for status in flow.statuses}
    named = [name for row in flow.transitions for name in (*row.sources, row.to) if name]
    missing = dict.fromkeys(name for name in named if name not in known)
    return (*flow.statuses, *(Status(name=name, category="") for name in missing))


def exits(flow: Flow) -> dict[str, tuple[Exit, ...]]:
    """The rows by the status that they start from, in file order; under the empty name those of every status."""
    raised = _raised(flow)
    found: dict[str, list[Exit]] = {name: [] for name in (*(status.name for status in statuses(flow)), "")}
    for row in flow.transitions:
        for source in dict.fromkeys(row.sources or ("",)):
            found[source].append(_exit(row, source, raised))
    return {name: tuple(rows) for name, rows in found.items()}


def story(flow: Flow, counts: Mapping[str, int]) -> tuple[str, ...]:
    """All that the picture shows, as lines for people who hear it."""
    names = {status.name: title(status) for status in statuses(flow)}
    seen = exits(flow)
    lines = [heading(flow)] + ([flow.description] if flow.description else [])
    for status in statuses(flow):
        here = (f"{counts[status.name]} here now",) if status.name in counts else ()
        category = CATEGORIES.get(status.category, "not declared")
        letter = (f"code {status.code}",) if status.code else ()
        told = ", ".join((category, *letter, *facts(status), *here))
        lines.append(f"Status {names[status.name]} ({status.name}): {told}.")
        lines += [sentence(way, names) for way in seen[status.name]]
    if seen[""]:
        lines.append("In every status:")
        lines += [sentence(way, names) for way in seen[""]]
    return (*lines, *elsewhere(flow, counts))


def called(flow: Flow) -> str:
    """What people call a flow."""
    return flow.title.strip() or flow.name


def heading(flow: Flow) -> str:
    """Which flow it is."""
    kind = f" of type {flow.type}" if flow.type else ""
    return f"{flow.name} version {flow.version}, for each {flow.entity}{kind}"


def elsewhere(flow: Flow, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Entities that are counted in statuses which the flow does not have; no line where there are none."""
    known = {status.name for status in statuses(flow)}
    others = [f"{count:,} in {name}" for name, count in sorted(counts.items()) if name not in known]
    return (f"In statuses that this version does not have: {', '.join(others)}.",) if others else ()


def sentence(way: Exit, names: Mapping[str, str]) -> str:
    """A row as one sentence."""
    details = "".join(f"; {detail.word} {detail.text}" for detail in way.details)
    leads = f"leads to {names[way.to]}" if way.to else "stays"
    return f"{SORTS[way.sort]}: {way.head}, {leads}{details}."


def _raised(flow: Flow) -> dict[str, dict[str, list[str]]]:
    """Which triggers rows raise: for `otherwise`, `next` and `then` the triggers of those rows, by what they raise."""
    found: dict[str, dict[str, list[str]]] = {"otherwise": {}, "next": {}, "then": {}}
    for row in flow.transitions:
        policy = row.error or flow.error
        raises = {"otherwise": row.otherwise, "next": row.next, "then": policy.then if policy else ""}
        for how, trigger in raises.items():
            origin = row.on if ":" not in row.on else _head(row)
            if trigger and trigger != row.on and origin not in found[how].setdefault(trigger, []):
                found[how][trigger].append(origin)
    return found


def _exit(row: Transition, source: str, raised: Mapping[str, Mapping[str, list[str]]]) -> Exit:
    """A row as it is seen from one of its statuses."""
    head = _head(row)
    return Exit(
        row=row,
        sort=_sort(row, raised),
        head=head,
        to=row.to if row.to != source else "",
        details=tuple(_details(row, head, raised)),
    )


def _sort(row: Transition, raised: Mapping[str, Mapping[str, list[str]]]) -> Sort:
    """What makes it happen."""
    sorts: tuple[tuple[bool, Sort], ...] = (
        (row.button is not None, "button"),
        (row.after is not None, "timer"),
        (row.on == ROLLUP, "rollup"),
        (row.on in raised["then"], "failure"),
        (row.on in raised["otherwise"] or row.on in raised["next"], "inner"),
    )
    return next((sort for so, sort in sorts if so), "event")


def _head(row: Transition) -> str:
    """What people call it."""
    if row.button is not None:
        return row.button.label.strip() or row.on
    if ":" not in row.on:
        return row.on
    return _rollup(row) if row.after is None else timer(row.after)


def _details(row: Transition, head: str, raised: Mapping[str, Mapping[str, list[str]]]) -> list[Detail]:
    """All else that is said of it, in the order in which it matters."""
    button, rollup = row.button, _rollup(row)
    time = timer(row.after) if row.after else ""
    named = row.on if ":" not in row.on and _spoken(row.on) != _spoken(head) else ""
    said = (
        ("on", named, True),
        ("for", ", ".join(button.roles) if button else "", False),
        ("asks", button.confirm if button else "", False),
        ("form", "; ".join(_form_field(field) for field in button.form) if button else "", False),
        ("time", time if time != head else "", False),
        ("when", rollup if rollup != head else "", False),
        ("if", row.when, True),
        ("else", row.otherwise, True),
        ("does", ", ".join(_action(call) for call in row.do), True),
        ("then", row.next, True),
        ("again", f"the timer of {', '.join(row.restart)} begins anew" if row.restart else "", False),
        ("fails", _error(row.error), False),
        ("by", _origins(row.on, raised), False),
        ("told", row.label if row.label not in ("", head) else "", False),
    )
    return [Detail(word=word, text=text, code=code) for word, text, code in said if text]


def _rollup(row: Transition) -> str:
    """Where the children must be."""
    return " and ".join(str(condition) for condition in row.rollup)


def _spoken(text: str) -> str:
    """A name and the words for it are the same."""
    return text.lower().replace("_", " ").strip()


def _origins(trigger: str, raised: Mapping[str, Mapping[str, list[str]]]) -> str:
    """The rows that raise the trigger."""
    ways = (("otherwise", "where {} does not fit"), ("next", "after {}"), ("then", "where {} fails"))
    found = [(form, raised[how].get(trigger, [])) for how, form in ways]
    return ", ".join(form.format(_few(rows)) for form, rows in found if rows)


def _few(triggers: list[str]) -> str:
    """Up to four of them; a list of thirty is no news."""
    shown = ", ".join(triggers[:4])
    return shown if len(triggers) <= 4 else f"{shown} and {len(triggers) - 4} more"


def _error(policy: ErrorPolicy | None) -> str:
    """What happens on failure; empty: what the flow says."""
    if policy is None:
        return ""
    retry = policy.retry
    grows = f", each wait {retry.factor} times as long" if retry and retry.factor != 1 else ""
    tries = f"tried {retry.times} times more after {duration(retry.wait)}{grows}, then " if retry else ""
    return f"{tries}{policy.then or 'waits for people'}"


def failure(flow: Flow) -> str:
    """What happens when rows fail that say nothing themselves; empty: the flow does not say."""
    return f"What fails, where nothing else is said: {_error(flow.error)}." if flow.error else ""


def _action(call: ActionCall) -> str:
    """An action with what it is given."""
    given = ", ".join(f"{name}: {_plain(value)}" for name, value in call.parameters.items())
    return f"{call.name}({given})" if given else call.name


def _form_field(field: FormField) -> str:
    """What a button asks for."""
    choices = [field.labels.get(str(choice), _plain(choice)) for choice in field.choices]
    said = (
        "needed" if field.required else "",
        f"one of {', '.join(choices)}" if choices else field.type,
        "" if field.default is None else f"begins as {_plain(field.default)}",
    )
    return f"{field.label or field.name} ({', '.join(part for part in said if part)})"


def _plain(value: Plain) -> str:
    """A value as it is written in a file."""
    return msgspec.json.encode(value).decode() if not isinstance(value, str) else value
