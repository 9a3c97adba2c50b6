"""What happens to an order afterwards: completed, failed, expired, changed, cancelled, commented; by values only."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from coster.domain.catalog.model import Component
from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    Discount,
    ExpireCheckout,
    ExpireSession,
    FailCheckout,
    LineChange,
)
from coster.engine.flows.clocks import timer_id
from coster.kernel.authority import NOBODY, Authority
from tests.domain.orders.worlds import (
    BOX,
    CARROTS,
    EGGS,
    HERBS,
    HOUR,
    HUB,
    JAM,
    JEAN,
    KILO,
    LEEKS,
    SESSION,
    Memory,
    basket,
    item,
    line,
    order_of,
    relation,
)

ALI = order_of("Ali")
HUBS_KEY = Authority(by_enterprise={HUB: frozenset({"orders:write"})})


def to(number: int, amount: int) -> LineChange:
    """Another quantity for a line."""
    return LineChange(line_no=number, quantity=amount)


def more(item_id: Any, amount: int, unit: str = "") -> LineChange:
    """A line that is added."""
    return LineChange(line_no=0, quantity=amount, item_id=item_id, unit=unit)


def change(*lines: LineChange, **given: Any) -> ChangeOrder:
    """New quantities for Ali's order."""
    return ChangeOrder(order_id=ALI, lines=list(lines), **given)


def ordered(*lines: Any, memory: Memory | None = None, **given: Any) -> Memory:
    """A world in which Ali has ordered four kilos of carrots, unless other lines are given."""
    memory = memory or Memory({CARROTS: 10 * KILO, LEEKS: 3 * KILO, EGGS: 9 * KILO})
    memory.one(basket("Ali", *(lines or (line(CARROTS, 4 * KILO),)), **given))
    assert ALI in memory.orders
    return memory


def names(decided: Any) -> list[tuple[str, int]]:
    """Events with their versions."""
    return [(event.name, event.version) for _, event in decided.events]


# -- the end of a checkout ---------------------------------------------------------------------------------------------


def test_completed_checkout_keeps_its_holds_until_the_session_ends() -> None:
    """Booked with its payment; the timer is taken back, and nothing expires any more."""
    memory = ordered()
    decided = memory.decide(CompleteCheckout(order_id=ALI, payment="captured"))
    order, [hold] = memory.order("Ali"), memory.holds.values()
    assert (order.status, order.payment, order.expires_at, order.version) == ("booked", "captured", None, 2)
    assert (hold.quantity, hold.policy, hold.expires_at) == (4 * KILO, "session", None)
    assert [(timer.id, timer.due_at) for _, timer in decided.timers] == [
        (timer_id(ALI, "expire_checkout"), None)
    ]
    assert names(decided) == [("order.checkout_completed", 2)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (FailCheckout(order_id=ALI, reason="card of Ali Baba refused"), "order.checkout_failed"),
        (ExpireCheckout(order_id=ALI), "order.checkout_expired"),
        (CancelOrder(order_id=ALI, reason="Ali Baba is ill"), "order.cancelled"),
    ],
)
def test_a_checkout_that_comes_to_nothing_gives_everything_back(body: Any, name: str) -> None:
    """At once, with its timer; a reason in words stays with the seller's remarks and is in no event."""
    memory = ordered()
    decided = memory.decide(body)
    assert (memory.order("Ali").status, memory.held(CARROTS), memory.holds) == ("cancelled", 0, {})
    assert names(decided) == [(name, 2)]
    assert [timer.due_at for _, timer in decided.timers] == [None]
    assert "Baba" not in f"{decided.outcomes}{decided.events}"
    assert [one.text for one in memory.comments] == [
        reason for reason in [getattr(body, "reason", "")] if reason
    ]
    assert {(one.stock, one.fulfilment) for one in memory.lines.values()} == {("none", "cancelled")}


def test_expiry_waits_for_its_time_unless_the_system_says_so() -> None:
    """A caller's early word changes nothing; when the time is over it counts."""
    memory = ordered()
    early = memory.one(ExpireCheckout(order_id=ALI), HUBS_KEY)
    assert (early.value, memory.order("Ali").version) == ({"id": str(ALI), "version": 1, "changed": False}, 1)
    memory.at += HOUR / 2
    assert memory.one(ExpireCheckout(order_id=ALI), HUBS_KEY).value["status"] == "cancelled"


