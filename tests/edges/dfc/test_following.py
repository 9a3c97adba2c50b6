"""Ways through a graph: lines of orders, what lines mean, packs that come in cases."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from coster.edges.dfc.client import offers
from coster.edges.dfc.language import following
from coster.edges.dfc.language.parsing import CATALOGUE
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    CatalogItem,
    ConsumptionFlow,
    Offer,
    Order,
    OrderLine,
    Price,
    ProductionFlow,
    Quantity,
    SuppliedProduct,
    Transformation,
)
from coster.edges.dfc.language.writing import graph, write
from tests.edges.dfc.shared import PLATFORMS

A = "https://a.example/"
CAN, CASE = SuppliedProduct(id=f"{A}can"), SuppliedProduct(id=f"{A}case")


def transformed(
    packs: str, cases: str, kind: str | None = "combine", units: tuple[str, str] = ("Piece", "Piece")
) -> list[Transformation]:
    """Cans become cases, or the other way round."""
    pair = [ConsumptionFlow(id=f"{A}in", product=CAN.id, quantity=Quantity(Decimal(packs), units[0])),
            ProductionFlow(id=f"{A}out", product=CASE.id, quantity=Quantity(Decimal(cases), units[1]))]  # fmt: skip
    return [*pair, Transformation(id=f"{A}t", kind=kind, inputs=(f"{A}in",), outputs=(f"{A}out",))]  # type: ignore[list-item]


def test_lines_stand_in_the_order_of_their_order() -> None:
    """Lines that the graph does not hold are left out."""
    lines = [OrderLine(id=f"{A}{n}") for n in (1, 2)]
    order = Order(id=A, lines=(f"{A}2", f"{A}3", f"{A}1"))
    assert following.lines(graph([order, *lines])) == {A: (lines[1], lines[0])}


def test_a_line_means_its_offer_or_what_that_offers() -> None:
    """The offer first, then the product and the item that it offers, then what the item refers to."""
    offer = Offer(id=f"{A}o", item=f"{A}i", product=f"{A}p")
    item = CatalogItem(id=f"{A}i", product=f"{A}q")
    lines = [
        OrderLine(id=f"{A}1", offer=f"{A}o"),
        OrderLine(id=f"{A}2", offer=f"{A}i"),
        OrderLine(id=f"{A}3"),
    ]
    assert following.meanings(graph([offer, item, *lines])) == {
        f"{A}1": (f"{A}o", f"{A}p", f"{A}i", f"{A}q"), f"{A}2": (f"{A}i", f"{A}q"), f"{A}3": (),
    }  # fmt: skip


def test_factors_are_exact_in_both_directions_and_below_one() -> None:
    """Twelve cans in a case, a case of a dozen, two thirds of a wheel in a box, cans taken out of a case."""
    twelve = following.Case(pack=CAN.id, case=CASE.id, factor=Fraction(12))
    assert following.cases(graph(transformed("12", "1"))) == (twelve,)
    assert following.cases(graph(transformed("1", "1", units=("Dozen", "Piece")))) == (twelve,)
    assert following.cases(graph(transformed("2", "3")))[0].factor == Fraction(2, 3)
    assert following.cases(graph(transformed("1", "12", "separate"))) == (
        following.Case(pack=CASE.id, case=CAN.id, factor=Fraction(12)),
    )


def test_senseless_transformations_tell_of_no_cases() -> None:
    """Nothing of nothing, less than nothing, and flows that are not there."""
    for packs, cases in (("0", "1"), ("12", "0"), ("-12", "1")):
        assert following.cases(graph(transformed(packs, cases))) == ()
    assert following.cases(graph(transformed("12", "1")[2:])) == ()


def test_stock_and_price_of_a_pack_follow_from_the_case() -> None:
    """Two cases are twenty-four cans; a case of which there is no end has cans without end, and not minus twelve."""
    offer = Offer(id=f"{A}o", item=f"{A}i", price=Price(Decimal("18.85"), "GBP"))
    item = CatalogItem(id=f"{A}i", product=CASE.id, stock=Decimal(2))
    supply = following.supplies(graph([CAN, CASE, offer, item, *transformed("12", "1")]))[CAN.id]
    assert (supply.ordered, supply.each, supply.stock, supply.unlimited) == (
        CASE.id,
        Fraction(1885, 1200),
        Fraction(24),
        False,
    )
    endless = CatalogItem(id=f"{A}i", product=CASE.id, unlimited=True)
    supply = following.supplies(graph([CAN, CASE, offer, endless, *transformed("12", "1")]))[CAN.id]
    assert (supply.stock, supply.unlimited) == (None, True)


@pytest.mark.parametrize(
    ("told", "kind", "stock"),
    [({"stockLimitation": -1}, "unlimited", None), ({"stockLimitation": "-1"}, "unlimited", None),
     ({"stockLimitation": 0}, "limited", 0), ({"stockLimitation": "2"}, "limited", 24_000), ({}, "unknown", None)],
)  # fmt: skip
def test_weakness_14_no_end_nothing_and_no_word_stay_apart_in_a_case(
    told: dict[str, Any], kind: str, stock: int | None
) -> None:
    """From the document to what is offered: a pack of a case without end is without end, and never minus twelve."""
    case = json.loads(write(graph([SuppliedProduct(id=CAN.id, name="Can"), CASE, *transformed("12", "1")])))
    item = {"@id": f"{A}i", "@type": "dfc-b:CatalogItem", "dfc-b:references": CASE.id}
    case["@graph"].append(item | {f"dfc-b:{name}": value for name, value in told.items()})
    found = {one.product: one for one in offers.offered(read(json.dumps(case)).graph)}
    assert (found[CAN.id].stock_kind, found[CAN.id].stock) == (kind, stock)


def catalogue(file: Path) -> dict[str, following.Supply]:
    """How each product of a catalogue is to be had, by the end of its id."""
    found = following.supplies(read(file.read_bytes(), limits=CATALOGUE).graph)
    return {id_.rpartition("/")[2]: supply for id_, supply in found.items()}


def test_factors_and_prices_of_a_real_catalogue() -> None:
    """Check 7 of dfc.md §6, where the catalogue is at hand."""
    for file in PLATFORMS:
        if file.name == "fdc-catalog.json":
            supply = catalogue(file)
            packs = ("44519466238259", "44519466467635", "44519470924083", "44519468400947")
            vinegar, beans, dulse, chia = (supply[pack] for pack in packs)
            assert [one.factor for one in (vinegar, beans, dulse, chia)] == [6, 12, 10, 1]
            assert beans.ordered.endswith("/44519466500403")
            assert beans.price == Price(Decimal("18.85"), "GBP", Decimal(0))
            assert beans.each == Fraction("18.85") / 12
            assert (beans.stock, beans.unlimited) == (None, True)
            assert (chia.stock, chia.unlimited, chia.ordered) == (None, True, chia.product)
            assert (dulse.stock, dulse.unlimited) == (20, False)
