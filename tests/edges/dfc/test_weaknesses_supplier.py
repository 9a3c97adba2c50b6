"""What goes wrong where hubs order from other platforms today (dfc.md §4), one test a weakness: those of the supplier's side."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from coster.edges.dfc.language.concepts import OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import Order, OrderLine, Price, SaleSession
from tests.edges.conftest import Server
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import (
    HUB_A,
    HUB_B,
    NOWHEN,
    in_order,
    jean,
    move_clock,
    read_graph,
    send,
    session,
    told,
    wish,
)


async def test_weakness_01_reservation_comes_before_anything_is_sold(server: Server) -> None:
    """The answer to the order is the reservation: with 201 the goods are held, with 409 nothing is, and how much is left is said."""
    shop = await jean(server, carrots="10")
    a, b = await shop.platform(), await shop.platform()
    assert (await send(a, "POST", shop.orders, shop.wish([("carrots", 9)]))).status_code == 201
    refused = await send(b, "POST", shop.orders, shop.wish([("carrots", 2)]))
    assert (refused.status_code, refused.json()["lines"][0]["available"]) == (409, "1")
    assert in_order(await b.get(shop.orders)) == []
    assert await shop.available("carrots") == "1"


async def test_weakness_02_a_lost_response_duplicates_nothing(server: Server) -> None:
    """Whoever asks again after a lost answer gets the order that there is; whoever lost its address finds it in the list."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    assert (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"] == url
    assert in_order(await hub.get(shop.orders)) == [url]
    assert await shop.available("carrots") == "4"


async def test_weakness_04_quantities_are_absolute_so_order_of_jobs_does_not_matter(server: Server) -> None:
    """The same totals ten times, also at once, are these totals."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 2)]))).headers["location"]
    body = shop.wish([("carrots", 5)], id_=url)
    await asyncio.gather(*(send(hub, "PUT", url, body) for _ in range(10)))
    assert await shop.available("carrots") == "5"


async def test_weakness_05_an_order_for_several_suppliers_is_not_taken_by_one(server: Server) -> None:
    """Lines of another producer are named one by one, and nothing of the order is held."""
    shop, other = await jean(server, carrots="10"), await jean(server, pears="10")
    hub = await shop.platform()
    answer = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1), (other.offer("pears"), 1)]))
    assert (answer.status_code, [line["line"][-1] for line in answer.json()["lines"]]) == (409, ["2"])
    assert (await shop.available("carrots"), await other.available("pears")) == ("10", "10")


async def test_weakness_06_each_hub_of_a_session_has_an_order_of_its_own(server: Server) -> None:
    """Two distributors in one cycle: two orders, and completing one leaves the other as it is."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    a = (await send(hub, "POST", shop.orders, wish(shop, [("carrots", 3)], buyer=HUB_A))).headers["location"]
    b = (await send(hub, "POST", shop.orders, wish(shop, [("carrots", 4)], buyer=HUB_B))).headers["location"]
    await send(hub, "PUT", a, wish(shop, [("carrots", 3)], id_=a, buyer=HUB_A, status=OrderStatus.COMPLETE))
    order, amounts = told(await hub.get(b))
    assert (order.order_status, amounts) == (OrderStatus.HELD, {shop.items["carrots"]: "4"})


async def test_weakness_07_several_lines_of_one_product_are_one_quantity(server: Server) -> None:
    """Two retail variants behind one wholesale product: both lines count, and the sum is what stock is asked for."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    assert (
        await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("carrots", 5)]))
    ).status_code == 409
    answer = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("carrots", 4)]))
    assert told(answer)[1] == {shop.items["carrots"]: "10"}


async def test_weakness_08_the_end_of_a_session_can_be_moved(start: object) -> None:
    """A later end in a PUT moves the end here; the order is not completed at the time that was told first."""
    server: Server = await start()  # type: ignore[operator]
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    early, late = session(1, "2026-11-24T18:00:00+01:00"), session(1, "2026-11-26T18:00:00+01:00")
    url = (await send(hub, "POST", shop.orders, wish(shop, [("carrots", 6)], when=early))).headers["location"]
    moved = await send(hub, "PUT", url, wish(shop, [("carrots", 6)], id_=url, when=late))
    assert moved.status_code == 200, moved.text
    assert read_graph(moved).of(SaleSession)[0].ends_at == late.ends_at
    await move_clock(server, "2026-11-26T12:00:00Z")
    assert told(await hub.get(url))[0].order_status is OrderStatus.HELD
    await move_clock(server, "2026-11-28T12:00:00Z")
    assert told(await hub.get(url))[0].order_status is OrderStatus.COMPLETE


async def test_weakness_09_cancellations_count_at_once_and_late_changes_are_told(server: Server) -> None:
    """Less is less at once, of that line and of no other; after completion a change is refused in words, not left undone."""
    shop = await jean(server, carrots="10", leeks="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("leeks", 3)]))).headers[
        "location"
    ]
    await send(hub, "PUT", url, shop.wish([("carrots", 4), ("leeks", 3)], id_=url))
    assert (await shop.available("carrots"), await shop.available("leeks")) == ("6", "7")
    await send(
        hub, "PUT", url, shop.wish([("carrots", 4), ("leeks", 3)], id_=url, status=OrderStatus.COMPLETE)
    )
    late = await send(hub, "PUT", url, shop.wish([("leeks", 3)], id_=url))
    assert (late.status_code, late.json()["code"]) == (409, "order_final")


async def test_weakness_10_two_sessions_of_a_hub_never_share_an_order(server: Server) -> None:
    """Each has its own, and the end of the first leaves the second open."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    urls = [
        (await send(hub, "POST", shop.orders, wish(shop, [("carrots", n)], when=session(n)))).headers[
            "location"
        ]
        for n in (1, 2)
    ]
    await send(
        hub,
        "PUT",
        urls[0],
        wish(shop, [("carrots", 1)], id_=urls[0], when=session(1), status=OrderStatus.COMPLETE),
    )
    statuses = [told(await hub.get(url))[0].order_status for url in urls]
    assert statuses == [OrderStatus.COMPLETE, OrderStatus.HELD]


