"""The npm connector orders from a real server: it reads all our answers, and we take what it writes (dfc.md §6, checks 1 to 4, 20, 23)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus
from coster.edges.dfc.language.records import Order, SaleSession
from tests.edges.conftest import Server
from tests.edges.dfc.connector.speaking import asked
from tests.edges.dfc.supplier import HUB_A, Jean, in_order, jean, read_graph, send, session, told

pytestmark = pytest.mark.node


def created(connector: Path, shop: Jean, *lines: tuple[str, float], **wishes: Any) -> bytes:
    """A new order as the connector writes it, all ids keeping places."""
    wanted = [{"id": shop.items[name], "quantity": quantity} for name, quantity in lines]
    made = asked(
        connector, create=shop.home, lines=wanted, currency="EURO", begins="2026-11-23T06:00:00+01:00",
        ends="2026-11-27T18:00:00+01:00", **wishes,
    )  # fmt: skip
    assert made["fetched"] == []
    return str(made["exported"]).encode()


def changed(connector: Path, body: bytes, **change: Any) -> bytes:
    """What the connector sends back after it has read an answer of ours and set something."""
    made = asked(connector, body, change=change)
    assert made["fetched"] == []
    return str(made["exported"]).encode()


async def test_the_connector_reads_every_answer_about_orders(server: Server, connector: Path) -> None:
    """Check 1: the order, the list, the lines, one line and the session; every getter finds what it looks for and nothing is fetched."""
    shop = await jean(server, carrots="10", leeks="5")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("leeks", "0.5")]))
    url = made.headers["location"]
    for answer in (made, await hub.get(shop.orders), await hub.get(f"{url}/orderLines")):
        seen = await asyncio.to_thread(asked, connector, answer.content)
        assert seen["fetched"] == []
        (order,) = seen["orders"]
        assert (order["id"], order["held"], order["unpaid"]) == (url, True, True)
        assert order["buyer"] == {"id": HUB_A, "name": "Hub A"}
        assert order["seller"] == {"id": shop.home, "name": "Jean"}
        assert order["session"]["ends"] == "2026-11-27T18:00:00+01:00"
        carrots, leeks = order["lines"]
        assert (carrots["quantity"], carrots["price"]["value"], carrots["product"]["name"]) == (
            6,
            2.4,
            "carrots",
        )
        assert (leeks["quantity"], leeks["offer"]["id"]) == (0.5, shop.offer("leeks"))
        assert carrots["product"]["unit"].endswith("#Kilogram")
    line = await asyncio.to_thread(
        asked, connector, (await hub.get(f"{url}/orderLines/{shop.items['leeks']}")).content
    )
    assert [one["quantity"] for one in line["orders"][0]["lines"]] == [0.5]


async def test_the_connector_orders_changes_and_completes(server: Server, connector: Path) -> None:
    """Checks 2 and 4: made Held with two lines, set to 6 and 2 and one more, completed with two; lines keep the request's order."""
    shop = await jean(server, carrots="10", leeks="10", beans="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, created(connector, shop, ("leeks", 5), ("carrots", 0.25)))
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    assert list(told(made)[1].items()) == [(shop.items["leeks"], "5"), (shop.items["carrots"], "0.25")]
    (when,) = read_graph(made).of(SaleSession)
    assert when.ends_at is not None
    assert when.ends_at.isoformat() == "2026-11-27T18:00:00+01:00"
    more = changed(
        connector, made.content, quantities=[6, 2], add={"quantity": 1, "offer": shop.offer("beans")}
    )
    put = await send(hub, "PUT", url, more)
    assert put.status_code == 200, put.text
    assert list(told(put)[1].items()) == [
        (shop.items["leeks"], "6"),
        (shop.items["carrots"], "2"),
        (shop.items["beans"], "1"),
    ]
    done = changed(connector, put.content, quantities=[6, 2, 0], status="COMPLETE")
    order, amounts = told(await send(hub, "PUT", url, done))
    assert (order.order_status, order.fulfilment_status) == (
        OrderStatus.COMPLETE,
        FulfilmentStatus.UNFULFILLED,
    )
    assert list(amounts.items()) == [(shop.items["leeks"], "6"), (shop.items["carrots"], "2")]
    assert in_order(await hub.get(shop.orders, params={"first": 2})) == [url]


async def test_read_set_and_write_twice_changes_what_was_meant_once(server: Server, connector: Path) -> None:
    """Check 3: 8 in place of 6, by what we answered; the second time nothing happens at all, though offers and stock came back stale."""
    shop = await jean(server, carrots="10", leeks="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, shop.wish([("carrots", 6), ("leeks", 1)]))
    url = made.headers["location"]
    body = changed(connector, made.content, quantity=8)
    once = await send(hub, "PUT", url, body)
    twice = await send(hub, "PUT", url, body)
    assert (once.status_code, twice.status_code) == (200, 200)
    assert once.content == twice.content
    assert once.headers["etag"] == twice.headers["etag"]
    assert told(once)[1] == {shop.items["carrots"]: "8", shop.items["leeks"]: "1"}
    before, after = told(made)[0], told(once)[0]
    assert after == before
    again = changed(connector, once.content, quantity=8)
    assert (await send(hub, "PUT", url, again)).content == once.content


async def test_connectors_at_once_never_get_more_than_there_is(server: Server, connector: Path) -> None:
    """Check 20: five platforms send what one connector wrote, for three kilos each of the seed's ten; three orders hold, two are told
    what is left, and the connector reads what was granted."""
    shop = await jean(server, carrots="10")
    hubs = [await shop.platform() for _ in range(5)]
    body = created(connector, shop, ("carrots", 3))
    answers = await asyncio.gather(*(send(hub, "POST", shop.orders, body) for hub in hubs))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409]
    refused = [answer.json()["lines"][0]["available"] for answer in answers if answer.status_code == 409]
    assert refused == ["1", "1"]
    assert await shop.available("carrots") == "1"
    again = await asyncio.gather(*(send(hub, "POST", shop.orders, body) for hub in hubs))
    assert sorted(answer.status_code for answer in again) == [200, 200, 200, 409, 409]
    owner = await server.owner.get(shop.orders)
    assert len(read_graph(owner).of(Order)) == 3
    seen = asked(connector, owner.content)
    assert [line["quantity"] for order in seen["orders"] for line in order["lines"]] == [3, 3, 3]


async def test_dates_in_every_form_are_read_and_told_in_one(server: Server) -> None:
    """Check 23: JavaScript's text, RFC 5322, an offset; all name the same session, and the answer has ISO 8601 with an offset."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    ends = session().ends_at
    assert ends is not None
    body = shop.wish([("carrots", 1)]).decode()
    iso = "2026-11-27T18:00:00+01:00"
    assert iso in body
    urls = set()
    for text in (iso, "2026-11-27T17:00:00Z", "Fri Nov 27 2026 17:00:00 UTC", "Fri, 27 Nov 2026 17:00:00 +0000",
                 "Fri Nov 27 2026 18:00:00 GMT+0100 (Central European Standard Time)"):  # fmt: skip
        answer = await send(hub, "POST", shop.orders, body.replace(iso, text).encode())
        assert answer.status_code in (200, 201), (text, answer.text)
        urls.add(answer.headers["location"])
        (when,) = read_graph(answer).of(SaleSession)
        assert when.ends_at == ends
    assert len(urls) == 1
