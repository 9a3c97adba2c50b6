"""Items, units and kits: by values only."""

from __future__ import annotations

from typing import Any

import pytest

from coster.domain.catalog import rules
from coster.domain.catalog.model import CatalogState, Component, ItemKey, PutItem, SalesUnit
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from coster.kernel.outcome import Accepted
from tests.domain.asking import ask, codes, for_enterprise, number

FARM, HUB, STRANGER = number(1), number(2), number(3)
CARROTS, LEEKS, BOX, BIG_BOX = number(10), number(11), number(12), number(13)


def an_item(item_id: Any = CARROTS, **changes: Any) -> PutItem:
    """The smallest valid item, with changes."""
    values: dict[str, Any] = {"owner_id": FARM, "sku": f"sku-{item_id.int}", "name": "Carrots"}
    return PutItem(item_id=item_id, **{**values, **changes})


def of(*items: Any) -> list[Component]:
    """One stock unit of each."""
    return [Component(item_id=item, quantity=1000) for item in items]


def state(*keys: ItemKey, parts: Any = (), suppliers: Any = ()) -> CatalogState:
    """Items that exist; the farm and the hub exist always."""
    return CatalogState(
        items={key.id: key for key in keys},
        skus={(key.owner_id, key.sku): key.id for key in keys},
        parts=frozenset(parts),
        owners=frozenset({FARM, HUB}),
        suppliers=frozenset(suppliers),
    )


def known(item_id: Any, *, owner: Any = FARM, kit: bool = False, version: int = 1) -> ItemKey:
    """An item that exists, with the SKU that `an_item` gives it."""
    return ItemKey(id=item_id, owner_id=owner, sku=f"sku-{item_id.int}", kit=kit, version=version)


def test_item_is_made_and_replaced() -> None:
    """A batch sees its own items; only the last state is written, without the stock unit among the units."""
    bunch = SalesUnit(code="bunch", num=1, den=4, price_micros=900_000)
    decided = rules.put_items(
        state(), [ask(an_item()), ask(an_item(sales_units=[bunch], expected_version=1))]
    )
    assert decided.outcomes == [Accepted({"id": str(CARROTS), "version": version}) for version in (1, 2)]
    ((item,), renamed) = decided.writes.items, decided.writes.renamed
    assert (item.version, item.units, renamed) == (2, {"bunch": bunch}, [])
    told = [(index, event.name, event.version) for index, event in decided.events]
    assert told == [(0, "item.created", 1), (1, "item.changed", 2)]


@pytest.mark.parametrize(
    ("before", "body", "authority", "code"),
    [
        (state(), an_item(), for_enterprise(FARM, "items:write"), "ok"),
        (state(), an_item(), for_enterprise(HUB, "items:write"), "not_permitted"),
        (state(), an_item(), NOBODY, "not_permitted"),
        (state(), an_item(owner_id=STRANGER), SYSTEM, "enterprise_unknown"),
        (state(known(CARROTS, owner=HUB)), an_item(), for_enterprise(FARM, "items:write"), "item_taken"),
        (state(known(CARROTS, version=3)), an_item(expected_version=2), SYSTEM, "version_conflict"),
        (state(known(LEEKS)), an_item(sku="sku-11"), SYSTEM, "sku_taken"),
        (state(known(LEEKS, owner=HUB)), an_item(sku="sku-11"), SYSTEM, "ok"),
    ],
)
def test_item_is_put_by_its_owner(
    before: CatalogState, body: PutItem, authority: Authority, code: str
) -> None:
    """The owner's people only; a SKU is unique for one owner, and nobody takes an item over."""
    decided = rules.put_items(before, [ask(body, authority)])
    assert codes(decided) == [code]
    assert bool(decided.writes.items) == bool(decided.events) == (code == "ok")


