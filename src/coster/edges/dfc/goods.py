"""Items of ours as products, catalogue items and offers, and what can be had of them as anybody else would see it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from coster.domain.catalog import reads as catalog
from coster.domain.catalog.model import Details, ItemsWanted, PutItem, VersionedDetails, VersionedItem
from coster.domain.inventory import reads as inventory
from coster.domain.inventory.model import LocationsWanted
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import concepts
from coster.edges.dfc.language.records import (
    CatalogItem,
    CustomerCategory,
    Offer,
    Price,
    Quantity,
    Record,
    SuppliedProduct,
)
from coster.edges.dfc.serving import alone
from coster.edges.http.problems import Problem
from coster.engine.db.connect import Connection

DEFAULT_CATEGORY: Final = "everybody"
_MICROS: Final = Decimal(1_000_000)
_MILLIS: Final = Decimal(1000)
_GRAM_MG: Final = 1000
_KILOGRAM_MG: Final = 1_000_000
_MOST_LOCATIONS: Final = 10_000
_NOTHING: Final = Details()


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Whose goods these are, what they are priced in, and what is told of each besides, by item."""

    iris: Iris
    enterprise_id: uuid.UUID
    currency: str
    details: Mapping[uuid.UUID, VersionedDetails] = {}

    def of(self, item: VersionedItem) -> Details:
        """What is told of an item."""
        found = self.details.get(item.id)
        return found.details if found else _NOTHING


def product(shelf: Shelf, item: VersionedItem) -> SuppliedProduct:
    """The item as what an enterprise supplies."""
    group = shelf.iris.group(shelf.enterprise_id, item.product) if item.product else None
    told = shelf.of(item)
    return SuppliedProduct(
        id=shelf.iris.product(shelf.enterprise_id, item.id),
        name=item.name,
        quantity=quantity_of(item),
        supplied_by=shelf.iris.enterprise(shelf.enterprise_id),
        variant_of=group,
        description=told.description or None,
        product_types=told.types,
        images=told.images,
        certifications=told.certifications,
        lifetime=told.lifetime or None,
        alcohol=Decimal(told.alcohol) if told.alcohol else None,
        frozen=told.frozen,
        refrigerated=told.refrigerated,
    )


def catalog_item(shelf: Shelf, item: VersionedItem, stock: int | None) -> CatalogItem:
    """The item as it stands in the catalogue; `stock` in thousandths, None where nobody keeps count."""
    return CatalogItem(
        id=shelf.iris.catalog_item(shelf.enterprise_id, item.id),
        product=shelf.iris.product(shelf.enterprise_id, item.id),
        managed_by=shelf.iris.enterprise(shelf.enterprise_id),
        catalogs=(shelf.iris.catalog(shelf.enterprise_id),),
        sku=item.sku,
        stock=stock_text(stock),
    )


def offer(shelf: Shelf, item: VersionedItem, stock: int | None) -> Offer:
    """The item at its price, for one stock unit, to everybody. Problem: currency_not_in_standard."""
    if shelf.currency not in concepts.CURRENCY_CONCEPTS:
        raise Problem(
            "currency_not_in_standard",
            f"The standard has no word for {shelf.currency}, in which these prices are; it has "
            f"{', '.join(sorted(concepts.CURRENCY_CONCEPTS))}.",
            members={"currency": shelf.currency},
        )
    rate = shelf.of(item).vat_rate
    return Offer(
        id=shelf.iris.offer(shelf.enterprise_id, item.id),
        item=shelf.iris.catalog_item(shelf.enterprise_id, item.id),
        product=shelf.iris.product(shelf.enterprise_id, item.id),
        category=shelf.iris.category(shelf.enterprise_id, DEFAULT_CATEGORY),
        price=Price(
            value=Decimal(item.price_micros) / _MICROS,
            currency=shelf.currency,
            vat_rate=Decimal(rate) if rate else None,
        ),
        stock=stock_text(stock),
    )


def everything(
    shelf: Shelf, items: Iterable[VersionedItem], stock: Mapping[uuid.UUID, int | None]
) -> list[Record]:
    """Products, catalogue items and offers of these items, and what they refer to. Only what can be bought is offered."""
    found: list[Record] = []
    groups: dict[str, SuppliedProduct] = {}
    offered = False
    for item in items:
        found += [product(shelf, item), catalog_item(shelf, item, stock[item.id])]
        if item.buyable:
            found.append(offer(shelf, item, stock[item.id]))
            offered = True
        if item.product:
            groups[item.product] = group_of(shelf, item.product)
    found += groups.values()
    return [*found, category(shelf)] if offered else found


