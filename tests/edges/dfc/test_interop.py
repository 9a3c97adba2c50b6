"""The interop suite of the Food Data Collaboration, SER and SCH, by id: its fixtures read, written, and sent to a server."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    Address,
    CatalogItem,
    DeliveryOption,
    Enterprise,
    Offer,
    Order,
    OrderLine,
    PaymentMethod,
    Person,
    PhysicalPlace,
    PickupOption,
    Price,
    Quantity,
    SuppliedProduct,
    Transformation,
)
from coster.edges.dfc.language.writing import Profile, completed, write
from tests.edges.conftest import Server
from tests.edges.dfc.suite import FOLDER, Fred, fixture_of, fred, graph_of, one


@pytest.fixture(scope="module")
async def farm(server: Server) -> Fred:
    """Fred's farm."""
    return await fred(server)


def again(text: str) -> bool:
    """Whether everything that was read comes back after writing, in both vocabularies."""
    graph = graph_of(text)
    return all(read(write(graph, profile=profile)).graph == completed(graph) for profile in Profile)


async def test_ser_001_enterprise_with_its_address(farm: Fred) -> None:
    """All that the full enterprise says is sent and comes back, with the address behind it."""
    text = fixture_of("enterprise/enterprise_full.jsonld")
    assert again(text)
    assert (await farm.send("PUT", "", farm.ours(text))).status_code == 204
    graph = await farm.shown()
    enterprise, address = one(graph, Enterprise), one(graph, Address)
    assert (enterprise.name, enterprise.description) == ("Fred's Farm", "A wonderful organic farm")
    assert (enterprise.emails, enterprise.vat_number) == (("hello@fredsfarm.example",), "123 456")
    assert enterprise.addresses == (address.id,)
    assert (address.street, address.postcode, address.city, address.country) == (
        "42 Doveton Street", "SW1A 1AA", "London", "GB",
    )  # fmt: skip


async def test_ser_002_product_with_quantity_and_unit(farm: Fred) -> None:
    """Made from the document, a hundred grams stay a hundred grams."""
    text = fixture_of("supplied-product/supplied_product_full.jsonld")
    answer = await farm.send("POST", "/SuppliedProducts", farm.ours(text))
    assert answer.status_code == 201, answer.text
    product = one(graph_of((await farm.server.owner.get(answer.headers["location"])).text), SuppliedProduct)
    assert (product.name, product.quantity) == ("Basil Pesto", Quantity(Decimal(100), "Gram"))


async def test_ser_003_item_offer_and_price_hang_together(farm: Fred) -> None:
    """Stock, SKU and price of the fixture are taken and found again along the chain."""
    text = farm.ours(fixture_of("catalog/catalog_item.jsonld"))
    for path in (f"/CatalogItems/{farm.item}", f"/Offers/{farm.item}"):
        assert (await farm.send("PUT", path, text)).status_code == 204
    graph = await farm.shown(f"/CatalogItems/{farm.item}")
    item, offer = one(graph, CatalogItem), one(graph, Offer)
    assert (item.sku, item.stock, offer.item) == ("PESTO-100", Decimal(20), item.id)
    assert offer.price == Price(Decimal("4.95"), "EUR", Decimal(5))
    theirs = one(graph_of(fixture_of("catalog/catalog_item.jsonld")), Offer)
    assert theirs.price == Price(Decimal("4.95"), "GBP", Decimal(5))


def test_ser_004_order_for_pickup() -> None:
    """Its lines as a list, the place behind the option that it selects, the date with its offset."""
    graph = graph_of(fixture_of("order/order_pickup.jsonld"))
    order, option, place = one(graph, Order), one(graph, PickupOption), one(graph, PhysicalPlace)
    assert order.lines == ("http://example.org/api/dfc/orderline/line1",)
    assert (order.shipping, option.place) == (option.id, place.id)
    assert order.placed_at == dt.datetime.fromisoformat("2024-06-01T10:00:00+01:00")
    assert one(graph, OrderLine).quantity == 4
    assert again(fixture_of("order/order_pickup.jsonld"))


def test_ser_005_person() -> None:
    """Names, mail under its other spelling, and where the person lives."""
    person = one(graph_of(fixture_of("person/person.jsonld")), Person)
    assert (person.first_name, person.family_name, person.emails) == (
        "Ali",
        "Khan",
        ("ali.khan@example.org",),
    )
    assert person.addresses == ("http://example.org/api/dfc/Addresses/40000",)


async def test_ser_006_list_of_enterprises(farm: Fred) -> None:
    """Three there, each with an id of its own; ours are whole too."""
    listed = graph_of(fixture_of("enterprise/enterprise_list.jsonld")).of(Enterprise)
    assert [found.id.rpartition("/")[2] for found in listed] == ["10000", "20000", "30000"]
    ours = graph_of((await farm.server.owner.get("/api/dfc/Enterprises")).text).of(Enterprise)
    assert farm.home in {found.id for found in ours}
    assert all(found.id.startswith("http") for found in ours)


