"""The dialect that we write, to the letter, and what it has no words for."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from coster.edges.dfc.language import contexts
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    Address,
    CatalogItem,
    Enterprise,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    Quantity,
    Record,
    SaleSession,
    SuppliedProduct,
    Transformation,
)
from coster.edges.dfc.language.writing import Profile, completed, graph, write
from tests.edges.dfc.orders import HUB, JEAN, ORDER, SESSION, held_order

A = "https://a.example/"


def nodes(given: Graph, **options: Any) -> dict[str, dict[str, Any]]:
    """The nodes of a document by id, in its order."""
    document = json.loads(write(given, **options))
    return {node["@id"]: node for node in document.get("@graph", [document])}


def test_an_order_is_written_in_the_dialect_of_connectors() -> None:
    """Statuses compact, literals as texts, both ends of each link."""
    written = nodes(held_order())
    assert written[ORDER] == {
        "@id": ORDER, "@type": "dfc-b:Order", "dfc-b:orderNumber": "JEAN-2026-000077", "dfc-b:date": "2026-07-21T09:30:00+02:00",
        "dfc-b:hasOrderStatus": "dfc-v:Held", "dfc-b:hasFulfilmentStatus": "dfc-v:Held", "dfc-b:hasPaymentStatus": "dfc-v:Unpaid",
        "dfc-b:belongsTo": SESSION, "dfc-b:orderedBy": HUB, "dfc-b:soldBy": JEAN, "dfc-b:discount": "0",
        "dfc-b:hasPart": [f"{ORDER}/OrderLines/1", f"{ORDER}/OrderLines/2"],
    }  # fmt: skip
    assert written[f"{ORDER}/OrderLines/2"] == {
        "@id": f"{ORDER}/OrderLines/2", "@type": "dfc-b:OrderLine", "dfc-b:partOf": ORDER, "dfc-b:concerns": f"{JEAN}/Offers/1002",
        "dfc-b:quantity": "0.5",
        "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": "3.1", "dfc-b:VATrate": "5.5", "dfc-b:hasUnit": "dfc-m:Euro"},
    }  # fmt: skip


def test_offers_and_sessions_say_it_in_both_ways() -> None:
    """`offers` and `offeredItem`, `startDate` and `beginDate`: the ontology's words and those that connectors read."""
    written = nodes(held_order())
    offer, session = written[f"{JEAN}/Offers/1001"], written[SESSION]
    assert (offer["dfc-b:offers"], offer["dfc-b:offeredItem"]) == (
        f"{JEAN}/CatalogItems/1001", {"@id": f"{JEAN}/SuppliedProducts/1001"},
    )  # fmt: skip
    assert session["dfc-b:startDate"] == session["dfc-b:beginDate"] == "2026-07-20T06:00:00+02:00"
    assert session["dfc-b:holds"] == ORDER
    assert (written[HUB]["dfc-b:orders"], written[JEAN]["dfc-b:sells"]) == (ORDER, ORDER)
    assert "dfc-b:hasQuantity" not in written[f"{ORDER}/OrderLines/1"]


def test_documents_lead_with_what_they_are_about() -> None:
    """An order, its lines in their order, and then the rest; or what the asker asked for."""
    order = [record for record in held_order().records if not isinstance(record, Order)]
    turned = graph([*order, Order(id=ORDER, lines=(f"{ORDER}/OrderLines/2", f"{ORDER}/OrderLines/1"))])
    assert list(nodes(turned))[:3] == [ORDER, f"{ORDER}/OrderLines/2", f"{ORDER}/OrderLines/1"]
    assert list(nodes(turned, first=[JEAN, SESSION]))[:3] == [JEAN, SESSION, ORDER]


def test_what_is_named_and_missing_is_there_as_a_stub() -> None:
    """Nothing that a document names has to be fetched."""
    written = nodes(graph([OrderLine(id=f"{A}1", order=A, offer=f"{A}o")]))
    assert written == {
        A: {"@id": A, "@type": "dfc-b:Order", "dfc-b:hasPart": f"{A}1"},
        f"{A}1": {"@id": f"{A}1", "@type": "dfc-b:OrderLine", "dfc-b:partOf": A, "dfc-b:concerns": f"{A}o"},
        f"{A}o": {"@id": f"{A}o", "@type": "dfc-b:Offer", "dfc-b:concernedBy": f"{A}1"},
    }


def test_offers_name_the_product_of_their_item() -> None:
    """Who knows the item knows the product; connectors look for that."""
    given = graph([Offer(id=f"{A}o", item=f"{A}i"), CatalogItem(id=f"{A}i", product=f"{A}p")])
    assert completed(given).index(Offer)[f"{A}o"].product == f"{A}p"


def test_the_vocabulary_of_version_2_is_written_to_who_asks() -> None:
    """Its context, and organisations in place of enterprises."""
    farm = graph([Enterprise(id=JEAN, name="Ferme de Jean")])
    assert json.loads(write(farm, profile=Profile.VERSION_2)) == {
        "@context": contexts.URL_2, "@id": JEAN, "@type": "dfc-b:Organization", "dfc-b:name": "Ferme de Jean",
    }  # fmt: skip
    assert json.loads(write(farm))["@type"] == "dfc-b:Enterprise"


