"""What can become of an order: completed, cancelled, opened again, superseded; and who may see it."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest

from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import Order, OrderLine, Price, SaleSession
from tests.edges.conftest import Server
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import (
    HUB_A,
    NOWHEN,
    Jean,
    in_order,
    jean,
    move_clock,
    read_graph,
    send,
    session,
    told,
    wish,
)


async def held_order(shop: Jean, url: str) -> dict[str, object]:
    """The held order as the producer's own people see it."""
    answer = await shop.server.owner.get(f"/api/v1/held-orders/{url.rpartition('/')[2]}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_order_of_another_platform_stays_one_for_its_session(server: Server) -> None:
    """Its held order is known by the order's own id; a relation that would hold each order by itself is refused, and changes nothing."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    terms = f"/api/v1/relations/{(await held_order(shop, url))['hub_id']}/{shop.id}"
    tag = (await server.owner.get(terms)).headers["etag"]
    refused = await server.owner.patch(terms, json={"consolidation": "per_order"}, headers={"if-match": tag})
    assert (refused.status_code, refused.json()["code"]) == (409, "per_order_not_told"), refused.text
    assert (await server.owner.get(terms)).headers["etag"] == tag


async def test_completing_ends_the_hubs_session_and_commits_the_goods(server: Server) -> None:
    """PUT Complete: the last totals count, the order is Complete and Unfulfilled, and again it is the same."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    done = shop.wish([("carrots", 7)], id_=url, status=OrderStatus.COMPLETE)
    for _ in range(2):
        answer = await send(hub, "PUT", url, done)
        assert answer.status_code == 200, answer.text
        order, amounts = told(answer)
        assert (order.order_status, order.fulfilment_status) == (
            OrderStatus.COMPLETE,
            FulfilmentStatus.UNFULFILLED,
        )
        assert amounts == {shop.items["carrots"]: "7"}
    seen = await held_order(shop, url)
    assert (seen["status"], seen["state"], seen["lines"][0]["quantity"]) == ("Complete", "Complete", "7")  # type: ignore[index]
    fulfilled = await server.owner.post(
        f"/api/v1/held-orders/{url.rpartition('/')[2]}/events", json={"name": "fulfil"}
    )
    assert fulfilled.status_code == 200, fulfilled.text
    assert told(await hub.get(url))[0].fulfilment_status is FulfilmentStatus.FULFILLED


async def test_what_is_complete_is_changed_no_more(server: Server) -> None:
    """ADR 0020: more, less, nothing and DELETE are refused with order_final, and the order stays as it is."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (
        await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)], status=OrderStatus.COMPLETE))
    ).headers["location"]
    for amount in (7, 5, 0):
        answer = await send(hub, "PUT", url, shop.wish([("carrots", amount)], id_=url))
        assert (answer.status_code, answer.json()["code"]) == (409, "order_final")
    gone = await send(hub, "DELETE", url)
    assert (gone.status_code, gone.json()["code"]) == (409, "order_final")
    again = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]))
    assert (again.status_code, again.json()["code"]) == (409, "order_final")
    assert told(await hub.get(url))[1] == {shop.items["carrots"]: "6"}
    assert await shop.available("carrots") == "4"


@pytest.mark.parametrize("way", ["PUT", "DELETE"])
async def test_cancelling_gives_everything_back_at_once(server: Server, way: str) -> None:
    """By status or by DELETE: all three statuses are Cancelled, nothing is held, and saying it again changes nothing."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    body = shop.wish([("carrots", 6)], id_=url, status=OrderStatus.CANCELLED) if way == "PUT" else b""
    for _ in range(2):
        answer = await send(hub, way, url, body)
        assert answer.status_code == (200 if way == "PUT" else 204), answer.text
        assert await shop.available("carrots") == "10"
    order, amounts = told(await hub.get(url))
    assert amounts == {}
    assert (order.order_status, order.fulfilment_status, order.payment_status) == (
        OrderStatus.CANCELLED, FulfilmentStatus.CANCELLED, PaymentStatus.CANCELLED,
    )  # fmt: skip


async def test_a_cancelled_order_is_on_again_when_that_is_said(server: Server) -> None:
    """A PUT without a status leaves it cancelled and is refused; with the status Held, or as a POST, it holds again."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    await send(hub, "DELETE", url)
    silent = await send(hub, "PUT", url, shop.wish([("carrots", 2)], id_=url, status=None))
    assert (silent.status_code, silent.json()["code"]) == (409, "order_cancelled")
    on = await send(hub, "PUT", url, shop.wish([("carrots", 2)], id_=url))
    assert (told(on)[0].order_status, await shop.available("carrots")) == (OrderStatus.HELD, "8")
    await send(hub, "DELETE", url)
    made = await send(hub, "POST", shop.orders, shop.wish([("carrots", 3)], status=None))
    assert (made.status_code, made.headers["location"], await shop.available("carrots")) == (200, url, "7")


async def test_news_that_were_overtaken_are_refused(server: Server) -> None:
    """The fence: of numbered requests the newest counts, however they arrive; the same number again is the same request."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    first = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]), coster_sequence="1")
    url = first.headers["location"]
    bodies = {n: shop.wish([("carrots", n)], id_=url) for n in (2, 3, 4)}
    answers = {n: await send(hub, "PUT", url, bodies[n], coster_sequence=str(n)) for n in (4, 2, 3, 4)}
    assert [answers[n].status_code for n in (4, 2, 3)] == [200, 409, 409]
    assert (answers[2].json()["code"], answers[2].json()["sequence"]) == ("superseded", 4)
    late = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]), coster_sequence="1")
    assert (late.status_code, late.json()["code"]) == (409, "superseded")
    assert told(await hub.get(url))[1] == {shop.items["carrots"]: "4"}
    bad = await send(hub, "PUT", url, bodies[4], coster_sequence="four")
    assert (bad.status_code, bad.json()["code"]) == (422, "header_invalid")


