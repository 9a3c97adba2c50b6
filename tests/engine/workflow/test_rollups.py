"""Roll-ups fire when the children have come where a row wants them, and say why they do not."""

from __future__ import annotations

import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import rollups
from coster.engine.workflow.guards import GuardFailedError
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.records import Condition, Quantifier
from coster.engine.workflow.step import Matched, Unmatched
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.test_reference import EVERYTHING

TABLE = compiler.load(EVERYTHING, vocabularies.PARCEL)
STATUSES = ("moving", "shipped", "cancelled", "lost")


def asked(*boxes: str, legs: tuple[str, ...] = ()) -> dict[str, object]:
    """The context of a parcel with boxes and legs in these statuses."""
    return {
        "children.boxes": rollups.counts(STATUSES, boxes),
        "children.legs": rollups.counts(STATUSES, legs),
    }


@pytest.mark.parametrize(
    ("quantifier", "boxes", "held"),
    [
        ("all", ["shipped", "cancelled"], True),
        ("all", ["shipped", "moving"], False),
        ("all", [], False),
        ("all", ["shipped", "unheard_of"], False),
        ("any", ["moving", "shipped"], True),
        ("any", ["moving"], False),
        ("any", [], False),
        ("none", ["moving"], True),
        ("none", ["moving", "shipped"], False),
        ("none", [], True),
    ],
)
def test_all_any_none_of_the_children(quantifier: Quantifier, boxes: list[str], *, held: bool) -> None:
    """`all` needs a child; a child in a status that nobody knows is not there."""
    condition = Condition(quantifier=quantifier, children="boxes", statuses=("shipped", "cancelled"))
    assert rollups.holds(condition, rollups.counts(STATUSES, boxes)) is held


def test_children_are_counted_in_every_status() -> None:
    """Guards may read any of them."""
    assert rollups.counts(STATUSES, ["lost", "lost"]) == {
        "moving": 0,
        "shipped": 0,
        "cancelled": 0,
        "lost": 2,
    }


def test_the_children_trigger_the_first_roll_up_that_holds() -> None:
    """All boxes there: gone. One lost and no leg moving: escalated."""
    gone = TABLE.step("packed", ROLLUP, asked("shipped", "cancelled"))
    lost = TABLE.step("packed", ROLLUP, asked("shipped", "lost"))
    assert isinstance(gone, Matched)
    assert isinstance(lost, Matched)
    assert (gone.to, gone.next, lost.to) == ("gone", "thank", "escalated")


def test_a_roll_up_that_does_not_hold_says_so() -> None:
    """The answer tells each condition in words, asked once."""
    answer = TABLE.step("packed", ROLLUP, asked("shipped", "lost", legs=("moving",)))
    assert isinstance(answer, Unmatched)
    assert answer.false_guards == ("all boxes in shipped, cancelled", "none legs in moving")


def test_a_roll_up_without_children_in_the_context_is_an_error() -> None:
    """It is never true."""
    with pytest.raises(GuardFailedError, match=r"reads 'children\.boxes', which the context does not hold"):
        TABLE.step("packed", ROLLUP)


def test_nobody_sends_the_trigger_of_a_roll_up() -> None:
    """It is no possible event, and no word that a file may use."""
    assert TABLE.possible["packed"] == ("extend", "note")


def test_a_roll_up_may_be_a_condition_of_an_event() -> None:
    """With `on` it is asked like a guard, and guards may count children."""
    edits = (
        cases.CHILDREN,
        (
            "  - on: revive\n",
            "  - on: revive\n    rollup: {none: boxes, in: packing}\n    when: children.boxes.shipped > 1\n",
        ),
    )
    table = compiler.load(cases.edited(cases.GOOD, edits), vocabularies.PARCEL)
    weighed = table.weigh("parked", "revive", {"children.boxes": {"packing": 0, "shipped": 1}})
    assert isinstance(weighed.answer, Unmatched)
    assert [(asked.source, asked.answer) for asked in weighed.asked] == [
        ("none boxes in packing", True),
        ("children.boxes.shipped > 1", False),
    ]
    assert weighed.asked[0].values == {"children.boxes": {"packing": 0, "shipped": 1}}
