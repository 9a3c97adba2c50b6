"""A flow is lived through: timers by a clock of its own, roll-ups, failures, messages; and each step is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow.actions import ActionSpec
from coster.engine.workflow.plugins import Action, Asked, Done, Message, Refused, extended
from coster.engine.workflow.trying import judging, scenario, story
from coster.engine.workflow.trying.coverage import coverage
from coster.engine.workflow.trying.life import Life, StoppedError, World
from coster.engine.workflow.trying.scenario import Given
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.test_reference import EVERYTHING

DATA = Path(__file__).parents[1] / "data"
BOOK = scenario.read((DATA / "everything.scenarios.yaml").read_text("utf-8"))
TABLE = compiler.load(EVERYTHING, vocabularies.PARCEL)
WORLD = World(vocabulary=vocabularies.PARCEL, calendars=judging.calendars_of(BOOK))
GOOD = compiler.load(cases.GOOD, vocabularies.PARCEL)
DUE = Given(context={"items": 1, "due": "2026-01-06T09:00:00Z"})


def good(*steps: str, given: Given = DUE) -> list[story.Seen]:
    """What is seen of the small flow."""
    life = Life(GOOD, World(vocabulary=vocabularies.PARCEL), given)
    return [seen for step in steps for seen in life.step(scenario.step(step))]


@pytest.mark.parametrize("one", BOOK.scenarios, ids=lambda one: one.name)
def test_every_feature_of_the_language_can_be_tried(one: scenario.Scenario) -> None:
    """Calendars, fields, repeats, restarts, roll-ups, `next`, `otherwise`, `error`, webhooks, children, parents."""
    assert [str(broken) for broken in judging.judge(one, TABLE, WORLD).broken] == []


def test_these_scenarios_carry_out_every_row() -> None:
    """And one of them alone does not: the rows that are missing are named by their lines."""
    seen = [judging.judge(one, TABLE, WORLD).seen for one in BOOK.scenarios]
    assert coverage(TABLE.flow, [one for life in seen for one in life]).percent == 100
    alone = coverage(TABLE.flow, seen[1])
    assert (alone.percent, len(alone.missing), alone.statuses["gone"]) == (7, 12, 1)
    assert str(alone.missing[0]) == "line 50 transitions[0]: pack from open, waiting"


def test_a_step_is_told_with_its_reasons() -> None:
    """Guards with what they read, the row with its line, actions, and timers that run then."""
    [seen] = good(
        "{event: pack, attributes: {boxes: 1}}",
        given=Given(context={"items": 0, "due": "2026-01-06T09:00:00Z"}),
    )
    assert list(story.told(seen)) == [
        "2026-01-05T09:00:00Z  open: pack",
        "    guard    items > 0 is false (items = 0)",
        "    row      give_up (line 20): open -> gone",
        "    action   release",
    ]


def test_a_refusal_is_told_with_what_was_asked() -> None:
    """Nothing fired, and the guard says why."""
    edits = (("    otherwise: give_up\n", ""), ("  - on: give_up\n", "  - on: reopen\n"))
    table = compiler.load(cases.edited(cases.GOOD, edits), vocabularies.PARCEL)
    life = Life(
        table,
        World(vocabulary=vocabularies.PARCEL),
        Given(context={"items": 0, "due": "2027-01-01T00:00:00Z"}),
    )
    [seen] = life.step(scenario.step("{event: pack, attributes: {boxes: 1}}"))
    assert (seen.refused, seen.status, [str(asked) for asked in seen.guards]) == (
        "guard_false",
        "open",
        ["items > 0 is false (items = 0)"],
    )


def test_what_is_due_fires_in_order_and_is_void_once_the_status_is_left() -> None:
    """A day brings the instant in the field; afterwards three reminders an hour apart, and no fourth."""
    seen = good("P2D", "P9D")
    assert [(one.what, one.trigger, one.at.isoformat()[5:16]) for one in seen] == [
        ("timer", "after:due", "01-06T09:00"),
        *(("timer", "after:3600s", f"01-06T{hour}:00") for hour in (10, 11, 12)),
        ("wait", "", "01-16T09:00"),
    ]
    assert [(timer.due.hour, timer.left) for one in seen for timer in one.timers] == [
        (10, 3),
        (11, 2),
        (12, 1),
    ]


def test_what_was_due_before_it_began_fires_with_the_first_step() -> None:
    """A step that does nothing else is enough."""
    seen = good("note", given=Given(context={"items": 1, "due": "2026-01-01T00:00:00Z"}))
    assert [(one.what, one.status) for one in seen] == [("event", "open"), ("timer", "parked")]


def test_a_guard_that_reads_what_nobody_gave_ends_the_life() -> None:
    """The message names the field."""
    with pytest.raises(StoppedError, match="reads 'items', which the context does not hold"):
        good("{event: pack, attributes: {boxes: 1}}", given=Given(context={"due": "2027-01-01T00:00:00Z"}))
    with pytest.raises(StoppedError, match="a timer reads 'due'"):
        good("note", given=Given())


def test_only_what_was_carried_out_can_fail_afterwards() -> None:
    """And without `error.then` it waits for people."""
    with pytest.raises(StoppedError, match="no row on 'pack' was carried out"):
        good("failed: pack")
    seen = good("{event: pack, attributes: {boxes: 1}}", "failed: pack")
    assert (seen[-1].refused, seen[-1].status) == ("parked", "packed")


def test_timers_without_an_end_are_stopped() -> None:
    """Two statuses that lead to each other every second, for a year."""
    rows = "  - {after: PT1S, from: [parked], do: [take], to: open}\n  - {after: PT1S, from: [open], do: [release], to: parked}\n"
    table = compiler.load(cases.GOOD + rows, vocabularies.PARCEL)
    life = Life(table, World(vocabulary=vocabularies.PARCEL), DUE)
    with pytest.raises(StoppedError, match="more than 1,000 timers"):
        life.step(scenario.step("P52W"))


def wrap(asked: Asked) -> Done | Refused:
    """Wraps what there is."""
    if asked.context["items"] == 0:
        return Refused(code="nothing_to_wrap", detail="There is nothing to wrap.")
    return Done(attributes={"paper": "red"}, messages=(Message(event="parcel.wrapped"),))


WRAP = Action(
    entity="parcel", spec=ActionSpec(name="wrap", summary="Wraps.", needs=frozenset({"items"})), run=wrap
)


def test_actions_of_other_packages_are_carried_out() -> None:
    """What they set and send is told; what they refuse is not carried out at all."""
    vocabulary = extended(vocabularies.PARCEL, [WRAP])
    table = compiler.load(cases.GOOD.replace("  - on: note\n", "  - {on: note, do: [wrap]}\n"), vocabulary)
    life = Life(table, World(vocabulary=vocabulary, actions={"wrap": WRAP}), DUE)
    done, refused = (
        life.step(scenario.step("note"))[0],
        life.step(scenario.step("{event: note, context: {items: 0}}"))[0],
    )
    assert (done.rows[0].attributes, str(done.rows[0].messages[0])) == (
        {"paper": "red"},
        "parcel.wrapped to endpoints",
    )
    assert (refused.refused, refused.detail, refused.rows) == (
        "action_refused",
        "nothing_to_wrap: There is nothing to wrap.",
        (),
    )


def test_time_only_goes_forward() -> None:
    """An instant that has passed is now."""
    life = Life(GOOD, World(vocabulary=vocabularies.PARCEL), DUE)
    life.step(scenario.step("{until: 2025-01-01T00:00:00Z}"))
    assert life.now == dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
