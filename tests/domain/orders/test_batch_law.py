"""The batch law by values: a batch of orders answers exactly as its commands one by one, and leaves the same behind."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.catalog.model import Component
from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    Discount,
    FailCheckout,
    LineChange,
)
from coster.kernel.message import Decided
from tests.domain.orders.worlds import (
    BOX,
    CARROTS,
    EGGS,
    HUB,
    JEAN,
    KILO,
    LEEKS,
    Memory,
    basket,
    item,
    line,
    order_of,
    relation,
)

WHO = st.sampled_from(["Ali", "Paul", "David"])
AMOUNT = st.integers(1, 6).map(lambda kilos: kilos * KILO)
LINE = st.builds(line, st.sampled_from([CARROTS, LEEKS, EGGS, BOX]), AMOUNT)
BASKET = st.builds(
    lambda who, lines, partial, off: basket(who, *lines, allow_partial=partial, discount=off),
    WHO,
    st.lists(LINE, min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from([None, Discount(amount=133), Discount(permille=75)]),
)
CHANGE = st.one_of(
    st.builds(
        LineChange, line_no=st.integers(1, 3), quantity=st.integers(0, 6).map(lambda kilos: kilos * KILO)
    ),
    st.builds(LineChange, line_no=st.just(0), quantity=AMOUNT, item_id=st.sampled_from([CARROTS, EGGS, BOX])),
)
ORDER = WHO.map(order_of)
LATER = st.one_of(
    st.builds(ChangeOrder, order_id=ORDER, lines=st.lists(CHANGE, min_size=1, max_size=3)),
    st.builds(CancelOrder, order_id=ORDER),
    st.builds(FailCheckout, order_id=ORDER),
    st.builds(CompleteCheckout, order_id=ORDER),
    st.builds(AddComment, order_id=ORDER, text=st.just("a remark")),
)


def scarce() -> Memory:
    """Ten kilos of carrots in cases of four, few leeks, Anna's eggs order by order, and a kit of Jean's goods."""
    parts = (Component(item_id=CARROTS, quantity=1500), Component(item_id=LEEKS, quantity=500))
    goods = [item(BOX, HUB, "box", multiple_quantity=KILO, components=parts),
             item(CARROTS, JEAN, "carrots", case_quantity=4 * KILO)]  # fmt: skip
    terms = [relation(HUB, JEAN, remainder="round_up")]
    return Memory({CARROTS: 14 * KILO, LEEKS: 3 * KILO, EGGS: 8 * KILO}, items=goods, relations=terms)


def told(decided: Decided[Any]) -> list[Any]:
    """Answers, events and timers, without the place of the command in its batch."""
    return [list(decided.outcomes), [e for _, e in decided.events], [t for _, t in decided.timers]]


def left(memory: Memory) -> list[Any]:
    """Everything that is stored, in the order of its keys; what holds nothing counts as not there."""
    pools = {key: one for key, one in memory.pool_lines.items() if one.held}
    found = (memory.positions, memory.holds, pools, memory.orders, memory.lines)
    return [sorted(part.items(), key=repr) for part in found] + [memory.comments]


def compare(before: list[Any], bodies: list[Any]) -> None:
    """Places what was there before, then the bodies: in one batch, and one by one."""
    whole, single = scarce(), scarce()
    for memory in (whole, single):
        for body in before:
            memory.decide(body)
    together = told(whole.decide(*bodies))
    apart = [told(single.decide(body)) for body in bodies]
    assert together == [[one for part in apart for one in part[n]] for n in range(3)]
    assert left(whole) == left(single)


@settings(max_examples=150, deadline=None)
@given(st.lists(BASKET, min_size=1, max_size=5))
def test_orders_in_a_batch_are_answered_as_one_by_one(bodies: list[Any]) -> None:
    """Scarce stock, kits, cases, partial grants and references that come twice make no difference."""
    compare([], bodies)


@settings(max_examples=150, deadline=None)
@given(st.lists(BASKET, min_size=1, max_size=3), st.lists(LATER, min_size=1, max_size=5))
def test_changes_in_a_batch_are_answered_as_one_by_one(before: list[Any], bodies: list[Any]) -> None:
    """Whatever happens to orders, to one of them several times too."""
    compare(before, bodies)


@settings(max_examples=100, deadline=None)
@given(st.lists(BASKET, min_size=1, max_size=4), st.lists(LATER, max_size=6))
def test_accounts_are_the_sum_of_their_holds(before: list[Any], later: list[Any]) -> None:
    """After any history: positions, accounts and holds say the same, and every order is the sum of its lines."""
    memory = scarce()
    for body in (*before, *later):
        memory.decide(body)
    for position in memory.positions.values():
        on_it = [hold.quantity for hold in memory.holds.values() if hold.position_id == position.id]
        assert position.held == sum(on_it)
    for (pool, place), account in memory.pool_lines.items():
        mine = [h for h in memory.holds.values() if (h.pool_id, h.position_id) == (pool, place)]
        assert account.held == sum(hold.quantity for hold in mine)
        assert account.surplus == sum(hold.quantity for hold in mine if hold.policy == "remainder")
        assert account.held % account.multiple == 0
        assert 0 <= account.surplus < account.multiple
    for id_, lines in memory.lines_by_order().items():
        assert memory.orders[id_].total == sum(one.total for one in lines)
