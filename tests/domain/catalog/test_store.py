"""Items, units and kits on the real database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coster.domain.catalog import handlers, reads, store
from coster.domain.catalog.model import Component, Item, ItemsWanted, PutItem, SalesUnit
from coster.domain.parties import handlers as parties_handlers
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.engine.db.connect import Database
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from tests.domain.asking import ORG, carry_out, codes, for_enterprise, make_org, number

pytestmark = pytest.mark.database

FARM, HUB, FARM_B = number(1), number(2), number(3)
CARROTS, LEEKS, BOX, SOAP = number(10), number(11), number(12), number(13)
BUNCH = SalesUnit(code="bunch", num=1, den=4, price_micros=900_000)


def an_item(item_id: Any, **changes: Any) -> PutItem:
    """An item of the farm."""
    values: dict[str, Any] = {"owner_id": FARM, "sku": f"sku-{item_id.int}", "name": f"Item {item_id.int}"}
    return PutItem(item_id=item_id, **{**values, **changes})


@pytest.fixture
async def farm(database: Database) -> Database:
    """Two farms, of which a hub buys from the first."""
    await make_org(database)
    enterprises = [(FARM, "producer"), (HUB, "hub"), (FARM_B, "producer")]
    bodies = [
        PutEnterprise(enterprise_id=id_, name="x", kinds=[kind], currency="EUR") for id_, kind in enterprises
    ]  # type: ignore[list-item]
    await carry_out(database, parties_handlers.PUT_ENTERPRISE, *bodies)
    await carry_out(database, parties_handlers.PUT_RELATION, PutRelation(hub_id=HUB, producer_id=FARM))
    return database


async def load(database: Database, *ids: Any) -> dict[Any, Item]:
    """Items as orders load them."""
    async with database.read(ORG) as conn:
        return await store.load_items(conn, ORG, ids)


async def test_item_comes_back_as_it_was_put(farm: Database) -> None:
    """Every field makes the round trip; the stock unit is one of the units."""
    body = an_item(
        CARROTS,
        product="carrots",
        stock_unit="kg",
        weight_mg=1_000_000,
        price_micros=3_600_000,
        min_quantity=500,
        max_quantity=20_000,
        multiple_quantity=250,
        case_quantity=10_000,
        tracked=False,
        buyable=False,
        sales_units=[BUNCH],
    )
    assert codes(await carry_out(farm, handlers.PUT_ITEM, body)) == ["ok"]
    assert await load(farm, CARROTS, number(99)) == {
        CARROTS: Item(id=CARROTS, owner_id=FARM, sku="sku-10", name="Item 10", product="carrots", stock_unit="kg",
                      weight_mg=1_000_000, price_micros=3_600_000, min_quantity=500, max_quantity=20_000,
                      multiple_quantity=250, case_quantity=10_000, tracked=False, buyable=False,
                      units={"kg": SalesUnit(code="kg", num=1), "bunch": BUNCH}, components=())
    }  # fmt: skip


async def test_kit_brings_the_items_that_it_is_made_of(farm: Database) -> None:
    """Asked for the kit alone, the components and their units come along."""
    parts = [Component(item_id=CARROTS, quantity=2000), Component(item_id=LEEKS, quantity=500)]
    bodies = [
        an_item(CARROTS, sales_units=[BUNCH]),
        an_item(LEEKS),
        an_item(BOX, components=parts),
        an_item(SOAP),
    ]
    await carry_out(farm, handlers.PUT_ITEM, *bodies)
    found = await load(farm, BOX)
    assert sorted(found) == [CARROTS, LEEKS, BOX]
    assert found[BOX].components == tuple(parts)
    assert set(found[CARROTS].units) == {"piece", "bunch"}


async def test_put_replaces_units_and_components(farm: Database) -> None:
    """What the new version does not name is gone, for this item and no other."""
    part = Component(item_id=LEEKS, quantity=500)
    await carry_out(
        farm,
        handlers.PUT_ITEM,
        an_item(LEEKS, sales_units=[BUNCH]),
        an_item(BOX, sales_units=[BUNCH], components=[part]),
    )
    await carry_out(
        farm, handlers.PUT_ITEM, an_item(BOX, sales_units=[SalesUnit(code="pair", num=2)], expected_version=1)
    )
    found = await load(farm, BOX, LEEKS)
    assert (set(found[BOX].units), found[BOX].components) == ({"piece", "pair"}, ())
    assert set(found[LEEKS].units) == {"piece", "bunch"}


async def test_skus_are_swapped_in_one_batch(farm: Database) -> None:
    """Though the table holds each SKU once at any moment."""
    await carry_out(farm, handlers.PUT_ITEM, an_item(CARROTS), an_item(LEEKS))
    swap = [an_item(CARROTS, sku="parked"), an_item(LEEKS, sku="sku-10"), an_item(CARROTS, sku="sku-11")]
    swap.append(an_item(number(1), sku="parked"))
    assert codes(await carry_out(farm, handlers.PUT_ITEM, *swap)) == ["ok"] * 4
    found = await load(farm, CARROTS, LEEKS, number(1))
    assert {id_: item.sku for id_, item in found.items()} == {
        CARROTS: "sku-11",
        LEEKS: "sku-10",
        number(1): "parked",
    }


async def test_stored_skus_and_kits_bind_the_next_batch(farm: Database) -> None:
    """What one batch wrote, the next one decides on: SKU taken, kit within a kit, part that becomes a kit."""
    of_leeks = [Component(item_id=LEEKS, quantity=1)]
    await carry_out(
        farm, handlers.PUT_ITEM, an_item(LEEKS), an_item(CARROTS), an_item(BOX, components=of_leeks)
    )
    decided = await carry_out(
        farm,
        handlers.PUT_ITEM,
        an_item(SOAP, sku="sku-10"),
        an_item(SOAP, components=[Component(item_id=BOX, quantity=1)]),
        an_item(LEEKS, components=[Component(item_id=CARROTS, quantity=1)]),
        an_item(SOAP, owner_id=FARM_B, components=of_leeks),
        an_item(SOAP, owner_id=HUB, components=of_leeks),
    )
    assert codes(decided) == ["sku_taken", "component_is_kit", "item_in_kit", "item_unknown", "ok"]


async def test_kit_and_part_made_at_the_same_time_do_not_nest(farm: Database) -> None:
    """One makes a box of leeks while the other makes a kit of leeks: one of them is refused."""
    await carry_out(farm, handlers.PUT_ITEM, an_item(LEEKS), an_item(CARROTS))
    decided = await asyncio.gather(
        carry_out(farm, handlers.PUT_ITEM, an_item(BOX, components=[Component(item_id=LEEKS, quantity=1)])),
        carry_out(
            farm, handlers.PUT_ITEM, an_item(LEEKS, components=[Component(item_id=CARROTS, quantity=1)])
        ),
    )
    assert sorted(code for one in decided for code in codes(one)) in (
        ["component_is_kit", "ok"],
        ["item_in_kit", "ok"],
    )


@pytest.mark.parametrize(
    ("authority", "seen"),
    [
        (SYSTEM, [CARROTS, LEEKS, SOAP]),
        (for_enterprise(FARM, "items:read"), [CARROTS]),
        (for_enterprise(HUB, "items:read"), [CARROTS, LEEKS]),
        (for_enterprise(FARM_B, "items:read"), [SOAP]),
        (for_enterprise(FARM, "stock:read"), []),
        (NOBODY, []),
    ],
)
async def test_items_are_seen_by_their_owner_and_whom_it_supplies(
    farm: Database, authority: Authority, seen: list[Any]
) -> None:
    """Everybody else's stay unknown, one by one as well."""
    bodies = [an_item(CARROTS), an_item(LEEKS, owner_id=HUB), an_item(SOAP, owner_id=FARM_B)]
    await carry_out(farm, handlers.PUT_ITEM, *bodies)
    async with farm.read(ORG) as conn:
        listed = await reads.list_items(conn, ORG, authority)
        single = [await reads.get_item(conn, ORG, authority, id_) for id_ in (CARROTS, LEEKS, SOAP)]
    assert [item.id for item in listed] == seen
    assert [item.id for item in single if item] == seen


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        (ItemsWanted(), [CARROTS, LEEKS, BOX, SOAP]),
        (ItemsWanted(owner_id=HUB), [SOAP]),
        (ItemsWanted(buyable=False), [LEEKS]),
        (ItemsWanted(sku="sku-12"), [BOX]),
        (ItemsWanted(name="red c"), [CARROTS, BOX]),
        (ItemsWanted(name="%"), []),
        (ItemsWanted(after=CARROTS, limit=2), [LEEKS, BOX]),
        (ItemsWanted(after=CARROTS, name="RED"), [BOX]),
    ],
)
async def test_items_are_filtered_and_come_in_pages(
    farm: Database, wanted: ItemsWanted, seen: list[Any]
) -> None:
    """Filters narrow together; a name is found by its beginning in any case, taken literally."""
    await carry_out(
        farm,
        handlers.PUT_ITEM,
        an_item(CARROTS, name="Red carrots", sales_units=[BUNCH]),
        an_item(LEEKS, name="Leeks, red", buyable=False),
        an_item(BOX, name="Red Cabbage"),
        an_item(SOAP, name="Soap", owner_id=HUB),
    )
    async with farm.read(ORG) as conn:
        assert [item.id for item in await reads.list_items(conn, ORG, SYSTEM, wanted)] == seen


async def test_shown_item_has_version_units_and_components(farm: Database) -> None:
    """What a page shows is whole."""
    parts = [Component(item_id=LEEKS, quantity=500)]
    await carry_out(
        farm,
        handlers.PUT_ITEM,
        an_item(LEEKS),
        an_item(BOX),
        an_item(BOX, sales_units=[BUNCH], components=parts),
    )
    async with farm.read(ORG) as conn:
        item = await reads.get_item(conn, ORG, SYSTEM, BOX)
    assert item is not None
    assert (item.version, list(item.units), item.components) == (2, ["piece", "bunch"], tuple(parts))
