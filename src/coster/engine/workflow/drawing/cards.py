"""The cards of a picture: a status with what is said of it, and below that its rows, a line or more each."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from coster.engine.workflow.drawing import measure, words
from coster.engine.workflow.drawing.measure import Style
from coster.engine.workflow.drawing.shapes import Badge, Box, Card, Label, Way
from coster.engine.workflow.drawing.words import Detail, Exit
from coster.engine.workflow.records import Status

WIDTH = 384
_INSET = 12
_ICON = 22
_WORD = 42
_TARGET_SHARE = 0.42
_ROW = 8
"""Room above and below the text of a row."""
_MOST_LINES = 4
_MOST_LINES_OF_CODE = 8


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a card: a status, or none for what is possible in every status; and its rows."""

    status: Status | None
    count: int | None
    ways: tuple[Exit, ...]
    shown_before: frozenset[int]
    """Indexes of rows that another card tells in full."""


class Lines:
    """Labels below each other: what was set so far, and where the next line begins."""

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y
        self.labels: list[Label] = []

    def add(self, lines: tuple[str, ...], style: Style, *, indent: float = 0, tone: str = "") -> None:
        """Sets the lines, each below the last."""
        for text in lines:
            base = self.y + style.size
            self.labels.append(Label(text=text, x=self.x + indent, y=base, style=style, tone=tone))
            self.y += style.line


def card(content: Content, names: dict[str, str], x: float, y: float) -> Card:
    """The card at this place, in the left column; as high as it needs to be."""
    status = content.status
    room = WIDTH - 2 * _INSET
    badges = list(_head_badges(content, x, y))
    left = sum(b.box.width + 8 for b in badges if b.kind == "code")
    right = sum(b.box.width + 8 for b in badges if b.kind == "count")
    lines = Lines(x + _INSET, y + 10)
    title = words.title(status) if status else "In every status"
    shown = measure.wrapped(title, measure.STATUS, room - left - right, most=3)
    lines.add(shown, measure.STATUS, indent=left)
    if status:
        if status.label and status.label != status.name:
            lines.add(measure.wrapped(status.name, measure.CODE, room, most=2), measure.CODE, tone="muted")
        facts = " · ".join(words.facts(status))
        lines.add(measure.wrapped(facts, measure.TEXT, room, most=5), measure.TEXT, tone="muted")
    head = Box(x, y, WIDTH, lines.y + 8 - y)
    ways: list[Way] = []
    bottom = head.bottom
    for seen in content.ways:
        ways.append(_way(seen, names, content.shown_before, x, bottom))
        bottom = ways[-1].box.bottom
    return Card(
        name=status.name if status else "",
        category=(status.category if status.category in words.CATEGORIES else "none") if status else "every",
        box=Box(x, y, WIDTH, bottom - y + (4 if ways else 0)),
        head=head,
        entry=y + 20,
        side="left",
        initial=bool(status and status.initial),
        final=bool(status and status.final),
        labels=tuple(lines.labels),
        badges=tuple(badges),
        ways=tuple(ways),
    )


def _head_badges(content: Content, x: float, y: float) -> Iterator[Badge]:
    """The code of the status, and how many entities are in it now."""
    style = measure.BADGE
    letter = measure.clean(content.status.code)[:3] if content.status else ""
    if letter:
        wide = max(22.0, measure.width(letter, style) + 12)
        box = Box(x + _INSET, y + 9, wide, 22)
        label = Label(
            text=letter, x=box.x + wide / 2, y=box.y + 15.5, style=style, anchor="middle", tone="code"
        )
        yield Badge(kind="code", box=box, labels=(label,))
    if content.count is not None:
        text = f"{content.count:,} now"
        wide = measure.width(text, style) + 18
        box = Box(x + WIDTH - _INSET - wide, y + 9, wide, 22)
        middle = box.x + wide / 2
        label = Label(text=text, x=middle, y=box.y + 15.5, style=style, anchor="middle", tone="count")
        yield Badge(kind="count", box=box, labels=(label,))


def _way(seen: Exit, names: dict[str, str], before: frozenset[int], x: float, y: float) -> Way:
    """One row: left what people call it, right where it leads, below what else is said."""
    left, room = x + _INSET + _ICON, WIDTH - 2 * _INSET - _ICON
    target = f"→ {names[seen.to]}" if seen.to else "stays"
    there = measure.wrapped(target, measure.TARGET, room * _TARGET_SHARE, most=3)
    room_left = room - measure.widest(there, measure.TARGET) - 14
    pill = seen.sort == "button"
    pad = 9 if pill else 0
    here = measure.wrapped(seen.head, measure.HEAD, room_left - 2 * pad, most=_MOST_LINES)
    top = y + _ROW + (3 if pill else 0)
    heads, targets = Lines(left + pad, top), Lines(x + WIDTH - _INSET, top)
    heads.add(here, measure.HEAD)
    targets.add(there, measure.TARGET, tone="target" if seen.to else "muted")
    ends = [msgspec.structs.replace(label, anchor="end") for label in targets.labels]
    below = Lines(left, max(heads.y, targets.y) + (7 if pill else 1))
    for detail in _told(seen, brief=seen.row.index in before):
        _detail(below, detail, room)
    badges: tuple[Badge, ...] = ()
    labels = (*heads.labels, *ends, *below.labels)
    if pill:
        wide = measure.widest(here, measure.HEAD) + 2 * pad
        frame = Box(left, top - 4, wide, heads.y - top + 7)
        badges = (Badge(kind="button", box=frame, labels=tuple(heads.labels)),)
        labels = (*ends, *below.labels)
    return Way(
        sort=seen.sort,
        box=Box(x, y, WIDTH, below.y + _ROW - y),
        y=top + 9,
        sentence=words.sentence(seen, names),
        labels=labels,
        badges=badges,
        to=seen.to,
        loops=not seen.to,
    )


def _told(seen: Exit, *, brief: bool) -> tuple[Detail, ...]:
    """What stands below the head of a row: everything, or of a row that was told before only its conditions."""
    if not brief:
        return seen.details
    asked = (detail for detail in seen.details if detail.word in ("if", "when"))
    return (*asked, Detail(word="more", text="as told above"))


def _detail(lines: Lines, detail: Detail, room: float) -> None:
    """A short word, and beside it the lines of its text."""
    style = measure.CODE if detail.code else measure.TEXT
    most = _MOST_LINES_OF_CODE if detail.code else _MOST_LINES
    texts = measure.wrapped(detail.text, style, room - _WORD, most=most)
    if texts:
        base = lines.y + style.size
        lines.labels.append(
            Label(text=detail.word, x=lines.x, y=base, style=measure.TEXT, tone="muted"),
        )
    lines.add(texts, style, indent=_WORD)