def test_what_connectors_call_otherwise_has_both_names_in_version_2() -> None:
    """Streets, descriptions, pictures; a line counts by `hasQuantity` alone, since version 2.0.0 has no other."""
    told = graph([
        Address(id=f"{A}1", street="1 rue", city="Rennes"),
        SuppliedProduct(id=f"{A}2", images=("https://x.example/c.png",), total_stock=Decimal(3)),
        OrderLine(id=f"{A}3", quantity=Decimal("2.5")),
    ])  # fmt: skip
    found = {node["@id"]: node for node in json.loads(write(told, profile=Profile.VERSION_2))["@graph"]}
    assert (found[f"{A}1"]["dfc-b:street"], found[f"{A}1"]["dfc-b:hasStreet"]) == ("1 rue", "1 rue")
    assert found[f"{A}2"]["dfc-b:Image"] == found[f"{A}2"]["dfc-b:image"] == "https://x.example/c.png"
    assert found[f"{A}2"]["dfc-b:totalTheoriticalStock"] == "3"
    assert found[f"{A}3"]["dfc-b:hasQuantity"] == {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": "2.5"}
    assert "dfc-b:quantity" not in found[f"{A}3"]
    assert read(write(told, profile=Profile.VERSION_2)).graph == told


def test_addresses_products_and_links_elsewhere() -> None:
    """Countries by the EU's list or as they are told, concepts compact or whole, ids elsewhere."""
    written = nodes(graph([
        Address(id=f"{A}1", street="1 rue", postcode="35000", city="Rennes", country="FR", latitude=Decimal("48.110")),
        Address(id=f"{A}2", country="Atlantis"),
        SuppliedProduct(id=f"{A}3", certifications=("Organic-AB", "https://x.example/y"), frozen=False, same_as=("https://b.example/3",),
                        quantity=Quantity(Decimal("1E+1"), "Kilogram")),
        Transformation(id=f"{A}4", kind="combine"),
    ]))  # fmt: skip
    assert written == {
        f"{A}3": {"@id": f"{A}3", "@type": "dfc-b:SuppliedProduct", "dfc-b:frozen": "false",
                  "dfc-b:hasCertification": ["dfc-f:Organic-AB", "https://x.example/y"],
                  "dfc-b:hasQuantity": {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": "10", "dfc-b:hasUnit": "dfc-m:Kilogram"},
                  "http://www.w3.org/2002/07/owl#sameAs": {"@id": "https://b.example/3"}},
        f"{A}4": {"@id": f"{A}4", "@type": "dfc-b:AsPlannedTransformation", "dfc-b:hasTransformationType": "dfc-v:combine"},
        f"{A}1": {"@id": f"{A}1", "@type": "dfc-b:Address", "dfc-b:hasStreet": "1 rue", "dfc-b:hasPostalCode": "35000",
                  "dfc-b:hasCity": "Rennes", "dfc-b:hasCountry": "http://publications.europa.eu/resource/authority/country/FRA",
                  "dfc-b:latitude": "48.11"},
        f"{A}2": {"@id": f"{A}2", "@type": "dfc-b:Address", "dfc-b:hasCountry": {"@value": "Atlantis"}},
    }  # fmt: skip


def test_what_is_only_read_is_not_written() -> None:
    """No stock below zero, no second quantity, no unit on a line."""
    line = OrderLine(id=f"{A}1", quantity=Decimal(8), other_quantity=Decimal(6), unit="Kilogram")
    written = nodes(graph([line, CatalogItem(id=f"{A}2", unlimited=True)]))
    assert written[f"{A}1"] == {"@id": f"{A}1", "@type": "dfc-b:OrderLine", "dfc-b:quantity": "8"}
    assert written[f"{A}2"] == {"@id": f"{A}2", "@type": "dfc-b:CatalogItem"}


def test_zero_is_written() -> None:
    """Sold out is not unlimited."""
    assert nodes(graph([CatalogItem(id=A, stock=Decimal("0.000"))]))[A]["dfc-b:stockLimitation"] == "0"


def test_nothing_is_an_empty_collection() -> None:
    """A list without members is still a list."""
    assert json.loads(write(Graph())) == {"@context": contexts.URL_1, "@graph": []}


@pytest.mark.parametrize(
    "record",
    [
        Offer(id=A, price=Price(Decimal(1), "CHF")),
        SuppliedProduct(id=A, quantity=Quantity(Decimal(1), "Bushel")),
        Order(id="#"),
        Order(id="Orders/1"),
        Order(id=f"{A}a b"),
        Order(id=A, session="#"),
        SaleSession(id=A, same_as=("nowhere",)),
    ],
)
def test_what_the_standard_has_no_words_for_is_our_fault(record: Record) -> None:
    """Currencies and units that it does not have, and ids that nobody else could know, are refused before they are sent."""
    with pytest.raises(ValueError, match="is no "):
        write(graph([record]))


def test_a_line_belongs_to_one_order() -> None:
    """Two orders cannot have a line in common."""
    with pytest.raises(ValueError, match="line of two orders"):
        write(graph([Order(id=f"{A}1", lines=(f"{A}l",)), Order(id=f"{A}2", lines=(f"{A}l",))]))


def test_a_graph_holds_each_id_once() -> None:
    """Two records of one id are a mistake of who made them."""
    with pytest.raises(ValueError, match="is there twice"):
        graph([Order(id=A), SaleSession(id=A)])
