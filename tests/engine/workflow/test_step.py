"""A step finds the row that fires, or says why none does and what is possible instead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.engine.workflow import compile as compiler
from coster.engine.workflow.effects import HOLDS
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.guards import GuardFailedError
from coster.engine.workflow.step import Matched, UnknownStatusError, Unmatched
from tests.engine.workflow import cases, cases_parts, vocabularies

TABLE = compiler.load(cases.GOOD, vocabularies.PARCEL)


def test_the_first_row_whose_guard_is_true_fires() -> None:
    """Rows are tried in file order, the one without a guard last."""
    fast = TABLE.step("packed", "ship", {"express": True})
    slow = TABLE.step("packed", "ship", {"express": False})
    assert isinstance(fast, Matched)
    assert isinstance(slow, Matched)
    assert (fast.row.number, slow.row.number) == (2, 3)
    assert [call.name for call in fast.actions] == ["consume", "notify"]
    assert fast.to == slow.to == "gone"


def test_a_false_guard_leads_to_its_otherwise() -> None:
    """The inner trigger is tried in the same status."""
    matched = TABLE.step("open", "pack", {"items": 0})
    assert isinstance(matched, Matched)
    assert (matched.row.trigger, matched.to) == ("give_up", "gone")


def test_a_row_without_to_stays() -> None:
    """The status afterwards is the status before, also for a row of every status."""
    assert [TABLE.step(status, "note").to for status in ("open", "gone")] == ["open", "gone"]  # type: ignore[union-attr]


def test_an_unknown_trigger_is_told_with_what_is_possible() -> None:
    """So is an inner trigger, which nobody outside may send."""
    for trigger in ("fly", "give_up"):
        assert TABLE.step("open", trigger) == Unmatched(
            reason="unknown_trigger",
            status="open",
            trigger=trigger,
            possible=("pack", "note"),
            accepted_in=(),
        )


def test_a_wrong_status_is_told_with_the_right_ones() -> None:
    """The sentence names both."""
    answer = TABLE.step("open", "ship", {"express": True})
    assert isinstance(answer, Unmatched)
    assert (answer.reason, answer.accepted_in) == ("wrong_status", ("packed",))
    assert answer.detail == "'ship' is possible in packed, not in open. Possible in open: pack, note."


def test_false_guards_are_told() -> None:
    """Where every guard was false the answer names those that were asked."""
    text = cases.edited(cases.GOOD, ((cases.SHIP, cases.guarded("")),))
    answer = compiler.load(text, vocabularies.PARCEL).step("packed", "ship", {"express": False, "items": 1})
    assert isinstance(answer, Unmatched)
    assert (answer.reason, answer.false_guards) == ("guard_false", ("express", "items > 9 && !express"))
    assert answer.detail.startswith(
        "'ship' is possible in packed only if 'express' or 'items > 9 && !express', which is not so now."
    )


def test_a_guard_without_an_answer_is_an_error_that_says_where() -> None:
    """It is neither true nor false."""
    with pytest.raises(
        GuardFailedError, match=r"flow parcel\.test, packed, 'ship': the guard 'express' reads 'express'"
    ):
        TABLE.step("packed", "ship", {})


def test_an_entity_in_a_status_of_no_flow_is_an_error() -> None:
    """That is damage, and not somebody's wrong command."""
    with pytest.raises(UnknownStatusError, match="has no status 'lost'; it has open, packed, parked, gone"):
        TABLE.step("lost", "pack", {"items": 1})


def test_a_timer_is_started_by_status_and_sends_its_trigger() -> None:
    """Its trigger steps like any other, and is not offered to anybody."""
    assert [due.trigger for due in TABLE.timers["open"]] == ["after:due"]
    assert [(due.trigger, due.timer.times) for due in TABLE.timers["parked"]] == [("after:3600s", 3)]
    matched = TABLE.step("open", "after:due")
    assert isinstance(matched, Matched)
    assert matched.to == "parked"
    assert TABLE.timers["gone"] == ()
    assert TABLE.possible["parked"] == ("revive", "note")


def test_a_set_is_answered_in_order_as_each_alone() -> None:
    """Many steps are many answers."""
    steps = [("open", "pack", {"items": 1}), ("gone", "pack", {}), ("packed", "ship", {"express": True})]
    assert TABLE.step_many(steps) == [TABLE.step(*step) for step in steps]


def test_answers_are_prepared_and_shared() -> None:
    """A step makes no new record."""
    assert TABLE.step("parked", "revive") is TABLE.step("parked", "revive")
    assert TABLE.step("open", "pack", {"items": 1}) is TABLE.step("open", "pack", {"items": 2})


FLOWS = tuple(cases.edited(case.base, case.near) for case in cases_parts.CASES if case.base == cases.GOOD)
WORDS = (
    "open",
    "packed",
    "parked",
    "gone",
    "take",
    "keep",
    "commit",
    "release",
    "consume",
    "live",
    "none",
    "committed",
)


EDITS = st.tuples(st.integers(0, 99), st.sampled_from(("drop", *WORDS)), st.sampled_from(WORDS))
EVENTS = st.sampled_from(("pack", "ship", "revive", "reopen", "note", "after:due"))
WALKS = st.lists(st.tuples(EVENTS, st.integers(0, 1), st.booleans()), max_size=8)


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PARCEL_FACTS = {"due": NOON, "paid_until": NOON, "buyer.tier": "b", "event.boxes": 1}


@settings(deadline=None)
@given(st.sampled_from(FLOWS), st.lists(EDITS, max_size=2), WALKS)
def test_a_flow_that_is_accepted_keeps_its_promises(
    text: str, edits: list[tuple[int, str, str]], walk: list[tuple[str, int, bool]]
) -> None:
    """Whatever is changed in a flow: it is refused, or on every walk holds are what each status declares."""
    lines = text.splitlines()
    for place, old, new in edits:
        number = 4 + place % (len(lines) - 4)
        lines[number] = "" if old == "drop" else lines[number].replace(old, new)
    try:
        table = compiler.load("\n".join(lines), vocabularies.PARCEL)
    except FlowRefusedError:
        return
    status, holds = table.initial, table.flow.status(table.initial).holds
    for trigger, items, express in walk:
        context = {**PARCEL_FACTS, "items": items, "express": express, "facts": {"size": items}}
        answer = table.step(status, trigger, context)
        if isinstance(answer, Matched):
            for call in answer.actions:
                spec = vocabularies.PARCEL.action(call.name)
                assert spec is not None
                holds = HOLDS.after[holds, spec.holds] if spec.holds else holds
            assert status not in table.final or answer.to == status
            status = answer.to
        assert holds == table.flow.status(status).holds
        assert status not in table.final or holds == "none"
