"""A held order is the sum of its live holds, whatever happens to shoppers' orders; by values only."""

from __future__ import annotations

import pytest

from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders.model import (
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    FailCheckout,
    LineChange,
    PoolChange,
)
from coster.domain.sourcing import rules as sourcing
from coster.domain.wholesale.rules import projecting, stepping
from coster.kernel.errors import Broken
from tests.domain.orders.worlds import (
    ANNA,
    BARN,
    CARROTS,
    CELLAR,
    CUSTOMER,
    EGGS,
    HERBS,
    HUB,
    JAM,
    JEAN,
    KILO,
    LEEKS,
    NOW,
    SESSION,
    basket,
    item,
    line,
    order_of,
    relation,
)
from tests.domain.wholesale.worlds import FLOWS, POOL, Market

# Where Jean's carrots lie.
LYING = position_id(CARROTS, BARN)
ANNAS = sourcing.shared_pool(HUB, ANNA, SESSION)


def told(decided: object) -> list[tuple[str, int]]:
    """Events of held orders with their versions."""
    events = [event for _, event in decided.events]  # type: ignore[attr-defined]
    return [(event.name, event.version) for event in events if event.entity == "held_order"]


def test_the_first_hold_creates_the_held_order_and_every_other_grows_it() -> None:
    """Two orders in one batch: created, then changed, with the quantities of that moment."""
    market = Market()
    decided = market.decide(basket("Ali", line(CARROTS, KILO)), basket("Paul", line(CARROTS, 5 * KILO)))
    assert told(decided) == [("held_order.created", 1), ("held_order.changed", 2)]
    held = [event.data for _, event in decided.events if event.entity == "held_order"]
    assert [one["lines"] for one in held] == [
        [{"item_id": str(CARROTS), "position_id": str(LYING), "quantity": "1", "surplus": "0"}],
        [{"item_id": str(CARROTS), "position_id": str(LYING), "quantity": "6", "surplus": "0"}],
    ]
    assert market.held_order() == ("Held", {"carrots": "6"})


def test_an_event_of_a_held_order_says_hub_and_producer_and_no_shopper() -> None:
    """Exactly these fields; ids of orders, customers and commands are in none of them."""
    market = Market()
    decided = market.decide(basket("Ali", line(CARROTS, KILO)))
    [event] = [event for _, event in decided.events if event.entity == "held_order"]
    assert event.data == {
        "hub_id": str(HUB), "producer_id": str(JEAN), "session_id": str(SESSION), "status": "Held", "fulfilment": "Held",
        "state": "Held", "enterprises": [str(HUB), str(JEAN)],
        "flow": {
            "name": "wholesale.held", "version": 1, "trigger": "grow", "from": "Held", "to": "Held",
            "rows": [{"row": 0, "label": "A shopper wants more", "actions": ["project_holds"]}],
        },
        "lines": [{"item_id": str(CARROTS), "position_id": str(LYING), "quantity": "1", "surplus": "0"}],
    }  # fmt: skip
    assert not any(str(one) in f"{event}" for one in (order_of("Ali"), CUSTOMER, "Ali"))


def test_one_order_for_each_producer_of_a_basket_and_none_for_the_hubs_own() -> None:
    """Carrots and leeks are Jean's, eggs Anna's, jam the hub's."""
    market = Market({CARROTS: 9 * KILO, LEEKS: 9 * KILO, EGGS: 9 * KILO, JAM: 9 * KILO})
    market.decide(basket("Ali", *(line(one, KILO) for one in (CARROTS, EGGS, JAM, LEEKS))))
    assert (market.held_order(), market.held_order(ANNAS)) == (
        ("Held", {"carrots": "1", "leeks": "1"}), ("Held", {"eggs": "1"})
    )  # fmt: skip
    assert set(market.held_orders) == {POOL, ANNAS}


def test_completing_a_checkout_is_no_news_for_the_producer() -> None:
    """The goods were held before, and they are now."""
    market = Market()
    market.decide(basket("Ali", line(CARROTS, KILO)))
    assert told(market.decide(CompleteCheckout(order_id=order_of("Ali")))) == []
    assert market.held_orders[POOL].version == 1


@pytest.mark.parametrize("end", [FailCheckout, CancelOrder])
def test_what_comes_to_nothing_shrinks_the_held_order_at_once(end: type) -> None:
    """The other order stays; with the last one gone the held order is cancelled."""
    market = Market()
    market.decide(basket("Ali", line(CARROTS, KILO)), basket("Paul", line(CARROTS, 5 * KILO)))
    assert told(market.decide(end(order_id=order_of("Ali")))) == [("held_order.changed", 3)]
    assert market.held_order() == ("Held", {"carrots": "5"})
    assert told(market.decide(end(order_id=order_of("Paul")))) == [("held_order.cancelled", 4)]
    assert market.held_order() == ("Cancelled", {})


