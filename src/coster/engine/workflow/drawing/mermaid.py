"""A flow as a Mermaid state diagram, for documents and pages that draw such text themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow.drawing import measure, words
from coster.engine.workflow.drawing.words import Exit
from coster.engine.workflow.records import Flow, Status

COLOURS = {"booking": "#dbeafe", "fulfilment": "#fef3c7", "delivery": "#e9d5ff", "done": "#d1fae5"}
# Words of Mermaid's own, which cannot be the name of a state.
_TAKEN = frozenset(
    {
        "accdescr",
        "acctitle",
        "as",
        "class",
        "classdef",
        "click",
        "default",
        "direction",
        "end",
        "hide",
        "href",
        "note",
    }
    | {"root", "scale", "state", "statediagram", "style"}
)
_SIGNS = ':;#{}<>"%`\\'


def mermaid(flow: Flow, counts: Mapping[str, int] = {}) -> str:
    """The text of a `stateDiagram-v2`: statuses coloured by category with what is said of them, and every row with all that it has.

    Rows of every status that lead nowhere else are one note beside the first status, to keep the picture calm. With counts it also says
    how many entities are in each status now.
    """
    ids = _ids(flow)
    seen = words.exits(flow)
    states = words.statuses(flow)
    lines = ["stateDiagram-v2", f"    accTitle: {_line(words.called(flow))}"]
    lines += [f"    {ids[status.name]}: {_text(_status(status, counts))}" for status in states]
    lines += [f"    [*] --> {ids[status.name]}" for status in states if status.initial]
    everywhere = [way for way in seen[""] if way.to]
    for status in states:
        for way in (*seen[status.name], *everywhere):
            lines.append(f"    {ids[status.name]} --> {ids[way.to or status.name]}: {_text(_row(way))}")
    lines += [f"    {ids[status.name]} --> [*]" for status in states if status.final]
    staying = [_row(way) for way in seen[""] if not way.to]
    if staying and states:
        first = next((status for status in states if status.initial), states[0])
        lines.append(f"    note right of {ids[first.name]}: in every status {_text('; '.join(staying))}")
    lines += _colours(states, ids)
    return "\n".join(lines) + "\n"


def _colours(states: tuple[Status, ...], ids: Mapping[str, str]) -> Iterator[str]:
    """Each category with its colour and its statuses."""
    for category in dict.fromkeys(status.category for status in states if status.category in COLOURS):
        names = ",".join(ids[status.name] for status in states if status.category == category)
        yield f"    classDef {category} fill:{COLOURS[category]},color:#111827"
        yield f"    class {names} {category}"


def _ids(flow: Flow) -> dict[str, str]:
    """Names for Mermaid by the names of statuses: the same, where they are not its own words or hold other signs."""
    found: dict[str, str] = {}
    for status in words.statuses(flow):
        name = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in status.name) or "_"
        while name.lower() in _TAKEN or name in found.values():
            name += "_"
        found[status.name] = name
    return found


def _status(status: Status, counts: Mapping[str, int]) -> str:
    """A status in words."""
    named = f" ({status.name})" if status.label and status.label != status.name else ""
    letter = f"{status.code} " if status.code else ""
    told = "".join(f", {fact}" for fact in words.facts(status) if fact not in ("begins here", "the end"))
    here = f", {counts.get(status.name, 0)} now" if counts else ""
    return f"{letter}{words.title(status)}{named}{told}{here}"


def _row(way: Exit) -> str:
    """A row in words: who or what, when, and what is done."""
    details = {detail.word: detail.text for detail in way.details}
    asked = " and ".join(details.pop(word) for word in ("when", "if") if word in details)
    if asked:
        otherwise = f", otherwise {details.pop('else')}" if "else" in details else ""
        asked = f" [{asked}{otherwise}]"
    does = f" / {details.pop('does')}" if "does" in details else ""
    sort = f"{_SORTS[way.sort]} " if way.sort in _SORTS else ""
    rest = "; ".join(f"{word} {text}" for word, text in details.items())
    return f"{sort}{way.head}{asked}{does}" + (f" ({rest})" if rest else "")


_SORTS = {"button": "button", "failure": "failure"}


def _text(text: str) -> str:
    """Text that Mermaid does not take for its own signs."""
    return "".join(f"#{ord(sign)};" if sign in _SIGNS else sign for sign in measure.clean(text))


def _line(text: str) -> str:
    """Text where Mermaid knows no codes: its own signs are left out."""
    return " ".join("".join(" " if sign in _SIGNS else sign for sign in measure.clean(text)).split())