def test_expiry_of_a_completed_order_changes_nothing() -> None:
    """The timer may fire in the same moment as the payment arrives."""
    memory = ordered()
    memory.decide(CompleteCheckout(order_id=ALI))
    decided = memory.decide(ExpireCheckout(order_id=ALI))
    assert (decided.outcomes[0].value["changed"], decided.events, memory.order("Ali").status) == (
        False,
        [],
        "booked",
    )


def test_end_of_a_session_ends_its_running_checkouts_only() -> None:
    """Booked orders stay, orders of no session stay; once more changes nothing."""
    memory = ordered(memory=Memory({CARROTS: 10 * KILO, JAM: KILO}))
    memory.decide(basket("Paul", line(CARROTS, KILO), completed=True))
    memory.decide(basket("Jo", line(JAM, KILO), session_id=None))
    decided = memory.decide(ExpireSession(session_id=SESSION))
    assert names(decided) == [("order.checkout_expired", 2)]
    assert [memory.order(who).status for who in ("Ali", "Paul", "Jo")] == ["cancelled", "booked", "created"]
    assert memory.decide(ExpireSession(session_id=SESSION)).events == []


@pytest.mark.parametrize("body", [CompleteCheckout(order_id=ALI), FailCheckout(order_id=ALI), CancelOrder(order_id=ALI),
                                  change(to(1, KILO))])  # fmt: skip
def test_a_cancelled_order_is_over(body: Any) -> None:
    """Only a remark is possible, and the refusal says so."""
    memory = ordered()
    memory.decide(CancelOrder(order_id=ALI))
    refusal = memory.one(body)
    detail = {name: refusal.detail[name] for name in ("reason", "status", "possible", "guards")}
    assert (refusal.code, detail) == (
        "order_status",
        {"reason": "wrong_status", "status": "cancelled", "possible": ["comment"], "guards": []},
    )
    assert memory.order("Ali").version == 2


def test_a_booked_order_can_be_cancelled_but_its_checkout_not_failed() -> None:
    """What is over elsewhere cannot fail any more."""
    memory = ordered(completed=True)
    assert memory.one(FailCheckout(order_id=ALI)).code == "order_status"
    assert memory.one(CancelOrder(order_id=ALI)).value["status"] == "cancelled"
    assert memory.held(CARROTS) == 0


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authority", [NOBODY, Authority(by_enterprise={JEAN: frozenset({"orders:write"})})])
@pytest.mark.parametrize("body", [CancelOrder(order_id=ALI), AddComment(order_id=ALI, text="x"), change(to(1, 0)),
                                  CompleteCheckout(order_id=ALI), ExpireCheckout(order_id=ALI)])  # fmt: skip
def test_nobody_elses_order_is_known(body: Any, authority: Authority) -> None:
    """An order of another shop is refused in the same words as one that does not exist."""
    memory = ordered()
    refusal = memory.one(body, authority)
    assert refusal == memory.one(CancelOrder(order_id=order_of("nobody")))
    assert (refusal.code, memory.order("Ali").version) == ("order_unknown", 1)


@pytest.mark.parametrize("body", [CancelOrder(order_id=ALI, expected_version=2),
                                  change(to(1, KILO), expected_version=2)])  # fmt: skip
def test_an_old_version_is_told_the_new_one(body: Any) -> None:
    """Whoever read something else reads again."""
    refusal = ordered().one(body)
    assert (refusal.code, refusal.detail) == ("version_conflict", {"version": 1})


# -- changes of lines --------------------------------------------------------------------------------------------------


def test_a_line_goes_up_and_down_and_its_holds_with_it() -> None:
    """Each change moves exactly the difference, and is entered once in the ledger."""
    memory = ordered()
    for amount, total in ((7, "14.00"), (2, "4.00"), (10, "20.00"), (10, "20.00")):
        decided = memory.decide(change(to(1, amount * KILO)))
        assert (decided.outcomes[0].value["total"], memory.held(CARROTS)) == (total, amount * KILO)
    assert decided.writes.stock.entries == []
    assert memory.order("Ali").version == 5


