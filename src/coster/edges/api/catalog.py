"""Items over HTTP: with their sales units and components, one by one or as files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from coster.domain.catalog import reads
from coster.domain.catalog.model import Component, ItemsWanted, PutItem, SalesUnit, VersionedItem
from coster.edges.http import commands, paging
from coster.edges.http.batches import Batch, RowResult, Wish
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    UNSET,
    EnterpriseId,
    Id,
    ItemId,
    Made,
    Name,
    OwnId,
    Price,
    PriceText,
    Quantity,
    QuantityText,
    Unset,
    Version,
    given,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import Problem, not_found
from coster.kernel import money, quantity

Sku = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=100, description="Unique for the owner.", examples=["SPUD-1KG"]),
]
UnitCode = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, description="A unit's name.", examples=["kg"])
]
Product = Annotated[
    str,
    msgspec.Meta(max_length=200, description="Items of one product are its variants; empty: stands alone."),
]
Ratio = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Grams = Annotated[
    Decimal,
    msgspec.Meta(
        description="What one stock unit weighs, in grams, with at most three places.", examples=["1000"]
    ),
]


class SalesUnitGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit in which the item is sold: exactly num/den stock units. Without a price it costs num/den of the item's."""

    code: UnitCode
    num: Ratio
    den: Ratio = 1
    price: Price | None = None


class ComponentGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of an item is in one kit."""

    item_id: ItemId
    quantity: Quantity


class ItemWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that can be bought. Quantities are in its stock unit."""

    owner_id: EnterpriseId
    sku: Sku
    name: Name
    id: OwnId | None = None
    product: Product = ""
    stock_unit: UnitCode = "piece"
    weight_grams: Grams | None = None
    price: Price = Decimal(0)
    min_quantity: Annotated[Decimal, msgspec.Meta(description="The least that can be ordered.")] = Decimal(0)
    max_quantity: Annotated[Decimal, msgspec.Meta(description="The most that can be ordered.")] | None = None
    multiple_quantity: Annotated[
        Decimal,
        msgspec.Meta(
            description="Orders are rounded up to a multiple of this, and the buyer is told.", examples=["1"]
        ),
    ] = Decimal("0.001")
    case_quantity: (
        Annotated[Decimal, msgspec.Meta(description="A case, where the producer sells by the case.")] | None
    ) = None
    tracked: Annotated[bool, msgspec.Meta(description="false: no stock is kept, and orders go through.")] = (
        True
    )
    buyable: bool = True
    sales_units: Annotated[list[SalesUnitGiven], msgspec.Meta(max_length=50)] = []
    components: Annotated[
        list[ComponentGiven], msgspec.Meta(max_length=200, description="What a kit is made of.")
    ] = []


class ItemPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. Lists are replaced whole."""

    sku: Sku | Unset = UNSET
    name: Name | Unset = UNSET
    product: Product | Unset = UNSET
    stock_unit: UnitCode | Unset = UNSET
    weight_grams: Grams | Unset | None = UNSET
    price: Price | Unset = UNSET
    min_quantity: Quantity | Unset = UNSET
    max_quantity: Quantity | Unset | None = UNSET
    multiple_quantity: Quantity | Unset = UNSET
    case_quantity: Quantity | Unset | None = UNSET
    tracked: bool | Unset = UNSET
    buyable: bool | Unset = UNSET
    sales_units: Annotated[list[SalesUnitGiven], msgspec.Meta(max_length=50)] | Unset = UNSET
    components: Annotated[list[ComponentGiven], msgspec.Meta(max_length=200)] | Unset = UNSET


class SalesUnitSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A unit in which the item is sold."""

    code: UnitCode
    num: Ratio
    den: Ratio
    price: PriceText | None


class ComponentSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a kit."""

    item_id: ItemId
    quantity: QuantityText


class ItemSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An item, with its sales units (the stock unit is not among them) and components."""

    id: Id
    owner_id: EnterpriseId
    sku: Sku
    name: Name
    product: Product
    stock_unit: UnitCode
    weight_grams: QuantityText | None
    price: PriceText
    min_quantity: QuantityText
    max_quantity: QuantityText | None
    multiple_quantity: QuantityText
    case_quantity: QuantityText | None
    tracked: bool
    buyable: bool
    sales_units: list[SalesUnitSeen]
    components: list[ComponentSeen]
    version: Version


class ItemQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which items; `name` is how it begins, in any case."""

    owner_id: EnterpriseId | None = None
    sku: Sku | None = None
    name: (
        Annotated[str, msgspec.Meta(max_length=200, description="How its name begins, in any case.")] | None
    ) = None
    buyable: Annotated[bool, msgspec.Meta(description="Whether it can be bought.")] | None = None


_wanted, _patch = Body(ItemWanted), Body(ItemPatch)


async def create(call: Call) -> Answer:
    """Makes an item."""
    body = await call.read(_wanted)
    command = _put(body, body.id or call.new_id("item"), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/items/{command.item_id}")


async def list_(call: Call) -> Answer:
    """The items that the caller may see."""
    query = call.read_query(ItemQuery)
    wanted = ItemsWanted(
        owner_id=query.owner_id,
        sku=query.sku,
        name=query.name,
        buyable=query.buyable,
        after=paging.read("items", query.cursor, uuid.UUID),
        limit=query.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_items(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("items", rows, query.limit, _seen, lambda item: item.id))


async def get(call: Call) -> Answer:
    """One item."""
    item = await _find(call)
    return versioned(_seen(item), item.version)


async def change(call: Call) -> Answer:
    """Changes some fields of an item."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    seen = {name: value for name, value in _seen(now).items() if name != "version"}
    whole = msgspec.convert(seen, ItemWanted)
    whole = msgspec.structs.replace(whole, **given(patch))
    result = await commands.send(call, _put(whole, now.id, expected_version=expected))
    return commands.reply(call, result)


async def _find(call: Call) -> VersionedItem:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_item(conn, call.org_id, call.authority, call.id())
    if found is None:
        raise not_found("item")
    return found


def _put(body: ItemWanted, id_: uuid.UUID, *, expected_version: int | None) -> PutItem:
    """The command, with all decimals as exact integers. Problem: body_invalid."""
    numbers = Numbers()
    command = PutItem(
        item_id=id_,
        owner_id=body.owner_id,
        sku=body.sku,
        name=body.name,
        product=body.product,
        stock_unit=body.stock_unit,
        weight_mg=_maybe(numbers, "/weight_grams", body.weight_grams),
        price_micros=numbers.price("/price", body.price),
        min_quantity=numbers.quantity("/min_quantity", body.min_quantity, least=0),
        max_quantity=_maybe(numbers, "/max_quantity", body.max_quantity),
        multiple_quantity=numbers.quantity("/multiple_quantity", body.multiple_quantity),
        case_quantity=_maybe(numbers, "/case_quantity", body.case_quantity),
        tracked=body.tracked,
        buyable=body.buyable,
        sales_units=[_unit(numbers, number, unit) for number, unit in enumerate(body.sales_units)],
        components=[
            Component(
                item_id=part.item_id,
                quantity=numbers.quantity(f"/components/{number}/quantity", part.quantity),
            )
            for number, part in enumerate(body.components)
        ],
        expected_version=expected_version,
    )
    numbers.check()
    return command


def _maybe(numbers: Numbers, pointer: str, value: Decimal | None) -> int | None:
    return None if value is None else numbers.quantity(pointer, value)


def _unit(numbers: Numbers, number: int, unit: SalesUnitGiven) -> SalesUnit:
    price = None if unit.price is None else numbers.price(f"/sales_units/{number}/price", unit.price)
    return SalesUnit(code=unit.code, num=unit.num, den=unit.den, price_micros=price)


