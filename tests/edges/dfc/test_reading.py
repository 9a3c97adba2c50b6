"""What documents say, case by case: what is tolerated, what is a fault, and how faults are told."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from coster.edges.dfc.language import contexts
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.reading import Reading, read
from coster.edges.dfc.language.records import (
    Address,
    CatalogItem,
    ConsumptionFlow,
    Enterprise,
    Offer,
    Order,
    OrderLine,
    Person,
    Price,
    ProductionFlow,
    Quantity,
    SaleSession,
    SuppliedProduct,
)
from coster.edges.dfc.language.sorting import Subject
from tests.edges.dfc.bodies import A, document, line, named


def test_both_spellings_of_a_quantity_are_told_where_they_differ() -> None:
    """What connectors change comes first, what they carry along beside it: the keeper of the order knows which one is old."""
    both = line(
        quantity="8", hasQuantity={"@type": "QuantitativeValue", "value": 6, "hasUnit": "dfc-m:Kilogram"}
    )
    (found,) = read(document(both)).graph.of(OrderLine)
    assert (found.quantity, found.other_quantity, found.unit) == (Decimal(8), Decimal(6), "Kilogram")


def test_spellings_of_a_quantity_that_agree_are_one() -> None:
    """6 and 6.0E0 are the same."""
    (found,) = read(document(line(quantity="6", hasQuantity={"hasValue": "6.0E0"}))).graph.of(OrderLine)
    assert (found.quantity, found.other_quantity) == (Decimal(6), None)


def test_a_quantity_may_hold_an_object() -> None:
    """As in sales data: `quantity` with a value and a unit."""
    (found,) = read(document(line(quantity={"value": "2.5", "hasUnit": "Kilogram"}))).graph.of(OrderLine)
    assert (found.quantity, found.unit) == (Decimal("2.5"), "Kilogram")


def test_numbers_keep_every_digit() -> None:
    """A number of thirty digits, and one that no float can hold."""
    body = '{"@context": "%s", "@id": "%s", "@type": "dfc-b:OrderLine", "dfc-b:quantity": 0.1000000000000000055511151231257827}'
    (found,) = read(body % (contexts.URL_1, A)).graph.of(OrderLine)
    assert found.quantity == Decimal("0.1000000000000000055511151231257827")


def test_examples_of_the_documents_of_the_standard_are_read() -> None:
    """The order as the sample API shows it: pounds in the value, bare units, other spellings, an empty discount."""
    order = {
        "@id": "#", "@type": "Order", "OrderedBy": f"{A}Persons/1", "hasPaymentState": "dfc-v:Unpaid", "discount": 1.55,
        "hasPart": {
            "@id": "#/orderlines/1", "@type": "OrderLine", "concerns": f"{A}Offers/1", "discount": [],
            "hasQuantity": {"@type": "QuantitativeValue", "hasUnit": "Packet", "hasValue": 5.0},
            "Price": {"@type": "QuantitativeValue", "hasUnit": "GBP", "value": "£19.95", "VATrate": 0.0},
        },
    }  # fmt: skip
    reading = read(document(order))
    assert reading.faults == ()
    assert reading.graph.of(Order) == (
        Order(
            id="#",
            buyer=f"{A}Persons/1",
            payment_status=PaymentStatus.UNPAID,
            discount=Decimal("1.55"),
            lines=("#/orderlines/1",),
        ),
    )
    price = Price(Decimal("19.95"), "GBP", Decimal(0))
    assert reading.graph.of(OrderLine) == (
        OrderLine(
            id="#/orderlines/1",
            order="#",
            offer=f"{A}Offers/1",
            quantity=Decimal(5),
            unit="Packet",
            price=price,
        ),
    )


def test_nodes_that_share_the_bare_placeholder_stay_apart() -> None:
    """An order and its lines that are all called `#` are not one node."""
    lines = [{"@id": "#", "@type": "OrderLine", "quantity": n} for n in (1, 2)]
    reading = read(document({"@id": "#", "@type": "Order", "hasPart": lines}))
    assert reading.faults == ()
    assert [one.quantity for one in reading.graph.of(OrderLine)] == [1, 2]
    assert reading.graph.of(Order)[0].lines == ("_:b0", "_:b1")


def test_relative_ids_count_from_where_the_document_was_sent() -> None:
    """With a base of the document, with the address of the request, and left alone without either."""
    nodes = {"@id": "Orders/7", "@type": "Order", "belongsTo": "/sessions/1", "hasOrderStatus": "dfc-v:Held"}
    based = read(
        document(nodes, context=[contexts.URL_1, {"@base": "https://b.example/x/"}]), base=f"{A}api/"
    ).graph.of(Order)
    asked = read(document(nodes), base=f"{A}api/").graph.of(Order)
    alone = read(document(nodes)).graph.of(Order)
    assert [(one.id, one.session) for (one,) in (based, asked, alone)] == [
        ("https://b.example/x/Orders/7", "https://b.example/sessions/1"),
        (f"{A}api/Orders/7", f"{A}sessions/1"), ("Orders/7", "sessions/1"),
    ]  # fmt: skip


def test_bare_words_are_words_wherever_the_document_was_sent() -> None:
    """A context takes countries and units for ids; they are still countries and units."""
    home = {"@id": f"{A}1", "@type": "Address", "hasCountry": "United Kingdom"}
    product = {
        "@id": f"{A}2",
        "@type": "SuppliedProduct",
        "hasType": "carrot",
        "hasQuantity": {"value": 1, "hasUnit": "Litre"},
    }
    reading = read(document(home, product), base=f"{A}api/dfc/Enterprises/1")
    assert reading.faults == ()
    assert set(reading.graph.records) == {
        Address(id=f"{A}1", country="United Kingdom"),
        SuppliedProduct(id=f"{A}2", product_types=("carrot",), quantity=Quantity(Decimal(1), "Litre")),
    }


def test_places_to_be_filled_are_not_resolved() -> None:
    """`#` keeps its place whatever the document was sent to."""
    for place in ("#", "#1", "#/orders/1", ""):
        reading = read(document({"@id": place, "@type": "Order", "orderNumber": "1"}), base=f"{A}Orders")
        assert [order.id for order in reading.graph.of(Order)] == [place]


def test_a_body_without_class_and_id_is_about_its_address() -> None:
    """A PUT may hold nothing but what is to change."""
    body = json.dumps(
        {"@context": {"dfc-b": contexts.CONTEXT_1["dfc-b"]}, "dfc-b:stockLimitation": "3", "dfc-b:sku": "new"}
    )
    subject = Subject(record=CatalogItem, id=f"{A}items/1")
    assert read(body, subject=subject).graph.records == (
        CatalogItem(id=f"{A}items/1", sku="new", stock=Decimal(3)),
    )
    assert read(body).graph.records == ()


def test_two_bodies_without_an_id_are_never_one() -> None:
    """What two orders say must not become one order; a wrapping without class and id is not the order that stands in it."""
    subject = Subject(record=Order, id=f"{A}orders/1")
    one = {"@type": "Order", "hasPart": {"@type": "OrderLine", "quantity": 1, "concerns": f"{A}offers/1"}}
    found = read(document(one, {**one, "orderNumber": "2"}), subject=subject).graph.of(Order)
    assert [order.id for order in found] == ["_:b0", "_:b2"]
    wrapped = {
        "@context": contexts.URL_1,
        "dc:title": "Backorder",
        "@graph": [named({"@id": f"{A}o", **one})],
    }
    assert [order.id for order in read(json.dumps(wrapped), subject=subject).graph.of(Order)] == [f"{A}o"]
    assert [order.id for order in read(document(one), subject=subject).graph.of(Order)] == [subject.id]


def test_stock_of_nothing_none_and_no_limit_are_told_apart() -> None:
    """Zero is sold out, absent is unknown, below zero is unlimited."""
    stocks: list[dict[str, Any]] = [{"stockLimitation": 0}, {}, {"stockLimitation": "-1"}]
    nodes = [{"@id": f"{A}{n}", "@type": "CatalogItem", **stock} for n, stock in enumerate(stocks)]
    items = read(document(*nodes)).graph.of(CatalogItem)
    assert [(item.stock, item.unlimited) for item in items] == [
        (Decimal(0), False),
        (None, False),
        (None, True),
    ]


def test_statuses_mean_what_their_property_says() -> None:
    """One name, three properties, three statuses; and the older names of the properties."""
    node = {"@id": A, "@type": "Order", "hasOrderState": "dfc-v:Cancelled", "hasFulfilmentStatus": {"@id": "dfc-v:Cancelled"},
            "hasPaymentStatus": "http://w3id.org/dfc/taxonomies/v2.0.0/vocabulary.rdf#Cancelled"}  # fmt: skip
    (order,) = read(document(node)).graph.of(Order)
    statuses = (order.order_status, order.fulfilment_status, order.payment_status)
    assert statuses == (OrderStatus.CANCELLED, FulfilmentStatus.CANCELLED, PaymentStatus.CANCELLED)


def test_unknown_nodes_and_properties_are_left_alone() -> None:
    """What Coster does not speak is no fault and leaves no trace."""
    nodes = [
        {"@id": f"{A}1", "@type": "Vehicle", "frozen": "perhaps"},
        {"@id": f"{A}2", "@type": "Order", "unheardOf": {"value": "x"}},
    ]
    reading = read(document(*nodes))
    assert reading.faults == ()
    assert reading.graph.records == (Order(id=f"{A}2"),)


def test_links_are_read_from_either_end() -> None:
    """Who holds, lists, supplies or has an address may tell it, or what is held, listed, supplied and lived at."""
    reading = read(document(
        {"@id": f"{A}p", "@type": "SuppliedProduct", "referencedBy": f"{A}i"},
        {"@id": f"{A}e", "@type": "Enterprise", "supplies": [f"{A}p"], "manages": f"{A}i"},
        {"@id": f"{A}i", "@type": "CatalogItem", "offeredThrough": f"{A}o"},
        {"@id": f"{A}s", "@type": "SaleSession", "holds": f"{A}order"},
        {"@id": f"{A}home", "@type": "Address", "addressOf": f"{A}e", "hasCity": "Rennes"},
    ))  # fmt: skip
    assert reading.faults == ()
    graph = reading.graph
    assert graph.of(SuppliedProduct)[0].supplied_by == f"{A}e"
    assert graph.of(CatalogItem) == (CatalogItem(id=f"{A}i", product=f"{A}p", managed_by=f"{A}e"),)
    assert graph.of(Offer) == (Offer(id=f"{A}o", item=f"{A}i"),)
    assert graph.of(Order) == (Order(id=f"{A}order", session=f"{A}s"),)
    assert graph.of(Enterprise)[0].addresses == (f"{A}home",)


def test_lines_keep_the_order_of_their_order() -> None:
    """As the order names them, and then those that only say themselves whose they are."""
    ids = [f"{A}{n}" for n in (3, 10, 2, 1)]
    lines = [{"@id": id_, "@type": "OrderLine", "partOf": A} for id_ in ids]
    (order,) = read(document({"@id": A, "@type": "Order", "hasPart": ids[:2]}, *lines)).graph.of(Order)
    assert order.lines == (f"{A}3", f"{A}10", f"{A}1", f"{A}2")


def test_what_has_no_class_is_what_is_expected_of_it() -> None:
    """A line inside of an order needs no class; one that is only named is known to be its line."""
    reading = read(
        document({"@id": A, "@type": "Order", "hasPart": [{"@id": f"{A}1", "quantity": 2}, f"{A}2"]})
    )
    assert reading.graph.of(OrderLine) == (
        OrderLine(id=f"{A}1", order=A, quantity=Decimal(2)),
        OrderLine(id=f"{A}2", order=A),
    )


def test_what_has_no_class_is_what_names_it_from_the_other_end() -> None:
    """A product inside of who supplies it needs no class either; an id that can be none makes no product."""
    reading = read(
        document({"@id": A, "@type": "Enterprise", "supplies": [{"@id": f"{A}1", "name": "Leeks"}, f"{A}2"]})
    )
    assert reading.graph.of(SuppliedProduct) == (
        SuppliedProduct(id=f"{A}1", name="Leeks", supplied_by=A), SuppliedProduct(id=f"{A}2", supplied_by=A),
    )  # fmt: skip
    assert read(document({"@id": A, "@type": "Enterprise", "supplies": f"{A}a b"})).graph.records == ()


def test_texts_in_several_languages_give_one() -> None:
    """The one without a language, else English, else the first by name."""
    names: list[Any] = [{"@value": "Möhren", "@language": "de"}, {"@value": "Carottes", "@language": "fr"}]
    english, plain = {"@value": "Carrots", "@language": "en"}, "C"
    found = [
        read(document({"@id": A, "@type": "SuppliedProduct", "name": values}))
        .graph.of(SuppliedProduct)[0]
        .name
        for values in (names, [*names, english], [*names, english, plain])
    ]
    assert found == ["Möhren", "Carrots", "C"]


def test_spellings_of_older_and_other_writers_are_read() -> None:
    """Addresses, transformations, products, pickup, people."""
    reading = read(document(
        {"@id": f"{A}1", "@type": "Address", "street": "1 rue", "postcode": "35000", "city": "Rennes", "hasCountry": "GB",
         "latitude": 48.11},
        {"@id": f"{A}2", "@type": "AsPlannedConsumptionFlow", "consumes": A, "hasQuantity": {"value": 12.0, "hasUnit": "dfc-m:pack"}},
        {"@id": f"{A}3", "@type": "Organization", "description": "D", "hasEmail": "a@b.example"},
        {"@id": f"{A}4", "@type": "Person", "affiliates": f"{A}3"},
        {"@id": f"{A}5", "@type": "SuppliedProduct", "totalTheoriticalStock": 0.0, "Image": "https://x.example/i.png", "frozen": True},
        {"@id": f"{A}6", "@type": "SaleSession", "startDate": "2026-07-20T06:00:00+02:00"},
        context=[contexts.URL_2, {"x": "https://x.example/"}],
    ))  # fmt: skip
    assert reading.faults == ()
    begins = dt.datetime(2026, 7, 20, 6, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    where = Address(
        id=f"{A}1", street="1 rue", postcode="35000", city="Rennes", country="GB", latitude=Decimal("48.11")
    )
    assert set(reading.graph.records) == {
        where,
        ConsumptionFlow(id=f"{A}2", product=A, quantity=Quantity(Decimal(12), "Package")),
        Enterprise(id=f"{A}3", description="D", emails=("a@b.example",)),
        Person(id=f"{A}4", affiliated_to=(f"{A}3",)),
        SuppliedProduct(id=f"{A}5", total_stock=Decimal(0), images=("https://x.example/i.png",), frozen=True),
        SaleSession(id=f"{A}6", starts_at=begins),
    }


def test_units_of_other_vocabularies_count_by_their_name() -> None:
    """Before there was a taxonomy of measures, units had an address of their own."""
    flow = {"@id": A, "@type": "AsPlannedProductionFlow", "produces": f"{A}1",
            "hasQuantity": {"value": "3", "hasUnit": "http://static.datafoodconsortium.org/data/units.rdf#kg"}}  # fmt: skip
    assert read(document(flow)).graph.of(ProductionFlow)[0].quantity == Quantity(Decimal(3), "Kilogram")


def test_nothing_in_quotes_is_nothing() -> None:
    """Writers that have no value write an empty text: no id, no unit, no number, no type; but an empty lifetime."""
    node = {"@id": A, "@type": "SuppliedProduct", "hasType": "", "suppliedBy": "", "hasQuantity": {"value": "", "hasUnit": ""},
            "totalTheoreticalStock": "", "lifetime": "", "image": None, "hasCertification": []}  # fmt: skip
    price = {"@id": f"{A}1", "@type": "Offer", "hasPrice": "", "offeredItem": ""}
    for base in ("", f"{A}api"):
        reading = read(document(node, price), base=base)
        assert reading.faults == ()
        assert reading.graph.records == (Offer(id=f"{A}1"), SuppliedProduct(id=A, lifetime=""))


def test_what_ofn_really_posts_is_read() -> None:
    """dfc.md §2: the order's id is that of the collection, the session keeps a place, dates are no ISO, the quantity is a number."""
    home = "https://p.example/api/dfc/Enterprises/shop"
    price = {"@type": "Price", "value": "6.25", "VATrate": "0", "hasUnit": "dfc-m:PoundSterling"}
    body = document(
        {"@id": f"{home}/Orders", "@type": "Order", "belongsTo": f"{home}/SalesSession/#", "hasPart": f"{home}/Orders/OrderLines/1",
         "orderedBy": "http://ofn.example/api/dfc/enterprises/1003", "hasOrderStatus": "dfc-v:Held"},
        {"@id": f"{home}/Orders/OrderLines/1", "@type": "OrderLine", "quantity": 3, "concerns": f"{home}/SuppliedProducts/445/Offer"},
        {"@id": f"{home}/SuppliedProducts/445/Offer", "@type": "Offer", "hasPrice": price, "offeredItem": f"{home}/SuppliedProducts/445"},
        {"@id": f"{home}/SuppliedProducts/445", "@type": "SuppliedProduct", "name": "Vinegar"},
        {"@id": f"{home}/SalesSession/#", "@type": "SaleSession", "beginDate": "Thu Aug 22 2024 05:40:38 UTC"},
        context="https://www.datafoodconsortium.org",
    )  # fmt: skip
    reading = read(body)
    assert reading.faults == ()
    (order,) = reading.graph.of(Order)
    (sold,) = reading.graph.of(OrderLine)
    (session,) = reading.graph.of(SaleSession)
    assert (order.id, order.lines, order.buyer) == (
        f"{home}/Orders",
        (sold.id,),
        "http://ofn.example/api/dfc/enterprises/1003",
    )
    assert (sold.quantity, sold.offer) == (Decimal(3), f"{home}/SuppliedProducts/445/Offer")
    assert reading.graph.of(Offer)[0].product == f"{home}/SuppliedProducts/445"
    assert (session.id, session.starts_at) == (
        order.session,
        dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=dt.UTC),
    )


