"""Whatever a flow is like, its picture can be read: nothing lies on anything else, and everything lies inside."""

from __future__ import annotations

from pathlib import Path

from hypothesis import Phase, given, settings

from coster.engine.workflow import language
from coster.engine.workflow.drawing import layout, measure
from coster.engine.workflow.drawing.shapes import Box, Picture
from coster.engine.workflow.records import Flow, Status, Transition
from tests.engine.workflow import cases
from tests.engine.workflow.drawing import drawn

EVERYTHING = (Path(__file__).parents[1] / "data" / "everything.yaml").read_text("utf-8")
# A smaller seed is no simpler flow, so nothing is gained by looking for one.
FEW = settings(max_examples=25, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))


def chain(length: int) -> Flow:
    """Statuses in a row, each with a way to the next, to the first, and to the last."""
    names = [f"place_{number}" for number in range(length)]
    rows = [
        Transition(index=index, on=f"go_{index}", sources=(name,), to=to)
        for name in names
        for index, to in enumerate((names[(names.index(name) + 1) % length], names[0], names[-1]))
    ]
    statuses = tuple(
        Status(name=name, category=drawn.CATEGORIES[n * 4 // length], initial=n == 0)
        for n, name in enumerate(names)
    )
    return Flow(name="chain", entity="parcel", version=1, statuses=statuses, transitions=tuple(rows))


def faults(picture: Picture) -> list[object]:
    """What makes a picture hard to read: overlaps, text outside of its card or the picture, lines across cards, lines on lines."""
    page = Box(0, 0, picture.width, picture.height)
    cards = {card.name: card.box for card in picture.cards}
    found: list[object] = [*drawn.overlapping(cards.values())]
    found += drawn.overlapping(label.box for label in drawn.labels(picture))
    found += [label for label in drawn.labels(picture) if not page.holds(label.box)]
    for card in picture.cards:
        own = [*card.labels, *(label for way in card.ways for label in way.labels)]
        found += [label for label in own if not card.box.holds(label.box)]
        found += drawn.overlapping([card.head, *(way.box for way in card.ways)])
        badges = [*card.badges, *(badge for way in card.ways for badge in way.badges)]
        found += [badge for badge in badges if not all(badge.box.holds(label.box) for label in badge.labels)]
    lines = list(drawn.pieces(picture))
    found += [line for line in lines if not page.holds(line[2]) or any(map(line[2].meets, cards.values()))]
    return found + crowded(picture)


def crowded(picture: Picture) -> list[object]:
    """Lines to different statuses that lie on each other, level or upright."""
    found: list[object] = []
    lines = list(drawn.pieces(picture))
    for flat in (True, False):
        along = [line for line in lines if (line[2].height <= 1) == flat]
        for _, target, box in along:
            grown = Box(box.x - 1, box.y - 1, box.width + 2, box.height + 2)
            found += [(target, other) for _, other, near in along if other != target and grown.meets(near)]
    return found


@FEW
@given(drawn.flows())
def test_nothing_lies_on_anything_else(flow: Flow) -> None:
    """For random flows of up to 30 statuses, with long, foreign and hostile text."""
    assert faults(layout.picture(flow, {"status_0": 123_456_789})) == []


def test_a_chain_of_thirty_is_readable() -> None:
    """Thirty statuses with ninety rows in two columns on one gutter, still narrow enough for paper."""
    picture = layout.picture(chain(30), {})
    assert faults(picture) == []
    assert len(picture.cards) == 30
    assert len(picture.edges) == 30 * 3 - 2
    assert {card.side for card in picture.cards} == {"left", "right"}
    assert picture.width < 1100


def test_small_flows_are_narrow_enough_for_a_phone() -> None:
    """One column: on a phone of 390 pixels text is no smaller than 8 pixels."""
    picture = layout.picture(language.read(cases.GOOD), {})
    assert {card.side for card in picture.cards} == {"left"}
    smallest = min(label.style.size for label in drawn.labels(picture))
    assert smallest * 390 / picture.width >= 8


def test_everything_of_the_language_has_its_place() -> None:
    """The long example: each row stands on the card of each of its statuses, with a line or a loop."""
    flow = language.read(EVERYTHING)
    picture = layout.picture(flow, {})
    assert faults(picture) == []
    seen = {card.name: [(way.sort, way.to) for way in card.ways] for card in picture.cards}
    assert seen == {
        "open": [("button", "packed"), ("inner", "gone"), ("timer", "waiting")],
        "waiting": [("button", "packed"), ("inner", "gone"), ("timer", "parked")],
        "parked": [("timer", "open")],
        "packed": [
            ("failure", "escalated"),
            ("timer", ""),
            ("event", ""),
            ("rollup", "gone"),
            ("rollup", "escalated"),
        ],
        "escalated": [("timer", "gone")],
        "gone": [("inner", "")],
        "": [("event", "")],
    }
    assert [lane.category for lane in picture.lanes] == ["booking", "fulfilment", "done", "every"]


def test_each_card_stands_in_the_lane_of_its_category() -> None:
    """Lanes lie below each other, and hold their cards."""
    picture = layout.picture(chain(12), {})
    assert drawn.overlapping(lane.box for lane in picture.lanes) == []
    lanes = {lane.category: lane.box for lane in picture.lanes}
    assert list(lanes) == list(drawn.CATEGORIES)
    assert all(lanes[card.category].holds(card.box) for card in picture.cards)


def test_a_row_of_many_statuses_is_told_in_full_once() -> None:
    """Afterwards it says that it was told; a row of few statuses is told each time."""
    flow = chain(5)
    names = tuple(status.name for status in flow.statuses)
    cancel = Transition(index=99, on="cancel", sources=names[:4], next="thank")
    picture = layout.picture(
        Flow(name="x", entity="y", version=1, statuses=flow.statuses, transitions=(cancel,)), {}
    )
    texts = [[label.text for way in card.ways for label in way.labels] for card in picture.cards]
    assert [("thank" in text, "as told above" in text) for text in texts] == [
        (True, False),
        (False, True),
        (False, True),
        (False, True),
        (False, False),
    ]


def test_a_draft_that_names_unknown_statuses_is_drawn() -> None:
    """They stand in a lane of their own instead of being left out."""
    row = Transition(index=0, on="go", sources=("open",), to="nowhere")
    flow = Flow(
        name="x",
        entity="y",
        version=1,
        statuses=(Status(name="open", category="booking"),),
        transitions=(row,),
    )
    picture = layout.picture(flow, {})
    assert [(lane.category, lane.label.text) for lane in picture.lanes] == [
        ("booking", "BOOKING"),
        ("none", "NOT DECLARED"),
    ]
    assert [(edge.source, edge.target) for edge in picture.edges] == [("open", "nowhere")]


def test_the_geometry_of_these_tests_sees_faults() -> None:
    """A card moved onto its neighbour, and a line across it, are found."""
    box = Box(0, 0, 10, 10)
    assert drawn.overlapping([box, Box(9, 9, 5, 5)]) == [(box, Box(9, 9, 5, 5))]
    assert drawn.overlapping([box, Box(10, 0, 5, 5)]) == []
    assert not box.holds(Box(5, 5, 6, 1))


def test_text_is_never_wider_than_its_room() -> None:
    """Lines break at spaces, else after signs between words, else anywhere; what is too long ends in an ellipsis."""
    assert measure.wrapped("one two", measure.TEXT, 30) == ("one", "two")
    assert measure.wrapped("settings.approval_limit", measure.CODE, 90) == ("settings.", "approval_", "limit")
    lines = measure.wrapped("W" * 500, measure.HEAD, 100, most=2)
    assert [len(lines), lines[1][-1]] == [2, "…"]
    assert all(measure.width(line, measure.HEAD) <= 100 for line in lines)
    assert measure.wrapped(" \x00 ", measure.TEXT, 100) == ("\ufffd",)
    assert measure.wrapped("", measure.TEXT, 100) == ()
