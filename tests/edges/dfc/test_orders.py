"""Orders of other platforms' hubs over HTTP: made once, replaced whole, told completely."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from coster.domain.supplying import reads
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import (
    CatalogItem,
    Enterprise,
    Offer,
    Order,
    OrderLine,
    Price,
    SaleSession,
    SuppliedProduct,
)
from tests.edges.conftest import Server
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import HUB_A, HUB_B, in_order, jean, read_graph, send, session, told, wish


async def test_an_order_is_made_held_and_told_with_all_that_it_names(server: Server) -> None:
    """201 with an address of ours; three statuses, prices, offers, items, products, both enterprises, the hub's own session."""
    shop = await jean(server, carrots="10", leeks="5")
    hub = await shop.platform()
    answer = await send(hub, "POST", shop.orders, shop.wish([("leeks", 2), ("carrots", 6)]))
    assert answer.status_code == 201, answer.text
    order, amounts = told(answer)
    assert order.id == answer.headers["location"]
    assert order.id.startswith(f"{shop.orders}/")
    assert list(amounts.items()) == [(shop.items["leeks"], "2"), (shop.items["carrots"], "6")]
    assert (order.order_status, order.fulfilment_status, order.payment_status) == (
        OrderStatus.HELD, FulfilmentStatus.HELD, PaymentStatus.UNPAID,
    )  # fmt: skip
    assert (order.buyer, order.seller, order.session) == (HUB_A, shop.home, session().id)
    graph = read_graph(answer)
    assert {one.name for one in graph.of(Enterprise)} == {"Jean", "Hub A"}
    assert {one.name for one in graph.of(SuppliedProduct)} == {"carrots", "leeks"}
    assert all(one.item and one.product for one in graph.of(Offer))
    assert len(graph.of(CatalogItem)) == 2
    assert {line.price for line in graph.of(OrderLine)} == {Price(Decimal("2.4"), "EUR")}
    (when,) = graph.of(SaleSession)
    assert when.ends_at == dt.datetime.fromisoformat("2026-11-27T18:00:00+01:00")
    assert when.ends_at.utcoffset() == dt.timedelta(hours=1)
    assert (await shop.available("carrots"), await shop.available("leeks")) == ("4", "3")


async def test_a_lost_answer_makes_no_second_order(server: Server) -> None:
    """§0.9: a second POST for the same hub and session finds what the first one made, and holds nothing more."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    first = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))
    again = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    assert await shop.available("carrots") == "4"
    listed = await hub.get(shop.orders)
    assert len(read_graph(listed).of(Order)) == 1


async def test_a_request_that_is_repeated_under_its_key_is_carried_out_once(server: Server) -> None:
    """The same Idempotency-Key gives the same order; another body under it is refused."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    body = shop.wish([("carrots", 6)])
    first = await send(hub, "POST", shop.orders, body, idempotency_key="once")
    again = await send(hub, "POST", shop.orders, body, idempotency_key="once")
    assert (first.status_code, again.status_code) == (201, 200)
    url = first.headers["location"]
    more = await send(hub, "PUT", url, shop.wish([("carrots", 7)], id_=url), idempotency_key="twice")
    other = await send(hub, "PUT", url, shop.wish([("carrots", 8)], id_=url), idempotency_key="twice")
    assert (more.status_code, other.status_code) == (200, 422)
    assert other.json()["code"] == "idempotency_key_reused"
    assert await shop.available("carrots") == "3"


async def test_hubs_sessions_and_producers_have_an_order_each(server: Server) -> None:
    """The key is hub, producer and session: each of them makes another order."""
    shop, other = await jean(server, carrots="100"), await jean(server, carrots="100")
    hub = await shop.platform()
    grants = [{"role": "write_orders", "enterprise_id": one.id} for one in (shop, other)]
    key = await server.owner.post("/api/v1/keys", json={"name": "both", "grants": grants})
    both = server.client(key.json()["token"])
    both.headers.update(hub.headers | {"authorization": both.headers["authorization"]})
    urls = set()
    for place, body in (
        (shop, wish(shop, [("carrots", 1)])),
        (shop, wish(shop, [("carrots", 1)], buyer=HUB_B)),
        (shop, wish(shop, [("carrots", 1)], when=session(2))),
        (other, wish(other, [("carrots", 1)])),
    ):
        answer = await send(both, "POST", place.orders, body)
        assert answer.status_code == 201, answer.text
        urls.add(answer.headers["location"])
    assert len(urls) == 4


