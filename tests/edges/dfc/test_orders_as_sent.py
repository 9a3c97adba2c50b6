"""Orders in the forms in which platforms that run send them: written after dfc.md §2 and §3, by hand."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest

from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus
from coster.edges.dfc.language.records import Order, SaleSession
from tests.edges.conftest import Server
from tests.edges.dfc.shared import DESCRIPTIONS
from tests.edges.dfc.supplier import Jean, jean, read_graph, send, told

_CONTEXTS = (
    "https://www.datafoodconsortium.org",
    "https://w3id.org/dfc/ontology/context/context_1.16.0.json",
    "https://w3id.org/dfc/ontology/context/context_2.0.0.json",
)


def network_order(shop: Jean, quantity: Any, context: str = _CONTEXTS[0]) -> dict[str, Any]:
    """What the Open Food Network POSTs: the order is called by its collection, the session keeps a place and has dates as Ruby prints
    them, no order date, no fulfilment."""
    offer = f"{shop.home}/SuppliedProducts/{shop.items['carrots']}/Offer"
    product = f"{shop.home}/SuppliedProducts/{shop.items['carrots']}"
    return {
        "@context": context,
        "@graph": [
            {"@id": shop.orders, "@type": "dfc-b:Order", "dfc-b:belongsTo": f"{shop.home}/SalesSession/#",
             "dfc-b:hasPart": f"{shop.orders}/OrderLines/1", "dfc-b:orderedBy": "http://ofn.example/api/dfc/enterprises/1003",
             "dfc-b:hasOrderStatus": "dfc-v:Held"},
            {"@id": f"{shop.orders}/OrderLines/1", "@type": "dfc-b:OrderLine", "dfc-b:quantity": quantity, "dfc-b:concerns": offer},
            {"@id": offer, "@type": "dfc-b:Offer", "dfc-b:offeredItem": product, "dfc-b:stockLimitation": -1,
             "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": "2.40", "dfc-b:VATrate": "0", "dfc-b:hasUnit": "dfc-m:Euro"}},
            {"@id": product, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": "Carrots"},
            {"@id": f"{shop.home}/SalesSession/#", "@type": "dfc-b:SaleSession", "dfc-b:beginDate": "Sun Nov 22 2026 05:40:38 UTC",
             "dfc-b:endDate": "Fri Nov 27 2026 17:00:00 UTC"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("context", _CONTEXTS)
async def test_an_order_of_the_open_food_network_lives_its_life(server: Server, context: str) -> None:
    """POST with a number, PUT with a text and status and lines alone, PUT with no lines, PUT Complete; each answer can be parsed for
    its order, whose address is not the collection's."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, json.dumps(network_order(shop, 3, context)).encode())
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    order, amounts = told(made)
    assert (order.id, amounts) == (url, {shop.items["carrots"]: "3"})
    assert order.buyer == "http://ofn.example/api/dfc/enterprises/1003"
    (session,) = read_graph(made).of(SaleSession)
    assert session.id.startswith(f"{shop.home}/SaleSessions/")

    def put(lines: list[str], status: str) -> bytes:
        offer = f"{shop.home}/Offers/{shop.items['carrots']}"
        nodes = [
            {
                "@id": f"{url}/OrderLines/{n}",
                "@type": "dfc-b:OrderLine",
                "dfc-b:quantity": amount,
                "dfc-b:concerns": offer,
            }
            for n, amount in enumerate(lines, 1)
        ]
        head = {"@id": url, "@type": "dfc-b:Order", "dfc-b:hasOrderStatus": f"dfc-v:{status}"}
        if nodes:
            head["dfc-b:hasPart"] = [node["@id"] for node in nodes]  # type: ignore[assignment]
        return json.dumps({"@context": context, "@graph": [head, *nodes]}).encode()

    assert list(told(await send(hub, "PUT", url, put(["5"], "Held")))[1].values()) == ["5"]
    assert told(await send(hub, "PUT", url, put([], "Held")))[1] == {}
    assert await shop.available("carrots") == "10"
    order, amounts = told(await send(hub, "PUT", url, put(["4"], "Complete")))
    assert (order.order_status, order.fulfilment_status) == (
        OrderStatus.COMPLETE,
        FulfilmentStatus.UNFULFILLED,
    )
    assert told(await hub.get(url)) == (order, amounts)