async def test_the_newest_of_many_numbered_requests_at_once_wins(server: Server) -> None:
    """Forty requests in the air together, in any order: afterwards the order is what the highest number said."""
    shop = await jean(server, carrots="100")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]))).headers["location"]
    numbers = [(n * 17) % 40 + 1 for n in range(40)]
    bodies = {n: shop.wish([("carrots", n)], id_=url) for n in numbers}
    answers = await asyncio.gather(
        *(send(hub, "PUT", url, bodies[n], coster_sequence=str(n)) for n in numbers)
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert told(await hub.get(url))[1] == {shop.items["carrots"]: "40"}


async def test_if_match_binds_a_change_to_what_was_read(server: Server) -> None:
    """An ETag that is no longer the order's is 412; the present one goes through."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]))
    url, old = made.headers["location"], made.headers["etag"]
    new = (await send(hub, "PUT", url, shop.wish([("carrots", 2)], id_=url))).headers["etag"]
    stale = await send(hub, "PUT", url, shop.wish([("carrots", 3)], id_=url), if_match=old)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert (
        await send(hub, "PUT", url, shop.wish([("carrots", 3)], id_=url), if_match=new)
    ).status_code == 200
    assert (await send(hub, "DELETE", url, if_match='"x"')).status_code == 422
    now = (await hub.get(url)).headers["etag"]
    for given, status in ((f"{old}, {new}", 412), (f'"x", {now}, {old}', 204)):
        assert (await send(hub, "DELETE", url, if_match=given)).status_code == status, given


async def test_a_session_ends_by_itself_and_completes_what_a_silent_hub_held(server: Server) -> None:
    """ADR 0020: a day after the end that its hub told, the order is complete with what it holds; an empty one is cancelled."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    soon = session(1, "2026-11-24T18:00:00+01:00")
    url = (await send(hub, "POST", shop.orders, wish(shop, [("carrots", 6)], when=soon))).headers["location"]
    empty = (
        await send(hub, "POST", shop.orders, wish(shop, [], when=session(2, "2026-11-24T18:00:00+01:00")))
    ).headers["location"]
    await move_clock(server, "2026-11-25T16:59:00Z")
    more = await send(hub, "PUT", url, wish(shop, [("carrots", 7)], id_=url, when=NOWHEN))
    assert told(more)[1] == {shop.items["carrots"]: "7"}
    await move_clock(server, "2026-11-25T17:01:00Z")
    assert told(await hub.get(url))[0].order_status is OrderStatus.COMPLETE
    assert told(await hub.get(empty))[0].order_status is OrderStatus.CANCELLED
    late = await send(hub, "PUT", url, wish(shop, [("carrots", 8)], id_=url, when=NOWHEN))
    assert late.json()["code"] == "order_final"
    confirmed = await send(
        hub, "PUT", url, wish(shop, [("carrots", 7)], id_=url, when=NOWHEN, status=OrderStatus.COMPLETE)
    )
    assert confirmed.status_code == 200


async def test_prices_are_ours_unless_the_request_is_strict(server: Server) -> None:
    """A stale price changes nothing and the answer tells ours; `Prefer: handling=strict` refuses; another currency never fits."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    cheap = wish(shop, [("carrots", 1)], price=Price(Decimal("1.00"), "EUR"))
    strict = await send(hub, "POST", shop.orders, cheap, prefer="handling=strict")
    assert (strict.status_code, strict.json()["code"]) == (409, "price_differs")
    assert (strict.json()["lines"][0]["price"], strict.json()["lines"][0]["wanted"]) == ("2.40", "1")
    taken = await send(hub, "POST", shop.orders, cheap)
    assert read_graph(taken).of(OrderLine)[0].price == Price(Decimal("2.4"), "EUR")
    url = taken.headers["location"]
    pounds = wish(shop, [("carrots", 2)], id_=url, price=Price(Decimal("2.40"), "GBP"))
    refused = await send(hub, "PUT", url, pounds)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_mismatch")
    assert await shop.available("carrots") == "9"


async def test_a_platform_sees_its_own_orders_and_no_other(server: Server) -> None:
    """Another platform's order is not found, in lists, by its address, by its lines, and cannot be changed; the producer sees all."""
    shop = await jean(server, carrots="10")
    hub, other = await shop.platform(), await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    assert read_graph(await other.get(shop.orders)).of(Order) == ()
    for method, path in (("GET", url), ("PUT", url), ("DELETE", url), ("GET", f"{url}/orderLines"),
                         ("POST", f"{url}/orderLines"), ("GET", f"{url}/orderLines/{shop.items['carrots']}")):  # fmt: skip
        answer = await send(other, method, path, b"" if method == "GET" else shop.wish([], id_=url))
        assert answer.status_code == 404, (method, path, answer.text)
    mine = await send(other, "POST", shop.orders, shop.wish([("carrots", 1)]))
    assert (mine.status_code, mine.headers["location"] == url) == (201, False)
    owner = await server.owner.get(shop.orders)
    assert len(read_graph(owner).of(Order)) == 2


async def test_without_the_right_nothing_is_told_or_taken(server: Server) -> None:
    """No key 401, no right at the producer 404, another scope only 403; reading does not write."""
    shop = await jean(server, carrots="10")
    reader, stranger = await shop.platform("read_orders"), await (await jean(server)).platform()
    body = shop.wish([("carrots", 1)])
    assert (await send(server.client(None), "POST", shop.orders, body)).status_code == 401
    assert (await send(stranger, "POST", shop.orders, body)).status_code == 404
    refused = await send(reader, "POST", shop.orders, body)
    assert (refused.status_code, refused.json()["scope"]) == (403, "WriteOrders")
    assert (await reader.get(shop.orders)).status_code == 200
    assert await shop.available("carrots") == "10"


async def test_a_key_that_is_revoked_holds_nothing_more(server: Server) -> None:
    """Even while the edge still remembers the key, the transaction asks anew and refuses."""
    shop = await jean(server, carrots="10")
    grants = [{"role": role, "enterprise_id": shop.id} for role in ("read_orders", "write_orders")]
    key = (await server.owner.post("/api/v1/keys", json={"name": "Platform", "grants": grants})).json()
    hub = server.client(key["token"])
    hub.headers["content-type"] = "application/ld+json"
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    assert (await server.owner.delete(f"/api/v1/keys/{key['id']}")).status_code == 200
    answer = await send(hub, "PUT", url, shop.wish([("carrots", 9)], id_=url))
    assert answer.status_code == 401, answer.text
    assert await shop.available("carrots") == "4"


async def test_a_producer_who_ends_the_relation_is_asked_for_no_more(server: Server) -> None:
    """An inactive relation refuses growth line by line; what is held stays, and can be given back."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    terms = f"/api/v1/relations/{(await held_order(shop, url))['hub_id']}/{shop.id}"
    etag = (await server.owner.get(terms)).headers["etag"]
    assert (
        await server.owner.patch(terms, json={"active": False}, headers={"if-match": etag})
    ).status_code == 200
    more = await send(hub, "PUT", url, shop.wish([("carrots", 7)], id_=url))
    assert (more.status_code, more.json()["code"]) == (409, "not_supplied")
    assert (await send(hub, "PUT", url, shop.wish([("carrots", 5)], id_=url))).status_code == 200
    assert await shop.available("carrots") == "5"


async def test_what_cannot_be_an_order_is_told_and_leaves_nothing(server: Server) -> None:
    """400 for no order, two, no quantity, a foreign id; 422 for unknown offers, another seller, a draft; nothing is held."""
    shop, other = await jean(server, carrots="10"), await jean(server)
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]))).headers["location"]
    order, offer = {"@id": url, "@type": "Order"}, shop.offer("carrots")
    line = {"@id": "#l", "@type": "OrderLine", "quantity": 2, "concerns": offer}
    cases = [
        (document(), 400, "document_invalid"),
        (document(order, {"@id": "#2", "@type": "Order"}), 400, "document_invalid"),
        (document({**order, "hasPart": "#l"}, {"@id": "#l", "@type": "OrderLine", "concerns": offer}), 400, "document_invalid"),
        (document({**order, "hasPart": "#l"}, {**line, "quantity": "-2"}), 400, "document_invalid"),
        (document({**order, "hasPart": "#l"}, {**line, "quantity": "1.23456"}), 400, "document_invalid"),
        (document({**order, "@id": f"{shop.orders}/{shop.id}", "hasPart": "#l"}, line), 400, "document_invalid"),
        ("{", 400, "document_invalid"),
        (document({**order, "hasPart": "#l"}, {**line, "concerns": "https://x.example/offers/1"}), 422, "offer_unknown"),
        (document({**order, "soldBy": other.home, "hasPart": "#l"}, line), 422, "seller_differs"),
        (document({**order, "hasOrderStatus": "dfc-v:Draft", "hasPart": "#l"}, line), 422, "status_not_taken"),
        (document({**order, "belongsTo": f"{HUB_A}/SaleSessions/99", "hasPart": "#l"}, line), 409, "session_differs"),
    ]  # fmt: skip
    for body, status, code in cases:
        answer = await send(hub, "PUT", url, body.encode())
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert told(await hub.get(url))[1] == {shop.items["carrots"]: "1"}


async def test_an_item_of_another_producer_is_not_ordered_here(server: Server) -> None:
    """Its offer, named under this producer's address, is refused line by line; nothing is held of either."""
    shop, other = await jean(server, carrots="10"), await jean(server, carrots="10")
    hub = await shop.platform()
    both = await other.platform()
    await send(both, "POST", other.orders, wish(other, [("carrots", 1)]))
    theirs = f"{shop.home}/Offers/{other.items['carrots']}"
    answer = await send(hub, "POST", shop.orders, shop.wish([("carrots", 1), (theirs, 2)]))
    assert (answer.status_code, answer.json()["code"]) == (409, "item_not_listed")
    assert answer.json()["lines"][0]["line"].endswith("/OrderLines/2")
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 1)]))).headers["location"]
    added = await send(hub, "PUT", url, shop.wish([("carrots", 1), (theirs, 2)], id_=url))
    assert (added.status_code, added.json()["code"]) == (409, "item_not_listed")
    assert (await shop.available("carrots"), await other.available("carrots")) == ("9", "9")