async def test_weakness_11_an_empty_order_can_be_said_and_cancelled(server: Server) -> None:
    """Without lines it holds nothing and is still there; then it can be cancelled, or completed, which cancels it."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    urls = [
        (await send(hub, "POST", shop.orders, wish(shop, [("carrots", n)], when=session(n)))).headers[
            "location"
        ]
        for n in (1, 2)
    ]
    for number, url in enumerate(urls, 1):
        assert told(await send(hub, "PUT", url, wish(shop, [], id_=url, when=session(number))))[1] == {}
    assert (await send(hub, "DELETE", urls[0])).status_code == 204
    await send(hub, "PUT", urls[1], wish(shop, [], id_=urls[1], when=session(2), status=OrderStatus.COMPLETE))
    assert {told(await hub.get(url))[0].order_status for url in urls} == {OrderStatus.CANCELLED}


async def test_weakness_12_ids_of_lines_never_collide(server: Server) -> None:
    """A line is its item: after one was taken out and another added, all ids are different and keep their meaning."""
    shop = await jean(server, carrots="10", leeks="10", beans="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 1), ("leeks", 2)]))).headers[
        "location"
    ]
    first = {line.offer: line.id for line in read_graph(await hub.get(url)).of(OrderLine)}
    answer = await send(hub, "PUT", url, shop.wish([("leeks", 2), ("beans", 3)], id_=url))
    second = {line.offer: line.id for line in read_graph(answer).of(OrderLine)}
    assert second[shop.offer("leeks")] == first[shop.offer("leeks")]
    assert len({*first.values(), *second.values()}) == 3


async def test_weakness_14_sold_out_and_uncounted_are_told_apart(server: Server) -> None:
    """Of what nobody counts any quantity is held; of what is sold out none; a stock of -1 that comes back is no wish."""
    shop = await jean(server, none="0")
    await shop.stock("endless", "0", tracked=False)
    hub = await shop.platform()
    offer = {"@id": shop.offer("endless"), "@type": "Offer", "stockLimitation": -1}
    body = document({"@id": "#", "@type": "Order", "hasPart": "#l"},
                    {"@id": "#l", "@type": "OrderLine", "quantity": 12000, "concerns": offer["@id"]}, offer)  # fmt: skip
    answer = await send(hub, "POST", shop.orders, body.encode())
    assert (answer.status_code, told(answer)[1]) == (201, {shop.items["endless"]: "12000"})
    sold_out = await send(hub, "POST", shop.orders, wish(shop, [("none", 1)]))
    assert (sold_out.status_code, sold_out.json()["lines"][0]["available"]) == (409, "0")


async def test_weakness_15_a_product_that_is_gone_is_told_and_not_left_out(server: Server) -> None:
    """The line is named with its code, and nothing of the order is changed behind the hub's back."""
    shop = await jean(server, carrots="10", leeks="10")
    hub = await shop.platform()
    item = shop.items["leeks"]
    found = await server.owner.get(f"/api/v1/items/{item}")
    put = await server.owner.patch(
        f"/api/v1/items/{item}", json={"buyable": False}, headers={"if-match": found.headers["etag"]}
    )
    assert put.status_code == 200, put.text
    answer = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1), ("leeks", 2)]))
    (line,) = answer.json()["lines"]
    assert (answer.status_code, line["code"], line["offer"]) == (409, "item_not_buyable", shop.offer("leeks"))
    assert await shop.available("carrots") == "10"


