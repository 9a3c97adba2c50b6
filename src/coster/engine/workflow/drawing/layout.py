"""Where everything of a picture stands: lanes below each other, in them cards in one column or two, and all lines in one gutter.

Cards of the left column send and receive lines at their right side, those of the right column at their left side. So every line runs
between the two columns: out of its row, up or down a track, and into the head of a card. It crosses no card, whatever the flow is like.
All lines to one status share a track, tracks whose lines do not meet share a place. A flow that is too long for one column gets two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from coster.engine.workflow.drawing import cards, measure, words
from coster.engine.workflow.drawing.cards import Content, Lines
from coster.engine.workflow.drawing.shapes import Box, Card, Edge, Label, Lane, Legend, Picture
from coster.engine.workflow.records import Flow

TONES = 8
"""How many colours lines have."""
_MARGIN = 8
_SIDE = 40
"""Beside the cards, where no lines are: room for the point at which life begins."""
_LOOPS = 24
"""Beside the cards, before the first track: room for the loops of rows that stay."""
_TRACK = 11
_APART = 8
"""Between the ends of two lines that share a track."""
_TRACKS_BESIDE = 3
_HEIGHT_BESIDE = 60
"""Tracks so close, and lines so close above or below, have colours of their own."""
_GAP = 14
_LANE_HEAD = 28
_LONG = 1250
"""Height in pixels from which one column is too long: what is still easy to read on a page of A4."""
_MANY = 3
"""A row of more statuses than these is told in full once, and shortly wherever else it stands."""


class _Track(msgspec.Struct, frozen=True, kw_only=True):
    """Where the lines to a status go up and down: its number from the left column, from where to where, and its colour."""

    place: int
    low: float
    high: float
    tone: int

    def near(self, low: float, high: float, apart: float) -> bool:
        """Whether a line from here to there comes closer than so much."""
        return low <= self.high + apart and self.low <= high + apart


def picture(flow: Flow, counts: Mapping[str, int]) -> Picture:
    """Everything with its place. The same flow and counts give the same picture."""
    contents = _contents(flow, counts)
    names = {status.name: words.title(status) for status in words.statuses(flow)}
    height = sum(cards.card(content, names, 0, 0).box.height + _GAP for content in contents)
    columns = 2 if height > _LONG else 1
    # How wide the gutter is depends on how lines meet, and that only on heights: so they are taken from a draft without gutter.
    draft, _, _ = _stacked(contents, names, columns, top=0, right=0)
    tracks = _tracks(draft)
    places = 1 + max((track.place for track in tracks.values()), default=0)
    gutter = _LOOPS + (places - 1) * _TRACK + (_LOOPS if columns == 2 else 16)
    width = _SIDE + columns * cards.WIDTH + gutter + (_SIDE if columns == 2 else _MARGIN)
    head = _head(flow, width)
    placed, lanes, bottom = _stacked(contents, names, columns, top=head.y, right=_SIDE + cards.WIDTH + gutter)
    legend, below = _legend(placed, bottom + 6, width)
    notes = Lines(_MARGIN + 6, below)
    for note in (words.failure(flow), *words.elsewhere(flow, counts)):
        notes.add(
            measure.wrapped(note, measure.TEXT, width - 2 * notes.x, most=6), measure.TEXT, tone="muted"
        )
    return Picture(
        width=width,
        height=notes.y + 10,
        labels=(*head.labels, *notes.labels),
        lanes=tuple(msgspec.structs.replace(lane, box=_wide(lane.box, width)) for lane in lanes),
        cards=tuple(placed),
        edges=tuple(_edges(placed, tracks)),
        legend=tuple(legend),
    )


def _head(flow: Flow, width: float) -> Lines:
    """Which flow it is, and what it is for."""
    lines = Lines(_MARGIN + 6, 14)
    room = width - 2 * lines.x
    lines.add(measure.wrapped(words.called(flow), measure.TITLE, room, most=3), measure.TITLE)
    lines.y += 2
    lines.add(measure.wrapped(words.heading(flow), measure.TEXT, room, most=3), measure.TEXT, tone="muted")
    lines.add(measure.wrapped(flow.description, measure.TEXT, room, most=5), measure.TEXT)
    lines.y += 10
    return lines


def _contents(flow: Flow, counts: Mapping[str, int]) -> list[Content]:
    """The cards in reading order: by category, the first status first, then as in the file; last what every status has."""
    seen = words.exits(flow)
    rank = {category: number for number, category in enumerate(words.CATEGORIES)}
    ordered = sorted(
        words.statuses(flow), key=lambda status: (rank.get(status.category, len(rank)), not status.initial)
    )
    told: set[int] = set()
    found = []
    for status in ordered:
        ways = seen[status.name]
        count = counts.get(status.name, 0) if counts else None
        found.append(Content(status=status, count=count, ways=ways, shown_before=frozenset(told)))
        told |= {way.row.index for way in ways if len(way.row.sources) > _MANY}
    if seen[""]:
        found.append(Content(status=None, count=None, ways=seen[""], shown_before=frozenset()))
    return found


def _stacked(
    contents: list[Content], names: dict[str, str], columns: int, *, top: float, right: float
) -> tuple[list[Card], list[Lane], float]:
    """The cards at their places, the lanes around them, and where they end; `right` is where the right column begins."""
    placed: list[Card] = []
    lanes: list[Lane] = []
    for category in dict.fromkeys(_lane(content) for content in contents):
        ends = [top + _LANE_HEAD] * columns
        for content in contents:
            if _lane(content) == category:
                column = ends.index(min(ends))
                card = cards.card(content, names, right if column else _SIDE, ends[column])
                placed.append(_apart(card, placed) if column else card)
                ends[column] = card.box.bottom + _GAP
        bottom = max(ends)
        text = words.LANES[category].upper()
        label = Label(text=text, x=_MARGIN + 10, y=top + 19, style=measure.LANE, tone=category)
        lanes.append(Lane(category=category, box=Box(_MARGIN, top, 0, bottom - top), label=label))
        top = bottom + 8
    return placed, lanes, top


def _lane(content: Content) -> str:
    """The lane of a card: its category, that of all statuses, or none."""
    if content.status is None:
        return "every"
    return content.status.category if content.status.category in words.CATEGORIES else "none"


def _wide(box: Box, width: float) -> Box:
    """A lane over the whole width of the picture."""
    return Box(box.x, box.y, width - 2 * _MARGIN, box.height)


def _apart(card: Card, placed: list[Card]) -> Card:
    """A card of the right column whose lines leave and come at other heights than those of the left column.

    Else two lines that come from both sides to tracks beyond each other would lie on each other. What leaves on the left is 24 pixels
    apart or more, so one of three heights is always free.
    """
    taken = [y for other in placed if other.side == "left" for y in (other.entry, *(w.y for w in other.ways))]

    def free(y: float) -> float:
        return next((y + by for by in (0, 4, -4) if all(abs(y + by - other) > 3 for other in taken)), y)

    ways = tuple(msgspec.structs.replace(way, y=free(way.y)) for way in card.ways)
    return msgspec.structs.replace(card, side="right", entry=free(card.entry), ways=ways)


def _tracks(placed: list[Card]) -> dict[str, _Track]:
    """The track of each status to which lines lead: the first on which nothing else is at that height, short ones first."""
    spans = []
    for number, card in enumerate(placed):
        ys = [way.y for other in placed for way in other.ways if card.name and way.to == card.name]
        if ys:
            low, high = min(card.entry, *ys), max(card.entry, *ys)
            spans.append((high - low, number, low, high))
    found: dict[str, _Track] = {}
    for _, number, low, high in sorted(spans):
        place = 0
        while any(track.place == place and track.near(low, high, _APART) for track in found.values()):
            place += 1
        found[placed[number].name] = _Track(
            place=place, low=low, high=high, tone=_tone(found, place, low, high)
        )
    return found


def _tone(others: Mapping[str, _Track], place: int, low: float, high: float) -> int:
    """The colour that is used least, if possible none of a track that is close at this height."""
    used = [track.tone for track in others.values()]
    beside = {
        track.tone
        for track in others.values()
        if abs(track.place - place) <= _TRACKS_BESIDE and track.near(low, high, _HEIGHT_BESIDE)
    }
    return min(range(TONES), key=lambda tone: (tone in beside, used.count(tone), tone))


def _edges(placed: list[Card], tracks: Mapping[str, _Track]) -> Iterator[Edge]:
    """The lines, from the side of a card over its target's track to the side of the target."""
    by_name = {card.name: card for card in placed if card.name}
    for card in placed:
        for way in card.ways:
            if way.to:
                target = by_name[way.to]
                track = _SIDE + cards.WIDTH + _LOOPS + tracks[way.to].place * _TRACK
                points = (
                    (card.outer, way.y),
                    (track, way.y),
                    (track, target.entry),
                    (target.outer, target.entry),
                )
                yield Edge(
                    source=card.name, target=way.to, sort=way.sort, tone=tracks[way.to].tone, points=points
                )


def _legend(placed: list[Card], y: float, width: float) -> tuple[list[Legend], float]:
    """What the signs mean that stand in this picture, and where that ends."""
    used = {way.sort for card in placed for way in card.ways}
    x, found = float(_MARGIN + 14), list[Legend]()
    for sort, text in words.SORTS.items():
        if sort in used:
            wide = 22 + measure.width(text, measure.TEXT) + 16
            if x + wide > width and found:
                x, y = float(_MARGIN + 14), y + 20
            label = Label(text=text, x=x + 14, y=y + 14, style=measure.TEXT, tone="muted")
            found.append(Legend(sort=sort, x=x, y=y + 10, label=label))
            x += wide
    return found, y + (28 if found else 0)
