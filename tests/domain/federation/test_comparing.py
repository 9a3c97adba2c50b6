"""A catalogue against what is known of it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coster.domain.federation.model import Candidate, KnownItem, Offered
from coster.domain.federation.rules import comparing

FARM = uuid.uuid4()


def offered(product: str, **more: Any) -> Offered:
    """A product that can be sold."""
    told: dict[str, Any] = {
        "ordered": product,
        "name": product,
        "price": Decimal(1),
        "currency": "EUR",
        **more,
    }
    return Offered(product=product, **told)


def known(one: Offered, **more: Any) -> KnownItem:
    """Its row."""
    told: dict[str, Any] = {
        "item_id": uuid.uuid4(),
        "status": "linked",
        "digest": comparing.digest(one),
        "gone_at": None,
        **more,
    }
    return KnownItem(
        id=uuid.uuid4(), product=one.product, offer="", sku=one.sku, name=one.name, version=1, **told
    )


def test_a_product_is_known_by_its_iri_by_what_it_is_the_same_as_and_by_its_sku() -> None:
    """In that order; two that claim one row are not both it."""
    a, b, c = offered("a"), offered("b"), offered("c", sku="C")
    rows = [known(a), known(b), known(c)]
    new = [a, offered("b2", same_as=("b",)), offered("b3", same_as=("b",)), offered("c2", sku="C")]
    found = comparing.compare(FARM, rows, new, complete=True)
    assert [(pair.offered.product, pair.known and pair.known.product) for pair in found.changed] == [
        ("b2", "b"), ("b3", None), ("c2", "c"),
    ]  # fmt: skip
    assert (found.gone, found.same) == ([], 1)


def test_its_own_iri_counts_before_what_others_are_the_same_as() -> None:
    """A product that is new, and says that it is the same as one that is there, takes nothing from it."""
    b = offered("b")
    found = comparing.compare(FARM, [known(b)], [offered("a", same_as=("b",)), b], complete=True)
    assert [(pair.offered.product, pair.known) for pair in found.changed] == [("a", None)]
    assert (found.gone, found.same) == ([], 1)


def test_a_row_that_stands_for_a_successor_is_not_given_to_who_comes_back() -> None:
    """Its id followed from the product that it was made for; who comes back under that IRI gets a row of its own."""
    moved = msgspec.structs.replace(known(offered("b")), id=comparing.remote_item_id(FARM, "a"))
    found = comparing.compare(FARM, [moved], [offered("a"), offered("b")], complete=True)
    [pair] = found.changed
    assert (pair.offered.product, pair.known, pair.id) == ("a", None, comparing.remote_item_id(FARM, "a", 2))


def test_a_sku_that_several_have_tells_nothing() -> None:
    """Neither of two rows, and neither of two products."""
    rows = [known(offered("a", sku="S")), known(offered("b", sku="S"))]
    found = comparing.compare(FARM, rows, [offered("c", sku="S")], complete=True)
    assert found.changed[0].known is None
    assert found.gone == rows


def test_an_incomplete_catalogue_lets_nothing_go() -> None:
    """What is not in it may be there."""
    assert comparing.compare(FARM, [known(offered("a"))], [], complete=False).gone == []


def test_names_are_compared_without_case_spaces_and_dashes() -> None:
    """A proposal, where exactly one free item has it."""
    one = Candidate(id=uuid.uuid4(), sku="X", name="Green-Pears  ", linked=False)
    pear = offered("p", name="green pears")
    assert comparing.candidate(pear, [one]) == (one, False)
    assert comparing.candidate(pear, [one, one]) == (None, False)
    taken = Candidate(id=one.id, sku="X", name=one.name, linked=True)
    assert comparing.candidate(pear, [taken]) == (None, False)
    assert comparing.candidate(offered("p", sku="X"), [one]) == (one, True)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"name": " "}, "name_missing"),
        ({"price": None}, "price_missing"),
        ({"currency": ""}, "currency_missing"),
        ({"currency": "GBP"}, "currency_differs"),
        ({"num": 2 * 10**9}, "factor_not_usable"),
        ({"den": 2 * 10**9}, "factor_not_usable"),
        ({"price": Decimal(-1)}, "price_not_usable"),
        ({"price": Decimal(10**12)}, "price_not_usable"),
        ({}, ""),
    ],
)
def test_what_cannot_be_sold_here_says_why(more: dict[str, Any], fault: str) -> None:
    """One code each; '' where it can."""
    assert comparing.fault(offered("a", **more), "EUR") == fault


def test_prices_are_rounded_once_half_up() -> None:
    """18.85 / 12 = 1.570833…; the exact one stays with the product."""
    case = offered("can", price=Decimal("18.85"), num=12)
    each = case.each
    assert each is not None
    assert (each * 12, comparing.micros(each)) == (Decimal("18.85"), 1_570_833)