def _seen(item: VersionedItem) -> dict[str, Any]:
    def text(thousandths: int | None) -> str | None:
        return None if thousandths is None else quantity.text(thousandths)

    units = [unit for code, unit in item.units.items() if code != item.stock_unit]
    return {
        "id": item.id,
        "owner_id": item.owner_id,
        "sku": item.sku,
        "name": item.name,
        "product": item.product,
        "stock_unit": item.stock_unit,
        "weight_grams": text(item.weight_mg),
        "price": money.price_text(item.price_micros),
        "min_quantity": text(item.min_quantity),
        "max_quantity": text(item.max_quantity),
        "multiple_quantity": text(item.multiple_quantity),
        "case_quantity": text(item.case_quantity),
        "tracked": item.tracked,
        "buyable": item.buyable,
        "sales_units": [
            {
                "code": unit.code,
                "num": unit.num,
                "den": unit.den,
                "price": None if unit.price_micros is None else money.price_text(unit.price_micros),
            }
            for unit in units
        ],
        "components": [
            {"item_id": part.item_id, "quantity": text(part.quantity)} for part in item.components
        ],
        "version": item.version,
    }


async def _wishes(call: Call, records: Sequence[ItemWanted]) -> list[Wish | Problem]:
    """A row says what the item with this owner and SKU shall be from now on, so repeating it is harmless."""
    unknown = {(row.owner_id, row.sku) for row in records if row.id is None}
    known: dict[tuple[uuid.UUID, str], uuid.UUID] = {}
    if unknown:
        async with call.parts.database.read(call.org_id) as conn:
            known = await reads.find_skus(conn, call.org_id, call.authority, unknown)
    return [_wish(call, row, known) for row in records]


def _wish(call: Call, row: ItemWanted, known: Mapping[tuple[uuid.UUID, str], uuid.UUID]) -> Wish | Problem:
    id_ = row.id or known.get((row.owner_id, row.sku)) or call.new_id(f"{row.owner_id} {row.sku}")
    try:
        body = _put(row, id_, expected_version=None)
    except Problem as problem:
        return problem
    return Wish(make=lambda _: body, harmless=True)


_READ: dict[str, Any] = {"tag": "items", "permission": "items:read"}
_WRITE: dict[str, Any] = {"tag": "items", "permission": "items:write", "changes": True}
_PROBLEMS = (
    "enterprise_unknown",
    "item_taken",
    "sku_taken",
    "item_unknown",
    "component_is_kit",
    "item_in_kit",
)
OPERATIONS = (
    Operation(
        id="createItem",
        method="POST",
        path="/api/v1/items",
        summary="Make an item",
        endpoint=create,
        body=ItemWanted,
        answer=Made,
        status=201,
        problems=(*_PROBLEMS, "already_exists"),
        **_WRITE,
    ),
    Operation(
        id="listItems",
        method="GET",
        path="/api/v1/items",
        summary="List items",
        endpoint=list_,
        query=ItemQuery,
        answer=Page[ItemSeen],
        **_READ,
    ),
    Operation(
        id="getItem",
        method="GET",
        path="/api/v1/items/{id}",
        summary="Show an item",
        endpoint=get,
        answer=ItemSeen,
        **_READ,
    ),
    Operation(
        id="changeItem",
        method="PATCH",
        path="/api/v1/items/{id}",
        summary="Change an item",
        endpoint=change,
        body=ItemPatch,
        answer=Made,
        needs_version=True,
        problems=_PROBLEMS,
        **_WRITE,
    ),
    Operation(
        id="putItems",
        method="POST",
        path="/api/v1/items:batch",
        summary="Send many items",
        endpoint=Batch(ItemWanted, _wishes),
        rows=ItemWanted,
        answer=RowResult,
        description="A row says what the item of its owner and SKU shall be; sending a file again "
        "changes nothing more.",
        **_WRITE,
    ),
)