async def test_an_order_without_a_session_is_followed_by_another(server: Server) -> None:
    """Complete ends it; the next POST without a session makes a new one under another address, and only then: seven in a row."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    urls = []
    for _ in range(7):
        made = await send(hub, "POST", shop.orders, wish(shop, [("carrots", 1)], when=NOWHEN))
        again = await send(hub, "POST", shop.orders, wish(shop, [("carrots", 1)], when=NOWHEN))
        url = made.headers["location"]
        assert (made.status_code, again.status_code, again.headers["location"]) == (201, 200, url)
        urls.append(url)
        done = wish(shop, [("carrots", 1)], id_=url, when=NOWHEN, status=OrderStatus.COMPLETE)
        assert (await send(hub, "PUT", url, done)).status_code == 200
    assert (len(set(urls)), await shop.available("carrots")) == (7, "3")


async def test_a_planned_session_can_be_ordered_in(server: Server) -> None:
    """POST SaleSessions gives an address; orders that name it are told in it, and it is in the list."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    body = document({"@id": "#", "@type": "SaleSession", "beginDate": "2026-11-23T06:00:00+01:00",
                     "endDate": "2026-11-27T18:00:00+01:00"})  # fmt: skip
    made = await send(hub, "POST", f"{shop.home}/SaleSessions", body.encode())
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    assert (await hub.get(url)).status_code == 200
    order, _ = told(
        await send(
            hub, "POST", shop.orders, wish(shop, [("carrots", 1)], buyer=None, when=SaleSession(id=url))
        )
    )
    assert order.session == url
    other, _ = told(
        await send(hub, "POST", shop.orders, wish(shop, [("carrots", 1)], when=SaleSession(id=url)))
    )
    assert (other.id == order.id, await shop.available("carrots")) == (False, "8")
    listed = await hub.get(f"{shop.home}/sale_sessions")
    assert url in {one.id for one in read_graph(listed).of(SaleSession)}
    stranger = await shop.platform()
    assert (await stranger.get(url)).status_code == 404
    assert (await send(hub, "POST", f"{shop.home}/SaleSessions", document().encode())).status_code == 400


