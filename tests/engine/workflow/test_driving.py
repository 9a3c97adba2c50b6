"""One event to its end: what follows at once, what makes good a failure, and what waits for people."""

from __future__ import annotations

import msgspec
import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import driving
from coster.engine.workflow.driving import DrivenTooFarError, Failed, Fired
from coster.engine.workflow.step import Context, Table
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.test_reference import EVERYTHING

TABLE = compiler.load(EVERYTHING, vocabularies.PARCEL)
BOXES = {"items": 1, "event.boxes": 2, "children.boxes": {"shipped": 1}, "children.legs": {}}
EMPTY = Failed(code="stock_empty", detail="There is nothing left.")


class Room:
    """Carries rows out by noting them; refuses those in which an action of these names stands."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.done: list[str] = []

    def __call__(self, fired: Fired) -> Failed | None:
        """Notes the row's actions, or refuses."""
        names = [call.name for call in fired.matched.actions]
        if set(names) & set(self.refused):
            return EMPTY
        self.done += names
        return None


def drive(table: Table, status: str, trigger: str, room: Room, context: Context = BOXES) -> driving.Driven:
    """Drives with the same context throughout."""
    return driving.drive(driving.Plain(table, lambda _: context), (status, trigger), room)


def test_what_follows_is_done_at_once_in_the_status_afterwards() -> None:
    """The roll-up leads to `gone`, and there the thanks are sent."""
    room = Room()
    driven = drive(TABLE, "packed", "rollup:children", room)
    assert (driven.status, room.done) == ("gone", ["consume", "notify"])
    assert [(fired.status, fired.trigger) for fired in driven.fired] == [
        ("packed", "rollup:children"),
        ("gone", "thank"),
    ]


def test_an_event_that_matches_nothing_says_why() -> None:
    """Nothing was carried out."""
    driven = drive(TABLE, "gone", "pack", Room())
    assert driven.unmatched is not None
    assert (driven.status, driven.unmatched.reason, driven.fired) == ("gone", "wrong_status", ())


def test_what_follows_but_does_not_fit_is_no_refusal() -> None:
    """The entity stays where the first row led: the checker wants a row there, a damaged table may lack it."""
    rows = {place: found for place, found in TABLE.rows.items() if place != ("gone", "thank")}
    driven = drive(msgspec.structs.replace(TABLE, rows=rows), "packed", "rollup:children", Room())
    assert (driven.status, len(driven.fired), driven.unmatched) == ("gone", 1, None)


def test_a_failure_is_made_good_by_its_row() -> None:
    """Nothing of the failed row is done; the row of `then` is, in the status where it failed."""
    edits = (("    do: [commit]\n", "    do: [commit]\n    error: {then: give_up}\n"),)
    room = Room("commit")
    driven = drive(compiler.load(cases.edited(cases.GOOD, edits), vocabularies.PARCEL), "open", "pack", room)
    assert (driven.status, room.done, driven.failed, driven.made_good) == ("gone", ["release"], EMPTY, True)


@pytest.mark.parametrize("refused", [("commit",), ("commit", "release")])
def test_a_failure_that_nothing_makes_good_waits_for_people(refused: tuple[str, ...]) -> None:
    """The entity stays where it was: `then` has no row there, or fails as well."""
    then = "ship" if len(refused) == 1 else "give_up"
    edits = (("    do: [commit]\n", f"    do: [commit]\n    error: {{then: {then}}}\n"),)
    room = Room(*refused)
    driven = drive(compiler.load(cases.edited(cases.GOOD, edits), vocabularies.PARCEL), "open", "pack", room)
    assert (driven.status, room.done, driven.failed, driven.made_good) == ("open", [], EMPTY, False)


def test_a_circle_is_an_error_and_does_not_run_for_ever() -> None:
    """The checker refuses circles; a table that has one all the same stops."""
    [matched] = TABLE.rows["gone", "thank"]
    circle = {**TABLE.rows, ("gone", "thank"): (msgspec.structs.replace(matched, next="thank"),)}
    with pytest.raises(DrivenTooFarError, match="'rollup:children' in packed fired 32 rows"):
        drive(msgspec.structs.replace(TABLE, rows=circle), "packed", "rollup:children", Room())
