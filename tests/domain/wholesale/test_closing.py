"""The end of a session: held orders become final once, last cases are cut, goods are handed over; by values only."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.catalog.model import Component
from coster.domain.orders.model import CancelOrder
from coster.domain.wholesale.model import CompleteSession, FulfilHeldOrder
from coster.kernel.authority import Authority
from coster.kernel.outcome import Rejected
from tests.domain.orders.worlds import (
    ANNA,
    BARN,
    BOX,
    CARROTS,
    CELLAR,
    EGGS,
    HERBS,
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

COMPLETE = CompleteSession(session_id=SESSION)
FULFIL = FulfilHeldOrder(held_order_id=POOL)


def sold(*kilos: int, terms: dict[str, Any] | None = None, stock: Any = None, **goods: Any) -> Market:
    """Orders 0, 1, 2 … of so many kilos of carrots; the session is still open."""
    given_ = {
        "relations": [relation(HUB, JEAN, **(terms or {}))],
        "items": [item(CARROTS, JEAN, "carrots", **goods)],
    }
    market = Market(stock or {CARROTS: 30 * KILO, EGGS: 30 * KILO}, **given_)
    market.decide(*(basket(str(n), line(CARROTS, amount * KILO)) for n, amount in enumerate(kilos)))
    return market


def ended(*kilos: int, **given_: Any) -> Market:
    """The same with the session over."""
    market = sold(*kilos, **given_)
    market.end()
    return market


def names(decided: Any) -> list[str]:
    """The events in order."""
    return [event.name for _, event in decided.events]


def left(market: Market) -> list[float]:
    """Kilos of every order."""
    return [sum(market.quantities(str(n))) / KILO for n in range(len(market.orders))]


def test_completing_commits_everything_that_is_held() -> None:
    """Held becomes owed: the stock is the same, and nobody can be given it any more."""
    market = ended(3, 5)
    decided = market.decide(COMPLETE)
    assert decided.outcomes[0].value == {
        "session_id": str(SESSION), "held_orders": [{"id": str(POOL), "status": "Complete"}],
    }  # fmt: skip
    assert (names(decided), market.held_order()) == (["held_order.completed"], ("Complete", {"carrots": "8"}))
    assert market.stock() == (30 * KILO, 0, 8 * KILO)
    assert {hold.state for hold in market.holds.values()} == {"committed"}


def test_completing_twice_is_completing_once() -> None:
    """The second time nothing happens, and it is answered."""
    market = ended(3)
    decided = market.decide(COMPLETE, COMPLETE)
    assert [len(outcome.value["held_orders"]) for outcome in decided.outcomes] == [1, 0]
    assert market.decide(COMPLETE).outcomes[0].value["held_orders"] == []
    assert (names(decided), market.held_orders[POOL].version) == (["held_order.completed"], 2)


@pytest.mark.parametrize("status", ["planned", "open", "closed"])
def test_a_session_in_its_amendment_window_is_not_completed(status: str) -> None:
    """The refusal says when it will be possible."""
    market = sold(3)
    market.session = msgspec.structs.replace(market.session, status=status)
    refusal = market.one(COMPLETE)
    assert (refusal.code, refusal.detail) == (
        "session_not_ended", {"status": status, "amend_until": "2026-11-23T21:00:00Z"}
    )  # fmt: skip
    assert market.held_order()[0] == "Held"


def test_only_the_coordinator_completes_and_others_know_no_such_session() -> None:
    """The producer least of all."""
    market = ended(3)
    jeans = Authority(by_enterprise={JEAN: frozenset({"sessions:write", "held_orders:write"})})
    assert market.one(COMPLETE, jeans) == market.one(CompleteSession(session_id=BARN))


def test_each_producers_order_is_completed_and_an_empty_one_stays_cancelled() -> None:
    """Cancelled before the end is cancelled after it, and no event says it twice."""
    market = sold(3)
    market.decide(basket("9", line(EGGS, KILO), line(HERBS, KILO)))
    market.decide(CancelOrder(order_id=order_of("9")))
    market.decide(basket("8", line(EGGS, 2 * KILO)))
    market.decide(CancelOrder(order_id=order_of("0")))
    market.end()
    decided = market.decide(COMPLETE)
    assert names(decided) == ["held_order.completed"]
    assert sorted(one.status for one in market.held_orders.values()) == ["Cancelled", "Complete"]


def test_cancelling_after_completion_leaves_the_goods_with_the_hub() -> None:
    """A final order stays as it is: what one shopper gives back is the hub's surplus, and free for nobody."""
    market = ended(3, 5)
    market.decide(COMPLETE)
    decided = market.decide(CancelOrder(order_id=order_of("0")))
    assert names(decided) == ["order.cancelled"]
    [account] = market.pool_lines.values()
    assert (account.committed, account.surplus, market.stock()) == (
        8 * KILO,
        3 * KILO,
        (30 * KILO, 0, 8 * KILO),
    )


# -- the last case -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "quantities"),
    [("first_come", [5, 1]), ("priority", [5, 1]), ("pro_rata", [3.75, 2.25])],
)
def test_what_fills_no_case_is_cut_by_the_relations_policy(policy: str, quantities: list[float]) -> None:
    """Five and three in sixes: one case, two kilos are nobody's; whoever loses is told why."""
    market = ended(5, 3, terms={"remainder": "round_down", "shortage": policy}, case_quantity=6 * KILO)
    decided = market.decide(COMPLETE)
    assert (left(market), market.held_order()) == (quantities, ("Complete", {"carrots": "6"}))
    why = {event.data["why"] for _, event in decided.events if event.name == "order.shorted"}
    assert why == {"2 kg did not fill a case of 6"}