async def test_the_codes_that_a_supplier_answers(server: Server) -> None:
    """201, 200 and 204; 400 for an empty body, 401 without a key, 404 for an unknown order, enterprise and id that is none, 422 for
    what is not offered: as the network's own interface for suppliers has them."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    body = json.dumps(network_order(shop, 1)).encode()
    made = await send(hub, "POST", shop.orders, body)
    url = made.headers["location"]
    more = json.dumps(network_order(shop, 5)).replace(f'"{shop.orders}"', f'"{url}"').encode()
    assert (made.status_code, await shop.available("carrots")) == (201, "9")
    assert ((await send(hub, "PUT", url, more)).status_code, await shop.available("carrots")) == (200, "5")
    nowhere = f"{shop.iris.base}/Enterprises/{shop.items['carrots']}/Orders"
    unknown = network_order(shop, 1)
    unknown["@graph"][2] |= {"dfc-b:offeredItem": f"{shop.home}/SuppliedProducts/0"}
    unknown["@graph"][1] |= {"dfc-b:concerns": f"{shop.home}/Offers/0"}
    unknown["@graph"][2] |= {"@id": f"{shop.home}/Offers/0"}
    cases = [
        ("POST", shop.orders, b"", hub, 400),
        ("PUT", url, b"", hub, 400),
        ("POST", shop.orders, body, server.client(None), 401),
        ("GET", f"{shop.orders}/{shop.id}", b"", hub, 404),
        ("GET", f"{shop.orders}/7", b"", hub, 404),
        ("POST", nowhere, body, hub, 404),
        ("POST", shop.orders, json.dumps(unknown).encode(), hub, 422),
    ]
    for method, place, sent, client, status in cases:
        answer = await send(client, method, place, sent)
        assert answer.status_code == status, (method, place, answer.text)
    assert (await send(hub, "DELETE", url)).status_code == 204
    assert await shop.available("carrots") == "10"


async def test_paths_are_found_in_every_spelling(server: Server) -> None:
    """PascalCase, snake_case, camelCase and lower case name the same orders and lines."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = await send(
        hub,
        "POST",
        f"{shop.iris.base}/enterprises/{shop.id}/orders",
        json.dumps(network_order(shop, 2)).encode(),
    )
    id_ = made.headers["location"].rpartition("/")[2]
    for spelling in ("Enterprises/{}/Orders/{}/orderLines", "enterprises/{}/orders/{}/order_lines", "Enterprises/{}/orders/{}/orderlines",
                     "ENTERPRISES/{}/Orders/{}/OrderLines"):  # fmt: skip
        answer = await hub.get(f"{shop.iris.base}/{spelling.format(shop.id, id_)}")
        assert (answer.status_code, len(read_graph(answer).of(Order))) == (200, 1)