async def test_sale_sessions_are_paged(server: Server) -> None:
    """All of them in one order, page by page and from the end, where they opened at the same instant too; PageInfo is truthful."""
    shop = await jean(server, carrots="10")
    hub, place = await shop.platform(), f"{shop.home}/SaleSessions"
    ends = [
        document({"@id": "#", "@type": "SaleSession", "endDate": f"2026-11-2{day}T18:00:00Z"})
        for day in range(4, 9)
    ]
    made = {(await send(hub, "POST", place, body.encode())).headers["location"] for body in ends}
    whole = in_order(await hub.get(place), "SaleSession")
    assert (set(whole), len(whole)) == (made, 5)
    found, asked = [], {"first": "2"}
    for more in (True, True, False):
        page = await hub.get(place, params=asked)
        info = json.loads(page.headers["pageinfo"])
        assert info["hasNextPage"] is more
        found += in_order(page, "SaleSession")
        asked["after"] = info["endCursor"]
    assert found == whole
    assert in_order(await hub.get(place, params={"last": "2"}), "SaleSession") == whole[3:]
    before = await hub.get(place, params={"last": "2", "before": asked["after"]})
    assert in_order(before, "SaleSession") == whole[2:4]
    assert (await hub.get(place, params={"first": "1", "last": "1"})).status_code == 400
