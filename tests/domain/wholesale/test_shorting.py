"""A complete held order comes down to what its supplier elsewhere has: who loses, who is told, and that every sum stays right."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.orders.model import CancelOrder
from coster.domain.wholesale.model import CompleteSession, ShortHeldOrder
from coster.kernel.authority import Authority
from tests.domain.orders.worlds import (
    BARN,
    CARROTS,
    EGGS,
    HUB,
    JEAN,
    KILO,
    SESSION,
    basket,
    item,
    line,
    order_of,
    relation,
)
from tests.domain.wholesale.worlds import POOL, Market


def owed(*kilos: int, case: int = 0, **terms: object) -> Market:
    """Orders 0, 1, 2 … of so many kilos of carrots; the session is over, and the held order complete."""
    goods = {"case_quantity": case * KILO} if case else {}
    relations = [relation(HUB, JEAN, **{"remainder": "round_up", **terms})]
    items = [item(CARROTS, JEAN, "carrots", **goods), item(EGGS, JEAN, "eggs")]
    market = Market({CARROTS: 60 * KILO, EGGS: 9 * KILO}, relations=relations, items=items)
    market.decide(*(basket(str(n), line(CARROTS, amount * KILO)) for n, amount in enumerate(kilos)))
    market.end()
    market.decide(CompleteSession(session_id=SESSION))
    return market


def shorted(kilos: int, item_id: uuid.UUID = CARROTS) -> ShortHeldOrder:
    """Jean has so much left."""
    return ShortHeldOrder(held_order_id=POOL, items={item_id: kilos * KILO}, reason="supplier_refused")


def left(market: Market) -> list[float]:
    """Kilos of every order."""
    return [sum(market.quantities(str(n))) / KILO for n in range(len(market.orders))]


@pytest.mark.parametrize(
    ("policy", "quantities"),
    [("first_come", [3, 3, 0]), ("pro_rata", [2, 2, 2])],
)
def test_who_loses_is_the_relations_policy(policy: str, quantities: list[float]) -> None:
    """As in every shortage; what is owed and what the ledger says of it come down together."""
    market = owed(3, 3, 3, shortage=policy)
    decided = market.decide(shorted(6))
    assert (left(market), market.held_order()) == (quantities, ("Complete", {"carrots": "6"}))
    assert market.stock() == (60 * KILO, 0, 6 * KILO)
    told = [event for _, event in decided.events]
    assert {event.name for event in told} == {"order.shorted", "held_order.shorted"}
    assert [event.data["lines"][0]["quantity"] for event in told if event.entity == "held_order"] == ["6"]


def test_each_shopper_who_loses_is_told_why() -> None:
    """By a note on his line, in words that name nobody else."""
    market = owed(3, 5)
    market.decide(shorted(6))
    [cut] = [one for one in market.lines.values() if one.note]
    assert (cut.order_id, cut.fulfilment) == (order_of("1"), "short")
    assert (
        cut.note == "3 of 5: carrots: the producer has 2 kg fewer than promised, shared out by who came first"
    )


def test_what_nobody_wants_any_more_goes_first() -> None:
    """What was given back after the end is the hub's surplus, and shoppers lose nothing as long as there is some."""
    market = owed(3, 5)
    market.decide(CancelOrder(order_id=order_of("0")))
    decided = market.decide(shorted(6))
    assert (market.quantities("1"), market.held_order()) == ([5 * KILO], ("Complete", {"carrots": "6"}))
    assert [event.name for _, event in decided.events] == ["held_order.shorted"]
    assert [(account.committed, account.surplus) for account in market.pool_lines.values()] == [
        (6 * KILO, KILO)
    ]


def test_nothing_left_is_the_end_of_it() -> None:
    """A held order in which nothing is owed is over."""
    market = owed(3, 5)
    decided = market.decide(shorted(0))
    assert (left(market), market.held_order()) == ([0, 0], ("Cancelled", {}))
    assert [event.name for _, event in decided.events][-1] == "held_order.cancelled"
    assert market.stock() == (60 * KILO, 0, 0)


def test_whole_cases_stay_whole() -> None:
    """Of three cases of four one is gone; what fills no case any more is the surplus of the last."""
    market = owed(5, 6, case=4)
    market.decide(shorted(9))
    assert (left(market), market.held_order()) == ([5, 3], ("Complete", {"carrots": "8"}))


def test_a_second_time_changes_nothing_and_tells_nothing() -> None:
    """As much as there is, or more, or of another item, is no shortage."""
    market = owed(3, 5)
    market.decide(shorted(6))
    decided = market.decide(shorted(6), shorted(100), shorted(0, EGGS))
    assert (decided.events, left(market)) == ([], [3, 3])
    assert {outcome.value["version"] for outcome in decided.outcomes} == {market.held_orders[POOL].version}


def test_only_what_is_owed_is_shortened_and_only_the_system_may() -> None:
    """A held order that can still change follows its shoppers' orders; and hubs decide at the link."""
    market = owed(3)
    assert (
        market.one(shorted(1), Authority(everywhere=frozenset({"held_orders:write"}))).code == "not_permitted"
    )
    assert market.one(ShortHeldOrder(held_order_id=BARN, items={}, reason="")).code == "held_order_unknown"
    market.decide(shorted(0))
    assert market.one(shorted(0)).code == "held_order_status"


@settings(max_examples=60, deadline=None)
@given(
    kilos=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    case=st.sampled_from([0, 1, 4, 5]),
    rest=st.lists(st.integers(0, 30), min_size=1, max_size=3),
    policy=st.sampled_from(["first_come", "pro_rata", "priority"]),
)
def test_never_more_is_owed_than_there_is(kilos: list[int], case: int, rest: list[int], policy: str) -> None:
    """Whatever is left: what is owed is at most that, in whole cases, and is the sum of its parts (`Market.check`)."""
    market = owed(*kilos, case=case, shortage=policy)
    before = market.stock()[2]
    for amount in rest:
        market.one(shorted(amount))
    now = market.stock()[2]
    assert now <= max(0, min(before, *(amount * KILO for amount in rest)))
    assert now % ((case or 1) * KILO) == 0
    assert sum(left(market)) * KILO <= now < sum(left(market)) * KILO + max(case, 1) * KILO or now == 0
