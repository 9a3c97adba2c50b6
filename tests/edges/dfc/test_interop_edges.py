"""The interop suite of the Food Data Collaboration, EDG, by id: what lies at the edge of what platforms send."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    Address,
    CatalogItem,
    Enterprise,
    Offer,
    Order,
    OrderLine,
    PhysicalPlace,
    Record,
    SuppliedProduct,
    TemperatureRange,
)
from coster.edges.dfc.language.writing import graph, write
from tests.edges.conftest import Server
from tests.edges.dfc.bodies import A, document
from tests.edges.dfc.suite import Fred, fixture_of, fred, graph_of, one
from tests.edges.dfc.supplier import jean


@pytest.fixture(scope="module")
async def farm(server: Server) -> Fred:
    """Fred's farm."""
    return await fred(server)


def said(name: str, **changes: Any) -> str:
    """A fixture of one node with other values."""
    return json.dumps(
        {**json.loads(fixture_of(name)), **{f"dfc-b:{key}": value for key, value in changes.items()}}
    )


FULL = "supplied-product/supplied_product_full.jsonld"
OFFER = "offer/offer_with_price.jsonld"


def test_edg_001_one_iri_or_a_list_of_one() -> None:
    """An order has the same line whether it stands alone or in an array."""
    text = fixture_of("order/order_pickup.jsonld")
    alone = text.replace(
        '["http://example.org/api/dfc/orderline/line1"]', '"http://example.org/api/dfc/orderline/line1"'
    )
    assert alone != text
    assert graph_of(alone) == graph_of(text)


@pytest.mark.parametrize(
    "value", [4.95, "4.95", "4.950", {"@value": "4.95", "@type": "http://www.w3.org/2001/XMLSchema#decimal"}]
)
async def test_edg_002_prices_are_exact_however_they_are_said(farm: Fred, value: Any) -> None:
    """As number, text or typed; at the server it is 4.95 and not a hair more."""
    price = {"@type": "dfc-b:Price", "dfc-b:value": value, "dfc-b:hasUnit": "dfc-m:Euro"}
    assert (
        await farm.send("PUT", f"/Offers/{farm.item}", farm.ours(said(OFFER, hasPrice=price)))
    ).status_code == 204
    text = (await farm.server.owner.get(f"{farm.home}/Offers/{farm.item}")).text
    assert '"dfc-b:value":"4.95"' in text


def test_edg_003_base_and_relative_ids() -> None:
    """Both name the same node."""
    whole = json.loads(fixture_of("enterprise/enterprise_minimal.jsonld"))
    base = [whole["@context"], {"@base": "http://example.org/api/dfc/Enterprises/"}]
    assert graph_of(json.dumps({**whole, "@context": base, "@id": "99999"})) == graph_of(json.dumps(whole))


async def test_edg_004_a_place_to_be_filled_is_never_an_address(farm: Fred) -> None:
    """`#` is taken when something is made; what is stored and shown has an id of ours."""
    text = fixture_of(FULL).replace(
        "http://example.org/api/dfc/Enterprises/10000/SuppliedProducts/10001", "#"
    )
    made = await farm.send("POST", "/SuppliedProducts", text)
    assert made.status_code == 201
    product = one(graph_of(made.text), SuppliedProduct)
    assert product.id == made.headers["location"]
    listed = await farm.shown("/SuppliedProducts")
    assert all("#" not in record.id for record in listed.records)


async def test_edg_005_address_inside_or_by_its_iri(farm: Fred) -> None:
    """An enterprise with its address nested is the same as with one that stands beside it."""
    whole = json.loads(farm.ours(fixture_of("enterprise/enterprise_full.jsonld")))
    enterprise, address = whole["@graph"]
    inside = {"@context": whole["@context"], **enterprise, "dfc-b:hasAddress": address}
    for body in (whole, inside):
        assert (await farm.send("PUT", "", json.dumps(body))).status_code == 204
        assert one(await farm.shown(), Address).city == "London"
    place = one(graph_of(fixture_of("order/order_pickup.jsonld")), PhysicalPlace)
    assert len(place.addresses) == 1


@pytest.mark.parametrize(
    "value", [True, "true", {"@value": "true", "@type": "http://www.w3.org/2001/XMLSchema#boolean"}]
)
async def test_edg_006_truths_as_values_and_as_words(farm: Fred, value: Any) -> None:
    """Frozen is frozen, also at the server."""
    made = await farm.send("POST", "/SuppliedProducts", farm.ours(said(FULL, frozen=value)))
    assert one(graph_of(made.text), SuppliedProduct).frozen is True


