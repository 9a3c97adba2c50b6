"""What a picture consists of, each with its place in pixels from the upper left corner; nothing here knows how it is drawn."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow.drawing import measure
from coster.engine.workflow.drawing.measure import Style
from coster.engine.workflow.drawing.words import Sort

Anchor: TypeAlias = Literal["start", "middle", "end"]
Point: TypeAlias = tuple[float, float]


class Box(msgspec.Struct, frozen=True):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height

    def holds(self, other: Box) -> bool:
        """Whether the other lies in it."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: Box) -> bool:
        """Whether the two have an area in common; a common side is none."""
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text."""

    text: str
    x: float
    y: float
    """Of the base line."""
    style: Style
    anchor: Anchor = "start"
    tone: str = ""
    """Which colour it has, beyond that of its style; empty: none of its own."""

    @property
    def box(self) -> Box:
        """Where it lies, as wide as it can be at most."""
        width = measure.width(self.text, self.style)
        left = {"start": self.x, "middle": self.x - width / 2, "end": self.x - width}[self.anchor]
        return Box(left, self.y - self.style.size * 0.95, width, self.style.size * 1.2)


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A small frame around text: a code, a count, a button."""

    kind: Literal["code", "count", "button"]
    box: Box
    labels: tuple[Label, ...]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the flow on a card."""

    sort: Sort
    box: Box
    y: float
    """Where its line leaves the card."""
    sentence: str
    labels: tuple[Label, ...]
    badges: tuple[Badge, ...] = ()
    to: str = ""
    loops: bool = False
    """Whether it stays in the status."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A status, or what is possible in every status (without a name), with its rows."""

    name: str
    category: str
    box: Box
    head: Box
    entry: float
    """Height at which lines come in."""
    side: Literal["left", "right"]
    """Column; lines come and go on the side of the other column."""
    initial: bool
    final: bool
    labels: tuple[Label, ...]
    badges: tuple[Badge, ...]
    ways: tuple[Way, ...]

    @property
    def outer(self) -> float:
        """The side at which lines come and go."""
        return self.box.right if self.side == "left" else self.box.x


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A line from a row of a card to the card of the status afterwards."""

    source: str
    target: str
    sort: Sort
    tone: int
    """Number of its colour: all lines to one status have one."""
    points: tuple[Point, ...]


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The statuses of one category."""

    category: str
    box: Box
    label: Label


class Legend(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign means."""

    sort: Sort
    x: float
    y: float
    label: Label


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A whole picture."""

    width: float
    height: float
    labels: tuple[Label, ...]
    """Title and notes."""
    lanes: tuple[Lane, ...]
    cards: tuple[Card, ...]
    edges: tuple[Edge, ...]
    legend: tuple[Legend, ...]
