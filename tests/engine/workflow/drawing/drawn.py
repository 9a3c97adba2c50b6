"""Random flows to draw, right or wrong, with the text of people who mean no good; and what geometry says of a picture."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise

from hypothesis import strategies as st

from coster.engine.workflow.drawing.shapes import Box, Label, Picture
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.records import (
    ActionCall,
    Button,
    Condition,
    ErrorPolicy,
    Flow,
    Retry,
    Sla,
    Status,
    Timer,
    Transition,
)

CATEGORIES = ("booking", "fulfilment", "delivery", "done")
TEXTS = (
    "",
    " ",
    "Pack",
    "Approve",
    "Waiting for the approval of whoever owns the budget of the department",
    "W" * 90,
    "<script>alert(1)</script>",
    "]]>&amp;\"'--> \x00\x1b\u202e",
    "注文の取り消し" * 6,
    "ساعات العمل",
    "🥕" * 40,
    "\ufdfd" * 9,
    "z\u0301\u0302" * 30,
)
GUARDS = ("", "", "lines > 0", "a.b == 'c' && " * 60 + "true", "x" * 2000)


def flows(most: int = 30) -> st.SearchStrategy[Flow]:
    """Flows of up to so many statuses, with twice as many rows, and whatever text the strategy finds among the rest."""
    return st.builds(
        flow, seed=st.integers(0, 2**32), length=st.integers(1, most), strange=st.text(max_size=40)
    )


def flow(seed: int, length: int, strange: str) -> Flow:
    """A flow made by dice; only its names are those that the language knows."""
    dice = random.Random(seed)
    names = [f"status_{number}" for number in range(length)]
    texts = (*TEXTS, strange)
    rows = [_row(dice, index, names, dice.choice(texts)) for index in range(dice.randint(0, 2 * length))]
    return Flow(
        name="random.flow",
        entity="parcel",
        version=1,
        title=dice.choice(texts),
        description=dice.choice(texts),
        statuses=tuple(_status(dice, name, dice.choice(texts)) for name in names),
        transitions=tuple(rows),
    )


def _status(dice: random.Random, name: str, label: str) -> Status:
    kind = dice.randrange(6)
    return Status(
        name=name,
        category=dice.choice(CATEGORIES),
        label=label,
        code="X" if kind == 3 else "",
        holds="live" if kind == 4 else "",
        dfc={"order": "Held"} if kind == 5 else {},
        initial=name == "status_0",
        final=kind == 0,
        rests=kind == 1,
        sla=Sla(duration="PT4H", calendar="office") if kind == 2 else None,
    )


def _row(dice: random.Random, index: int, names: list[str], text: str) -> Transition:
    kind = dice.randrange(7)
    return Transition(
        index=index,
        on=ROLLUP if kind == 0 else f"event_{dice.randrange(10)}",
        sources=tuple(dice.sample(names, dice.randrange(min(6, len(names) + 1)))),
        label=text if kind == 1 else "",
        when=dice.choice(GUARDS),
        rollup=(Condition(quantifier="all", children="boxes", statuses=("gone",)),) if kind == 0 else (),
        do=(ActionCall(name="send", parameters={"webhook": text}),) if kind > 2 else (),
        to=dice.choice([*names, *names, "", "nowhere"]),
        otherwise=f"event_{index % 10}" if kind == 2 else "",
        error=ErrorPolicy(retry=Retry(times=3, wait="PT1M"), then="event_1") if kind == 3 else None,
        after=Timer(duration="P1D", at="09:00", calendar="office") if kind == 4 else None,
        button=Button(label=text, roles=("hub", "shop"), confirm=text) if kind >= 5 else None,
    )


def labels(picture: Picture) -> Iterator[Label]:
    """Every label of the picture."""
    yield from picture.labels
    yield from (lane.label for lane in picture.lanes)
    yield from (item.label for item in picture.legend)
    for card in picture.cards:
        yield from card.labels
        yield from (label for badge in card.badges for label in badge.labels)
        for way in card.ways:
            yield from way.labels
            yield from (label for badge in way.badges for label in badge.labels)


def overlapping(boxes: Iterable[Box]) -> list[tuple[Box, Box]]:
    """Pairs of boxes that have an area in common, found by going down the picture."""
    found: list[tuple[Box, Box]] = []
    reached: list[Box] = []
    for box in sorted((box for box in boxes if box.width), key=lambda box: box.y):
        reached = [other for other in reached if other.bottom > box.y]
        found += [(other, box) for other in reached if other.meets(box)]
        reached.append(box)
    return found


def pieces(picture: Picture) -> Iterator[tuple[str, str, Box]]:
    """The pieces of all lines as thin boxes, with the cards at their ends; those at the ends stop short of their cards."""
    for edge in picture.edges:
        for (x1, y1), (x2, y2) in pairwise(edge.points):
            box = Box(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
            yield edge.source, edge.target, Box(box.x, box.y - 0.5, box.width, box.height + 1)
