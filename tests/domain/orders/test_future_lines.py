"""Lines that shall go on a later day: they hold nothing until that is near, and take their goods then, in the seller's time zone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from coster.domain.orders.model import PlaceOrder, StepOrder
from coster.domain.orders.rules import dates, letters
from tests.domain.orders.test_b2b import BOSS, HONEY, World, code, well
from tests.domain.orders.worlds import HUB, JAM, KILO, NOW, enterprise, line, order_of

PARIS, DAY = "Europe/Paris", dt.timedelta(days=1)


class Later(World):
    """A seller in Paris that takes goods two weeks ahead; an order of jam, some of it for a later day."""

    def __init__(self, *days: dt.date | None, jam: int = 10 * KILO, ahead: int | None = 14) -> None:
        super().__init__(jam=jam, wanted=KILO)
        hub = msgspec.structs.replace(enterprise(HUB, "Hub", timezone=PARIS), hold_days_ahead=ahead)
        self.enterprises[HUB] = hub
        lines = [line(JAM if nth == 0 else HONEY, KILO, ship_on=day) for nth, day in enumerate(days)]
        given = PlaceOrder(
            order_id=order_of("zeta"), seller_id=HUB, channel="shop", reference="zeta", type="b2b", lines=lines
        )  # fmt: skip
        well(self.send(given))

    def zeta(self, trigger: str, **attributes: Any) -> Any:
        """An event for the order."""
        return self.send(StepOrder(order_id=order_of("zeta"), trigger=trigger, attributes=attributes), BOSS)

    def state(self) -> tuple[str, list[str]]:
        """Its status, and what its lines have in stock."""
        return self.order("zeta").status, [one.stock for one in self.lines_by_order()[order_of("zeta")]]

    def opens(self) -> list[dt.datetime]:
        """When its windows open, by its clock."""
        return [timer.due_at for timer in self.timers.values() if timer.body["trigger"] == "window_opens"]


def day(number: int, month: int = 12) -> dt.date:
    """A day of the winter in which the tests play."""
    return dt.date(2026 if month > 6 else 2027, month, number)


@pytest.mark.parametrize(
    ("zone", "ship_on", "ahead", "instant"),
    [
        ("UTC", dt.date(2026, 12, 24), 14, "2026-12-10T00:00:00+00:00"),
        (PARIS, dt.date(2026, 12, 24), 14, "2026-12-09T23:00:00+00:00"),
        (PARIS, dt.date(2026, 3, 29), 0, "2026-03-28T23:00:00+00:00"),
        (PARIS, dt.date(2026, 3, 30), 0, "2026-03-29T22:00:00+00:00"),
        (PARIS, dt.date(2026, 4, 5), 7, "2026-03-28T23:00:00+00:00"),
        (PARIS, dt.date(2026, 10, 26), 0, "2026-10-25T23:00:00+00:00"),
        ("America/Santiago", dt.date(2026, 9, 6), 0, "2026-09-06T04:00:00+00:00"),
        ("Pacific/Auckland", dt.date(2026, 12, 24), 1, "2026-12-22T11:00:00+00:00"),
        ("Nowhere/Atall", dt.date(2026, 12, 24), 14, "2026-12-10T00:00:00+00:00"),
    ],
)
def test_a_window_opens_at_midnight_where_the_seller_is(
    zone: str, ship_on: dt.date, ahead: int, instant: str
) -> None:
    """Also where a clock change makes a day shorter or longer, or skips its midnight (Santiago: the first instant is 01:00)."""
    seller = msgspec.structs.replace(enterprise(HUB, "Hub", timezone=zone), hold_days_ahead=ahead)
    assert dates.held_from(seller, ship_on) == dt.datetime.fromisoformat(instant)


def test_a_day_or_a_horizon_that_is_not_named_is_no_reason_to_wait() -> None:
    """Goods are taken at once."""
    seller = enterprise(HUB, "Hub")
    assert dates.held_from(seller, dt.date(2026, 12, 24)) is None
    assert dates.held_from(msgspec.structs.replace(seller, hold_days_ahead=3), None) is None


def test_what_is_far_off_holds_nothing() -> None:
    """FUT: it waits with the letter B, and its clock is set for the midnight two weeks before its day."""
    world = Later(day(24))
    well(world.zeta("submit"))
    assert (world.state(), world.held(JAM)) == (("future", ["future"]), 0)
    assert world.opens() == [dt.datetime(2026, 12, 9, 23, tzinfo=dt.UTC)]
    order, of_order = world.order("zeta"), world.lines_by_order()[order_of("zeta")]
    assert letters.letter(letters.standing(order, of_order)) == "B"
    assert of_order[0].holds_from == dt.datetime(2026, 12, 9, 23, tzinfo=dt.UTC)


def test_it_takes_its_goods_when_its_day_is_near() -> None:
    """By its clock, at that instant; nothing is left of the waiting."""
    world = Later(day(24))
    well(world.zeta("submit"), world.pass_time("window_opens"))
    assert (world.state(), world.held(JAM), world.opens()) == (("complete", ["held"]), KILO, [])
    assert world.at == dt.datetime(2026, 12, 9, 23, 0, 1, tzinfo=dt.UTC)
    assert world.lines[order_of("zeta"), 1].holds_from is None


@pytest.mark.parametrize("ship_on", [None, NOW.date(), day(7), day(7, 11)])
def test_what_is_near_is_held_at_once(ship_on: dt.date | None) -> None:
    """Until the last day of the two weeks; a day that is over is as soon as may be."""
    world = Later(ship_on)
    well(world.zeta("submit"))
    assert (world.state(), world.held(JAM)) == (("complete", ["held"]), KILO)


def test_a_seller_who_names_no_horizon_holds_at_once() -> None:
    """Whatever the day."""
    world = Later(day(24), ahead=None)
    well(world.zeta("submit"))
    assert world.state() == ("complete", ["held"])


def test_what_is_missing_by_then_is_waited_for_like_everything_else() -> None:
    """B with the clock that tries again."""
    world = Later(day(24), jam=0)
    well(world.zeta("submit"), world.pass_time("window_opens"))
    assert world.state() == ("backordered", ["backordered"])
    assert "allocate" in world.due()


def test_each_line_has_its_day() -> None:
    """One is held at once, two wait for theirs; the order goes on when the last has its goods."""
    world = Later(None, day(24), day(31))
    well(world.zeta("submit"))
    assert world.state() == ("future", ["held", "future", "future"])
    well(world.pass_time("window_opens"))
    assert world.state() == ("future", ["held", "held", "future"])
    well(world.pass_time("window_opens"))
    assert world.state() == ("complete", ["held", "held", "held"])


def test_what_waits_for_goods_meanwhile_opens_on_its_day_too() -> None:
    """The window is not missed by an order that stands in another status."""
    world = Later(None, day(24), jam=0)
    well(world.zeta("submit"))
    assert (world.state(), len(world.opens())) == (("backordered", ["backordered", "future"]), 1)
    well(world.zeta("allocate"))
    assert world.state() == ("backordered", ["backordered", "future"])
    well(world.pass_time("window_opens"))
    assert world.state() == ("backordered", ["backordered", "held"])


def test_a_window_that_opened_while_people_decided_is_not_waited_for_again() -> None:
    """Denied, and sent in again after the window has opened: the goods are taken with that."""
    world = Later(day(24))
    well(world.zeta("submit"), world.zeta("begin_edit"))
    assert world.opens() == []
    world.at = dt.datetime(2026, 12, 20, tzinfo=dt.UTC)
    well(world.zeta("submit"))
    assert world.state() == ("complete", ["held"])


def test_an_edit_that_is_given_up_after_its_window_opens_at_once() -> None:
    """The clock of the status is due when it was, also where that is over."""
    world = Later(day(24))
    well(world.zeta("submit"), world.zeta("begin_edit"))
    world.at = dt.datetime(2026, 12, 20, tzinfo=dt.UTC)
    well(world.zeta("cancel_edit"))
    assert (world.state()[0], world.opens()) == ("future", [dt.datetime(2026, 12, 9, 23, tzinfo=dt.UTC)])
    well(world.pass_time("window_opens"))
    assert world.state() == ("complete", ["held"])


def test_what_is_ready_goes_and_what_is_due() -> None:
    """All that is held, or of it only what shall go by today; what waits for its day goes early where it is named."""
    world = Later(None, day(1), day(31))
    well(world.zeta("submit"), world.zeta("release_part", due=True))
    released = [one.fulfilment for one in world.lines_by_order()[order_of("zeta")]]
    assert released == ["released", "not_started", "not_started"]
    assert code(world.zeta("release_part", due=True)) == "nothing_to_release"
    well(world.zeta("release_part"))
    assert world.state() == ("future", ["held", "held", "future"])
    well(world.zeta("release_part", line=3))
    assert (world.order("zeta").status, world.opens()) == ("released", [])


def test_the_rest_of_a_future_line_keeps_its_day() -> None:
    """A part goes early, the rest waits on."""
    world = Later(day(24))
    well(world.zeta("submit"), world.zeta("release_part", line=1, quantity="0.25"))
    rest = world.lines[order_of("zeta"), 2]
    assert (rest.quantity, rest.stock, rest.ship_on, world.held(JAM)) == (750, "future", day(24), 250)
    assert len(world.opens()) == 1


@pytest.mark.parametrize("ship_on", [dt.date(2037, 1, 1), dt.date(2016, 1, 1), dt.date.max, dt.date.min])
def test_nobody_orders_for_a_day_that_is_ten_years_off(ship_on: dt.date) -> None:
    """It is refused in a sentence, and nothing overflows."""
    world = Later(None)
    given = PlaceOrder(
        order_id=order_of("far"), seller_id=HUB, channel="shop", reference="far", type="b2b",
        lines=[line(JAM, KILO, ship_on=ship_on)],
    )  # fmt: skip
    assert code(world.send(given)) == "not_valid"