@pytest.mark.parametrize(("least", "most"), [(2, 8), (-18, -15), ("-18.5", 0)])
def test_edg_007_temperatures_from_below_zero(least: Any, most: Any) -> None:
    """The range is kept with its signs, in whatever unit it is said."""
    told = {
        "@type": "dfc-b:Temperature",
        "dfc-b:hasUnit": "dfc-m:Celsius",
        "dfc-b:minValue": least,
        "dfc-b:maxValue": most,
    }
    product = one(graph_of(said(FULL, hasTemperature=told)), SuppliedProduct)
    assert product.temperature == TemperatureRange(Decimal(str(least)), Decimal(str(most)), "Celsius")


def test_edg_008_dates_keep_their_offset() -> None:
    """Ten o'clock in London in June stays ten o'clock with an hour's offset, read and written."""
    placed = one(graph_of(fixture_of("order/order_pickup.jsonld")), Order).placed_at
    assert placed is not None
    assert placed.isoformat() == "2024-06-01T10:00:00+01:00"
    assert b'"2024-06-01T10:00:00+01:00"' in write(graph([Order(id=f"{A}orders/1", placed_at=placed)]))


def test_edg_009_the_same_thing_elsewhere_is_kept() -> None:
    """`owl:sameAs` is read and written."""
    text = json.dumps({
        **json.loads(fixture_of("enterprise/enterprise_minimal.jsonld")),
        "http://www.w3.org/2002/07/owl#sameAs": {"@id": "https://other.example/e/1"},
    })  # fmt: skip
    found = graph_of(text)
    assert one(found, Enterprise).same_as == ("https://other.example/e/1",)
    assert read(write(found)).graph == found


def test_edg_010_an_empty_graph_is_an_empty_collection() -> None:
    """No records, and no fault."""
    assert graph_of(document()).records == ()
    assert json.loads(write(graph([])))["@graph"] == []


def test_edg_011_nothing_in_theory_is_zero() -> None:
    """`totalTheoreticalStock` 0.0 is a number and not nothing said."""
    assert one(graph_of(said(FULL, totalTheoreticalStock=0.0)), SuppliedProduct).total_stock == Decimal(0)
    assert one(graph_of(said(FULL)), SuppliedProduct).total_stock == Decimal(50)


async def test_edg_012_sold_out_is_not_unlimited(farm: Fred) -> None:
    """A limit of zero is shown as zero; who says nothing of it changes nothing."""
    path = f"/CatalogItems/{farm.item}"
    text = farm.ours(fixture_of("catalog/catalog_item.jsonld"))
    stocks = []
    for limit in (0, 20):
        body = text.replace('"dfc-b:stockLimitation": 20', f'"dfc-b:stockLimitation": {limit}')
        assert (await farm.send("PUT", path, body)).status_code == 204
        stocks.append(one(await farm.shown(path), CatalogItem).stock)
    assert stocks == [Decimal(0), Decimal(20)]


async def test_edg_013_an_iri_with_spaces_is_told(farm: Fred) -> None:
    """With the node, the property, and what was found there."""
    refused = await farm.send(
        "POST", "/SuppliedProducts", farm.ours(fixture_of("invalid/malformed_iri.jsonld"))
    )
    assert refused.status_code == 400
    (fault,) = refused.json()["faults"]
    assert (fault["code"], fault["property"]) == ("iri_malformed", "dfc-b:supplies")
    assert " with spaces" in fault["found"]


@pytest.mark.parametrize("token", [None, "coster_1_wrong", "a.b.c"])
async def test_edg_014_without_a_good_token_there_is_no_data(farm: Fred, token: str | None) -> None:
    """401, and not a word of the farm."""
    for path in ("", "/SuppliedProducts", "/CatalogItems", "/Offers", "/Orders"):
        answer = await farm.server.client(token).get(farm.home + path)
        assert answer.status_code == 401
        assert not any(word in answer.text for word in ("Fred", "Pesto", farm.item))


async def test_edg_015_one_concept_on_two_platforms(farm: Fred) -> None:
    """The same type of product is one concept at both: neither makes an id of its own for it."""
    shop = await jean(farm.server, carrots="1")
    there = Fred(farm.server, shop.id, shop.items["carrots"])
    types = []
    for place in (farm, there):
        made = await place.send("POST", "/SuppliedProducts", place.ours(fixture_of(FULL)))
        types.append(one(graph_of(made.text), SuppliedProduct).product_types)
    assert types == [("processed-vegetable",)] * 2


def test_nothing_of_the_suite_is_left_unread() -> None:
    """Lines and offers of its orders are the numbers that stand there."""
    lines = graph_of(fixture_of("order/order_delivery.jsonld")).of(OrderLine)
    offer = one(graph_of(fixture_of("offer/offer_with_customer_category.jsonld")), Offer)
    told: list[Record] = [*lines, offer]
    assert len(told) == 2
    assert (lines[0].quantity, lines[0].offer, offer.stock) == (Decimal(2), offer.id, Decimal(15))
