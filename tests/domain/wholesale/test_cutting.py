"""A producer has less than was promised: who loses how much under each policy, exactly; by values only."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.catalog.model import Component
from coster.domain.orders.model import ChangeOrder, Discount, LineChange
from coster.domain.wholesale.model import CancelHeldOrder, CompleteSession
from coster.kernel.authority import Authority
from coster.kernel.outcome import Accepted
from tests.domain.orders.worlds import (
    ANNA,
    BARN,
    BOX,
    CARROTS,
    CELLAR,
    EGGS,
    HUB,
    JAM,
    JEAN,
    KILO,
    LEEKS,
    OTHER_HUB,
    SESSION,
    basket,
    item,
    line,
    order_of,
    relation,
)
from tests.domain.wholesale.worlds import POOL, Market, lowered

JEANS_KEY = Authority(by_enterprise={JEAN: frozenset({"stock:write", "held_orders:write"})})


def promised(
    *kilos: int, priorities: tuple[int, ...] = (), terms: dict[str, Any] | None = None, **goods: Any
) -> Market:
    """Orders 0, 1, 2 … of so many kilos of carrots, of which there are just enough."""
    given_ = {
        "relations": [relation(HUB, JEAN, **(terms or {}))],
        "items": [item(CARROTS, JEAN, "carrots", **goods)],
    }
    market = Market({CARROTS: sum(kilos) * KILO}, **given_)
    ranks = priorities or (0,) * len(kilos)
    market.decide(
        *(basket(str(n), line(CARROTS, amount * KILO), priority=ranks[n]) for n, amount in enumerate(kilos))
    )
    assert market.held(CARROTS) == sum(kilos) * KILO
    return market


def left(market: Market) -> list[float]:
    """Kilos that every order still gets, in order of arrival."""
    return [sum(market.quantities(str(n))) / KILO for n in range(len(market.orders))]


def shorted(decided: Any) -> list[Any]:
    """The events that tell orders what they lost."""
    return [event for _, event in decided.events if event.name == "order.shorted"]


# -- policies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "quantities"),
    [
        ("first_come", [3, 3, 0]),  # the third came last and loses all, then the second
        ("priority", [1, 5, 0]),  # the second is important; of the others the third came last
        ("pro_rata", [1.8, 3, 1.2]),  # four of ten from everybody
    ],
)
def test_each_policy_shares_out_in_its_own_way(policy: str, quantities: list[float]) -> None:
    """Ten are promised to three and five and two; six are there."""
    market = promised(3, 5, 2, priorities=(0, 9, 0), terms={"shortage": policy})
    market.decide(lowered(6 * KILO))
    assert (left(market), market.stock()) == (quantities, (6 * KILO, 6 * KILO, 0))


@pytest.mark.parametrize(
    ("kilos", "there", "quantities"),
    [
        ((3, 3, 3), 5, [2, 2, 1]),  # 4 of 9: 1⅓ each; one each, and the last one is the latest's
        ((3, 3, 3), 4, [2, 1, 1]),  # 5 of 9: 1⅔ each
        ((3, 5, 2), 6, [2, 3, 1]),  # 1.2, 2, 0.8
        ((1, 1, 1, 1), 3, [1, 1, 1, 0]),
        ((10, 1), 9, [8, 1]),  # 1.8 and 0.2
        ((12, 12, 12), 1, [1, 0, 0]),
    ],
)
def test_pro_rata_by_the_piece_stays_as_near_to_the_shares_as_can_be(
    kilos: tuple[int, ...], there: int, quantities: list[float]
) -> None:
    """Whole kilos only: everybody loses his share rounded down or up, the largest remainder first."""
    market = promised(*kilos, terms={"shortage": "pro_rata"}, multiple_quantity=KILO)
    market.decide(lowered(there * KILO))
    assert left(market) == quantities


def test_pro_rata_takes_the_last_gram_from_the_latest() -> None:
    """A kilo of three: 333⅓ g each; who came last gives the 334."""
    market = promised(1, 1, 1, terms={"shortage": "pro_rata"})
    market.decide(lowered(2 * KILO))
    assert left(market) == [0.667, 0.667, 0.666]


@settings(max_examples=150, deadline=None)
@given(
    kilos=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    data=st.data(),
    policy=st.sampled_from(["first_come", "priority", "pro_rata"]),
    step=st.sampled_from([1, 250, KILO]),
)
def test_no_policy_takes_more_than_it_must(
    kilos: list[int], data: st.DataObject, policy: str, step: int
) -> None:
    """What is kept fits, one step more would not, nobody gains, and in proportion nobody is a whole step off."""
    market = promised(*kilos, terms={"shortage": policy}, multiple_quantity=step)
    there = data.draw(st.integers(0, sum(kilos) * KILO - 1))
    market.decide(lowered(there))
    kept = [sum(market.quantities(str(n))) for n in range(len(kilos))]
    assert there - step < sum(kept) <= there
    assert all(0 <= now <= before * KILO for now, before in zip(kept, kilos, strict=True))
    if policy == "pro_rata":
        missing, whole = sum(kilos) * KILO - sum(kept), sum(kilos)
        for now, before in zip(kept, kilos, strict=True):
            assert abs((before * KILO - now) * whole - missing * before) < 2 * step * whole


# -- what goes first ---------------------------------------------------------------------------------------------------


def test_what_nobody_holds_goes_first() -> None:
    """Lowering to no less than was promised costs nobody anything, and is entered as a correction."""
    market = Market()
    market.decide(basket("0", line(CARROTS, 4 * KILO)))
    decided = market.decide(lowered(4 * KILO))
    [entry] = decided.writes.orders.stock.entries
    assert (entry.type, entry.on_hand, entry.reason, shorted(decided)) == (
        "CORRECTION",
        -6 * KILO,
        "frost",
        [],
    )
    assert decided.outcomes[0].value["held_orders"] == []
    assert left(market) == [4]


def test_the_rest_of_a_case_goes_before_any_shoppers() -> None:
    """Ten wanted in sixes are twelve held; with eleven there is one case, and four wanted are too many."""
    market = promised(3, 3, terms={"remainder": "round_up"}, case_quantity=6 * KILO)
    market.put_stock(CARROTS, CELLAR, 0)
    assert market.stock() == (6 * KILO, 6 * KILO, 0)
    market.decide(lowered(5 * KILO))
    assert (left(market), market.stock()) == ([0, 0], (5 * KILO, 0, 0))
    market = Market({CARROTS: 12 * KILO}, items=[item(CARROTS, JEAN, "carrots", case_quantity=6 * KILO)],
                    relations=[relation(HUB, JEAN, remainder="round_up")])  # fmt: skip
    market.decide(basket("0", line(CARROTS, 6 * KILO)), basket("1", line(CARROTS, 2 * KILO)))
    market.decide(lowered(8 * KILO))
    assert (left(market), market.stock()) == ([6, 0], (8 * KILO, 6 * KILO, 0))


def test_only_relations_that_hold_something_have_a_say_in_the_policy() -> None:
    """The other hub's order is complete already: this hub's policy counts, and not first come for lack of agreement."""
    market = Market({CARROTS: 10 * KILO}, relations=[relation(HUB, JEAN, shortage="priority"),
                                                     relation(OTHER_HUB, JEAN, shortage="pro_rata")])  # fmt: skip
    market.session = msgspec.structs.replace(market.session, hubs=frozenset({HUB, OTHER_HUB}))
    market.decide(basket("x", line(CARROTS, 2 * KILO), seller_id=OTHER_HUB))
    [others] = market.held_orders
    market.held_orders[others] = msgspec.structs.replace(
        market.held_orders[others], status="Complete", holds="committed"
    )
    [(key, account)] = market.pool_lines.items()
    market.pool_lines[key] = msgspec.structs.replace(account, held=0, committed=account.held)
    [place] = market.positions
    market.positions[place] = msgspec.structs.replace(market.positions[place], held=0, committed=2 * KILO)
    market.holds = {k: msgspec.structs.replace(hold, state="committed") for k, hold in market.holds.items()}
    market.decide(basket("0", line(CARROTS, 4 * KILO), priority=9), basket("1", line(CARROTS, 4 * KILO)),
                  basket("2", line(CARROTS, 0 * KILO + 1)))  # fmt: skip
    assert "by priority" in str(market.decide(lowered(9 * KILO)).events)


def test_where_two_hubs_terms_disagree_who_came_first_is_served() -> None:
    """Nobody's own policy is put upon the other."""
    market = Market({CARROTS: 4 * KILO}, relations=[relation(HUB, JEAN, shortage="pro_rata"),
                                                    relation(OTHER_HUB, JEAN, shortage="priority")])  # fmt: skip
    market.session = msgspec.structs.replace(market.session, hubs=frozenset({HUB, OTHER_HUB}))
    market.decide(
        basket("0", line(CARROTS, 2 * KILO)), basket("1", line(CARROTS, 2 * KILO), seller_id=OTHER_HUB)
    )
    decided = market.decide(lowered(3 * KILO))
    assert left(market) == [2, 1]
    [event] = shorted(decided)
    assert event.data["why"] == "carrots: 1 kg fewer than promised (frost), shared out by who came first"