def test_a_change_is_all_or_nothing() -> None:
    """One line too many: neither the smaller nor the new line happens, and both faults are told."""
    memory = ordered(line(CARROTS, 4 * KILO), line(LEEKS, KILO))
    refusal = memory.one(change(to(1, KILO), to(2, 5 * KILO), more(EGGS, 10 * KILO)))
    assert [(one["line"], one["wanted"], one["available"]) for one in refusal.detail["lines"]] == [
        (2, "5", "3"), (3, "10", "9"),
    ]  # fmt: skip
    assert (memory.held(CARROTS), memory.held(LEEKS), memory.held(EGGS)) == (4 * KILO, KILO, 0)
    assert memory.order("Ali").version == 1


def test_what_a_command_gives_up_it_can_take_for_another_line() -> None:
    """Nine kilos of ten on one line and one on the other, changed round in one command, in either order."""
    memory = ordered(line(CARROTS, 9 * KILO), line(CARROTS, KILO))
    memory.decide(change(to(1, KILO), to(2, 9 * KILO)))
    assert (memory.quantities("Ali"), memory.held(CARROTS)) == ([KILO, 9 * KILO], 10 * KILO)
    memory.decide(change(to(1, 9 * KILO), to(2, KILO)))
    assert (memory.quantities("Ali"), memory.held(CARROTS)) == ([9 * KILO, KILO], 10 * KILO)


def test_a_line_that_is_taken_out_stays_readable_and_can_come_back() -> None:
    """Nothing of it is held and it costs nothing; later it is held again."""
    memory = ordered(line(CARROTS, 4 * KILO), line(LEEKS, KILO))
    told = memory.one(change(to(1, 0))).value["lines"]
    assert (told[0]["quantity"], told[0]["total"], told[0]["stock"], told[0]["note"]) == (
        "0",
        "0.00",
        "none",
        "taken out",
    )
    assert memory.held(CARROTS) == 0
    back = memory.one(change(to(1, 2 * KILO))).value["lines"][0]
    assert (back["total"], back["stock"], back["note"], memory.held(CARROTS)) == (
        "4.00",
        "held",
        "",
        2 * KILO,
    )


def test_added_lines_are_numbered_on_and_checked_like_any() -> None:
    """Of a tracked and of an untracked item; a number that is not there names itself."""
    memory = ordered()
    told = memory.one(change(more(EGGS, 6 * KILO), more(HERBS, KILO))).value["lines"]
    assert [(one["line"], one["stock"], one["total"]) for one in told] == [
        (1, "held", "8.00"), (2, "held", "12.00"), (3, "untracked", "2.00"),
    ]  # fmt: skip
    refusal = memory.one(change(to(9, KILO), LineChange(line_no=0, quantity=KILO), more(EGGS, KILO, "dozen")))
    assert [(one["line"], one["code"]) for one in refusal.detail["lines"]] == [
        (4, "line_unknown"), (5, "unit_unknown"), (9, "line_unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize(("wanted", "code"), [(-1, "quantity_not_positive"), (KILO, "quantity_below_minimum"),
                                              (9 * KILO, "quantity_above_maximum")])  # fmt: skip
def test_a_changed_line_keeps_to_the_items_bounds(wanted: int, code: str) -> None:
    """As when it was placed."""
    goods = item(CARROTS, JEAN, "carrots", min_quantity=2 * KILO, max_quantity=8 * KILO)
    memory = ordered(memory=Memory(items=[goods]))
    assert memory.one(change(to(1, wanted))).code == code
    assert memory.held(CARROTS) == 4 * KILO


def test_price_and_discounts_of_a_line_are_its_own_for_good() -> None:
    """The item costs more by now; the line grows at its old price, its discounts in proportion."""
    memory = ordered(line(CARROTS, 4 * KILO, discount=Discount(permille=250)), discount=Discount(amount=60))
    memory.items[CARROTS] = item(CARROTS, JEAN, "carrots", price_micros=9_000_000)
    value = memory.one(change(to(1, 8 * KILO))).value
    assert (value["gross"], value["discount"], value["total"]) == ("16.00", "5.20", "10.80")


