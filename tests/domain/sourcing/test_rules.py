"""Where a line comes from: places, accounts and terms, by values only."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from coster.domain.catalog.model import Component
from coster.domain.inventory.rules.holding import unlimited_position
from coster.domain.sourcing import rules
from coster.domain.sourcing.model import Plan, Sale
from coster.kernel.outcome import Rejected
from tests.domain.orders.worlds import (
    ANNA,
    BOX,
    CARROTS,
    EGGS,
    HERBS,
    HUB,
    JAM,
    JEAN,
    KILO,
    LEEKS,
    OTHER_HUB,
    SESSION,
    item,
    order_of,
    relation,
)

NEAR, FAR, YARD = (uuid.UUID(int=n) for n in (61, 62, 63))
BOX_OF_TWO = item(
    BOX,
    HUB,
    "box",
    components=(Component(item_id=CARROTS, quantity=1500), Component(item_id=EGGS, quantity=6000)),
)
GOODS = [item(CARROTS, JEAN, "carrots", case_quantity=6 * KILO), item(EGGS, ANNA, "eggs"), item(JAM, HUB, "jam"),
         item(HERBS, JEAN, "herbs", tracked=False), item(LEEKS, JEAN, "leeks"), BOX_OF_TWO]  # fmt: skip


def supply(**jeans_terms: Any) -> rules.Supply:
    """Carrots at two places of Jean's, eggs at one of Anna's; leeks were never counted, herbs are not."""
    terms = [relation(HUB, JEAN, **jeans_terms), relation(HUB, ANNA)]
    return rules.Supply(
        items={one.id: one for one in GOODS},
        relations={(one.hub_id, one.producer_id): one for one in terms},
        places={CARROTS: [NEAR, FAR], EGGS: [YARD], JAM: [YARD], HERBS: [YARD]},
    )


def plan(item_id: uuid.UUID, amount: int, *, hub: uuid.UUID = HUB, session: uuid.UUID | None = SESSION,
         who: str = "Ali", **terms: Any) -> Plan | Rejected:  # fmt: skip
    """The plan for line 7 of somebody's order."""
    known = supply(**terms)
    sale = Sale(order_id=order_of(who), seller_id=hub, session_id=session)
    return rules.plan(known, sale, known.items[item_id], 7, amount)


def planned(*args: Any, **given: Any) -> Plan:
    """The same where it must be possible."""
    found = plan(*args, **given)
    assert isinstance(found, Plan), found
    return found


def test_a_line_draws_on_its_items_places_in_order_for_the_sessions_account() -> None:
    """One want, for all of the line, on the account of hub, producer and session."""
    found = planned(CARROTS, 5 * KILO)
    [want], [pool] = found.wants, found.pools
    assert (want.line, want.item_id, want.positions, want.quantity) == (7, CARROTS, (NEAR, FAR), 5 * KILO)
    assert (pool.hub_id, pool.producer_id, pool.session_id, pool.single) == (HUB, JEAN, SESSION, False)
    assert want.pool_id == pool.id == rules.shared_pool(HUB, JEAN, SESSION)
    assert (found.opens, found.untracked, found.partial, want.multiple) == ((), False, False, 1)


def test_the_shared_account_is_the_same_for_every_order_and_no_other_trio() -> None:
    """It follows from hub, producer and session, and from nothing else."""
    assert planned(CARROTS, KILO, who="Ali").pools == planned(CARROTS, KILO, who="Paul").pools
    trios = [(HUB, JEAN, SESSION), (OTHER_HUB, JEAN, SESSION), (HUB, ANNA, SESSION), (HUB, JEAN, BOX)]
    assert len({rules.shared_pool(*trio) for trio in trios}) == 4


def test_one_account_for_each_order_where_the_terms_say_so() -> None:
    """Two orders, two accounts, both other than the shared one and the same at every asking."""
    ali, again, paul = (
        planned(CARROTS, KILO, who=w, consolidation="per_order").pools[0] for w in ("Ali", "Ali", "Paul")
    )
    assert ali == again
    assert len({ali.id, paul.id, rules.shared_pool(HUB, JEAN, SESSION)}) == 3
    assert (ali.single, ali.producer_id) == (True, JEAN)


