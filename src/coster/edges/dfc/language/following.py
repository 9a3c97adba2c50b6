"""The ways through a graph that more than one needs: the lines of an order, what a line may mean, and retail packs that come in cases."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec

from coster.edges.dfc.language import concepts
from coster.edges.dfc.language.records import (
    CatalogItem,
    ConsumptionFlow,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    ProductionFlow,
    Quantity,
    SuppliedProduct,
    Transformation,
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`factor` of `pack` come as one of `case`, both products; the factor is exact and may be below one."""

    pack: str
    case: str
    factor: Fraction


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """How a product is to be had: `ordered` is the product to order (itself, or its case), at `price` for one of it.

    `each` is the price for one of the product itself, exact; `stock` is how many of it there are, None where that is unlimited or unknown
    (`unlimited` tells that it was said to be).
    """

    product: str
    ordered: str
    factor: Fraction
    offer: str | None
    price: Price | None
    each: Fraction | None
    stock: Fraction | None
    unlimited: bool


def lines(graph: Graph) -> dict[str, tuple[OrderLine, ...]]:
    """The lines of each order that are in the graph, by the order's id, in its order."""
    by_id = graph.index(OrderLine)
    return {order.id: tuple(by_id[id_] for id_ in order.lines if id_ in by_id) for order in graph.of(Order)}


def meanings(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The ids by which each line says what it counts, by the line's id, the most telling first: its offer, the offered product, the item,
    what that refers to.

    Some servers name an offer otherwise in orders than in their catalogue, so that the first that is known counts (dfc.md §0.7).
    """
    offers, items = graph.index(Offer), graph.index(CatalogItem)
    found: dict[str, tuple[str, ...]] = {}
    for line in graph.of(OrderLine):
        offer = offers.get(line.offer or "", Offer(id=""))
        products = [items[id_].product for id_ in (line.offer, offer.item, offer.product) if id_ in items]
        named = (line.offer, offer.product, offer.item, *products)
        found[line.id] = tuple(dict.fromkeys(id_ for id_ in named if id_))
    return found


def cases(graph: Graph) -> tuple[Case, ...]:
    """What comes in cases, by pack and case: of each planned transformation the one product that goes in and the one that comes out.

    Packs are consumed and the case is produced, unless the transformation says that it separates (dfc.md §1.2). Transformations of several
    products, and those without two quantities above zero, tell of no cases.
    """
    consumed, produced = graph.index(ConsumptionFlow), graph.index(ProductionFlow)
    found = [
        case
        for one in graph.of(Transformation)
        if len(one.inputs) == len(one.outputs) == 1
        if (case := _case(consumed.get(one.inputs[0]), produced.get(one.outputs[0]), one.kind))
    ]
    return tuple(sorted(found, key=lambda case: (case.pack, case.case)))


def supplies(graph: Graph) -> dict[str, Supply]:
    """How each product of the graph is to be had: by its case where the graph tells of exactly one, otherwise as it is.

    Of several offers of a product the first by id counts; of several limits of its stock the least.
    """
    by_pack: dict[str, list[Case]] = {}
    for case in cases(graph):
        by_pack.setdefault(case.pack, []).append(case)
    items: dict[str, list[CatalogItem]] = {}
    for item in graph.of(CatalogItem):
        items.setdefault(item.product or "", []).append(item)
    products = {item.id: item.product for item in graph.of(CatalogItem)}
    offers: dict[str, list[Offer]] = {}
    for offer in graph.of(Offer):
        offers.setdefault(offer.product or products.get(offer.item or "") or "", []).append(offer)

    def supply(product: str) -> Supply:
        known = by_pack.get(product, [])
        case = known[0] if len(known) == 1 else Case(pack=product, case=product, factor=Fraction(1))
        return _supply(case, items.get(case.case, []), offers.get(case.case, []))

    return {product.id: supply(product.id) for product in graph.of(SuppliedProduct)}


def _supply(case: Case, items: list[CatalogItem], offers: list[Offer]) -> Supply:
    limited: list[CatalogItem | Offer] = [*items, *offers]
    limits = [one.stock for one in limited if one.stock is not None]
    offer = offers[0] if offers else None
    price = offer.price if offer else None
    return Supply(
        product=case.pack,
        ordered=case.case,
        factor=case.factor,
        offer=offer.id if offer else None,
        price=price,
        each=Fraction(price.value) / case.factor if price else None,
        stock=Fraction(min(limits)) * case.factor if limits else None,
        unlimited=not limits and any(one.unlimited for one in limited),
    )


def _case(consumed: ConsumptionFlow | None, produced: ProductionFlow | None, kind: str | None) -> Case | None:
    if not (
        consumed
        and produced
        and consumed.product
        and produced.product
        and consumed.quantity
        and produced.quantity
    ):
        return None
    goes_in, comes_out = _pieces(consumed.quantity, produced.quantity)
    if goes_in <= 0 or comes_out <= 0:
        return None
    if kind == "separate":
        return Case(pack=produced.product, case=consumed.product, factor=comes_out / goes_in)
    return Case(pack=consumed.product, case=produced.product, factor=goes_in / comes_out)


def _pieces(one: Quantity, other: Quantity) -> tuple[Fraction, Fraction]:
    """Both quantities as counts of things: a dozen is twelve; units that are no counts stand for one thing each."""
    return _count(one.value, one.unit), _count(other.value, other.unit)


def _count(value: Decimal, unit: str | None) -> Fraction:
    known = concepts.UNITS.get(unit or "")
    return Fraction(value) * (known.factor if known and known.measures == "pieces" else 1)