def test_plain_orders_lose_like_orders_in_a_session() -> None:
    """The hub's own jam, sold without a session, is no held order's."""
    market = Market({JAM: 3 * KILO})
    market.positions = {
        key: msgspec.structs.replace(one, location_id=BARN) for key, one in market.positions.items()
    }
    market.decide(*(basket(str(n), line(JAM, KILO), session_id=None) for n in range(3)))
    market.decide(lowered(2 * KILO, JAM))
    assert left(market) == [1, 1, 0]


# -- quantities stay sellable ------------------------------------------------------------------------------------------


def test_what_is_left_of_a_line_can_still_be_sold() -> None:
    """By twos with at least four: nobody keeps three or two."""
    market = promised(6, 6, multiple_quantity=2 * KILO, min_quantity=4 * KILO)
    market.decide(lowered(11 * KILO))
    assert left(market) == [6, 4]
    market.decide(lowered(9 * KILO))
    assert left(market) == [6, 0]


def test_a_missing_part_costs_the_steps_of_its_kit_and_gives_the_other_parts_back() -> None:
    """A kilo and a half of carrots are one box, with its leeks; the plain line came first and keeps all."""
    parts = (Component(item_id=CARROTS, quantity=1500), Component(item_id=LEEKS, quantity=500))
    box = item(BOX, HUB, "box", stock_unit="box", multiple_quantity=KILO, components=parts)
    market = Market({CARROTS: 7 * KILO, LEEKS: 2 * KILO}, items=[box])
    market.decide(basket("0", line(CARROTS, KILO)), basket("1", line(BOX, 4 * KILO)))
    market.decide(lowered(6 * KILO))
    assert left(market) == [1, 3]
    assert (market.held(CARROTS), market.held(LEEKS)) == (5500, 1500)