def test_a_cancelled_held_order_is_reopened_by_the_next_order() -> None:
    """The same one, under the same id, with its history."""
    market = Market()
    market.decide(basket("Ali", line(CARROTS, KILO)))
    market.decide(CancelOrder(order_id=order_of("Ali")))
    assert told(market.decide(basket("Paul", line(CARROTS, 2 * KILO)))) == [("held_order.changed", 3)]
    assert (market.held_order(), len(market.held_orders)) == (("Held", {"carrots": "2"}), 1)


def test_one_held_order_for_each_shoppers_order_where_the_terms_say_so() -> None:
    """Two orders, two held orders; each goes with its own, and can come back with it."""
    market = Market(relations=[relation(HUB, JEAN, consolidation="per_order")])
    market.decide(basket("Ali", line(CARROTS, KILO)), basket("Paul", line(CARROTS, 2 * KILO)))
    alis, pauls = (sourcing.single_pool(POOL, order_of(who)) for who in ("Ali", "Paul"))
    assert (market.held_order(alis), market.held_order(pauls)) == (
        ("Held", {"carrots": "1"}),
        ("Held", {"carrots": "2"}),
    )
    assert all(one.single for one in market.held_orders.values())
    market.decide(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=0)]))
    assert (market.held_order(alis)[0], market.held_order(pauls)[0]) == ("Cancelled", "Held")
    market.decide(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=3 * KILO)]))
    assert market.held_order(alis) == ("Held", {"carrots": "3"})


def test_the_last_case_is_filled_up_and_the_rest_serves_the_next_shopper() -> None:
    """Sixes: five wanted are six held; one more is already there; the next begins a new case."""
    goods = [item(CARROTS, JEAN, "carrots", case_quantity=6 * KILO)]
    market = Market({CARROTS: 14 * KILO}, items=goods, relations=[relation(HUB, JEAN, remainder="round_up")])
    seen = []
    for who, kilos in (("Ali", 5), ("Paul", 1), ("David", 1)):
        market.decide(basket(who, line(CARROTS, kilos * KILO)))
        [account] = market.pool_lines.values()
        seen.append((account.held // KILO, account.surplus // KILO))
    assert seen == [(6, 1), (6, 0), (12, 5)]
    refusal = market.one(basket("Michael", line(CARROTS, 6 * KILO)))
    assert (
        refusal.detail["lines"][0]["available"] == "5"
    )  # the rest of the case; of the two loose ones none is a case
    market.decide(CancelOrder(order_id=order_of("David")))
    assert market.stock() == (14 * KILO, 6 * KILO, 0)


def test_a_partial_grant_is_held_as_it_was_granted() -> None:
    """Eight wanted, five there: the producer reads five."""
    market = Market({CARROTS: 5 * KILO}, relations=[relation(HUB, JEAN, grant_policy="partial")])
    market.decide(basket("Ali", line(CARROTS, 8 * KILO)))
    assert market.held_order() == ("Held", {"carrots": "5"})


def test_a_refused_order_leaves_no_held_order() -> None:
    """Not even an empty one."""
    market = Market({CARROTS: 5 * KILO})
    assert market.one(basket("Ali", line(CARROTS, 8 * KILO))).code == "insufficient_stock"
    assert market.held_orders == {}


def test_what_nobody_counts_is_ordered_all_the_same() -> None:
    """The held order tells the producer how much is wanted."""
    market = Market()
    market.decide(basket("Ali", line(HERBS, 500 * KILO)), basket("Paul", line(HERBS, KILO)))
    assert market.held_order() == ("Held", {"herbs": "501"})


def test_several_places_of_an_item_add_up() -> None:
    """One shopper's six kilos from two places, one held order of six."""
    market = Market({(CARROTS, BARN): 4 * KILO, (CARROTS, CELLAR): 4 * KILO})
    market.decide(basket("Ali", line(CARROTS, 6 * KILO)))
    assert market.held_order() == ("Held", {"carrots": "6"})


def test_an_account_without_a_held_order_is_a_fault() -> None:
    """It can only be a bug, and then the batch is rolled back."""
    projection = projecting.Projection(stepping.HeldState(flows=FLOWS, held={}, lines=[]))
    with pytest.raises(Broken):
        projection.follow(PoolChange(index=0, pool_id=POOL, pool=None, lines=()), NOW)