def test_own_goods_are_on_no_account_with_and_without_a_session() -> None:
    """A shop orders nothing from itself."""
    for session in (SESSION, None):
        found = planned(JAM, KILO, session=session)
        assert (found.pools, found.wants[0].pool_id, found.wants[0].positions) == ((), None, (YARD,))


@pytest.mark.parametrize(
    "given",
    [{"session": None}, {"active": False}, {"hub": OTHER_HUB}],
    ids=["no session", "relation ended", "never supplied"],
)
def test_who_is_not_supplied_sells_nothing(given: dict[str, Any]) -> None:
    """Of other people's goods; the line and the item are named."""
    found = plan(CARROTS, KILO, **given)
    assert isinstance(found, Rejected)
    assert (found.code, found.detail) == ("not_supplied", {"line": 7, "item_id": str(CARROTS)})


@pytest.mark.parametrize(
    ("remainder", "item_id", "multiple"),
    [
        ("loose", CARROTS, 1),
        ("round_up", CARROTS, 6 * KILO),
        ("round_down", CARROTS, 1),
        ("round_up", LEEKS, 1),
    ],
)
def test_whole_cases_are_held_only_where_the_last_is_filled_up(
    remainder: str, item_id: uuid.UUID, multiple: int
) -> None:
    """Rounding down comes at the end of the session, and what has no case is loose."""
    assert planned(item_id, KILO, remainder=remainder).wants[0].multiple == multiple


@pytest.mark.parametrize("item_id", [LEEKS, HERBS])
def test_what_nobody_counts_comes_from_an_endless_place(item_id: uuid.UUID) -> None:
    """An item without any place, and one that is not tracked though it has one."""
    found = planned(item_id, KILO)
    endless = unlimited_position(item_id)
    assert (found.opens, found.wants[0].positions, found.untracked) == ((endless,), (endless.id,), True)


def test_a_kit_wants_its_parts_each_on_its_producers_account() -> None:
    """Two boxes: three kilos of Jean's carrots and twelve of Anna's eggs; the hub puts them together."""
    found = planned(BOX, 2 * KILO)
    assert [(want.item_id, want.quantity, want.line) for want in found.wants] == [
        (CARROTS, 3 * KILO, 7), (EGGS, 12 * KILO, 7),
    ]  # fmt: skip
    assert [pool.producer_id for pool in found.pools] == [JEAN, ANNA]
    assert [want.pool_id for want in found.wants] == [pool.id for pool in found.pools]


def test_a_kit_cannot_be_had_where_one_part_is_not_supplied() -> None:
    """The part is named."""
    found = plan(BOX, KILO, active=False)
    assert isinstance(found, Rejected)
    assert found.detail["item_id"] == str(CARROTS)


def test_a_part_of_a_kit_that_is_not_exact_is_refused() -> None:
    """1.5 kg of carrots for each box: a thousandth of a box would be one and a half grams."""
    found = plan(BOX, 1)
    assert isinstance(found, Rejected)
    assert (found.code, found.detail) == ("quantity_not_exact", {"line": 7})
    assert planned(BOX, 2).wants[0].quantity == 3


@pytest.mark.parametrize(("policy", "partial"), [("refuse", False), ("partial", True)])
def test_terms_say_whether_less_may_be_granted(policy: str, partial: bool) -> None:  # noqa: FBT001 - a column of the table
    """For a kit it is enough that one producer grants parts."""
    assert planned(CARROTS, KILO, grant_policy=policy).partial is partial
    assert planned(BOX, KILO, grant_policy=policy).partial is partial


def test_a_kit_is_untracked_only_where_none_of_its_parts_is_counted() -> None:
    """One counted part is enough to know something."""
    parts = (Component(item_id=HERBS, quantity=KILO), Component(item_id=LEEKS, quantity=KILO))
    mixed = (Component(item_id=HERBS, quantity=KILO), Component(item_id=CARROTS, quantity=KILO))
    known = supply()
    sale = Sale(order_id=order_of("Ali"), seller_id=HUB, session_id=SESSION)
    found = [
        rules.plan(known, sale, item(BOX, HUB, "box", components=made), 1, KILO) for made in (parts, mixed)
    ]
    assert [isinstance(one, Plan) and one.untracked for one in found] == [True, False]