def test_refusal_is_the_same_whether_the_item_exists_or_not() -> None:
    """Who may not write learns nothing."""
    asked = [ask(an_item(), NOBODY)]
    assert rules.put_items(state(), asked).outcomes == rules.put_items(state(known(CARROTS)), asked).outcomes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sku": ""}, "sku"),
        ({"sku": "a\x01"}, "sku"),
        ({"name": "x" * 201}, "name"),
        ({"stock_unit": ""}, "stock_unit"),
        ({"weight_mg": 0}, "weight_mg"),
        ({"price_micros": -1}, "price_micros"),
        ({"price_micros": 10**15 + 1}, "price_micros"),
        ({"min_quantity": -1}, "min_quantity"),
        ({"multiple_quantity": 0, "max_quantity": 5}, "multiple_quantity"),
        ({"case_quantity": 0}, "case_quantity"),
        ({"min_quantity": 5000, "max_quantity": 4999}, "max_quantity"),
        ({"multiple_quantity": 2000, "max_quantity": 1999}, "max_quantity"),
        ({"min_quantity": 2500, "multiple_quantity": 2000, "max_quantity": 3999}, "max_quantity"),
        ({"sales_units": [SalesUnit(code="piece", num=1)]}, "sales_units"),
        ({"sales_units": [SalesUnit(code="b", num=1), SalesUnit(code="b", num=2)]}, "sales_units"),
        ({"sales_units": [SalesUnit(code="b", num=0)]}, "sales_units[0].num"),
        ({"sales_units": [SalesUnit(code="b", num=1, den=0)]}, "sales_units[0].den"),
        ({"sales_units": [SalesUnit(code="b", num=1, price_micros=-1)]}, "sales_units[0].price_micros"),
        ({"components": of(LEEKS, LEEKS)}, "components"),
        ({"components": [Component(item_id=LEEKS, quantity=0)]}, "components[0].quantity"),
        ({"components": of(CARROTS)}, "components[0].item_id"),
    ],
)
def test_bad_value_is_named(changes: dict[str, Any], field: str) -> None:
    """A fault says which field it is about, and nothing is written."""
    decided = rules.put_items(state(known(LEEKS)), [ask(an_item(**changes))])
    assert codes(decided) == ["not_valid"]
    assert [fault["field"] for fault in decided.outcomes[0].detail["faults"]] == [field]
    assert decided.writes.items == []


@pytest.mark.parametrize(
    "changes", [{"min_quantity": 2000, "multiple_quantity": 2000, "max_quantity": 2000}, {"max_quantity": 1}]
)
def test_bounds_that_leave_something_to_buy_pass(changes: dict[str, Any]) -> None:
    """The least that can be ordered may be the most as well."""
    assert codes(rules.put_items(state(), [ask(an_item(**changes))])) == ["ok"]


def test_skus_may_be_handed_on_and_swapped_within_a_batch() -> None:
    """Each command sees the SKUs as the one before left them; the store is told whose changed."""
    commands = [
        ask(an_item(LEEKS, sku="sku-10")),
        ask(an_item(CARROTS, sku="parked")),
        ask(an_item(LEEKS, sku="sku-10")),
        ask(an_item(CARROTS, sku="sku-11")),
        ask(an_item(BOX, sku="parked")),
    ]
    decided = rules.put_items(state(known(CARROTS), known(LEEKS)), commands)
    assert codes(decided) == ["sku_taken", "ok", "ok", "ok", "ok"]
    assert {item.id: item.sku for item in decided.writes.items} == {
        CARROTS: "sku-11",
        LEEKS: "sku-10",
        BOX: "parked",
    }
    assert sorted(decided.writes.renamed) == [CARROTS, LEEKS]


@pytest.mark.parametrize(
    ("before", "body", "code"),
    [
        (state(known(CARROTS)), an_item(BOX, components=of(CARROTS)), "ok"),
        (state(), an_item(BOX, components=of(CARROTS)), "item_unknown"),
        (state(known(CARROTS, owner=HUB)), an_item(BOX, components=of(CARROTS)), "item_unknown"),
        (
            state(known(CARROTS), suppliers=[(HUB, FARM)]),
            an_item(BOX, owner_id=HUB, components=of(CARROTS)),
            "ok",
        ),
        (
            state(known(CARROTS), suppliers=[(FARM, HUB)]),
            an_item(BOX, owner_id=HUB, components=of(CARROTS)),
            "item_unknown",
        ),
        (state(known(BOX, kit=True)), an_item(BIG_BOX, components=of(BOX)), "component_is_kit"),
        (
            state(known(LEEKS), known(CARROTS), parts=[(BOX, CARROTS)]),
            an_item(CARROTS, components=of(LEEKS)),
            "item_in_kit",
        ),
    ],
)
def test_kit_is_made_of_usable_items_one_level_deep(before: CatalogState, body: PutItem, code: str) -> None:
    """The owner's own items, or a supplier's, that are no kits; and no part of a kit becomes one."""
    assert codes(rules.put_items(before, [ask(body)])) == [code]


def test_unusable_component_and_missing_one_cannot_be_told_apart() -> None:
    """The two refusals are equal to the letter."""
    asked = [ask(an_item(BOX, components=of(CARROTS)))]
    hidden = rules.put_items(state(known(CARROTS, owner=STRANGER)), asked)
    assert hidden.outcomes == rules.put_items(state(), asked).outcomes


def test_kits_follow_the_batch() -> None:
    """A part may become a kit as soon as the kit that it was in is taken apart, and not before."""
    commands = [
        ask(an_item(CARROTS)),
        ask(an_item(LEEKS)),
        ask(an_item(BOX, components=of(CARROTS))),
        ask(an_item(CARROTS, components=of(LEEKS))),
        ask(an_item(BOX, components=of(LEEKS))),
        ask(an_item(CARROTS, components=of(LEEKS))),
        ask(an_item(BIG_BOX, components=of(CARROTS))),
    ]
    expected = ["ok", "ok", "ok", "item_in_kit", "ok", "ok", "component_is_kit"]
    assert codes(rules.put_items(state(), commands)) == expected
