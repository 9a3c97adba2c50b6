"""A flow as an SVG: one file without scripts, fonts or anything from elsewhere, light or dark as its reader has it, light on paper.

It may be shown as an image or stand in a page: its rules of style reach nothing else, and it has no ids but those of its title and
description. All text of the flow is escaped, and cleaned of what XML refuses or what turns the direction of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape

from coster.engine.workflow.drawing import layout, measure, words
from coster.engine.workflow.drawing.shapes import Badge, Box, Card, Edge, Label, Legend, Picture, Point, Way
from coster.engine.workflow.drawing.style import STYLE
from coster.engine.workflow.drawing.words import Sort
from coster.engine.workflow.records import Flow

_CORNER = 6.0

# Signs of 12 by 12 pixels around the point 0,0.
SIGNS: dict[Sort, str] = {
    "button": '<rect class="ink" x="-6" y="-4" width="12" height="8" rx="4"/><path class="ink" d="M-2 0H2"/>',
    "event": '<path class="ink fill" d="M1.5-6-3.5 1H-.5L-1.5 6 3.5-1H.5Z"/>',
    "timer": '<circle class="ink" r="5.5"/><path class="ink" d="M0-3V0L2.5 1.5"/>',
    "rollup": '<path class="ink" d="M0-1V-5M-4 5V1.5H4V5M0-1V1.5"/><circle class="ink fill" cy="-4" r="1.6"/>'
    '<circle class="ink fill" cx="-4" cy="4.5" r="1.3"/><circle class="ink fill" cx="4" cy="4.5" r="1.3"/>',
    "inner": '<path class="ink" d="M-4-5V2H3M0-1 3.5 2 0 5"/>',
    "failure": '<path class="bad" d="M0-5.5 6 5H-6Z"/><path class="bad" d="M0-2V1.5M0 3.2V3.6"/>',
}


def svg(flow: Flow, counts: Mapping[str, int] = {}) -> str:
    """The picture of a flow; with counts also how many entities are in each status now. Same flow and counts, same text."""
    picture = layout.picture(flow, counts)
    return "\n".join(_parts(flow, picture, counts)) + "\n"


def _parts(flow: Flow, picture: Picture, counts: Mapping[str, int]) -> Iterator[str]:
    """The lines of the file."""
    wide, high = _number(picture.width), _number(picture.height)
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{flow.name}-{flow.version}").strip("-")
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="coster-flow" role="img" lang="en" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" aria-labelledby="flow-{name}-title" aria-describedby="flow-{name}-desc">'
    )
    yield f'<title id="flow-{name}-title">{_text(words.called(flow))}</title>'
    story = "\n".join(_text(line) for line in words.story(flow, counts))
    yield f'<desc id="flow-{name}-desc">{story}</desc>'
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="page" width="{wide}" height="{high}"/>'
    for lane in picture.lanes:
        yield f'<rect class="lane {lane.category}" {_box(lane.box)} rx="10"/>'
        yield _label(lane.label)
    yield from (_label(label) for label in picture.labels)
    # Those that come from far are drawn first, so that short ones lie on top.
    yield from (_edge(edge) for edge in sorted(picture.edges, key=_length, reverse=True))
    tones = {edge.target: edge.tone for edge in picture.edges}
    for card in picture.cards:
        yield from _card(card, tones)
    yield from (_legend(item) for item in picture.legend)
    yield "</svg>"


def _card(card: Card, tones: Mapping[str, int]) -> Iterator[str]:
    """A status with its rows."""
    yield f'<g class="card {card.category}">'
    yield f'<rect class="body" {_box(card.box)} rx="8"/>'
    yield f'<path class="top" d="{_top(card)}"/>'
    if card.final:
        inner = Box(card.box.x + 3, card.box.y + 3, card.box.width - 6, card.box.height - 6)
        yield f'<rect class="rim" {_box(inner)} rx="6"/>'
    yield f'<rect class="rim" {_box(card.box)} rx="8"/>'
    if card.initial:
        yield _beginning(card)
    yield from (_badge(badge) for badge in card.badges)
    yield from (_label(label) for label in card.labels)
    for number, way in enumerate(card.ways):
        yield from _way(way, card, tones, first=number == 0)
    if card.name in tones:
        direction = -1 if card.side == "left" else 1
        yield f'<path class="tip t{tones[card.name]}" d="{_arrow(card.outer, card.entry, direction)}"/>'
    yield "</g>"


def _top(card: Card) -> str:
    """The outline of a card's head: round above, and below only if nothing follows."""
    box, round_ = card.head, 8.0
    below = 0.0 if card.ways else round_
    return (
        f"M{_number(box.x)} {_number(box.y + round_)}q0-8 8-8H{_number(box.right - round_)}q8 0 8 8"
        f"V{_number(box.bottom - below)}"
        + (f"q0 8-8 8H{_number(box.x + round_)}q-8 0-8-8Z" if below else f"H{_number(box.x)}Z")
    )


