"""A graph to what can be ordered: each product with its price, its stock, and the case in which it comes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import msgspec

from coster.domain.federation.model import Offered, StockKind
from coster.edges.dfc.language import concepts, following, identifiers
from coster.edges.dfc.language.following import Supply
from coster.edges.dfc.language.records import CatalogItem, Graph, Quantity, Record, SuppliedProduct
from coster.edges.dfc.language.writing import graph as settled
from coster.kernel import quantity as quantities

_SCALE: Final = 1000
_MILLIGRAMS: Final = 1_000_000
_MEASURED: Final = frozenset({"mass", "volume", "length"})
_PIECE: Final = "piece"
_LONGEST_UNIT: Final = 40


def offered(catalogue: Graph) -> list[Offered]:
    """The products of a catalogue by IRI, each with how it is to be had; those without item, offer or case are only mentioned there."""
    supplies = following.supplies(catalogue)
    products = catalogue.index(SuppliedProduct)
    items: dict[str, CatalogItem] = {}
    for item in catalogue.of(CatalogItem):
        items.setdefault(item.product or "", item)
    return [
        _offered(products, items, supplies[id_])
        for id_ in sorted(products)
        if supplies[id_].offer is not None or supplies[id_].ordered in items
        if not identifiers.is_placeholder(id_)
    ]


def _offered(products: dict[str, SuppliedProduct], items: dict[str, CatalogItem], supply: Supply) -> Offered:
    product = products[supply.product]
    unit, least, weight = _unit(product.quantity)
    ordered = products.get(supply.ordered)
    item = items.get(supply.ordered)
    own = items.get(supply.product)
    kind, stock = _stock(supply)
    price = supply.price
    return Offered(
        product=product.id,
        same_as=product.same_as,
        ordered=supply.ordered,
        offer=_named(supply.offer),
        catalog_item=_named(item.id if item else None),
        sku=(own.sku or "").strip() if own else "",
        name=" ".join((product.name or "").split()),
        unit=unit,
        weight_mg=weight,
        num=supply.factor.numerator,
        den=supply.factor.denominator,
        least=least,
        step=_unit(ordered.quantity if ordered else None)[1],
        price=price.value if price else None,
        currency=(price.currency or "") if price else "",
        vat_rate=price.vat_rate if price else None,
        stock_kind=kind,
        stock=stock,
    )


def _named(id_: str | None) -> str:
    """An id that means something outside of its document."""
    return "" if id_ is None or identifiers.is_placeholder(id_) else id_


def _stock(supply: Supply) -> tuple[StockKind, int | None]:
    if supply.stock is not None:
        # More than can be counted is as much as can be.
        return "limited", min(math.floor(supply.stock * _SCALE), quantities.LIMIT - 1)
    return ("unlimited", None) if supply.unlimited else ("unknown", None)


def _unit(quantity: Quantity | None) -> tuple[str, int, int | None]:
    """The word for what is counted or measured, the finest part of it that is sold, and what one weighs in milligrams.

    A kilogram of something is measured; half a kilogram of it is a piece that weighs half a kilogram.
    """
    known = concepts.UNITS.get(quantity.unit or "") if quantity else None
    if quantity is None or known is None or quantity.value <= 0:
        return _PIECE, _SCALE, None
    weight = Fraction(quantity.value) * known.factor * _MILLIGRAMS if known.measures == "mass" else None
    told = weight is not None and weight.denominator == 1 and weight < quantities.LIMIT
    milligrams = int(weight) if weight is not None and told else None
    if quantity.value != 1 or known.measures == "pieces":
        return _PIECE, _SCALE, milligrams
    return known.word[:_LONGEST_UNIT], 1 if known.measures in _MEASURED else _SCALE, milligrams


def merged(graphs: Iterable[Graph]) -> Graph:
    """Pages as one graph: of a record that several of them speak of, all that any of them says; the first word counts."""
    by_id: dict[str, Record] = {}
    for page in graphs:
        for record in page.records:
            known = by_id.get(record.id)
            by_id[record.id] = record if known is None else _joined(known, record)
    return settled(by_id.values())


def _joined(one: Record, other: Record) -> Record:
    if type(one) is not type(other) or one == other:
        return one
    more: dict[str, Any] = {}
    for name in one.__struct_fields__:
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, tuple):
            more[name] = tuple(dict.fromkeys((*ours, *theirs)))
        elif ours is None:
            more[name] = theirs
    return msgspec.structs.replace(one, **more)