def group_of(shelf: Shelf, name: str) -> SuppliedProduct:
    """What items of one product are variants of."""
    return SuppliedProduct(
        id=shelf.iris.group(shelf.enterprise_id, name),
        name=name,
        supplied_by=shelf.iris.enterprise(shelf.enterprise_id),
    )


def category(shelf: Shelf) -> CustomerCategory:
    """Everybody to whom something is offered, which is all that our prices know of."""
    return CustomerCategory(
        id=shelf.iris.category(shelf.enterprise_id, DEFAULT_CATEGORY),
        description="Everybody",
        defined_by=shelf.iris.enterprise(shelf.enterprise_id),
    )


def quantity_of(item: VersionedItem) -> Quantity:
    """How much one stock unit is, in units of the standard: by weight where that is known, else one of the unit, or a piece."""
    unit = concepts.unit_of_word(item.stock_unit)
    measures = concepts.UNITS[unit].measures if unit else ""
    if item.weight_mg and measures != "mass":
        if item.weight_mg % _KILOGRAM_MG == 0 or item.weight_mg > _KILOGRAM_MG:
            return Quantity(Decimal(item.weight_mg) / _KILOGRAM_MG, "Kilogram")
        return Quantity(Decimal(item.weight_mg) / _GRAM_MG, "Gram")
    return Quantity(Decimal(1), unit or "Piece")


def stock_text(stock: int | None) -> Decimal | None:
    """Thousandths as the standard tells them: absent where unlimited, and never below zero."""
    return None if stock is None else Decimal(max(stock, 0)) / _MILLIS


async def available(
    conn: Connection, org_id: int, enterprise: uuid.UUID, items: Sequence[VersionedItem]
) -> dict[uuid.UUID, int | None]:
    """What can be had of each item in thousandths of its stock unit (None: unlimited), at those places that are drawn from.

    Of a kit as many whole ones as its parts give.
    """
    authority = alone(enterprise, "stock:read", "items:read")
    parts = {part.item_id for item in items for part in item.components} - {item.id for item in items}
    others: list[VersionedItem] = []
    if parts:
        wanted = ItemsWanted(ids=list(parts), limit=len(parts))
        others = await catalog.list_items(conn, org_id, authority, wanted)
    simple = [item for item in (*items, *others) if not item.components]
    places = await inventory.list_locations(
        conn, org_id, authority, LocationsWanted(enterprise_id=enterprise, limit=_MOST_LOCATIONS)
    )
    found: dict[uuid.UUID, int | None] = {item.id: 0 if item.tracked else None for item in simple}
    counted = [item.id for item in simple if item.tracked]
    active = [place["id"] for place in places if place["active"]]
    for stock in (
        await inventory.availability(conn, org_id, authority, item_ids=counted, location_ids=active)
        if counted and active
        else ()
    ):
        found[stock.item_id] = sum(amount for amount in stock.available if amount is not None)
    return {item.id: _of_kit(item, found) if item.components else found[item.id] for item in items}


def _of_kit(kit: VersionedItem, found: Mapping[uuid.UUID, int | None]) -> int | None:
    limits = [
        max(stock, 0) // part.quantity
        for part in kit.components
        if (stock := found.get(part.item_id, 0)) is not None
    ]
    return min(limits) * 1000 if limits else None


def as_command(item: VersionedItem, *, expected_version: int | None) -> PutItem:
    """The command that would leave the item as it is; `msgspec.structs.replace` says what shall be different."""
    return PutItem(
        item_id=item.id,
        owner_id=item.owner_id,
        sku=item.sku,
        name=item.name,
        product=item.product,
        stock_unit=item.stock_unit,
        weight_mg=item.weight_mg,
        price_micros=item.price_micros,
        min_quantity=item.min_quantity,
        max_quantity=item.max_quantity,
        multiple_quantity=item.multiple_quantity,
        case_quantity=item.case_quantity,
        tracked=item.tracked,
        buyable=item.buyable,
        sales_units=[unit for code, unit in item.units.items() if code != item.stock_unit],
        components=list(item.components),
        expected_version=expected_version,
    )