def test_bare_numbers_are_prices_and_quantities_without_a_unit() -> None:
    """As OFN writes an offer in a PUT; a text in the same place is not."""
    offer, product = (
        {"@id": A, "@type": "Offer", "hasPrice": 9.99},
        {"@id": f"{A}1", "@type": "SuppliedProduct", "hasQuantity": [2]},
    )
    reading = read(document(offer, product), base=f"{A}api")
    assert reading.faults == ()
    assert reading.graph.records == (
        Offer(id=A, price=Price(Decimal("9.99"))), SuppliedProduct(id=f"{A}1", quantity=Quantity(Decimal(2))),
    )  # fmt: skip


def test_the_same_thing_elsewhere_is_kept() -> None:
    """`owl:sameAs` survives."""
    same = "http://www.w3.org/2002/07/owl#sameAs"
    (found,) = read(
        document({"@id": A, "@type": "Enterprise", same: {"@id": "https://b.example/"}})
    ).graph.of(Enterprise)
    assert found.same_as == ("https://b.example/",)


def test_expanded_documents_need_no_context() -> None:
    """Who writes whole IRIs is understood without one."""
    home = contexts.CONTEXT_1["dfc-b"]
    body = json.dumps([{"@id": A, "@type": [f"{home}Order"], f"{home}orderNumber": [{"@value": "7"}]}])
    assert read(body).graph.records == (Order(id=A, number="7"),)


def test_empty_documents_are_empty() -> None:
    """An empty collection is no fault."""
    for body in (document(), json.dumps({"@context": contexts.URL_1})):
        assert read(body) == Reading()