def _beginning(card: Card) -> str:
    """The point at which life begins, with an arrow to the card, on the side where no lines are."""
    way = 1 if card.side == "left" else -1
    side = card.box.x if card.side == "left" else card.box.right
    far, y = _number(side - way * 18), _number(card.entry)
    return (
        f'<circle class="start" cx="{far}" cy="{y}" r="5"/><path class="start line" d="M{far} {y}H{_number(side - way * 5)}"/>'
        f'<path class="start" d="{_arrow(side, card.entry, way)}"/>'
    )


def _way(way: Way, card: Card, tones: Mapping[str, int], *, first: bool) -> Iterator[str]:
    """A row of a card."""
    yield f'<g class="way {way.sort}"><title>{_text(way.sentence)}</title>'
    line = "edge" if first else "rule"
    yield f'<path class="{line}" d="M{_number(way.box.x)} {_number(way.box.y)}H{_number(way.box.right)}"/>'
    x, y = _number(way.box.x + 21), _number(way.y - 0.5)
    yield f'<g transform="translate({x} {y})">{SIGNS[way.sort]}</g>'
    yield from (_badge(badge) for badge in way.badges)
    for label in way.labels:
        yield _label(label, f" t{tones[way.to]}" if label.tone == "target" and way.to in tones else "")
    if way.loops:
        yield _loop(card, way)
    yield "</g>"


def _loop(card: Card, way: Way) -> str:
    """The short way of a row that stays: out of the card and back."""
    out = 1 if card.side == "left" else -1
    side, y = card.outer, way.y
    far = _number(out * 15)
    path = f"M{_number(side)} {_number(y - 5)}c{far} 0 {far} 10 {_number(out * 4)} 10"
    return f'<path class="loop" d="{path}"/><path class="loop tip" d="{_arrow(side, y + 5, -out)}"/>'


def _edge(edge: Edge) -> str:
    """A line with round corners, broken where it is for failures."""
    sort = " broken" if edge.sort == "failure" else ""
    return f'<path class="line t{edge.tone}{sort}" d="{_rounded(edge.points)}"/>'


def _length(edge: Edge) -> float:
    """How far a line goes up or down."""
    return abs(edge.points[1][1] - edge.points[2][1])


def _rounded(points: tuple[Point, ...]) -> str:
    """The path along the points; the last stops before the tip of the arrow."""
    (x0, y0), (x1, y1), (_, y2), (x3, _) = points
    radius = min(_CORNER, abs(y2 - y1) / 2)
    down = radius if y2 > y1 else -radius
    out, back = (radius if x1 > x0 else -radius), (radius if x3 > x1 else -radius)
    end = x3 - (5 if back > 0 else -5)
    return (
        f"M{_number(x0)} {_number(y0)}H{_number(x1 - out)}Q{_number(x1)} {_number(y1)} {_number(x1)} {_number(y1 + down)}"
        f"V{_number(y2 - down)}Q{_number(x1)} {_number(y2)} {_number(x1 + back)} {_number(y2)}H{_number(end)}"
    )


def _arrow(x: float, y: float, way: int) -> str:
    """The tip of an arrow that ends at this point; `way` is 1 when it points to the right."""
    return f"M{_number(x)} {_number(y)}l{_number(-way * 8.0)}-4.5v9Z"


def _badge(badge: Badge) -> str:
    """A frame with text."""
    round_ = _number(min(11.0, badge.box.height / 2))
    frame = f'<rect class="badge {badge.kind}" {_box(badge.box)} rx="{round_}"/>'
    return frame + "".join(_label(label) for label in badge.labels)


def _legend(item: Legend) -> str:
    """What a sign means."""
    x, y = _number(item.x), _number(item.y)
    return f'<g transform="translate({x} {y})">{SIGNS[item.sort]}</g>{_label(item.label)}'


def _label(label: Label, more: str = "") -> str:
    """A line of text."""
    tone = f" {label.tone}" if label.tone else ""
    anchor = "" if label.anchor == "start" else f' text-anchor="{label.anchor}"'
    place = f'x="{_number(label.x)}" y="{_number(label.y)}"'
    return f'<text class="{label.style.name}{tone}{more}" {place}{anchor}>{_text(label.text)}</text>'


def _box(box: Box) -> str:
    """The place of a rectangle."""
    x, y, width, height = (_number(value) for value in (box.x, box.y, box.width, box.height))
    return f'x="{x}" y="{y}" width="{width}" height="{height}"'


def _text(text: str) -> str:
    """Text that is nothing but text."""
    return escape(measure.clean(text), quote=True)


def _number(value: float) -> str:
    """A number with at most one digit after the point, written in one way."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