async def test_a_put_replaces_the_lines(server: Server) -> None:
    """§0.5: what the document does not have is taken out, zero takes out, and what is new is added, in the order of the request."""
    shop = await jean(server, carrots="10", leeks="10", beans="10", beets="10")
    hub = await shop.platform()
    first = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("leeks", 2), ("beans", 1)]))
    url = first.headers["location"]
    lines = [("beets", 3), ("beans", 0), ("carrots", 8)]
    answer = await send(hub, "PUT", url, shop.wish(lines, id_=url))
    assert answer.status_code == 200, answer.text
    assert list(told(answer)[1].items()) == [(shop.items["beets"], "3"), (shop.items["carrots"], "8")]
    left = [await shop.available(name) for name in ("carrots", "leeks", "beans", "beets")]
    assert left == ["2", "10", "10", "7"]
    back = await send(hub, "PUT", url, shop.wish([("leeks", 1), ("beets", 3)], id_=url))
    assert list(told(back)[1].items()) == [(shop.items["leeks"], "1"), (shop.items["beets"], "3")]


async def test_a_put_without_lines_empties_the_order_and_it_goes_on(server: Server) -> None:
    """An empty order is an order: held, with nothing in it, and what comes next is held again under the same address."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    empty = await send(hub, "PUT", url, shop.wish([], id_=url))
    order, amounts = told(empty)
    assert (empty.status_code, amounts, order.order_status) == (200, {}, OrderStatus.HELD)
    assert await shop.available("carrots") == "10"
    full = await send(hub, "PUT", url, shop.wish([("carrots", 9)], id_=url))
    assert told(full)[1] == {shop.items["carrots"]: "9"}
    assert told(await hub.get(url))[1] == {shop.items["carrots"]: "9"}


async def test_an_order_can_begin_without_a_line(server: Server) -> None:
    """A POST without lines makes an order; the first PUT fills it."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, shop.wish([]))
    assert (made.status_code, told(made)[1]) == (201, {})
    url = made.headers["location"]
    answer = await send(hub, "PUT", url, shop.wish([("carrots", 3)], id_=url))
    assert told(answer)[1] == {shop.items["carrots"]: "3"}


async def test_what_is_absent_from_a_put_stays_as_it_was(server: Server) -> None:
    """Session, buyer, seller and statuses that a PUT leaves out are kept (weakness 18 of others)."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (
        await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)], discount=Decimal("1.5")))
    ).headers["location"]
    line = {
        "@id": f"{url}/orderLines/x",
        "@type": "OrderLine",
        "quantity": "4",
        "concerns": shop.offer("carrots"),
    }
    body = document({"@id": url, "@type": "Order", "hasPart": line["@id"]}, line)
    order, amounts = told(await send(hub, "PUT", url, body.encode()))
    assert amounts == {shop.items["carrots"]: "4"}
    assert (order.buyer, order.session, order.seller) == (HUB_A, session().id, shop.home)
    assert order.order_status is OrderStatus.HELD


async def test_discounts_are_kept_as_they_were_told(server: Server) -> None:
    """Use case 9: of the order and of its lines, untouched; and gone when the next PUT has none for a line."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    line = {
        "@id": "_:l",
        "@type": "OrderLine",
        "quantity": 6,
        "concerns": shop.offer("carrots"),
        "discount": "0.70",
    }
    body = document({"@id": "_:o", "@type": "Order", "discount": 1.5, "hasPart": "_:l"}, line)
    answer = await send(hub, "POST", shop.orders, body.encode())
    order, _ = told(answer)
    (line_,) = read_graph(answer).of(OrderLine)
    assert (order.discount, line_.discount) == (Decimal("1.5"), Decimal("0.7"))


