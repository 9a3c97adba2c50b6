"""Catalogue items, offers, supplied products and product groups of an enterprise: read, and changed as far as items can be."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from coster.domain.catalog import reads as catalog
from coster.domain.catalog.model import ItemsWanted, VersionedItem
from coster.domain.parties import reads as parties
from coster.edges.dfc import examples, goods, pages, serving
from coster.edges.dfc.goods import Shelf
from coster.edges.dfc.iris import product_of
from coster.edges.dfc.language.records import Catalog, CustomerCategory, Record
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found
from coster.engine.db.connect import Connection

_MOST_OF_GROUP: Final = 1000


async def shelf_of(call: Call, conn: Connection, enterprise: uuid.UUID) -> Shelf:
    """The enterprise as whose goods are shown. Problem: not_found."""
    authority = serving.alone(enterprise, "parties:read")
    found = await parties.get_enterprise(conn, call.org_id, authority, enterprise)
    if found is None:
        raise not_found("enterprise")
    return Shelf(iris=serving.iris(call), enterprise_id=enterprise, currency=found.currency)


async def item_of(
    call: Call, conn: Connection, enterprise: uuid.UUID, *, buyable: bool = False
) -> VersionedItem:
    """The item of the path, of the enterprise of the path. Problem: not_found."""
    return await item_by(call, conn, enterprise, call.id("id", "product"), buyable=buyable)


async def item_by(
    call: Call, conn: Connection, enterprise: uuid.UUID, item_id: uuid.UUID, *, buyable: bool = False
) -> VersionedItem:
    """An item of an enterprise; with `buyable` only one that is for sale. Problem: not_found."""
    found = await catalog.get_item(conn, call.org_id, serving.alone(enterprise, "items:read"), item_id)
    if found is None or found.owner_id != enterprise or (buyable and not found.buyable):
        raise not_found("product")
    return found


async def listed(
    call: Call, conn: Connection, enterprise: uuid.UUID, *, page: pages.Page, wanted: ItemsWanted
) -> Sequence[VersionedItem]:
    """One page and one item more of the items of an enterprise."""
    asked = msgspec.structs.replace(
        wanted,
        owner_id=enterprise,
        after=page.after,
        before=page.before,
        backwards=page.backwards,
        limit=page.limit + 1,
    )
    return await catalog.list_items(conn, call.org_id, serving.alone(enterprise, "items:read"), asked)


async def whole(call: Call, conn: Connection, shelf: Shelf, items: Sequence[VersionedItem]) -> list[Record]:
    """Everything that is shown of these items: products with what is told of them, catalogue items with their stock, offers."""
    stock = await goods.available(conn, call.org_id, shelf.enterprise_id, items)
    told = await catalog.details(conn, call.org_id, items)
    return goods.everything(msgspec.structs.replace(shelf, details=told), items, stock)


def _list_of(name: str, wanted: ItemsWanted, leading: Callable[[Shelf, VersionedItem], str]) -> Any:
    """An endpoint for one way to list the goods of an enterprise; whole documents, led by what was asked for."""

    async def endpoint(call: Call) -> Answer:
        enterprise = serving.place(call)
        page = pages.read(call, name, whole=True)
        async with call.parts.database.read(call.org_id) as conn:
            shelf = await shelf_of(call, conn, enterprise)
            rows = await listed(call, conn, enterprise, page=page, wanted=wanted)
            items, headers = page.cut(rows, lambda item: item.id)
            found = await whole(call, conn, shelf, items)
        first = [leading(shelf, item) for item in items]
        made = functools.partial(serving.listing, call, found, first=first, headers=headers)
        return await serving.apart(made, len(items))

    endpoint.__doc__ = f"The {name} of the enterprise, each with its product, its place in the catalogue, its stock and its offer."
    return endpoint


def _one_of(leading: Callable[[Shelf, VersionedItem], str], *, buyable: bool = False) -> Any:
    async def endpoint(call: Call) -> Answer:
        enterprise = serving.place(call)
        async with call.parts.database.read(call.org_id) as conn:
            shelf = await shelf_of(call, conn, enterprise)
            item = await item_of(call, conn, enterprise, buyable=buyable)
            found = await whole(call, conn, shelf, [item])
        headers = [(b"etag", b'"%d"' % item.version)]
        return serving.document(call, found, first=[leading(shelf, item)], headers=headers)

    endpoint.__doc__ = "It, with everything that it refers to."
    return endpoint


def _product(shelf: Shelf, item: VersionedItem) -> str:
    return shelf.iris.product(shelf.enterprise_id, item.id)


def _catalog_item(shelf: Shelf, item: VersionedItem) -> str:
    return shelf.iris.catalog_item(shelf.enterprise_id, item.id)


def _offer(shelf: Shelf, item: VersionedItem) -> str:
    return shelf.iris.offer(shelf.enterprise_id, item.id)


async def list_all_products(call: Call) -> Answer:
    """The supplied products of every enterprise whose products the caller may read, in the order of their ids."""
    scope = serving.demand_somewhere(call, "dfc_products:read")
    page = pages.read(call, "all supplied products", whole=True)
    found: list[Record] = []
    async with call.parts.database.read(call.org_id) as conn:
        authority = serving.of_scope(scope, "items:read", "parties:read")
        owners = scope if scope is None else list(scope)
        wanted = ItemsWanted(
            owners=owners,
            after=page.after,
            before=page.before,
            backwards=page.backwards,
            limit=page.limit + 1,
        )
        rows = await catalog.list_items(conn, call.org_id, authority, wanted)
        items, headers = page.cut(rows, lambda item: item.id)
        for owner in dict.fromkeys(item.owner_id for item in items):
            mine = [item for item in items if item.owner_id == owner]
            found += await whole(call, conn, await shelf_of(call, conn, owner), mine)
    first = [serving.iris(call).product(item.owner_id, item.id) for item in items]
    made = functools.partial(serving.listing, call, found, first=first, headers=headers)
    return await serving.apart(made, len(items))


async def show_catalog(call: Call) -> Answer:
    """The one catalogue of the enterprise, with its items."""
    enterprise = serving.place(call)
    if call.id("id", "catalogue") != enterprise:
        raise not_found("catalogue")
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await shelf_of(call, conn, enterprise)
        everything = pages.Page(list_name="", limit=pages.WHOLE)
        items = await listed(call, conn, enterprise, page=everything, wanted=_BUYABLE)
        found = await whole(call, conn, shelf, items)
    here = shelf.iris.catalog(enterprise)
    catalogue = Catalog(id=here, maintained_by=shelf.iris.enterprise(enterprise))
    made = functools.partial(serving.document, call, [*found, catalogue], first=[here])
    return await serving.apart(made, len(items))


async def show_group(call: Call) -> Answer:
    """What several items are variants of, with these."""
    enterprise = serving.place(call)
    name = product_of(call.parameters["group"])
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await shelf_of(call, conn, enterprise)
        found: Iterable[VersionedItem] = ()
        if name is not None:
            wanted = ItemsWanted(product=name)
            page = pages.Page(list_name="", limit=_MOST_OF_GROUP)
            found = await listed(call, conn, enterprise, page=page, wanted=wanted)
        items = list(found)
        if name is None or not items:
            raise not_found("product group")
        shown = await whole(call, conn, shelf, items)
    return serving.document(call, shown, first=[shelf.iris.group(enterprise, name)])


async def list_categories(call: Call) -> Answer:
    """To whom the enterprise offers something: everybody, and the categories that it has made."""
    enterprise = serving.place(call)
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await shelf_of(call, conn, enterprise)
        categories = await categories_of(call, conn, shelf)
    first = [one.id for one in categories]
    return serving.listing(call, categories, first=first)


async def show_category(call: Call) -> Answer:
    """One category of customers; never who is in it."""
    enterprise = serving.place(call)
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await shelf_of(call, conn, enterprise)
        wanted = shelf.iris.category(enterprise, call.parameters["category"])
        found = [one for one in await categories_of(call, conn, shelf) if one.id == wanted]
    if not found:
        raise not_found("customer category")
    return serving.document(call, found, first=[wanted])


async def categories_of(call: Call, conn: Connection, shelf: Shelf) -> list[CustomerCategory]:
    """The categories of an enterprise, the one of everybody first."""
    enterprise = shelf.enterprise_id
    told = (await parties.profiles(conn, call.org_id, [enterprise])).get(enterprise)
    made = told.profile.categories if told else {}
    return [
        goods.category(shelf),
        *(
            CustomerCategory(
                id=shelf.iris.category(enterprise, name),
                description=text,
                defined_by=shelf.iris.enterprise(enterprise),
            )
            for name, text in sorted(made.items())
        ),
    ]


_BUYABLE: Final = ItemsWanted(buyable=True)
_READ: dict[str, Any] = {
    "method": "GET",
    "permission": "dfc_products:read",
    "answer": dict[str, Any],
    "documents": True,
}
_LIST: dict[str, Any] = {**_READ, "query": pages.PageQuery}
_SOLD: Final = ("currency_not_in_standard",)
_ENTERPRISE: Final = "/api/dfc/Enterprises/{enterprise_id}"

OPERATIONS = (
    Operation(
        id="listCatalogItems",
        path=f"{_ENTERPRISE}/CatalogItems",
        tag="catalogue",
        summary="List catalogue items",
        endpoint=_list_of("catalogue items", _BUYABLE, _catalog_item),
        answer_example=examples.CATALOGUE,
        problems=("page_invalid", *_SOLD),
        **_LIST,
    ),
    Operation(
        id="getCatalogItem",
        path=f"{_ENTERPRISE}/CatalogItems/{{id}}",
        tag="catalogue",
        summary="Show a catalogue item",
        endpoint=_one_of(_catalog_item, buyable=True),
        answer_example=examples.CATALOGUE,
        problems=_SOLD,
        **_READ,
    ),
    Operation(
        id="listOffers",
        path=f"{_ENTERPRISE}/Offers",
        tag="catalogue",
        summary="List offers",
        endpoint=_list_of("offers", _BUYABLE, _offer),
        answer_example=examples.CATALOGUE,
        problems=("page_invalid", *_SOLD),
        **_LIST,
    ),
    Operation(
        id="getOffer",
        path=f"{_ENTERPRISE}/Offers/{{id}}",
        tag="catalogue",
        summary="Show an offer",
        endpoint=_one_of(_offer, buyable=True),
        answer_example=examples.CATALOGUE,
        problems=_SOLD,
        **_READ,
    ),
    Operation(
        id="listSuppliedProducts",
        path=f"{_ENTERPRISE}/SuppliedProducts",
        tag="catalogue",
        summary="List supplied products",
        endpoint=_list_of("supplied products", ItemsWanted(), _product),
        answer_example=examples.CATALOGUE,
        problems=("page_invalid", *_SOLD),
        **_LIST,
    ),
    Operation(
        id="getSuppliedProduct",
        path=f"{_ENTERPRISE}/SuppliedProducts/{{id}}",
        tag="catalogue",
        summary="Show a supplied product",
        endpoint=_one_of(_product),
        answer_example=examples.CATALOGUE,
        problems=_SOLD,
        **_READ,
    ),
    Operation(
        id="listAllSuppliedProducts",
        path="/api/dfc/SuppliedProducts",
        tag="catalogue",
        summary="List supplied products of all enterprises",
        endpoint=list_all_products,
        answer_example=examples.CATALOGUE,
        problems=("page_invalid", *_SOLD),
        **_LIST,
    ),
    Operation(
        id="getCatalog",
        path=f"{_ENTERPRISE}/Catalogs/{{id}}",
        tag="catalogue",
        summary="Show the catalogue",
        endpoint=show_catalog,
        answer_example=examples.CATALOGUE,
        problems=_SOLD,
        **_READ,
    ),
    Operation(
        id="getProductGroup",
        path=f"{_ENTERPRISE}/ProductGroups/{{group}}",
        tag="catalogue",
        summary="Show a product group",
        endpoint=show_group,
        answer_example=examples.CATALOGUE,
        problems=_SOLD,
        parameters={"group": "The group, as a product's `isVariantOf` names it."},
        **_READ,
    ),
    Operation(
        id="listCustomerCategories",
        path=f"{_ENTERPRISE}/CustomerCategories",
        tag="catalogue",
        summary="List customer categories",
        endpoint=list_categories,
        answer_example=examples.CATEGORY,
        **_READ,
    ),
    Operation(
        id="getCustomerCategory",
        path=f"{_ENTERPRISE}/CustomerCategories/{{category}}",
        tag="catalogue",
        summary="Show a customer category",
        endpoint=show_category,
        answer_example=examples.CATEGORY,
        parameters={"category": "The category's short name."},
        **_READ,
    ),
)
