"""Copies of templates that are refused: tried again as the plan says, then told, once each; and the next one comes all the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from coster.domain.orders.model import CopyOrder
from coster.domain.orders.rules import copying, repeating
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Timer
from tests.domain.orders.test_b2b import BOSS, HONEY, KEYS, World, code, well
from tests.domain.orders.worlds import JAM, KILO, order_of

TEMPLATE, HOUR = order_of("acme"), dt.timedelta(hours=1)
AT = "2026-11-25T08:00:00Z"


class Standing(World):
    """A template whose copies are placed by hand here."""

    def plan(self, **plan: Any) -> Any:
        """It is a template from now on."""
        return self.step("schedule", at=AT, **plan)

    def copy(self, *, run: int = 1, attempt: int = 1) -> Any:
        """A copy is placed, by the system; its outcome."""
        body = CopyOrder(
            order_id=TEMPLATE,
            copy_id=ids.derived("copy of an order", TEMPLATE, run),
            run=run,
            attempt=attempt,
        )
        return self.copies([body])[0]

    def copies(self, bodies: list[CopyOrder]) -> list[Any]:
        """Several in one batch."""
        commands = [dataclasses.replace(self.command(body), actor=SYSTEM) for body in bodies]
        template, lines = self.orders[TEMPLATE], self.lines_by_order()[TEMPLATE]
        wishes = {one.id: copying.wish(one.body, template, lines) for one in commands}
        given = {
            **msgspec.structs.asdict(self.placing()),
            "wishes": wishes,
            "templates": {TEMPLATE: template},
        }
        decided = copying.copy(copying.CopyingState(**given), commands)
        self.take(decided.writes)
        self.told += [event for _, event in decided.events]
        self.set = [timer for _, timer in decided.timers if timer.kind == copying.COPY]
        return decided.outcomes

    def said(self) -> list[tuple[str, int]]:
        """What the template was told of its copies: event and attempt."""
        return [(one.name, one.data["attempt"]) for one in self.told if "attempt" in one.data]

    def closed(self, *, closed: bool = True) -> None:
        """The jam is not on sale at present, or is again."""
        self.items[JAM] = msgspec.structs.replace(self.items[JAM], buyable=not closed)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ({"attempts": 3}, "schedule_attempts"),
        ({"delay": "PT1H"}, "schedule_attempts"),
        ({"attempts": 0, "delay": "PT1H"}, "schedule_attempts"),
        ({"attempts": 101, "delay": "PT1H"}, "schedule_attempts"),
        ({"attempts": 3, "delay": "PT59S"}, "schedule_attempts"),
        ({"attempts": 3, "delay": "P31D"}, "schedule_attempts"),
        ({"attempts": 3, "delay": "soon"}, "schedule_attempts"),
    ],
)
def test_attempts_and_delay_come_together(plan: dict[str, Any], why: str) -> None:
    """Both or none, within bounds; nothing is planned otherwise."""
    world = Standing()
    assert code(world.plan(**plan)) == why
    assert world.is_now()[0] == "draft"


@pytest.mark.parametrize(
    ("plan", "attempt", "minutes"),
    [
        ({}, 1, None),
        ({"attempts": 2, "delay": "PT30M"}, 1, 30),
        ({"attempts": 2, "delay": "PT30M"}, 2, 30),
        ({"attempts": 2, "delay": "PT30M"}, 3, None),
    ],
)
def test_when_it_is_tried_again(plan: dict[str, Any], attempt: int, minutes: int | None) -> None:
    """So often after the first time, so long after each refusal."""
    now = dt.datetime(2026, 11, 25, 8, tzinfo=dt.UTC)
    expected = None if minutes is None else now + dt.timedelta(minutes=minutes)
    assert repeating.again_at(plan, attempt, now) == expected


def test_a_copy_that_is_placed_is_told_of_its_template() -> None:
    """Which one it is; that it is sent in follows from this."""
    world = Standing()
    well(world.plan(attempts=3, delay="PT1H"), world.copy())
    [told] = [one for one in world.told if one.name == "order.copy_placed"]
    assert (told.entity_id, told.data["run"], told.version) == (TEMPLATE, 1, world.order("acme").version)
    assert (world.set, world.orders[uuid.UUID(told.data["copy_id"])].reference) == ([], "acme/1")


def test_a_refused_copy_is_tried_again_and_then_told() -> None:
    """Twice more, an hour apart, each told with the reason; after that there is no copy this time."""
    world = Standing()
    well(world.plan(attempts=2, delay="PT1H"))
    world.closed()
    timers: list[Timer] = []
    for attempt in (1, 2, 3):
        well(world.copy(attempt=attempt))
        timers += world.set
    assert world.said() == [("order.copy_delayed", 1), ("order.copy_delayed", 2), ("order.copy_refused", 3)]
    assert [one.body["attempt"] for one in timers] == [2, 3]
    assert len({one.id for one in timers}) == 1
    assert msgspec.convert(timers[0].body, CopyOrder).order_id == TEMPLATE
    refused = world.told[-1].data
    assert (refused["code"], "again_at" in refused, len(world.orders)) == ("item_not_buyable", False, 1)


def test_the_delay_is_counted_from_the_refusal() -> None:
    """As the timer and the event say."""
    world = Standing()
    well(world.plan(attempts=1, delay="PT1H"))
    world.closed()
    well(world.copy())
    assert world.set[0].due_at == world.at + HOUR
    assert dt.datetime.fromisoformat(world.told[-1].data["again_at"]) == world.at + HOUR


def test_what_is_tried_again_may_succeed() -> None:
    """Then it is placed as the copy that it always was."""
    world = Standing()
    well(world.plan(attempts=2, delay="PT1H"))
    world.closed()
    well(world.copy())
    world.closed(closed=False)
    well(world.copy(attempt=2))
    assert world.said() == [("order.copy_delayed", 1), ("order.copy_placed", 2)]


def test_without_attempts_a_refusal_is_the_last_word() -> None:
    """As soon as it is refused."""
    world = Standing()
    well(world.plan())
    world.closed()
    well(world.copy())
    assert (world.said(), world.set) == ([("order.copy_refused", 1)], [])


def test_a_run_is_placed_once() -> None:
    """A repeat finds the copy there, in another batch and in the same; nothing is told of that, and nothing is tried again."""
    world = Standing()
    well(world.plan(attempts=2, delay="PT1H"), world.copy())
    again = world.copy()
    assert again.value["refused"] == "placed_before"
    body = CopyOrder(order_id=TEMPLATE, copy_id=ids.derived("copy of an order", TEMPLATE, 2), run=2)
    first, second = world.copies([body, msgspec.structs.replace(body, attempt=2)])
    assert (first.value["status"], second.value["refused"]) == ("draft", "placed_before")
    assert world.said() == [("order.copy_placed", 1), ("order.copy_placed", 1)]
    assert len(world.orders) == 3


def test_another_order_of_that_name_is_a_refusal() -> None:
    """It is not the copy, so the run was not placed."""
    world = Standing()
    well(world.plan())
    taken = msgspec.structs.replace(world.order("acme"), id=uuid.UUID(int=9), reference="acme/1")
    world.orders[taken.id] = taken
    well(world.copy())
    assert world.told[-1].data["code"] == "duplicate_reference"


def test_a_cancelled_plan_is_tried_no_more() -> None:
    """What was to be tried again then comes to nothing, and nothing is told; the last run of a plan is tried like the others."""
    world = Standing()
    well(world.plan(attempts=2, delay="PT1H"), world.pass_time("copy_due"))
    assert world.is_now()[0] == "ended"
    world.closed()
    well(world.copy())
    assert [one.body["attempt"] for one in world.set] == [2]
    off = Standing()
    well(off.plan(attempts=2, delay="PT1H", every="P1D"), off.step("cancel", reason="no more"))
    assert off.copy(attempt=2).value["refused"] == "schedule_over"
    assert (off.said(), len(off.orders)) == ([], 1)


def test_whole_means_all_goods_or_no_copy() -> None:
    """Else it is placed, and waits for what is missing. Trying holds nothing."""
    for whole, said in ((True, "order.copy_delayed"), (False, "order.copy_placed")):
        world = Standing(jam=3 * KILO, wanted=2 * KILO)
        well(world.change(6 * KILO, 0, item_id=HONEY), world.plan(attempts=1, delay="PT1H", whole=whole))
        well(world.copy())
        assert (world.said(), world.held(JAM)) == ([(said, 1)], 0)
    missing = Standing(jam=3 * KILO, wanted=2 * KILO)
    well(missing.plan(attempts=1, delay="PT1H", whole=True), missing.copy())
    assert missing.said() == [("order.copy_placed", 1)]


def test_only_the_system_places_copies() -> None:
    """Whoever else asks is refused, and nothing is told."""
    world = Standing()
    well(world.plan())
    body = CopyOrder(order_id=TEMPLATE, copy_id=uuid.UUID(int=5), run=1)
    command = world.command(body, KEYS[BOSS])
    template = world.order("acme")
    wishes = {command.id: copying.wish(body, template, world.lines_by_order()[TEMPLATE])}
    given = {**msgspec.structs.asdict(world.placing()), "wishes": wishes, "templates": {TEMPLATE: template}}
    decided = copying.copy(copying.CopyingState(**given), [command])
    assert (decided.outcomes[0].code, decided.events, decided.writes.new) == ("not_permitted", [], [])
