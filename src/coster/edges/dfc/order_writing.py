"""An order written straight from its rows, in the words of 1.x: byte for byte what the writer of records gives, in an eighth of its time.

An order's document always has the same shape, so nothing has to be looked up, completed or turned round. Where ids of others might be
ids of ours the records are written instead. tests/edges/dfc/test_order_writing.py compares the two.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from coster.domain.supplying.model import SuppliedLine, SuppliedOrder
from coster.edges.dfc import order_documents
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import concepts, contexts, dates, identifiers, numbers, writing
from coster.kernel import ids, money, quantity

Json = dict[str, Any]
_encode: Final = msgspec.json.Encoder().encode


def write(iris: Iris, order: SuppliedOrder) -> bytes:
    """The document of one order, the order first."""
    session = order_documents.session_of(iris, order)
    buyer = order.hub_iri or iris.enterprise(order.hub_id)
    named = {session.id, buyer, iris.enterprise(order.producer_id)}
    foreign = [one for one in (order.hub_iri, order.session_iri) if one]
    if len(named) < 3 or any(one.startswith(iris.base) or identifiers.is_malformed(one) for one in foreign):
        return _by_records(iris, order)
    made = _Writing(iris, order, session.id, buyer)
    when: Json = {"@id": session.id, "@type": "dfc-b:SaleSession"}
    if session.starts_at is not None:
        when["dfc-b:beginDate"] = when["dfc-b:startDate"] = dates.text(session.starts_at)
    if session.ends_at is not None:
        when["dfc-b:endDate"] = dates.text(session.ends_at)
    when["dfc-b:holds"] = made.iri
    nodes = [made.order(), *made.lines(), when, *made.goods(), *made.enterprises()]
    return _encode({"@context": contexts.URL_1, "@graph": nodes})


def _by_records(iris: Iris, order: SuppliedOrder) -> bytes:
    records = order_documents.records(iris, [order])
    return writing.write(writing.graph(records), first=[order_documents.order_iri(iris, order)])


class _Goods(NamedTuple):
    """A line, with its item's id as text, and the addresses of itself and of what it is about."""

    line: SuppliedLine
    id: str
    iri: str
    offer: str
    item: str
    product: str


class _Writing:
    """One order, with what its nodes share."""

    def __init__(self, iris: Iris, order: SuppliedOrder, session: str, buyer: str) -> None:
        self._order = order
        self._session, self._buyer = session, buyer
        self.seller = iris.enterprise(order.producer_id)
        self.iri = order_documents.order_iri(iris, order)
        self._lines = [self._about(line) for line in order.lines]
        # In the order of the writer of records, which sorts ids by the numbers in them.
        self._sorted = sorted(self._lines, key=lambda one: identifiers.natural(one.id))

    def order(self) -> Json:
        """The order itself."""
        order, discount = self._order, self._order.notes.get("discount")
        made: Json = {
            "@id": self.iri, "@type": "dfc-b:Order", "dfc-b:orderNumber": ids.short(order.id),
            "dfc-b:date": dates.text(order.placed_at), "dfc-b:hasOrderStatus": f"dfc-v:{order.order_status}",
            "dfc-b:hasFulfilmentStatus": f"dfc-v:{order.fulfilment_status}",
            "dfc-b:hasPaymentStatus": f"dfc-v:{order.payment_status}", "dfc-b:belongsTo": self._session,
            "dfc-b:orderedBy": self._buyer, "dfc-b:soldBy": self.seller,
        }  # fmt: skip
        if discount is not None:
            made["dfc-b:discount"] = numbers.text(Decimal(discount))
        if order.lines:
            made["dfc-b:hasPart"] = _alone([one.iri for one in self._lines])
        return made

    def lines(self) -> list[Json]:
        """Its lines, in its order."""
        return [self._of_line(one) for one in self._lines]

    def _of_line(self, one: _Goods) -> Json:
        line = one.line
        made: Json = {
            "@id": one.iri, "@type": "dfc-b:OrderLine", "dfc-b:partOf": self.iri,
            "dfc-b:concerns": one.offer, "dfc-b:quantity": quantity.text(line.quantity),
            "dfc-b:hasPrice": _price(line.price_micros, self._order.currency),
        }  # fmt: skip
        if line.discount is not None:
            made["dfc-b:discount"] = numbers.text(Decimal(line.discount))
        return made

    def goods(self) -> list[Json]:
        """Offers, then items, then products."""
        currency = self._order.currency
        offers = [
            {
                "@id": one.offer, "@type": "dfc-b:Offer", "dfc-b:offers": one.item, "dfc-b:offeredItem": {"@id": one.product},
                "dfc-b:hasPrice": _price(one.line.price_micros, currency), "dfc-b:concernedBy": one.iri,
            }
            for one in self._sorted
        ]  # fmt: skip
        items = [
            {
                "@id": one.item, "@type": "dfc-b:CatalogItem", "dfc-b:references": one.product, "dfc-b:managedBy": self.seller,
                "dfc-b:offeredThrough": one.offer,
            }
            for one in self._sorted
        ]  # fmt: skip
        products = [
            {
                "@id": one.product, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": one.line.name,
                "dfc-b:hasQuantity": _unit(one.line.unit), "dfc-b:suppliedBy": self.seller, "dfc-b:referencedBy": one.item,
            }
            for one in self._sorted
        ]  # fmt: skip
        return [*offers, *items, *products]

    def enterprises(self) -> list[Json]:
        """Who sells and who buys."""
        seller: Json = {
            "@id": self.seller,
            "@type": "dfc-b:Enterprise",
            "dfc-b:name": self._order.producer_name,
        }
        if self._sorted:
            seller["dfc-b:manages"] = _alone([one.item for one in self._sorted])
        seller["dfc-b:sells"] = self.iri
        if self._sorted:
            seller["dfc-b:supplies"] = _alone([one.product for one in self._sorted])
        buyer = {
            "@id": self._buyer, "@type": "dfc-b:Enterprise", "dfc-b:name": self._order.hub_name, "dfc-b:orders": self.iri,
        }  # fmt: skip
        both = [seller, buyer]
        return sorted(both, key=lambda one: identifiers.natural(one["@id"]))

    def _about(self, line: SuppliedLine) -> _Goods:
        id_, seller = str(line.item_id), self.seller
        return _Goods(
            line, id_, f"{self.iri}/orderLines/{id_}", f"{seller}/Offers/{id_}", f"{seller}/CatalogItems/{id_}",
            f"{seller}/SuppliedProducts/{id_}",
        )  # fmt: skip


@functools.lru_cache(maxsize=8192)
def _price(micros: int, currency: str) -> Json:
    made = {"@type": "dfc-b:Price", "dfc-b:value": numbers.text(Decimal(money.price_text(micros)))}
    if currency in concepts.CURRENCY_CONCEPTS:
        made["dfc-b:hasUnit"] = f"dfc-m:{concepts.CURRENCY_CONCEPTS[currency]}"
    return made


@functools.lru_cache(maxsize=512)
def _unit(word: str) -> Json:
    unit = order_documents.unit_of(word).unit
    return {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": "1", "dfc-b:hasUnit": f"dfc-m:{unit}"}


def _alone(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
