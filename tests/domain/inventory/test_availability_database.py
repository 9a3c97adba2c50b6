"""What can be had of many items, read from the real database: lots of a place are one, and where nobody counts there is no count."""

from __future__ import annotations

import uuid

import pytest

from coster.domain.inventory import reads
from coster.domain.inventory.model import AdjustStock, ItemStock, PutLocation
from coster.kernel.authority import SYSTEM, Authority
from tests.town import Town, name_id

pytestmark = pytest.mark.database


async def asked(town: Town, *items: uuid.UUID, who: Authority = SYSTEM) -> list[ItemStock]:
    """Everywhere."""
    async with town.database.read(town.org_id) as conn:
        return await reads.availability(conn, town.org_id, who, item_ids=list(items), location_ids=None)


async def receive(town: Town, item: uuid.UUID, place: uuid.UUID, quantity: int, lot: str = "") -> None:
    """Goods come to a place."""
    await town.do(AdjustStock(item_id=item, location_id=place, quantity=quantity, type="RECEIPT", lot=lot))


async def test_lots_of_a_place_are_one_amount(town: Town) -> None:
    """In the order of places; a place with one lot beside it stays as it is."""
    farm = await town.enterprise("Farm", "producer")
    milk, eggs = await town.item(farm, "milk", 1500), await town.item(farm, "eggs", 7000)
    barn, cellar = name_id(f"barn of {farm}"), name_id("cellar")
    await town.do(PutLocation(location_id=cellar, enterprise_id=farm, name="Cellar"))
    await receive(town, milk, barn, 250, lot="monday")
    await receive(town, milk, cellar, 4000, lot="monday")
    found = {
        stock.item_id: dict(zip(stock.location_ids, stock.available, strict=True))
        for stock in await asked(town, milk, eggs)
    }
    assert found == {milk: {str(barn): 1750, str(cellar): 4000}, eggs: {str(barn): 7000}}
    [stock] = await asked(town, milk)
    assert stock.location_ids == sorted([str(barn), str(cellar)])


async def test_a_place_where_one_lot_is_not_counted_has_no_count(town: Town) -> None:
    """Whichever lot comes first."""
    farm = await town.enterprise("Farm", "producer")
    milk, barn = await town.item(farm, "milk", 1500), name_id(f"barn of {farm}")
    await receive(town, milk, barn, 250, lot="monday")
    for lot in ("", "monday"):
        async with town.database.system() as conn:
            await conn.execute("UPDATE position SET unlimited = (lot = $1)", lot)
        assert [stock.available for stock in await asked(town, milk)] == [[None]]


async def test_stock_at_somebodys_place_is_seen_by_him(town: Town) -> None:
    """And only there, though the goods are another's; the owner sees all of it."""
    farm, shop = await town.enterprise("Farm", "producer"), await town.enterprise("Shop", "retailer")
    milk = await town.item(farm, "milk", 1500)
    await town.do(PutLocation(location_id=name_id("shelf"), enterprise_id=shop, name="Shelf"))
    await receive(town, milk, name_id("shelf"), 300)
    seen = {
        who: await asked(town, milk, who=Authority(by_enterprise={who: frozenset({"stock:read"})}))
        for who in (farm, shop)
    }
    assert [(one.location_ids, one.available) for one in seen[shop]] == [([str(name_id("shelf"))], [300])]
    assert sorted(amount or 0 for one in seen[farm] for amount in one.available) == [300, 1500]
