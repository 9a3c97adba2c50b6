"""What platforms put on sale and take off it: catalogue items and offers made of products that are there, and dropped again.

One item of ours is a product, its place in the catalogue and its offer. To make one of the last two puts the item on sale; to drop one of
them takes it off, and the product stays: it was ordered, and what was ordered is not forgotten.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec

from coster.domain.catalog.model import PutItem, VersionedItem
from coster.domain.inventory.model import CountStock
from coster.edges.dfc import catalogue, catalogue_changes, describing, examples, serving
from coster.edges.dfc.goods import Shelf
from coster.edges.dfc.language.records import CatalogItem, Offer
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.kernel import ids

_PRODUCTS: Final = frozenset(("SuppliedProducts", "CatalogItems", "Offers"))


async def create_item(call: Call) -> Answer:
    """Puts a product that is there into the catalogue, at the price of an offer in the document or the one that it had.

    201 where it was not for sale before, else 200. A stock that the document tells is set, as when a catalogue item is changed.
    """
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=CatalogItem)
    said = serving.the_one(graph, CatalogItem)
    item, shelf = await _found(call, enterprise, said.product, said.id)
    offers = [one for one in graph.of(Offer) if one.item == said.id or one.product in (said.product, said.id)]
    offer = offers[0] if offers else None
    tracked = item.tracked if said.stock is None and not said.unlimited else not said.unlimited
    changed = msgspec.structs.replace(
        _on_sale(call, item, shelf, offer), sku=said.sku or item.sku, tracked=tracked
    )
    count = (
        None if said.stock is None else await catalogue_changes.counting(call, enterprise, item, said.stock)
    )
    first = shelf.iris.catalog_item(enterprise, item.id)
    sale = _Sale(item=item, changed=changed, offer=offer, count=count, first=first)
    return await _sold(call, sale)


async def create_offer(call: Call) -> Answer:
    """Puts a product that is there on sale at a price. 201 where it was not for sale before, else 200."""
    enterprise = serving.place(call)
    graph = await serving.read_document(call, about=Offer)
    said = serving.the_one(graph, Offer)
    behind = graph.index(CatalogItem).get(said.item or "")
    named = said.item if behind is None or not behind.product else behind.product
    item, shelf = await _found(call, enterprise, said.product or named, said.id)
    changed = _on_sale(call, item, shelf, said)
    first = shelf.iris.offer(enterprise, item.id)
    return await _sold(call, _Sale(item=item, changed=changed, offer=said, first=first))


async def delete(call: Call) -> Answer:
    """Takes it off sale: it can be ordered no more, and the product stays. Orders that have it keep it."""
    enterprise = serving.place(call)
    async with call.parts.database.read(call.org_id) as conn:
        item = await catalogue.item_of(call, conn, enterprise, buyable=True)
    command = msgspec.structs.replace(catalogue_changes.as_it_is(call, item), buyable=False)
    return serving.done(call, await commands.send(call, command))


async def _found(
    call: Call, enterprise: uuid.UUID, named: str | None, node: str
) -> tuple[VersionedItem, Shelf]:
    """The item of the path, or of the product that the document names. Problems: document_invalid, not_found."""
    id_ = call.id("id", "product") if "id" in call.parameters else None
    told = serving.iris(call).read(named) if named else None
    if id_ is None and told is not None and told.collection in _PRODUCTS and told.enterprise_id == enterprise:
        id_ = told.id
    if id_ is None:
        accepted = "a supplied product of this enterprise is accepted"
        raise serving.invalid([serving.fault("references", accepted, node=node, found=named or "")])
    async with call.parts.database.read(call.org_id) as conn:
        shelf = await catalogue.shelf_of(call, conn, enterprise)
        return await catalogue.item_by(call, conn, enterprise, id_), shelf


def _on_sale(call: Call, item: VersionedItem, shelf: Shelf, offer: Offer | None) -> PutItem:
    """The item for sale. Problem: document_invalid, where neither the document nor the item has a price."""
    price = catalogue_changes.price_of(offer, shelf.currency) if offer else None
    if price is None and not item.price_micros:
        raise serving.invalid([serving.fault("hasPrice", "what is for sale has a price")])
    return msgspec.structs.replace(
        catalogue_changes.as_it_is(call, item),
        price_micros=item.price_micros if price is None else price,
        buyable=True,
    )


class _Sale(msgspec.Struct, frozen=True, kw_only=True):
    """An item, what it becomes, what the document offers it at and counts of it, and the address of what was made."""

    item: VersionedItem
    changed: PutItem
    offer: Offer | None
    first: str
    count: CountStock | None = None


async def _sold(call: Call, sale: _Sale) -> Answer:
    result = await commands.send(call, sale.changed)
    if shown := serving.preview(call, result):
        return shown
    if sale.count is not None:
        second = ids.derived(call.command_id, "count")
        serving.accepted(await commands.send_as(call, second, sale.count, fingerprint=b"count"))
    old = await describing.now(call, sale.item)
    await describing.keep(call, sale.item.id, describing.told(None, sale.offer, old), old=old)
    status = 200 if sale.item.buyable else 201
    return await catalogue_changes.as_made(call, sale.item.id, result, first=sale.first, status=status)


_ENTERPRISE: Final = "/api/dfc/Enterprises/{enterprise_id}"
_PROBLEMS: Final = ("version_conflict", "item_unknown", "not_same_enterprise")
_MAKING: Final = (
    *_PROBLEMS, "document_invalid", "sku_taken", "currency_fixed", "currency_not_in_standard", "stock_places_several",
    "position_unknown", "count_outdated",
)  # fmt: skip
_WRITE: dict[str, Any] = {
    "permission": "dfc_products:write",
    "tag": "catalogue",
    "changes": True,
    "documents": True,
}
_NEW: dict[str, Any] = {
    **_WRITE, "method": "POST", "status": 201, "body": dict[str, Any], "answer": dict[str, Any],
    "answer_example": examples.CATALOGUE, "problems": _MAKING,
}  # fmt: skip
_ROWS: Final = (
    ("createCatalogItem", "CatalogItems", "Put a product into the catalogue", create_item),
    ("createCatalogItemOf", "CatalogItems/{id}", "Put this product into the catalogue", create_item),
    ("createOffer", "Offers", "Put a product on sale", create_offer),
)
_WITH_OFFER: Final[dict[str, Any]] = {"with_offer": examples.CATALOGUE_ITEM}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "createCatalogItem": _WITH_OFFER,
    "createCatalogItemOf": _WITH_OFFER,
    "createOffer": {"with_price": examples.OFFER},
}
OPERATIONS: Final = (
    *(
        Operation(id=id_, path=f"{_ENTERPRISE}/{path}", summary=summary, endpoint=endpoint, **_NEW)
        for id_, path, summary, endpoint in _ROWS
    ),
    *(
        Operation(
            id=f"delete{one}", method="DELETE", path=f"{_ENTERPRISE}/{one}s/{{id}}", summary=summary, endpoint=delete,
            status=204, problems=_PROBLEMS, **_WRITE,
        )
        for one, summary in (("CatalogItem", "Take out of the catalogue"), ("Offer", "Take off sale"))
    ),
)  # fmt: skip
