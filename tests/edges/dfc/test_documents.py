"""Documents of others, where they are at hand: each is read without a fault, or with exactly those that are its point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import rdflib
import rdflib.compare
import yaml
from pyld import jsonld

from coster.edges.dfc.language import contexts, demands
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.reading import Reading, read
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
    SuppliedProduct,
    Transformation,
)
from coster.edges.dfc.language.writing import Profile, completed, write
from tests.edges.dfc.shared import DESCRIPTIONS, DOCUMENTS, PLATFORMS, SAMPLES, SUITE

# What is wrong on purpose: code, property, what was found.
WRONG = {
    "malformed_iri.jsonld": [
        (
            "iri_malformed",
            "dfc-b:supplies",
            "http://example.org/api/dfc/Enterprises/10000/SuppliedProducts with spaces",
        )
    ],
    "missing_context.jsonld": [("context_missing", "", "")],
    "wrong_type_for_price.jsonld": [("value_malformed", "dfc-b:hasPrice", "19.99")],
}
# Documents that say what is read and never written: two quantities, a unit on a line, stock below zero.
READ_ONLY = {
    "fdc-catalog.json", "canonical-order-response-numbers-and-hasQuantity.json", "ts-10-stock-zero-absent-minus-one.json",
    "ts-16-put-after-reading-numbers-and-hasQuantity.json",
}  # fmt: skip


def named(files: list[Path], name: str) -> dict[str, Reading]:
    """Readings of the files whose name begins so, by name."""
    return {file.name: read(file.read_bytes()) for file in files if file.name.startswith(name)}


def test_each_document_has_the_faults_that_it_should_have() -> None:
    """All samples, all of the interop suite, and what platforms send."""
    for file in DOCUMENTS:
        faults = [(fault.code, fault.property_, fault.found) for fault in read(file.read_bytes()).faults]
        assert faults == WRONG.get(file.name, []), file.name


def examples(value: Any) -> Iterator[Any]:
    """The documents that a description of an API shows: whatever has a context."""
    if isinstance(value, dict) and "@context" in value:
        yield value
    else:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for one in inner:
            yield from examples(one)


def test_examples_of_descriptions_are_read() -> None:
    """Checks 16 and 17: what OFN, the sample API and INRAE show; only a place that is called `Our Fantastic Farm Gate` is no id."""
    for file in DESCRIPTIONS:
        shown = list(examples(yaml.safe_load(file.read_text("utf-8"))))
        faults = {
            (fault.property_, fault.found)
            for one in shown
            for fault in read(json.dumps(one, default=str)).faults
        }
        assert faults == (
            {("dfc-b:pickedUpAt", "Our Fantastic Farm Gate")}
            if file.name == "dfc-api-doc-dfc.yaml"
            else set()
        )


def test_each_document_survives_writing_and_reading() -> None:
    """What was read comes back, in both vocabularies, and a second time in the same bytes."""
    for file in DOCUMENTS:
        graph = read(file.read_bytes()).graph
        for profile in Profile:
            again = read(write(graph, profile=profile))
            assert again.faults == ()
            assert write(again.graph, profile=profile) == write(graph, profile=profile)
            if file.name not in READ_ONLY:
                assert again.graph == completed(graph), file.name


def test_each_document_means_the_same_under_every_context() -> None:
    """Check 12: one model, whichever of the known contexts a document names."""
    known = [
        contexts.URL_1,
        contexts.URL_2,
        "https://www.datafoodconsortium.org",
        "https://w3id.org/dfc/ontology/context/context_1.16.0.json",
    ]
    for file in DOCUMENTS:
        document = json.loads(file.read_text("utf-8"))
        if isinstance(document.get("@context"), str):
            readings = [read(json.dumps({**document, "@context": url}).encode()) for url in known]
            assert [reading.graph for reading in readings] == [readings[0].graph] * len(known), file.name


def test_rdflib_and_pyld_agree_on_each_document() -> None:
    """Check 24, with our context for both."""
    for file in DOCUMENTS:
        document = json.loads(file.read_text("utf-8"))
        if isinstance(document.get("@context"), str) and file.name not in WRONG:
            ours = contexts.answer(document["@context"])["document"]["@context"]
            inlined = {**document, "@context": [ours, {"@base": "https://base.example/"}]}
            quads = jsonld.to_rdf(
                inlined, {"documentLoader": contexts.answer, "format": "application/n-quads"}
            )
            theirs = rdflib.Graph().parse(data=json.dumps(inlined), format="json-ld")
            assert rdflib.compare.isomorphic(rdflib.Graph().parse(data=quads, format="nt"), plain(theirs)), (
                file.name
            )


def plain(graph: rdflib.Graph) -> rdflib.Graph:
    """Numbers as pyld writes them: doubles in the canonical form of JSON-LD, where rdflib keeps the digits of Python."""
    made = rdflib.Graph()
    for subject, name, value in graph:
        if isinstance(value, rdflib.Literal) and value.datatype in (rdflib.XSD.double, rdflib.XSD.integer):
            quads = jsonld.to_rdf(
                {"https://x.example/y": json.loads(str(float(value)))}, {"format": "application/n-quads"}
            )
            value = next(iter(rdflib.Graph().parse(data=quads, format="nt").objects()))  # noqa: PLW2901 - the same value, written otherwise
        made.add((subject, name, value))
    return made


def test_orders_of_connectors_are_read() -> None:
    """The order that hubs create, complete and cancel, with everything that it says."""
    for reading in named(SAMPLES, "ts-03").values():
        (order,) = reading.graph.of(Order)
        statuses = (order.order_status, order.fulfilment_status, order.payment_status)
        assert statuses == (OrderStatus.HELD, FulfilmentStatus.HELD, PaymentStatus.UNPAID)
        assert [(line.quantity, line.price and line.price.value) for line in reading.graph.of(OrderLine)] == [
            (Decimal(6), Decimal("2.4")),
            (Decimal("0.5"), Decimal("2.4")),
        ]
    for reading in named(SAMPLES, "ts-05").values():
        assert reading.graph.of(Order)[0].order_status is OrderStatus.CANCELLED


def test_a_put_after_reading_numbers_tells_both_quantities() -> None:
    """Check 3: the client has set 8, and carries along the 6 that it was shown; a client that was shown texts says only 8."""
    for reading in named(SAMPLES, "ts-16").values():
        told = [(line.quantity, line.other_quantity) for line in reading.graph.of(OrderLine)]
        assert told == [(Decimal(8), Decimal(6)), (Decimal("0.5"), None), (Decimal(2), None)]
    for reading in named(SAMPLES, "ts-17").values():
        first = reading.graph.of(OrderLine)[0]
        assert (first.quantity, first.other_quantity) == (Decimal(8), None)


def test_stock_of_connectors_is_told_apart() -> None:
    """Sold out, absent, on demand."""
    for reading in named(SAMPLES, "ts-10").values():
        assert [(item.sku, item.stock, item.unlimited) for item in reading.graph.of(CatalogItem)] == [
            ("OUT", Decimal(0), False), ("UNLTD", None, False), ("ONDEMAND", None, True),
        ]  # fmt: skip


def test_the_interop_suite_is_understood() -> None:
    """SER and EDG of dfc.md §6.1 that concern the language: places of pickup and delivery, payment, zero, variants, transformations."""
    for reading in named(SUITE, "order_delivery").values():
        (option,) = reading.graph.of(DeliveryOption)
        (place,) = reading.graph.of(PhysicalPlace)
        (address,) = reading.graph.of(Address)
        assert reading.graph.of(Order)[0].shipping == option.id
        assert (option.place, place.addresses, address.city, address.country) == (
            place.id,
            (address.id,),
            "London",
            "GB",
        )
    for reading in named(SUITE, "order_pickup").values():
        assert [option.place for option in reading.graph.of(PickupOption)] == [
            "http://example.org/api/dfc/physicalPlace/place1"
        ]
    for reading in named(SUITE, "order_with_payment").values():
        assert [method.fee and method.fee.value for method in reading.graph.of(PaymentMethod)] == [
            Decimal("19.8")
        ]
    for reading in named(SUITE, "enterprise_list").values():
        assert len(reading.graph.of(Enterprise)) == 3
    for reading in named(SUITE, "supplied_product_variant").values():
        assert [product.variant_of is None for product in reading.graph.of(SuppliedProduct)] == [
            True,
            False,
            False,
        ]
    for reading in named(SUITE, "supplied_product_transformation").values():
        assert len(reading.graph.of(Transformation)[0].inputs) == 1


def test_products_of_the_suite_keep_zero_and_truths() -> None:
    """EDG-002, EDG-006, EDG-011: 4.95 without drift, false, nothing in stock."""
    for reading in named(SUITE, "supplied_product_full").values():
        (product,) = reading.graph.of(SuppliedProduct)
        assert (product.frozen, product.refrigerated, product.alcohol, product.lifetime) == (
            False,
            True,
            Decimal(0),
            "12 months",
        )
    for reading in named(SUITE, "offer_with_price").values():
        (offer,) = reading.graph.of(Offer)
        assert offer.price is not None
        assert (offer.price.value, offer.price.currency, offer.price.vat_rate) == (
            Decimal("4.95"),
            "GBP",
            Decimal(5),
        )


def test_a_product_without_a_name_can_be_refused() -> None:
    """SCH-005: reading demands nothing, creating does."""
    for reading in named(SUITE, "missing_required_field").values():
        assert [fault.property_ for fault in demands.missing(reading.graph.records, "name")] == ["dfc-b:name"]


def test_farms_of_version_2_are_read() -> None:
    """Check 21: organisations, addresses, contacts."""
    for reading in named(PLATFORMS, "litefarm").values():
        farms = reading.graph.of(Enterprise)
        assert farms
        assert all(farm.name and farm.addresses for farm in farms)
        assert {address.country for address in reading.graph.of(Address)} == {"CA"}
        assert all(person.emails for person in reading.graph.of(Person))


def test_products_of_older_contexts_are_read() -> None:
    """Inline contexts with the namespaces of their time."""
    for reading in named(PLATFORMS, "put_supplied_product").values():
        (product,) = reading.graph.of(SuppliedProduct)
        told: tuple[Any, ...] = (product.name, product.product_types, product.total_stock, product.lifetime)
        assert told == ("Pesto novo", ("drink",), Decimal(0), "")
        assert product.quantity is not None
        assert (product.quantity.value, product.quantity.unit) == (Decimal(17), "Piece")