async def test_ser_007_round_trip_keeps_truths_and_fields(farm: Fred) -> None:
    """False stays false, zero zero, a lifetime a text: when written, and at the server."""
    text = fixture_of("supplied-product/supplied_product_full.jsonld")
    assert again(text)
    made = await farm.send("POST", "/SuppliedProducts", farm.ours(text))
    there = one(graph_of(made.text), SuppliedProduct)
    sent = one(graph_of(text), SuppliedProduct)
    for name in (
        "description",
        "product_types",
        "certifications",
        "lifetime",
        "alcohol",
        "frozen",
        "refrigerated",
    ):
        assert getattr(there, name) == getattr(sent, name) is not None, name
    assert (there.frozen, there.refrigerated, there.alcohol) == (False, True, Decimal(0))


def test_ser_008_variants_from_both_ends() -> None:
    """What the product calls its variants call it theirs."""
    text = fixture_of("supplied-product/supplied_product_variant.jsonld")
    whole, *variants = graph_of(text).of(SuppliedProduct)
    assert [one.variant_of for one in variants] == [whole.id, whole.id]
    said = {node["@id"]: node for node in json.loads(write(graph_of(text)))["@graph"]}
    assert said[whole.id]["dfc-b:hasVariant"] == [variant.id for variant in variants]
    assert again(text)


def test_ser_009_chain_of_transformation() -> None:
    """From wheat to flour; what the suite calls the kind of it is no concept, and does no harm."""
    text = fixture_of("supplied-product/supplied_product_transformation.jsonld")
    found = one(graph_of(text), Transformation)
    assert [place.rpartition("/")[2] for place in (*found.inputs, *found.outputs)] == ["10002", "10001"]
    assert again(text)


def test_ser_010_order_for_delivery() -> None:
    """To a place with its whole address."""
    graph = graph_of(fixture_of("order/order_delivery.jsonld"))
    option, place, address = one(graph, DeliveryOption), one(graph, PhysicalPlace), one(graph, Address)
    assert (one(graph, Order).shipping, option.place, place.addresses) == (option.id, place.id, (address.id,))
    assert (address.street, address.city, address.postcode, address.country) == (
        "42 Doveton Street", "London", "SW1A 1AA", "GB",
    )  # fmt: skip


def test_ser_011_order_with_payment() -> None:
    """How it is paid, and what that costs."""
    graph = graph_of(fixture_of("order/order_with_payment.jsonld"))
    method = one(graph, PaymentMethod)
    assert one(graph, Order).payment_methods == (method.id,)
    assert (method.kind, method.fee) == ("dfc-b:CardPayment", Price(Decimal("19.8"), "GBP", Decimal(5)))


@pytest.mark.parametrize("name", ["enterprise_full", "enterprise_minimal"])
async def test_sch_001_and_002_full_and_minimal_are_accepted(farm: Fred, name: str) -> None:
    """With all properties and with a name alone."""
    text = fixture_of(f"enterprise/{name}.jsonld").replace("Enterprises/99999", "Enterprises/10000")
    assert (await farm.send("PUT", "", farm.ours(text))).status_code == 204


async def refusal(farm: Fred, method: str, path: str, text: str) -> list[tuple[Any, ...]]:
    """What is wrong with a document that is refused."""
    answer = await farm.send(method, path, text)
    assert (answer.status_code, answer.json()["code"]) == (400, "document_invalid")
    return [(fault["code"], fault["property"], fault["found"]) for fault in answer.json()["faults"]]


async def test_sch_003_price_as_a_text_is_rejected(farm: Fred) -> None:
    """A price is a value with a currency."""
    text = fixture_of("invalid/wrong_type_for_price.jsonld")
    told = await refusal(farm, "PUT", f"/Offers/{farm.item}", farm.ours(text))
    assert told == [("value_malformed", "dfc-b:hasPrice", "19.99")]


async def test_sch_004_missing_context_is_told(farm: Fred) -> None:
    """An error of its own, not an empty document."""
    text = fixture_of("invalid/missing_context.jsonld")
    assert await refusal(farm, "PUT", "", text) == [("context_missing", "", "")]


async def test_sch_005_product_without_a_name_is_refused(farm: Fred) -> None:
    """By the name of what is missing."""
    told = await refusal(
        farm, "POST", "/SuppliedProducts", farm.ours(fixture_of("invalid/missing_required_field.jsonld"))
    )
    assert [(code, name.removeprefix("dfc-b:")) for code, name, _ in told] == [("value_missing", "name")]


def test_sch_006_to_008_concepts_of_types_facets_and_units() -> None:
    """Of the standard's own lists, by their local names; the units that the suite makes up mean those that there are."""
    full = one(graph_of(fixture_of("supplied-product/supplied_product_full.jsonld")), SuppliedProduct)
    assert (full.product_types, full.certifications) == (("processed-vegetable",), ("Organic-AB",))
    assert full.quantity == Quantity(Decimal(100), "Gram")
    packs = graph_of(fixture_of("supplied-product/supplied_product_variant.jsonld")).of(SuppliedProduct)[-1]
    assert packs.quantity == Quantity(Decimal(12), "Package")


def test_the_folder_of_the_suite_is_whole_or_absent() -> None:
    """Where the folder is, each of the fixtures that these tests name is in it, so that none is passed over by a slip."""
    fixtures = sorted(FOLDER.glob("*/*.jsonld"))
    assert len(fixtures) in (0, 19)