def test_a_new_discount_on_the_order_replaces_the_old_one() -> None:
    """Shared out anew over what the lines are worth now."""
    memory = ordered(line(CARROTS, 4 * KILO), line(LEEKS, KILO), discount=Discount(amount=100))
    value = memory.one(change(to(2, 2 * KILO), discount=Discount(permille=100))).value
    assert [one["order_share"] for one in value["lines"]] == ["0.80", "0.40"]
    assert value["total"] == "10.80"
    assert memory.one(change(discount=Discount())).value["total"] == "12.00"


def test_after_the_close_less_is_possible_and_more_is_not() -> None:
    """The amendment window gives back and takes nothing."""
    memory = ordered()
    memory.session = msgspec.structs.replace(memory.session, status="closed")
    refusal = memory.one(change(to(1, 5 * KILO)))
    assert (refusal.code, refusal.detail["lines"][0]["status"]) == ("session_not_open", "closed")
    assert memory.one(change(more(EGGS, KILO))).code == "session_not_open"
    assert memory.one(change(to(1, 3 * KILO))).value["total"] == "6.00"


def test_supply_that_ended_gives_back_and_gives_no_more() -> None:
    """What was sold before stays sold."""
    memory = ordered()
    memory.relations[HUB, JEAN] = relation(HUB, JEAN, active=False)
    assert memory.one(change(to(1, 5 * KILO))).code == "not_supplied"
    assert memory.one(change(to(1, 3 * KILO))).value["total"] == "6.00"


def test_a_kit_line_shrinks_and_grows_by_all_of_its_parts() -> None:
    """1.5 kg of carrots and half a kilo of leeks a box."""
    parts = (Component(item_id=CARROTS, quantity=1500), Component(item_id=LEEKS, quantity=500))
    box = item(BOX, HUB, "box", stock_unit="box", multiple_quantity=KILO, components=parts)
    memory = ordered(line(BOX, 4 * KILO), memory=Memory({CARROTS: 9 * KILO, LEEKS: 9 * KILO}, items=[box]))
    for boxes, carrots, leeks in ((1, 1500, 500), (6, 9000, 3000)):
        memory.decide(change(to(1, boxes * KILO)))
        assert (memory.held(CARROTS), memory.held(LEEKS)) == (carrots, leeks)
    refusal = memory.one(change(to(1, 7 * KILO)))
    assert refusal.detail["lines"][0]["available"] == "6"


def test_a_change_of_terms_moves_no_goods_that_are_held_already() -> None:
    """A line goes on counting for the held order that it began with."""
    memory = ordered()
    [(pool, _)] = memory.pool_lines
    memory.relations[HUB, JEAN] = relation(HUB, JEAN, consolidation="per_order")
    memory.decide(change(to(1, 6 * KILO)))
    assert {key[0]: one.held for key, one in memory.pool_lines.items()} == {pool: 6 * KILO}


def test_a_line_can_be_named_only_once() -> None:
    """Two wishes for one line contradict each other; several lines can be added."""
    refusal = ordered().one(change(to(1, KILO), to(1, 2 * KILO)))
    assert (refusal.code, refusal.message) == ("not_valid", "Lines names something twice.")
    assert ordered().one(change(more(EGGS, KILO), more(EGGS, KILO))).value["total"] == "12.00"


# -- remarks -----------------------------------------------------------------------------------------------------------


def test_a_remark_is_the_sellers_and_changes_nothing_else() -> None:
    """In every status, with its author; the event does not repeat it."""
    memory = ordered()
    before = memory.order("Ali")
    decided = memory.decide(
        AddComment(order_id=ALI, text="Ring at Baba"), AddComment(order_id=ALI, text="twice")
    )
    assert [(one.text, one.order_id) for one in memory.comments] == [("Ring at Baba", ALI), ("twice", ALI)]
    assert msgspec.structs.replace(memory.order("Ali"), version=1) == before
    assert names(decided) == [("order.commented", 2), ("order.commented", 3)]
    assert "Baba" not in f"{decided.outcomes}{decided.events}"
