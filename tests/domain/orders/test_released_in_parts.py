"""Orders released in parts (ADR 0022): lines, parts of lines, what lies at a place; the rest held, waiting or cancelled; to the cent."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from coster.domain.catalog.model import Component
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders.model import ChangeOrder, Discount, LineChange, PlaceOrder, StepOrder
from coster.domain.orders.rules import letters
from tests.domain.orders.test_b2b import BOSS, HONEY, World, code, well
from tests.domain.orders.worlds import BARN, BOX, CELLAR, HUB, JAM, KILO, item, line, order_of


def world(jam: int = 10 * KILO, wanted: int = 4 * KILO, honey: int = 0) -> World:
    """An order of jam, and of honey where it is wanted, sent in."""
    found = World(jam=jam, wanted=wanted)
    if honey:
        well(found.change(honey, 0, item_id=HONEY))
    well(found.step("submit"))
    return found


def release(found: World, **given: Any) -> Any:
    """A part of it is released."""
    return found.step("release_part", BOSS, **given)


def zeta(found: World, trigger: str, **attributes: Any) -> Any:
    """An event for a second order."""
    return found.send(StepOrder(order_id=order_of("zeta"), trigger=trigger, attributes=attributes), BOSS)


def seen(found: World) -> list[tuple[int, int, str, str]]:
    """Each line: its number, quantity, stock and fulfilment."""
    of_order = found.lines_by_order()[order_of("acme")]
    return [(one.line_no, one.quantity, one.stock, one.fulfilment) for one in of_order]


def holds(found: World) -> dict[int, int]:
    """What each line holds."""
    sums: dict[int, int] = {}
    for hold in found.holds.values():
        sums[hold.demand_line] = sums.get(hold.demand_line, 0) + hold.quantity
    return sums


def test_what_is_there_goes_first() -> None:
    """The honey goes, the jam is waited for; when it has come it goes too, and with that the order is released."""
    found = world(jam=0, honey=2 * KILO)
    assert found.is_now()[0] == "backordered"
    well(release(found))
    assert seen(found) == [(1, 4 * KILO, "backordered", "not_started"), (2, 2 * KILO, "held", "released")]
    assert (found.is_now()[0], found.order("acme").holds, found.due()) == (
        "backordered",
        "live",
        {"allocate"},
    )
    found.put_stock(JAM, uuid.UUID(int=39), 5 * KILO)
    well(found.pass_time("allocate"))
    assert found.is_now() == ("complete", 4 * KILO)
    well(release(found, line=1))
    assert (found.order("acme").status, found.order("acme").holds) == ("released", "committed")


def test_it_is_told_with_the_lines_that_went() -> None:
    """Under a name of its own; what is released as a whole tells its lines too."""
    found = world(honey=2 * KILO)
    well(release(found, line=2), found.step("release", BOSS))
    told = [(event.name, event.data["released"]) for event in found.told if "released" in event.data]
    assert told == [("order.part_released", [2]), ("order.stepped", [1])]


def test_a_part_of_a_line_goes() -> None:
    """The line is cut in two: the part keeps its number, the rest has one of its own, and each holds what it is."""
    found = world()
    free = found.positions[position_id(JAM, BARN)]
    well(release(found, line=1, quantity="1.5"))
    assert seen(found) == [(1, 1500, "held", "released"), (2, 2500, "held", "not_started")]
    assert holds(found) == {1: 1500, 2: 2500}
    assert found.positions[free.id] == free
    assert found.lines[order_of("acme"), 2].note == "the rest of line 1"
    assert sum(one.requested for one in found.lines.values()) == 4 * KILO


def test_several_parts_at_once() -> None:
    """All of them or none."""
    found = world(honey=2 * KILO)
    parts = [{"line": 1, "quantity": "1"}, {"line": 2, "quantity": "0.5"}]
    refused = release(found, parts=[*parts, {"line": 9, "quantity": ""}])
    assert (code(refused), found.is_now()[0], len(seen(found))) == ("line_unknown", "complete", 2)
    well(release(found, parts=parts))
    assert [one[:2] for one in seen(found)] == [(1, KILO), (2, 500), (3, 3 * KILO), (4, 1500)]
    assert holds(found) == {1: KILO, 2: 500, 3: 3 * KILO, 4: 1500}


def test_a_part_of_a_line_that_waits_is_taken_for_it() -> None:
    """Six of ten are there: six go, four wait; what is not there is refused with what can be had."""
    found = world(jam=6 * KILO, wanted=10 * KILO)
    refused = release(found, line=1, quantity="7")
    assert (code(refused), refused.detail["lines"][0]["available"]) == ("insufficient_stock", "6")
    well(release(found, line=1, quantity="6"))
    assert seen(found) == [(1, 6 * KILO, "held", "released"), (2, 4 * KILO, "backordered", "not_started")]
    assert (found.is_now(), holds(found)) == (("backordered", 6 * KILO), {1: 6 * KILO})


def test_what_lies_at_a_place_goes() -> None:
    """A line that is held at two places goes from the one; what is held at neither stays."""
    found = World(jam=3 * KILO, wanted=5 * KILO)
    found.put_stock(JAM, CELLAR, 10 * KILO)
    well(found.change(KILO, 0, item_id=HONEY), found.step("submit"), release(found, location=str(CELLAR)))
    assert [one[:2] for one in seen(found)] == [(1, 2 * KILO), (2, KILO), (3, 3 * KILO)]
    at = {(hold.demand_line, hold.position_id): hold.quantity for hold in found.holds.values()}
    assert at[1, position_id(JAM, CELLAR)] == 2 * KILO
    assert at[3, position_id(JAM, BARN)] == 3 * KILO
    assert code(release(found, location=str(CELLAR))) == "nothing_to_release"
    assert code(release(found, line=3, quantity="2", location=str(CELLAR))) == "nothing_to_release"
    assert code(release(found, location="the cellar")) == "not_valid"
    well(release(found, line=3, quantity="1", location=str(BARN)))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"line": 9}, "line_unknown"),
        ({"line": 1, "quantity": "5"}, "quantity_above_line"),
        ({"line": 1, "quantity": "0"}, "not_valid"),
        ({"line": 1, "quantity": "many"}, "not_valid"),
        ({"line": 1, "quantity": "0.0001"}, "not_valid"),
        ({"quantity": "1"}, "not_valid"),
        ({"line": 1, "parts": [{"line": 1, "quantity": ""}]}, "not_valid"),
        ({"line": "one"}, "not_valid"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], why: str) -> None:
    """With a code of its own, and nothing is released."""
    found = world()
    before = found.order("acme")
    assert code(release(found, **given)) == why
    assert (found.order("acme"), len(seen(found))) == (before, 1)


def test_steps_of_the_item_are_kept() -> None:
    """Of what is sold in halves nothing goes in thirds."""
    found = World(wanted=4 * KILO)
    found.items[JAM] = item(JAM, HUB, "jam", multiple_quantity=500)
    well(found.step("submit"))
    assert code(release(found, line=1, quantity="0.3")) == "quantity_not_exact"
    well(release(found, line=1, quantity="0.5"))


def test_released_is_released() -> None:
    """It can be neither released again nor lost, and the order not be cancelled whole, given away or taken back."""
    found = world(honey=2 * KILO)
    well(release(found, line=2))
    assert code(release(found, line=2)) == "line_released"
    assert code(found.step("lose_stock", BOSS, line=2)) == "line_released"
    for event in ("cancel", "transfer"):
        assert (
            code(found.step(event, BOSS, **({"reason": "no"} if event == "cancel" else {}))) == "order_status"
        )
    well(found.step("begin_edit"))
    assert code(found.change(KILO, 2)) == "line_released"
    well(found.change(KILO, 1), found.step("submit"))
    assert holds(found) == {1: KILO, 2: 2 * KILO}


def test_a_block_keeps_the_rest() -> None:
    """What was released before it came stays so."""
    found = world(honey=2 * KILO)
    well(release(found, line=2), found.step("block", BOSS, reason="customer_hold"))
    assert code(release(found)) == "order_status"
    well(found.step("unblock", BOSS, reason="customer_hold"), release(found))
    assert found.order("acme").status == "released"


def test_the_rest_is_cancelled() -> None:
    """It costs nothing and holds nothing any more; what went stays as it is."""
    found = world(honey=2 * KILO)
    well(release(found, line=2))
    total = found.lines[order_of("acme"), 2].total
    well(found.step("cancel_rest", reason="enough"))
    assert seen(found) == [(1, 0, "none", "cancelled"), (2, 2 * KILO, "held", "released")]
    order = found.order("acme")
    assert (order.status, order.holds, order.total, holds(found)) == (
        "released",
        "committed",
        total,
        {2: 2 * KILO},
    )
    assert code(world().step("cancel_rest", reason="nothing went")) == "order_status"


def test_an_edit_takes_out_the_rest() -> None:
    """Then there is nothing left to agree to."""
    found = world(honey=2 * KILO)
    well(release(found, line=2), found.step("begin_edit"))
    found.agree = lambda: None  # type: ignore[method-assign]  # R by its lines while it is edited
    well(found.change(0, 1), found.step("submit"))
    assert (found.order("acme").status, holds(found)) == ("released", {2: 2 * KILO})


def test_a_rest_that_grows_is_agreed_to_again() -> None:
    """Approval asks for the whole order; denied and left so, only the rest is off."""
    found = world(jam=10_000 * KILO, honey=2 * KILO)
    well(release(found, line=2), found.step("begin_edit"), found.change(600 * KILO, 1), found.step("submit"))
    assert found.is_now()[0] == "waiting"
    well(found.step("deny", BOSS), found.pass_time("denied_for_long"))
    assert (found.order("acme").status, holds(found)) == ("released", {2: 2 * KILO})


@pytest.mark.parametrize("part", ["0.001", "0.333", "1", "1.999"])
def test_cutting_costs_nobody_anything(part: str) -> None:
    """Amounts, discounts and shares of both parts are those of the whole, to the cent, and none is below zero."""
    found = World(jam=10 * KILO)
    wanted = line(JAM, 2 * KILO, price_micros=1_234_567, discount=Discount(amount=37))
    given = PlaceOrder(
        order_id=order_of("zeta"), seller_id=HUB, channel="shop", reference="zeta", lines=[wanted], type="b2b",
        discount=Discount(permille=77),
    )  # fmt: skip
    well(found.send(given))
    well(zeta(found, "submit"))
    before = found.order("zeta")
    well(zeta(found, "release_part", line=1, quantity=part))
    after, (first, rest) = found.order("zeta"), found.lines_by_order()[order_of("zeta")]
    assert (after.gross, after.line_discount, after.order_discount, after.total) == (
        before.gross, before.line_discount, before.order_discount, before.total)  # fmt: skip
    for one in (first, rest):
        assert min(one.gross, one.discount, one.order_share, one.total) >= 0
        assert one.total == one.gross - one.discount - one.order_share


def test_a_fixed_discount_is_not_given_twice() -> None:
    """Ten off of which five went with what was released: an edit leaves five for the rest."""
    found = World(wanted=4 * KILO)
    given = PlaceOrder(
        order_id=order_of("zeta"), seller_id=HUB, channel="shop", reference="zeta", type="b2b",
        lines=[line(JAM, 10 * KILO), line(JAM, 10 * KILO)], discount=Discount(amount=1000),
    )  # fmt: skip
    well(found.send(given), zeta(found, "submit"))
    well(zeta(found, "release_part", line=1), zeta(found, "begin_edit"))
    changed = ChangeOrder(
        order_id=order_of("zeta"),
        lines=[LineChange(line_no=2, quantity=20 * KILO)],
        discount=Discount(amount=1000),
    )
    well(found.send(changed, BOSS))
    shares = [one.order_share for one in found.lines_by_order()[order_of("zeta")]]
    assert shares == [500, 500]


def test_kits_go_with_their_parts() -> None:
    """Of each kind as much goes with a kit as is in one."""
    box = item(
        BOX,
        HUB,
        "box",
        components=(Component(item_id=JAM, quantity=2 * KILO), Component(item_id=HONEY, quantity=500)),
    )
    found = World(jam=20 * KILO)
    found.items[BOX] = box
    well(found.change(4 * KILO, 0, item_id=BOX), found.change(0, 1), found.step("submit"))
    well(release(found, line=2, quantity="1"))
    by_item = {(hold.demand_line, hold.position_id): hold.quantity for hold in found.holds.values()}
    jam, honey = position_id(JAM, BARN), position_id(HONEY, BARN)
    assert by_item == {(2, jam): 2 * KILO, (2, honey): 500, (3, jam): 6 * KILO, (3, honey): 1500}


def test_letters_are_those_of_the_rest() -> None:
    """B while goods are waited for, and the words say that some of it is on its way; each line has its own."""
    found = world(jam=0, honey=2 * KILO)
    well(release(found))
    order, of_order = found.order("acme"), found.lines_by_order()[order_of("acme")]
    standing = letters.standing(order, of_order)
    assert (letters.letter(standing), [letters.item_letter(one, standing) for one in of_order]) == (
        "B",
        ["B", "R"],
    )
    view = letters.view(standing)
    assert (view.name, view.dfc_order, view.dfc_fulfilment) == ("part_released", "Held", "Unfulfilled")
