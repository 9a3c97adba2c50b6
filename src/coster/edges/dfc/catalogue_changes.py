"""What platforms may change of a catalogue: products made and renamed, stock and SKU of catalogue items, prices of offers, categories.

A change says what shall be: what a body does not mention stays. What Coster does not reckon with (a description, pictures, certificates, a
VAT rate) is kept beside the item and told again (describing.py).
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, Final

import msgspec

from coster.domain.catalog.model import PutItem, VersionedItem
from coster.domain.inventory import reads as inventory
from coster.domain.inventory.model import CountStock, LocationsWanted, PositionsWanted
from coster.domain.parties import reads as parties
from coster.domain.parties.model import Profile, PutProfile
from coster.edges.dfc import catalogue, describing, examples, goods, serving
from coster.edges.dfc.language import concepts, records
from coster.edges.dfc.language.faults import Fault
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem, not_found, of_rejection
from coster.engine.batch.run import Result
from coster.kernel import ids, money, quantity
from coster.kernel.outcome import Rejected

_MOST_PLACES: Final = 1000
_KILOGRAM_MG: Final = 1_000_000


# ---------------------------------------------------------------------------------------------------------- products


async def create_product(call: Call) -> Answer:
    """Makes a product, and with it its place in the catalogue and its offer.

    A catalogue item in the same document gives SKU, and an offer the price. Without a price it is not for sale. Stock begins at nothing,
    or unlimited where the document says so with a number below zero.
    """
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.SuppliedProduct)
    product = serving.the_one(graph, records.SuppliedProduct)
    item_id = call.new_id("item")
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await catalogue.shelf_of(call, conn, enterprise)
    told = told_of(graph, product)
    if not product.name:
        raise serving.invalid([serving.fault("name", "a product has a name", node=product.id)])
    unit, weight = _unit(product.quantity)
    price = None if told.offer is None else price_of(told.offer, shelf.currency)
    command = PutItem(
        item_id=item_id,
        owner_id=enterprise,
        sku=(told.item.sku if told.item else None) or f"DFC-{ids.short(item_id)}",
        name=product.name,
        stock_unit=unit,
        weight_mg=weight,
        price_micros=price or 0,
        tracked=not (told.item is not None and told.item.unlimited),
        buyable=price is not None,
        expected_version=0,
    )
    result = await commands.send(call, command)
    if shown := serving.preview(call, result):
        return shown
    await describing.keep(call, item_id, describing.told(product, told.offer))
    return await as_made(call, item_id, result, first=shelf.iris.product(enterprise, item_id))


async def change_product(call: Call) -> Answer:
    """Renames a product, says how much of it one is, or describes it; what the document does not mention stays as it is."""
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.SuppliedProduct)
    item = await item_of(call, enterprise)
    product = serving.addressed(call, graph, records.SuppliedProduct)
    changes: dict[str, Any] = {"name": product.name or item.name}
    if product.quantity is not None and product.quantity != goods.quantity_of(item):
        changes["stock_unit"], changes["weight_mg"] = _unit(product.quantity)
    command = msgspec.structs.replace(as_it_is(call, item), **changes)
    result = await commands.send(call, command)
    if made := serving.preview(call, result):
        return made
    old = await describing.now(call, item)
    await describing.keep(call, item.id, describing.told(product, None, old), old=old)
    return serving.done(call, result)


async def as_made(call: Call, item_id: uuid.UUID, result: Result, *, first: str, status: int = 201) -> Answer:
    """What was made, with all that belongs to it, and where it is from now on."""
    enterprise = serving.place(call)
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await catalogue.shelf_of(call, conn, enterprise)
        item = await catalogue.item_by(call, conn, enterprise, item_id)
        whole = await catalogue.whole(call, conn, shelf, [item])
    headers = [(b"location", first.encode()), *serving.of_result(result)]
    return serving.document(call, whole, first=[first], status=status, headers=headers)


# ---------------------------------------------------------------------------------------- catalogue items and offers


async def change_catalog_item(call: Call) -> Answer:
    """Sets what can be had (`stockLimitation`: that much is free to sell from now on; below zero: unlimited) and the SKU.

    Stock that stands at several places is not changed from here, since nobody says at which.
    """
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.CatalogItem)
    item = await item_of(call, enterprise)
    told = serving.addressed(call, graph, records.CatalogItem)
    tracked = item.tracked if told.stock is None and not told.unlimited else not told.unlimited
    command = msgspec.structs.replace(as_it_is(call, item), sku=told.sku or item.sku, tracked=tracked)
    count = None if told.stock is None else await counting(call, enterprise, item, told.stock)
    result = await commands.send(call, command)
    shown = serving.preview(call, result)
    if shown or count is None:
        return shown or serving.done(call, result)
    second = ids.derived(call.command_id, "count")
    counted = await commands.send_as(call, second, count, fingerprint=b"count")
    if isinstance(counted.outcome, Rejected):
        raise of_rejection(counted.outcome)
    return serving.done(call, result)


async def change_offer(call: Call) -> Answer:
    """Sets the price for one, and the VAT rate that is told with it.

    Stock is the catalogue item's: what an offer says of it may be old, and is not looked at.
    """
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.Offer)
    item = await item_of(call, enterprise)
    told = serving.addressed(call, graph, records.Offer)
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await catalogue.shelf_of(call, conn, enterprise)
    price = price_of(told, shelf.currency)
    if price is None:
        raise serving.invalid(
            [serving.fault("hasPrice", "an offer's price is what can be changed", node=told.id)]
        )
    command = msgspec.structs.replace(as_it_is(call, item), price_micros=price)
    result = await commands.send(call, command)
    if made := serving.preview(call, result):
        return made
    old = await describing.now(call, item)
    await describing.keep(call, item.id, describing.told(None, told, old), old=old)
    return serving.done(call, result)


async def counting(call: Call, enterprise: uuid.UUID, item: VersionedItem, stock: Decimal) -> CountStock:
    """The count after which just this much is free: what is promised is on hand besides. Problem: stock_places_several."""
    authority = serving.alone(enterprise, "stock:read")
    async with call.parts.database.read(call.org_id) as conn:
        wanted = PositionsWanted(item_ids=[item.id], limit=_MOST_PLACES)
        found = await inventory.list_positions(conn, call.org_id, authority, wanted)
        positions = [one for one in found if not one.unlimited]
        places = await inventory.list_locations(
            conn, call.org_id, authority, LocationsWanted(enterprise_id=enterprise, limit=_MOST_PLACES)
        )
    active = [place["id"] for place in places if place["active"]]
    if len(positions) > 1 or (not positions and len(active) != 1):
        raise Problem(
            "stock_places_several",
            "This product's stock stands at several places, or at none; count it at one of them (POST /api/v1/stock-movements).",
        )
    try:
        free = quantity.parse(stock)
    except (ValueError, ArithmeticError) as error:
        raise serving.invalid([_malformed("stockLimitation", str(stock), str(error))]) from None
    if not positions:
        return CountStock(item_id=item.id, location_id=active[0], quantity=free, reason="Told by a platform.")
    [one] = positions
    return CountStock(
        item_id=item.id,
        location_id=one.location_id,
        lot=one.lot,
        quantity=free + (one.held or 0) + (one.committed or 0),
        reason="Told by a platform.",
    )


# -------------------------------------------------------------------------------------------------------- categories


async def create_category(call: Call) -> Answer:
    """Makes a category of customers. Our prices are the same for all, so that it is a name and a sentence for now."""
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.CustomerCategory)
    told = serving.the_one(graph, records.CustomerCategory)
    if not told.description:
        raise serving.invalid([serving.fault("description", "a category has a description", node=told.id)])
    name = str(call.new_id("category"))
    result = await _with_categories(call, enterprise, {name: told.description})
    if shown := serving.preview(call, result):
        return shown
    iris = serving.iris(call)
    location = iris.category(enterprise, name)
    made = records.CustomerCategory(
        id=location, description=told.description, defined_by=iris.enterprise(enterprise)
    )
    headers = [(b"location", location.encode()), *serving.of_result(result)]
    return serving.document(call, [made], first=[location], status=201, headers=headers)


async def change_category(call: Call) -> Answer:
    """Describes a category that was made here anew; that of everybody is ours to word."""
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=records.CustomerCategory)
    told, name = serving.addressed(call, graph, records.CustomerCategory), call.parameters["category"]
    if not told.description:
        raise serving.invalid([serving.fault("description", "a category has a description", node=told.id)])
    return serving.done(
        call, await _with_categories(call, enterprise, {name: told.description}, without=name)
    )


async def delete_category(call: Call) -> Answer:
    """Drops a category that was made here; that of everybody stays."""
    enterprise = serving.place(call)
    return serving.done(
        call, await _with_categories(call, enterprise, {}, without=call.parameters["category"])
    )


async def _with_categories(
    call: Call, enterprise: uuid.UUID, more: dict[str, str], *, without: str | None = None
) -> Any:
    async with call.parts.database.read(call.org_id) as conn:
        await catalogue.shelf_of(call, conn, enterprise)
        told = (await parties.profiles(conn, call.org_id, [enterprise])).get(enterprise)
    profile = told.profile if told else Profile()
    if without is not None and without not in profile.categories:
        raise not_found("customer category")
    left = {name: text for name, text in profile.categories.items() if name != without}
    changed = msgspec.structs.replace(profile, categories=left | more)
    command = PutProfile(
        enterprise_id=enterprise, profile=changed, expected_version=told.version if told else 0
    )
    return await commands.send(call, command)


# ---------------------------------------------------------------------------------------------------------- reading


class _Told(msgspec.Struct, frozen=True):
    """What a document says of a product beside the product itself."""

    item: records.CatalogItem | None
    offer: records.Offer | None


def told_of(graph: records.Graph, product: records.SuppliedProduct) -> _Told:
    """The catalogue item and the offer that a document has for a product."""
    items = [one for one in graph.of(records.CatalogItem) if one.product == product.id]
    named = {one.id for one in items}
    offers = [
        one for one in graph.of(records.Offer) if one.item in named or one.product in {product.id, *named}
    ]
    return _Told(items[0] if items else None, offers[0] if offers else None)


async def item_of(call: Call, enterprise: uuid.UUID) -> VersionedItem:
    """The item of the path. Problem: not_found."""
    async with call.parts.database.read(call.org_id) as conn:
        return await catalogue.item_of(call, conn, enterprise)


def as_it_is(call: Call, item: VersionedItem) -> PutItem:
    """The item unchanged. Who names a version is held to it; who names none, to the one that was read a moment ago."""
    named = serving.expected(call)
    return goods.as_command(item, expected_version=item.version if named is None else named)


def _unit(told: records.Quantity | None) -> tuple[str, int | None]:
    """Our unit and the weight of one: a kilogram is our kilogram, 500 g of something are a piece that weighs so much."""
    if told is None or told.unit is None:
        return "piece", None
    unit = concepts.UNITS[told.unit]
    if told.value == 1:
        return unit.word, None
    if unit.measures == "mass":
        weight = unit.factor * _KILOGRAM_MG * Decimal(told.value).as_integer_ratio()[0]
        weight /= Decimal(told.value).as_integer_ratio()[1]
        return "piece", int(weight) if weight >= 1 else None
    return "piece", None


def price_of(offer: records.Offer, currency: str) -> int | None:
    """The price in millionths; None where the offer says none. Problems: document_invalid, currency_fixed."""
    if offer.price is None:
        return None
    if offer.price.currency not in (None, currency):
        raise Problem(
            "currency_fixed",
            f"This enterprise reckons in {currency}, not in {offer.price.currency}.",
            members={"currency": currency},
        )
    try:
        micros = money.parse_price(offer.price.value)
    except (ValueError, ArithmeticError) as error:
        raise serving.invalid([_malformed("hasPrice", str(offer.price.value), str(error))]) from None
    if micros < 0:
        raise serving.invalid([_malformed("hasPrice", str(offer.price.value), "a price is not negative")])
    return micros


def _malformed(property_: str, found: str, accepted: str) -> Fault:
    return serving.fault(property_, accepted, found=found, code="value_malformed")


_WRITE: dict[str, Any] = {
    "permission": "dfc_products:write",
    "body": dict[str, Any],
    "tag": "catalogue",
    "changes": True,
    "documents": True,
}
_CHANGE: dict[str, Any] = {**_WRITE, "method": "PUT", "status": 204}
_ITEM: Final = ("document_invalid", "version_conflict", "item_unknown", "not_same_enterprise")
_ENTERPRISE: Final = "/api/dfc/Enterprises/{enterprise_id}"
OPERATIONS = (
    Operation(
        id="createSuppliedProduct",
        method="POST",
        path=f"{_ENTERPRISE}/SuppliedProducts",
        summary="Make a supplied product",
        endpoint=create_product,
        answer=dict[str, Any],
        answer_example=examples.CATALOGUE,
        status=201,
        problems=(*_ITEM, "sku_taken", "currency_fixed", "currency_not_in_standard"),
        **_WRITE,
    ),
    Operation(
        id="changeSuppliedProduct",
        path=f"{_ENTERPRISE}/SuppliedProducts/{{id}}",
        summary="Change a supplied product",
        endpoint=change_product,
        problems=_ITEM,
        **_CHANGE,
    ),
    Operation(
        id="changeCatalogItem",
        path=f"{_ENTERPRISE}/CatalogItems/{{id}}",
        summary="Change stock or SKU",
        endpoint=change_catalog_item,
        problems=(*_ITEM, "sku_taken", "stock_places_several", "position_unknown", "count_outdated"),
        **_CHANGE,
    ),
    Operation(
        id="changeOffer",
        path=f"{_ENTERPRISE}/Offers/{{id}}",
        summary="Change a price",
        endpoint=change_offer,
        problems=(*_ITEM, "currency_fixed"),
        **_CHANGE,
    ),
    Operation(
        id="createCustomerCategory",
        method="POST",
        path=f"{_ENTERPRISE}/CustomerCategories",
        summary="Make a customer category",
        endpoint=create_category,
        answer=dict[str, Any],
        answer_example=examples.CATEGORY,
        status=201,
        problems=("document_invalid", "version_conflict", "enterprise_unknown"),
        **{**_WRITE, "permission": "dfc_enterprises:write"},
    ),
    Operation(
        id="changeCustomerCategory",
        method="PUT",
        path=f"{_ENTERPRISE}/CustomerCategories/{{category}}",
        summary="Describe a customer category anew",
        endpoint=change_category,
        status=204,
        problems=("document_invalid", "version_conflict", "enterprise_unknown"),
        parameters={"category": "The category's short name."},
        **{**_WRITE, "permission": "dfc_enterprises:write"},
    ),
    Operation(
        id="deleteCustomerCategory",
        method="DELETE",
        path=f"{_ENTERPRISE}/CustomerCategories/{{category}}",
        summary="Drop a customer category",
        endpoint=delete_category,
        status=204,
        problems=("version_conflict", "enterprise_unknown"),
        parameters={"category": "The category's short name."},
        **{**_WRITE, "permission": "dfc_enterprises:write", "body": None},
    ),
)