@pytest.mark.parametrize(
    "id_",
    ["#", "_:order", "{orders}/#", "{orders}", "https://elsewhere.example/orders/5", "new", "{orders}/#1"],
)
async def test_ids_that_keep_a_place_get_one_of_ours(server: Server, id_: str) -> None:
    """§2: whatever the new order is called, its address is ours and no placeholder is told again."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    name = id_.format(orders=shop.orders)
    line = {"@id": f"{name}/OrderLines/1" if "://" in name else "#line", "@type": "OrderLine", "quantity": 2,
            "concerns": shop.offer("carrots")}  # fmt: skip
    body = document({"@id": name, "@type": "Order", "hasPart": line["@id"], "belongsTo": "#s"}, line,
                    {"@id": "#s", "@type": "SaleSession"})  # fmt: skip
    answer = await send(hub, "POST", shop.orders, body.encode())
    assert answer.status_code == 201, answer.text
    order, amounts = told(answer)
    assert amounts == {shop.items["carrots"]: "2"}
    assert order.id.startswith(f"{shop.orders}/")
    assert order.id != shop.orders
    assert "#" not in answer.text.replace("owl#", "")


async def test_lines_are_matched_by_offer_or_by_what_is_offered(server: Server) -> None:
    """§0.7: by the offer under either address of it, by the product that it offers, by the catalogue's item; the whole id or relative."""
    shop = await jean(server, **dict.fromkeys(("a", "b", "c", "d", "e"), "10"))
    hub = await shop.platform()
    at = {name: shop.items[name] for name in shop.items}
    lines = [
        {
            "@id": "#1",
            "@type": "OrderLine",
            "quantity": 1,
            "concerns": f"{shop.home}/SuppliedProducts/{at['a']}/Offer",
        },
        {"@id": "#2", "@type": "OrderLine", "quantity": 2, "concerns": "https://x.example/offers/5"},
        {"@id": "#3", "@type": "OrderLine", "quantity": 3, "concerns": "https://x.example/offers/6"},
        {
            "@id": "#4",
            "@type": "OrderLine",
            "quantity": 4,
            "concerns": f"{shop.home}/SuppliedProducts/{at['d']}",
        },
        {
            "@id": "#5",
            "@type": "OrderLine",
            "quantity": 5,
            "concerns": f"/api/dfc/enterprises/{shop.id}/offers/{at['e']}",
        },
    ]
    others = [
        {
            "@id": "https://x.example/offers/5",
            "@type": "Offer",
            "offeredItem": f"{shop.home}/supplied_products/{at['b']}",
        },
        {
            "@id": "https://x.example/offers/6",
            "@type": "Offer",
            "offers": f"{shop.home}/CatalogItems/{at['c']}",
        },
    ]
    body = document(
        {"@id": "#", "@type": "Order", "hasPart": [line["@id"] for line in lines]}, *lines, *others
    )
    answer = await send(hub, "POST", shop.orders, body.encode())
    assert answer.status_code == 201, answer.text
    assert told(answer)[1] == {at[name]: str(n) for n, name in enumerate("abcde", 1)}


async def test_lines_of_one_item_are_summed(server: Server) -> None:
    """§0.8: two lines of an item are its sum, and no line is lost."""
    shop = await jean(server, carrots="10", leeks="10")
    hub = await shop.platform()
    answer = await send(
        hub, "POST", shop.orders, shop.wish([("carrots", 2), ("leeks", 1), ("carrots", "3.5")])
    )
    assert told(answer)[1] == {shop.items["carrots"]: "5.5", shop.items["leeks"]: "1"}