async def test_weakness_16_completing_moves_no_stock_twice(server: Server) -> None:
    """A refused completion changes nothing; an accepted one commits exactly what was held, however often it is said."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    refused = await send(hub, "PUT", url, shop.wish([("carrots", 11)], id_=url, status=OrderStatus.COMPLETE))
    assert (refused.status_code, told(await hub.get(url))[0].order_status) == (409, OrderStatus.HELD)
    done = shop.wish([("carrots", 6)], id_=url, status=OrderStatus.COMPLETE)
    assert [(await send(hub, "PUT", url, done)).status_code for _ in range(3)] == [200] * 3
    assert await shop.available("carrots") == "4"


@pytest.mark.parametrize(
    "amount", ["0.1", 0.1, "1E-1", {"@type": "http://www.w3.org/2001/XMLSchema#double", "@value": "1.0E-1"}]
)
async def test_weakness_17_quantities_are_decimals_and_currencies_are_checked(
    server: Server, amount: object
) -> None:
    """A tenth ten times is one, in whatever form; a price in another currency is refused."""
    shop = await jean(server, carrots="1")
    hub = await shop.platform()
    lines = [
        {"@id": f"#{n}", "@type": "OrderLine", "quantity": amount, "concerns": shop.offer("carrots")}
        for n in range(10)
    ]
    body = document({"@id": "#", "@type": "Order", "hasPart": [line["@id"] for line in lines]}, *lines)
    assert told(await send(hub, "POST", shop.orders, body.encode()))[1] == {shop.items["carrots"]: "1"}
    dollars = wish(shop, [("carrots", 1)], when=session(2), price=Price(Decimal("2.40"), "USD"))
    refused = await send(hub, "POST", shop.orders, dollars)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_mismatch")


async def test_weakness_18_all_three_statuses_are_told_and_nothing_is_dropped_by_a_put(
    server: Server,
) -> None:
    """Order, fulfilment and payment are always there; session, buyer and seller survive a PUT that has none; Cancelled exists."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    bare = wish(shop, [("carrots", 5)], id_=url, buyer=None, when=NOWHEN, status=None)
    order, _ = told(await send(hub, "PUT", url, bare))
    assert (order.session, order.buyer, order.seller) == (session().id, HUB_A, shop.home)
    assert (order.order_status, order.payment_status) == (OrderStatus.HELD, PaymentStatus.UNPAID)
    assert order.fulfilment_status is not None
    off = told(await send(hub, "PUT", url, shop.wish([], id_=url, status=OrderStatus.CANCELLED)))[0]
    assert off.order_status is OrderStatus.CANCELLED


async def test_weakness_20_whoever_holds_the_platforms_rights_may_go_on_with_its_orders(
    server: Server,
) -> None:
    """An order belongs to the platform and not to one person: the same key from another place changes it, another platform's does not."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    elsewhere = server.client(None)
    elsewhere.headers.update(
        {
            "x-api-token": hub.headers["authorization"].removeprefix("Bearer "),
            "content-type": "application/json",
        }
    )
    assert (await send(elsewhere, "PUT", url, shop.wish([("carrots", 7)], id_=url))).status_code == 200
    assert (await send(await shop.platform(), "PUT", url, shop.wish([], id_=url))).status_code == 404


async def test_weakness_21_the_rest_of_a_case_is_the_orders_own(server: Server) -> None:
    """Where the terms fill up cases, the rest of the last one is held for the hub and shown as its surplus, not sold as free stock."""
    shop = await jean(server)
    await shop.stock("beans", "48", case_quantity="12")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("beans", 3)]))).headers["location"]
    owner = server.owner
    held = (await owner.get(f"/api/v1/held-orders/{url.rpartition('/')[2]}")).json()
    terms = f"/api/v1/relations/{held['hub_id']}/{shop.id}"
    etag = (await owner.get(terms)).headers["etag"]
    changed = await owner.patch(terms, json={"remainder": "round_up"}, headers={"if-match": etag})
    assert changed.status_code == 200, changed.text
    other = wish(shop, [("beans", 16)], buyer=HUB_A, when=session(2))
    second = await send(hub, "POST", shop.orders, other)
    assert told(second)[1] == {shop.items["beans"]: "16"}
    held = (await owner.get(f"/api/v1/held-orders/{second.headers['location'].rpartition('/')[2]}")).json()
    assert (held["lines"][0]["quantity"], held["lines"][0]["surplus"]) == ("24", "8")
    assert await shop.available("beans") == str(48 - 3 - 24)
    assert len(read_graph(await hub.get(shop.orders)).of(Order)) == 2