async def test_the_words_of_2_0_are_told_to_who_asks_for_them(server: Server) -> None:
    """`Accept: …profile="dfc-v2"`: the same order with the context of 2.0.0, and lists as containers."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, json.dumps(network_order(shop, 2)).encode())
    url = made.headers["location"]
    accept = {"accept": 'application/ld+json; profile="dfc-v2"'}
    one, many = await hub.get(url, headers=accept), await hub.get(shop.orders, headers=accept)
    assert one.json()["@context"] == _CONTEXTS[2]
    assert told(one)[1] == {shop.items["carrots"]: "2"}
    assert many.json()["@graph"][0]["ldp:contains"] == [{"@id": url}]


async def test_a_session_that_is_over_by_its_dates_can_still_be_ordered_in(server: Server) -> None:
    """Recorded traffic, wrong clocks, windows of amendments: such an order is held for a day, and saying it again makes that no longer."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    late = (
        json.dumps(network_order(shop, 3))
        .replace("Fri Nov 27 2026", "Thu Mar 27 2025")
        .replace("Nov 22 2026", "Mar 19 2025")
    )
    made = await send(hub, "POST", shop.orders, late.encode())
    assert made.status_code == 201, made.text
    (session,) = read_graph(made).of(SaleSession)
    assert session.ends_at is not None
    assert session.ends_at.isoformat() == "2025-03-27T17:00:00+00:00"
    url = made.headers["location"]
    again = await send(hub, "PUT", url, late.replace(f'"{shop.orders}"', f'"{url}"').encode())
    assert (again.status_code, again.headers["etag"]) == (200, made.headers["etag"])


async def test_examples_of_the_networks_own_description_are_taken(server: Server) -> None:
    """Where the description of its interface for suppliers is at hand: both of its requests, by our host, our ids and its currency."""
    files = [file for file in DESCRIPTIONS if file.name.endswith("pr14423.yaml")]
    shop = await jean(server)
    item = await shop.stock("apple", "20", price="19.99")
    hub = await shop.platform()
    for file in files:
        found = re.findall(
            r"example: \|\n((?: {16}.*\n)+)", file.read_text("utf-8").partition("/orders/{order_id}")[2]
        )
        quantities, url = {}, shop.orders
        for text in sorted(found, key=lambda one: 'dfc-b:quantity": 1' not in one)[:2]:
            body = text.replace("http://test.host/api/dfc/enterprises/10000", shop.home).replace(
                "/10001", f"/{item}"
            )
            body = body.replace("dfc-m:AustralianDollar", "dfc-m:Euro")
            answer = await send(hub, "POST" if url == shop.orders else "PUT", url, body.encode())
            assert answer.status_code in (200, 201), answer.text
            url = told(answer)[0].id
            quantities[answer.status_code] = (told(answer)[1][item], await shop.available("apple"))
        assert quantities == {201: ("1", "19"), 200: ("5", "15")}


def app_order(
    shop: Jean, url: str, lines: list[tuple[str, int]], status: str = "Held"
) -> list[dict[str, Any]]:
    """An order as those who order at the producers' app write it: numbered offers that offer the product itself."""
    nodes = [node for number, one in enumerate(lines, 1) for node in app_line(shop, url, one, number)]
    parts = [node["@id"] for node in nodes if node["@type"] == "dfc-b:OrderLine"]
    return [{"@id": url, "@type": "dfc-b:Order", "dfc-b:hasOrderStatus": f"dfc-v:{status}", "dfc-b:hasPart": parts}, *nodes]  # fmt: skip


def app_line(shop: Jean, url: str, wanted: tuple[str, int], number: int = 1) -> list[dict[str, Any]]:
    """A line of it, with what it names."""
    name, amount = wanted
    product, offer = f"{shop.home}/SuppliedProducts/{shop.items[name]}", f"{shop.home}/Offers/{number}"
    return [
        {"@id": offer, "@type": "dfc-b:Offer", "dfc-b:offers": product},
        {"@id": f"{url}/OrderLines/{number}", "@type": "dfc-b:OrderLine", "dfc-b:quantity": amount, "dfc-b:concerns": [offer]},
        {"@id": product, "@type": "dfc-b:SuppliedProduct"},
    ]  # fmt: skip


def as_body(nodes: list[dict[str, Any]]) -> bytes:
    """Nodes as a document."""
    return json.dumps({"@context": _CONTEXTS[1], "@graph": nodes}).encode()


def shown(answer: httpx2.Response) -> list[tuple[str, str]]:
    """The lines that an answer has nodes of: item and quantity, as they stand there."""
    nodes = answer.json().get("@graph", [])
    lines = [node for node in nodes if node["@type"] == "dfc-b:OrderLine"]
    return [(one["@id"].rpartition("/")[2], one["dfc-b:quantity"]) for one in lines]


