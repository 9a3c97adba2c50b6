"""Clocks of orders between businesses: what an edit does to them, and how far plans reach."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.domain.orders.test_b2b import OTHER, World, code, well


@pytest.mark.parametrize("trigger", ["approval_overdue", "approval_expired"])
def test_an_edit_that_is_given_up_leaves_the_clock_as_it_was(trigger: str) -> None:
    """Nobody gains time by looking: the timer is due when it was, also where that is over by then."""
    world = World()
    well(world.step("submit"))
    if trigger == "approval_expired":
        world.pass_time("approval_overdue")
    before = due_at(world, trigger)
    well(world.step("begin_edit"))
    assert trigger not in world.due()
    world.at += dt.timedelta(hours=1)
    well(world.step("begin_edit", OTHER, take_over=True), world.step("cancel_edit", OTHER))
    assert due_at(world, trigger) == before
    well(world.step("begin_edit"))
    world.at += dt.timedelta(days=30)
    entered = world.order("acme").entered_at
    well(world.step("cancel_edit"))
    assert world.order("acme").entered_at < entered
    assert due_at(world, trigger) == before


def due_at(world: World, trigger: str) -> dt.datetime:
    """When a timer is due."""
    return next(timer.due_at for timer in world.timers.values() if timer.body["trigger"] == trigger)


def test_what_is_sent_in_again_is_asked_for_anew() -> None:
    """With or without a change: whoever decides has the whole time."""
    world = World()
    well(world.step("submit"))
    first = due_at(world, "approval_overdue")
    world.at += dt.timedelta(days=1)
    well(world.step("begin_edit"), world.step("submit"))
    assert due_at(world, "approval_overdue") - first > dt.timedelta(hours=23)


@pytest.mark.parametrize(
    ("at", "every", "why"),
    [
        ("2026-12-01T06:00:00Z", "P9999W", "schedule_too_far"),
        ("2026-12-01T06:00:00Z", "P999999999D", "schedule_too_often"),
        ("2026-12-01T06:00:00Z", f"P{'9' * 5000}D", "schedule_too_often"),
        ("9999-12-31T23:00:00Z", "P1W", "schedule_too_far"),
    ],
)
def test_nobody_plans_further_ahead_than_any_calendar(at: str, every: str, why: str) -> None:
    """Neither the first copy nor the distance between two is beyond ten years; it is refused, and nothing overflows."""
    world = World()
    assert code(world.step("schedule", at=at, every=every)) == why
    assert world.is_now() == ("draft", 0)