def test_a_kit_that_has_changed_since_it_was_sold_loses_what_it_was_made_of() -> None:
    """Boxes of carrots and leeks; today's box is of eggs, and the sold ones shrink by what they hold."""
    parts = (Component(item_id=CARROTS, quantity=1500), Component(item_id=LEEKS, quantity=500))
    market = Market({CARROTS: 6 * KILO, LEEKS: 2 * KILO, EGGS: KILO},
                    items=[item(BOX, HUB, "box", multiple_quantity=KILO, components=parts)])  # fmt: skip
    market.decide(basket("0", line(BOX, 4 * KILO)))
    eggs = (Component(item_id=EGGS, quantity=6 * KILO),)
    market.items[BOX] = item(BOX, HUB, "box", multiple_quantity=KILO, components=eggs)
    market.decide(lowered(5 * KILO))
    assert (left(market), market.held(CARROTS), market.held(LEEKS)) == ([3], 4500, 1500)
    market.decide(ChangeOrder(order_id=order_of("0"), lines=[LineChange(line_no=1, quantity=KILO)]))
    assert (left(market), market.held(CARROTS), market.held(LEEKS)) == ([1], 1500, 500)


def test_two_lines_of_one_order_lose_one_after_the_other() -> None:
    """One event for the order, with both lines; the later line goes first."""
    market = Market()
    market.decide(basket("0", line(CARROTS, 4 * KILO), line(CARROTS, 6 * KILO)))
    decided = market.decide(lowered(3 * KILO))
    assert (market.quantities("0"), len(shorted(decided))) == ([3 * KILO, 0], 1)


# -- what everybody is told --------------------------------------------------------------------------------------------


def test_each_order_is_told_its_loss_with_its_discounts_in_proportion() -> None:
    """Note, state and totals of the line; one event with the reason and the version."""
    market = Market({CARROTS: 10 * KILO})
    market.decide(
        basket("0", line(CARROTS, 10 * KILO, discount=Discount(permille=100)), discount=Discount(amount=90))
    )
    [event] = shorted(market.decide(lowered(5 * KILO)))
    why = "carrots: 5 kg fewer than promised (frost), shared out by who came first"
    [told] = event.data["lines"]
    assert (told["quantity"], told["discount"], told["order_share"], told["total"]) == (
        "5",
        "1.00",
        "0.45",
        "8.55",
    )
    assert (told["note"], told["fulfilment"], told["stock"]) == (f"5 of 10: {why}", "short", "held")
    assert (event.data["why"], event.data["total"], event.version) == (why, "8.55", 2)
    gone = shorted(market.decide(lowered(0)))[0].data["lines"][0]
    assert (gone["quantity"], gone["total"], gone["stock"]) == ("0", "0.00", "unavailable")