async def test_an_order_at_the_producers_app_lives_its_life(server: Server) -> None:
    """Check 4: made, changed, shown, lines listed and paged, a line read, made and changed; completed, in the request's order."""
    shop = await jean(server, pears="99", leeks="99", beans="99", chard="99")
    hub = await shop.platform()
    day = "{} Nov {} 2026 08:00:00 GMT+0000 (Coordinated Universal Time)"
    session = {"@id": f"{shop.home}/SalesSession/#", "@type": "dfc-b:SaleSession", "dfc-b:startDate": day.format("Sun", 22),
               "dfc-b:endDate": day.format("Sun", 29)}  # fmt: skip
    first = [*app_order(shop, f"{shop.orders}/#", [("pears", 5), ("leeks", 3)]), session]
    made = await send(hub, "POST", shop.orders, as_body(first))
    url, item = made.headers["location"], shop.items
    assert shown(made) == [(item["pears"], "5"), (item["leeks"], "3")]
    more = app_order(shop, url, [("pears", 6), ("leeks", 2), ("beans", 1)])
    six = [(item["pears"], "6"), (item["leeks"], "2"), (item["beans"], "1")]
    lines = f"{url}/orderLines"
    for answer in (await send(hub, "PUT", url, as_body(more)), await hub.get(url), await hub.get(lines)):
        assert (answer.status_code, shown(answer)) == (200, six)
    assert shown(await hub.get(lines, params={"first": 2})) == six[:2]
    assert shown(await hub.get(f"{lines}/{item['leeks']}")) == six[1:2]
    added = await send(hub, "POST", lines, as_body(app_line(shop, url, ("chard", 5))))
    ten = await send(hub, "PUT", f"{lines}/{item['chard']}", as_body(app_line(shop, url, ("chard", 10))))
    assert (shown(added), shown(ten)) == ([(item["chard"], "5")], [(item["chard"], "10")])
    last = await send(
        hub, "PUT", url, as_body(app_order(shop, url, [("pears", 7), ("leeks", 2)], "Complete"))
    )
    assert (told(last)[0].order_status, shown(last)) == (OrderStatus.COMPLETE, [(item["pears"], "7"), six[1]])
    assert [await shop.available(name) for name in item] == ["92", "97", "99", "99"]


async def test_lines_are_paged_both_ways(server: Server) -> None:
    """`first` and `after`, `last` and `before`, with a truthful PageInfo; a cursor of a line that is gone is 400."""
    shop = await jean(server, a="9", b="9", c="9")
    hub = await shop.platform()
    made = await send(hub, "POST", shop.orders, shop.wish([("c", 1), ("a", 2), ("b", 3)]))
    lines = f"{made.headers['location']}/orderLines"
    whole = [(shop.items[name], amount) for name, amount in (("c", "1"), ("a", "2"), ("b", "3"))]
    one = await hub.get(lines, params={"first": 1})
    info = json.loads(one.headers["pageinfo"])
    assert (shown(one), info["hasPreviousPage"], info["hasNextPage"]) == (whole[:1], False, True)
    rest = await hub.get(lines, params={"first": 9, "after": info["endCursor"]})
    end = json.loads(rest.headers["pageinfo"])
    assert (shown(rest), end["hasPreviousPage"], end["hasNextPage"]) == (whole[1:], True, False)
    back = await hub.get(lines, params={"last": 1, "before": end["endCursor"]})
    assert (shown(back), shown(await hub.get(lines, params={"last": 2}))) == (whole[1:2], whole[1:])
    await send(hub, "DELETE", f"{lines}/{shop.items['c']}")
    for bad in ({"first": 1, "last": 1}, {"first": 1, "after": info["endCursor"]}, {"limit": 2}):
        assert (await hub.get(lines, params=bad)).status_code == 400