def test_less_than_one_case_is_no_order() -> None:
    """Cancelled, and everybody told."""
    market = ended(2, 3, terms={"remainder": "round_down"}, case_quantity=6 * KILO)
    decided = market.decide(COMPLETE)
    assert (left(market), market.held_order(), market.stock()) == (
        [0, 0],
        ("Cancelled", {}),
        (30 * KILO, 0, 0),
    )
    assert names(decided).count("order.shorted") == 2
    assert names(decided)[-1] == "held_order.cancelled"
    assert decided.outcomes[0].value["held_orders"] == [{"id": str(POOL), "status": "Cancelled"}]


def test_cases_are_counted_over_all_places() -> None:
    """Ten and three from two places are two cases, though neither place gives whole ones."""
    stock = {(CARROTS, BARN): 10 * KILO, (CARROTS, CELLAR): 10 * KILO}
    market = ended(13, terms={"remainder": "round_down"}, stock=stock, case_quantity=6 * KILO)
    market.decide(COMPLETE)
    assert (left(market), market.held_order()) == ([12], ("Complete", {"carrots": "12"}))


def test_steps_that_do_not_divide_a_case_are_cut_until_cases_are_full() -> None:
    """By fours in sixes: of twenty, eighteen would be cases, sixteen can be sold, and twelve are both."""
    market = ended(
        8, 12, terms={"remainder": "round_down"}, case_quantity=6 * KILO, multiple_quantity=4 * KILO
    )
    market.decide(COMPLETE)
    assert (left(market), market.held_order()) == ([8, 4], ("Complete", {"carrots": "12"}))


def test_a_kit_of_two_producers_is_cut_before_either_order_is_final() -> None:
    """Boxes of a kilo of carrots and six eggs: Anna's case of 36 costs one of seven boxes, and Jean's order its kilo too."""
    parts = (Component(item_id=CARROTS, quantity=KILO), Component(item_id=EGGS, quantity=6 * KILO))
    goods = [item(BOX, HUB, "box", multiple_quantity=KILO, components=parts), item(EGGS, ANNA, "eggs", case_quantity=36 * KILO),
             item(CARROTS, JEAN, "carrots", case_quantity=2 * KILO)]  # fmt: skip
    terms = [relation(HUB, who, remainder="round_down") for who in (JEAN, ANNA)]
    for boxes, cases in ((7, 6), (6, 6), (11, 6), (13, 12), (5, 0)):
        market = Market({CARROTS: 30 * KILO, EGGS: 90 * KILO}, items=goods, relations=terms)
        market.decide(basket("0", line(BOX, boxes * KILO)))
        market.end()
        market.decide(COMPLETE)
        owed = {"carrots": str(cases)} if cases else {}
        assert (left(market), market.held_order()) == ([cases], ("Complete" if cases else "Cancelled", owed))
        assert market.stock(EGGS)[2] == cases * 6 * KILO


@settings(max_examples=80, deadline=None)
@given(
    kilos=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    case=st.integers(1, 7),
    policy=st.sampled_from(["first_come", "priority", "pro_rata"]),
    places=st.booleans(),
)
def test_a_completed_order_is_whole_cases_and_loses_less_than_one(
    kilos: list[int], case: int, policy: str, places: bool  # noqa: FBT001 - drawn by hypothesis
) -> None:  # fmt: skip
    """Whatever the policy, and wherever the goods lie."""
    stock = {(CARROTS, BARN): 20 * KILO, (CARROTS, CELLAR): 30 * KILO} if places else {CARROTS: 50 * KILO}
    terms = {"remainder": "round_down", "shortage": policy}
    market = ended(*kilos, terms=terms, stock=stock, case_quantity=case * KILO)
    market.decide(COMPLETE)
    kept = sum(sum(market.quantities(str(n))) for n in range(len(kilos)))
    assert kept == sum(kilos) // case * case * KILO


# -- handing over ------------------------------------------------------------------------------------------------------


def test_goods_that_are_handed_over_leave_the_stock() -> None:
    """On hand and committed shrink together; the held order still says what it was."""
    market = ended(3, 5)
    market.decide(COMPLETE)
    decided = market.decide(FULFIL)
    assert (names(decided), market.held_order()) == (
        ["held_order.fulfilled"],
        ("Fulfilled", {"carrots": "8"}),
    )
    assert (market.stock(), market.holds) == ((22 * KILO, 0, 0), {})
    again = market.one(FULFIL)
    assert (again.code, again.detail["status"]) == ("held_order_status", "Fulfilled")


def test_what_is_still_held_cannot_be_handed_over() -> None:
    """First the session ends."""
    refusal = sold(3).one(FULFIL)
    assert (refusal.code, refusal.detail["status"]) == ("held_order_status", "Held")


def test_goods_that_nobody_counts_are_handed_over_from_nothing() -> None:
    """On hand stays zero; nothing becomes negative."""
    market = Market({})
    market.decide(basket("0", line(HERBS, KILO)))
    market.end()
    market.decide(COMPLETE)
    market.decide(FULFIL)
    [position] = market.positions.values()
    assert (position.on_hand, position.held, position.committed, market.held_order()[0]) == (
        0,
        0,
        0,
        "Fulfilled",
    )


@pytest.mark.parametrize("party", [HUB, JEAN])
def test_hub_and_producer_may_hand_over_and_nobody_else(party: Any) -> None:
    """For others there is no such held order."""
    market = ended(3)
    market.decide(COMPLETE)
    refusal = market.one(FULFIL, Authority(by_enterprise={ANNA: frozenset({"held_orders:write"})}))
    assert isinstance(refusal, Rejected)
    assert refusal == market.one(FulfilHeldOrder(held_order_id=BARN))
    assert (
        market.one(FULFIL, Authority(by_enterprise={party: frozenset({"held_orders:write"})})).value[
            "version"
        ]
        == 3
    )