async def test_stale_offers_and_unknown_nodes_in_a_body_change_nothing(server: Server) -> None:
    """§0.6: stock and prices that come back are no wishes; classes and properties that nobody knows are left alone."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    offer = shop.offer("carrots")
    nodes = [
        {"@id": "#", "@type": "Order", "hasPart": "#l", "favouriteColour": "orange"},
        {"@id": "#l", "@type": "OrderLine", "quantity": 2, "concerns": offer,
         "hasPrice": {"@type": "Price", "value": "0.01", "hasUnit": "dfc-m:Euro"}},
        {"@id": offer, "@type": "Offer", "stockLimitation": 1, "offeredItem": f"{shop.home}/SuppliedProducts/{shop.items['carrots']}"},
        {"@id": f"{shop.home}/SuppliedProducts/{shop.items['carrots']}", "@type": "SuppliedProduct", "name": "Gold"},
        {"@id": "#horse", "@type": "Horse", "name": "Bill"},
    ]  # fmt: skip
    answer = await send(hub, "POST", shop.orders, document(*nodes).encode())
    assert answer.status_code == 201, answer.text
    graph = read_graph(answer)
    assert graph.of(OrderLine)[0].price == Price(Decimal("2.4"), "EUR")
    assert graph.of(SuppliedProduct)[0].name == "carrots"
    assert "Bill" not in answer.text
    assert await shop.available("carrots") == "8"


async def test_of_two_quantities_the_new_one_counts(server: Server) -> None:
    """§0.4: beside the stored quantity the other one is meant; two that are both new are a contradiction."""
    shop = await jean(server, carrots="20")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]

    def both(one: str, other: str) -> bytes:
        value = {"@type": "QuantitativeValue", "value": other}
        line = {
            "@id": "#l",
            "@type": "OrderLine",
            "quantity": one,
            "hasQuantity": value,
            "concerns": shop.offer("carrots"),
        }
        return document({"@id": url, "@type": "Order", "hasPart": "#l"}, line).encode()

    assert list(told(await send(hub, "PUT", url, both("8", "6")))[1].values()) == ["8"]
    assert list(told(await send(hub, "PUT", url, both("8", "9")))[1].values()) == ["9"]
    contradiction = await send(hub, "PUT", url, both("3", "4"))
    assert (contradiction.status_code, contradiction.json()["code"]) == (400, "document_invalid")


async def test_units_of_the_same_kind_are_converted_exactly(server: Server) -> None:
    """A line that says grams of what is counted in kilograms means that; one that says litres is refused."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()

    def line(unit: str, amount: str) -> bytes:
        value = {"@type": "QuantitativeValue", "value": amount, "hasUnit": f"dfc-m:{unit}"}
        return document({"@id": "#", "@type": "Order", "hasPart": "#l"},
                        {"@id": "#l", "@type": "OrderLine", "hasQuantity": value, "concerns": shop.offer("carrots")}).encode()  # fmt: skip

    assert list(told(await send(hub, "POST", shop.orders, line("Gram", "2500")))[1].values()) == ["2.5"]
    litres = await send(hub, "POST", shop.orders, line("Litre", "1"))
    assert (litres.status_code, litres.json()["code"]) == (422, "unit_differs")


async def test_lists_are_paged_and_filtered(server: Server) -> None:
    """`first`, `after`, `last`, `before` with a truthful PageInfo; by status in any spelling; bad combinations are 400."""
    shop = await jean(server, carrots="100")
    hub = await shop.platform()
    urls = []
    for number in range(5):
        answer = await send(hub, "POST", shop.orders, wish(shop, [("carrots", 1)], when=session(number)))
        urls.append(answer.headers["location"])
    await send(hub, "DELETE", urls[3])
    first = await hub.get(shop.orders, params={"first": 2})
    info = json.loads(first.headers["pageinfo"])
    assert (info["hasPreviousPage"], info["hasNextPage"]) == (False, True)
    rest = await hub.get(shop.orders, params={"first": 25, "after": info["endCursor"]})
    ids = [id_ for answer in (first, rest) for id_ in in_order(answer)]
    assert ids == sorted(urls)
    back = await hub.get(shop.orders, params={"last": 3, "before": info["endCursor"]})
    assert in_order(back) == sorted(urls)[:1]
    off = await hub.get(shop.orders, params={"orderState": "dfc-v:Cancelled"})
    assert in_order(off) == [urls[3]]
    held = await hub.get(
        shop.orders, params={"orderState": "Held", "fulfilmentState": "held", "paymentState": "Unpaid"}
    )
    assert len(in_order(held)) == 4
    of_two = await hub.get(shop.orders, params={"session": session(2).id})
    assert in_order(of_two) == [urls[2]]
    for bad in ({"first": 1, "last": 1}, {"first": 0}, {"orderState": "Lost"}, {"after": "x"}):
        assert (await hub.get(shop.orders, params=bad)).status_code == 400


async def test_a_search_by_status_looks_at_so_many_orders_and_goes_on_from_there(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be short and still say that there is more; following the cursor finds each order once, in both directions."""
    monkeypatch.setattr(reads, "_MOST_LOOKED_AT", 2)
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = set()
    for number in range(1, 6):
        answer = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)], when=session(number)))
        made.add(answer.headers["location"])
    last = max(made)
    assert (await hub.delete(last)).status_code == 204
    for size, cursor, place, more in (
        ("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage"),
    ):  # fmt: skip
        found: list[str] = []
        asked: dict[str, Any] = {"orderState": "Cancelled", size: 3}
        for _ in range(10):
            page = await hub.get(shop.orders, params=asked)
            found += in_order(page)
            told = json.loads(page.headers["pageinfo"])
            if not told[more]:
                break
            asked[cursor] = told[place]
        assert found == [last]