def test_the_producer_is_answered_in_totals_and_learns_of_no_shopper() -> None:
    """The preview and the real answer are this: stock, and each held order before and after."""
    market = promised(3, 5)
    outcome = market.one(lowered(6 * KILO), JEANS_KEY)
    assert isinstance(outcome, Accepted)
    assert outcome.value["held_orders"] == [
        {"id": str(POOL), "hub_id": str(HUB), "before": "8", "after": "6"}
    ]
    assert (outcome.value["on_hand"], outcome.value["held"], outcome.value["available"]) == ("6", "6", "0")
    assert not any(str(order_of(who)) in f"{outcome.value}" for who in "01")


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (lowered(11 * KILO), "quantity_not_lower", {"on_hand": "10"}),
        (lowered(-1), "quantity_not_lower", {"on_hand": "10"}),
        (lowered(1, EGGS), "position_unknown", {}),
        (lowered(1, location_id=SESSION), "position_unknown", {}),
        (lowered(1, lot="x"), "position_unknown", {}),
    ],
)
def test_what_cannot_be_lowered_says_why(body: Any, code: str, detail: dict[str, str]) -> None:
    """And changes nothing."""
    market = promised(4, 6)
    refusal = market.one(body, JEANS_KEY)
    assert (refusal.code, refusal.detail, left(market)) == (code, detail, [4, 6])


def test_nobody_else_lowers_a_producers_stock() -> None:
    """Another producer learns nothing about it, not even that it is there."""
    market = promised(4)
    other = Authority(by_enterprise={ANNA: frozenset({"stock:write"})})
    assert market.one(lowered(1), other) == market.one(lowered(1, location_id=SESSION), other)


def test_what_is_owed_to_complete_orders_is_not_shared_out() -> None:
    """Final is final."""
    market = promised(4, 2)
    market.end()
    market.decide(CompleteSession(session_id=SESSION))
    refusal = market.one(lowered(5 * KILO))
    assert (refusal.code, refusal.detail) == ("stock_committed", {"committed": "6"})


# -- in a batch, and calling off ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 10), min_size=1, max_size=4),
    st.sampled_from(["first_come", "pro_rata", "priority"]),
)
def test_shortages_in_a_batch_are_answered_as_one_by_one(kilos: list[int], policy: str) -> None:
    """Each finds what the one before left."""
    whole, single = (promised(3, 5, 2, priorities=(1, 2, 0), terms={"shortage": policy}) for _ in range(2))
    bodies = [lowered(one * KILO) for one in kilos]
    together = whole.decide(*bodies)
    apart = [single.decide(body) for body in bodies]
    assert list(together.outcomes) == [one.outcomes[0] for one in apart]
    names = sorted(str(event) for _, event in together.events)
    assert names == sorted(str(event) for one in apart for _, event in one.events)
    assert (left(whole), whole.positions, whole.lines) == (left(single), single.positions, single.lines)


def test_a_held_order_that_is_called_off_gives_everything_back() -> None:
    """By its producer: both shoppers are told, the stock is free, and the next order opens it again."""
    market = promised(3, 5)
    decided = market.decide(CancelHeldOrder(held_order_id=POOL, reason="hail"), authority=JEANS_KEY)
    assert decided.outcomes[0].value["status"] == "Cancelled"
    assert (left(market), market.stock(), market.held_order()) == (
        [0, 0],
        (8 * KILO, 0, 0),
        ("Cancelled", {}),
    )
    assert {event.data["why"] for event in shorted(decided)} == {"the producer's order was called off (hail)"}
    market.decide(basket("2", line(CARROTS, KILO)))
    assert market.held_order() == ("Held", {"carrots": "1"})


def test_calling_off_is_for_hub_and_producer_and_happens_once() -> None:
    """For others it does not exist; what is cancelled or complete cannot be called off."""
    market = promised(3)
    stranger = Authority(by_enterprise={ANNA: frozenset({"held_orders:write"})})
    body = CancelHeldOrder(held_order_id=POOL, reason="hail")
    assert market.one(body, stranger).code == "held_order_unknown"
    assert isinstance(market.one(body), Accepted)
    again = market.one(body)
    assert (again.code, again.detail["status"]) == ("held_order_status", "Cancelled")
