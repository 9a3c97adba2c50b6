"""Ten kilos never become eleven: many platforms and local hubs at once, on a real server, over real HTTP (check 20)."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from typing import Any

import httpx2

from coster.cli import verify
from coster.edges.dfc.language.concepts import OrderStatus
from tests.edges.conftest import AT, Server
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import HUB_A, HUB_B, Jean, jean, move_clock, send, session, told, wish
from tests.edges.scene import made


async def local_hub(shop: Jean, name: str) -> tuple[str, str]:
    """A hub of the same server that sells Jean's goods in an open session of its own."""
    api = shop.server.owner
    hub = await made(api, "/enterprises", {"name": name, "kinds": ["hub"], "currency": "EUR"})
    await made(api, "/relations", {"hub_id": hub["id"], "producer_id": shop.id})
    week = {
        "coordinator_id": hub["id"], "name": "Week", "opens_at": "2026-11-23T08:00:00Z", "closes_at": "2026-11-30T09:00:00Z",
        "hub_ids": [hub["id"]], "listings": [{"item_id": item} for item in shop.items.values()],
    }  # fmt: skip
    return hub["id"], (await made(api, "/sessions", week))["id"]


async def buy(shop: Jean, hub: tuple[str, str], reference: str, amount: str) -> httpx2.Response:
    """A shopper of a local hub buys carrots."""
    body = {"seller_id": hub[0], "session_id": hub[1], "channel": "web", "reference": reference, "completed": True,
            "lines": [{"item_id": shop.items["carrots"], "quantity": amount}]}  # fmt: skip
    return await shop.server.owner.post("/api/v1/orders", json=body)


async def promised(shop: Jean) -> float:
    """How many kilos of carrots are held or owed, as the shelf says."""
    found = await shop.server.owner.get("/api/v1/positions", params={"item_id": shop.items["carrots"]})
    row = found.json()["items"][0]
    return float(row["on_hand"]) - float(row["available"])


async def kept(server: Server, at: dt.datetime = AT) -> None:
    """Every promise of the program holds."""
    broken = [check for check in await verify.count(server.database, 1, at) if check.broken]
    assert broken == []


async def test_ten_kilos_are_never_eleven(server: Server) -> None:
    """Eight platforms and two local hubs grow and shrink what they hold, all at once; at every moment at most ten are promised, and
    in the end exactly what was granted."""
    shop = await jean(server, carrots="10")
    hubs = [await shop.platform() for _ in range(8)]
    locals_ = [await local_hub(shop, f"Hub {n}") for n in range(2)]
    chance, granted = random.Random(7), {}
    seen: list[float] = []

    async def remote(number: int, hub: httpx2.AsyncClient) -> None:
        url = ""
        for step in range(12):
            amount = chance.randint(0, 4)
            body = shop.wish([("carrots", amount)], id_=url or None)
            answer = await send(hub, "PUT" if url else "POST", url or shop.orders, body)
            assert answer.status_code in (200, 201, 409), answer.text
            if answer.status_code != 409:
                url = url or answer.headers["location"]
                granted[number] = float(told(answer)[1].get(shop.items["carrots"], "0"))
            if step % 4 == 0:
                seen.append(await promised(shop))

    async def local(number: int) -> None:
        for step in range(6):
            answer = await buy(shop, locals_[number], f"{shop.id} {number} {step}", "1")
            assert answer.status_code in (201, 409), answer.text
            granted[f"local {number}"] = granted.get(f"local {number}", 0) + (answer.status_code == 201)

    await asyncio.gather(*(remote(n, hub) for n, hub in enumerate(hubs)), *(local(n) for n in range(2)))
    assert max(seen) <= 10
    assert await promised(shop) == sum(granted.values()) <= 10
    await kept(server)


async def test_one_order_however_often_it_is_made_at_once(server: Server) -> None:
    """Twenty POSTs of one hub for one session in the air together: one order, and its goods are held once."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    answers = await asyncio.gather(
        *(send(hub, "POST", shop.orders, shop.wish([("carrots", 6)])) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {200, 201}, [
        answer.text for answer in answers if answer.status_code > 201
    ]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await shop.available("carrots") == "4"
    await kept(server)


async def test_two_who_change_different_lines_at_once_both_get_their_way(server: Server) -> None:
    """Ten lines set by ten requests together: the order has all ten, in quantities as wanted."""
    names = [f"good{n}" for n in range(10)]
    shop = await jean(server, **dict.fromkeys(names, "10"))
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([]))).headers["location"]

    def line(name: str, amount: int) -> bytes:
        node = {"@id": "#", "@type": "OrderLine", "quantity": str(amount), "concerns": shop.offer(name)}
        return document(node).encode()

    answers = await asyncio.gather(
        *(send(hub, "POST", f"{url}/orderLines", line(name, n + 1)) for n, name in enumerate(names))
    )
    assert {answer.status_code for answer in answers} == {201}, [
        answer.text for answer in answers if answer.status_code != 201
    ]
    assert told(await hub.get(url))[1] == {shop.items[name]: str(n + 1) for n, name in enumerate(names)}
    again = await send(hub, "POST", f"{url}/orderLines", line("good0", 4))
    changed = await send(hub, "PUT", f"{url}/orderLines/{shop.items['good1']}", line("good1", 0))
    assert (again.status_code, changed.status_code) == (200, 200)
    assert (await hub.get(f"{url}/orderlines/{shop.items['good1']}")).status_code == 404
    assert (await hub.get(f"{url}/order_lines/{shop.items['good0']}")).status_code == 200
    assert (
        await send(hub, "PUT", f"{url}/orderLines/{shop.items['good1']}", line("good1", 1))
    ).status_code == 404


async def test_the_story_of_jeans_carrots_through_the_standard(start: Any) -> None:
    """VISION: two platforms whose sessions overlap, ten kilos; refused at once with what is left, shrunk at once, completed at the end."""
    server = await start()
    shop = await jean(server, carrots="10")
    a, b = await shop.platform(), await shop.platform()
    week = {"a": session(1, "2026-11-27T18:00:00+01:00"), "b": session(2, "2026-11-26T18:00:00+01:00")}

    async def push(
        hub: httpx2.AsyncClient, which: str, url: str, kilos: str, status: OrderStatus = OrderStatus.HELD
    ) -> httpx2.Response:
        buyer = HUB_A if which == "a" else HUB_B
        body = wish(shop, [("carrots", kilos)], id_=url or None, buyer=buyer, when=week[which], status=status)
        return await send(hub, "PUT" if url else "POST", url or shop.orders, body)

    url_a = (await push(a, "a", "", "1")).headers["location"]
    await move_clock(server, "2026-11-24T09:00:00Z")
    assert (await push(a, "a", url_a, "6")).status_code == 200
    await move_clock(server, "2026-11-25T09:00:00Z")
    url_b = (await push(b, "b", "", "3")).headers["location"]
    await move_clock(server, "2026-11-26T09:00:00Z")
    refused = await push(b, "b", url_b, "5")
    (line,) = refused.json()["lines"]
    assert (refused.status_code, line["wanted"], line["available"]) == (409, "5", "4")
    assert line["item"] == f"{shop.home}/SuppliedProducts/{shop.items['carrots']}"
    assert told(await b.get(url_b))[1] == {shop.items["carrots"]: "3"}
    assert (await push(b, "b", url_b, "4")).status_code == 200
    assert await shop.available("carrots") == "0"
    await move_clock(server, "2026-11-26T19:00:00Z")
    assert told(await push(b, "b", url_b, "4", OrderStatus.COMPLETE))[0].order_status is OrderStatus.COMPLETE
    assert (await push(a, "a", url_a, "5")).status_code == 200
    assert await shop.available("carrots") == "1"
    await move_clock(server, "2026-11-27T19:00:00Z")
    assert told(await push(a, "a", url_a, "5", OrderStatus.COMPLETE))[0].order_status is OrderStatus.COMPLETE
    held = (await server.owner.get("/api/v1/held-orders", params={"producer_id": shop.id})).json()["items"]
    assert sorted((one["status"], one["fulfilment"], one["total"]) for one in held) == [
        ("Complete", "Unfulfilled", "12.00"), ("Complete", "Unfulfilled", "9.60"),
    ]  # fmt: skip
    assert await shop.available("carrots") == "1"
    await kept(server, dt.datetime(2026, 11, 27, 20, tzinfo=dt.UTC))


async def test_a_crash_between_the_commands_of_a_put_is_mended_by_saying_it_again(server: Server) -> None:
    """Of a PUT that completes only the first commands were carried out: the lines count, and the same PUT completes the order."""
    shop = await jean(server, carrots="10")
    hub = await shop.platform()
    url = (await send(hub, "POST", shop.orders, shop.wish([("carrots", 6)]))).headers["location"]
    # What a server has done that died after the first command: the lines, and nothing else.
    assert (await send(hub, "PUT", url, shop.wish([("carrots", 7)], id_=url))).status_code == 200
    done = await send(hub, "PUT", url, shop.wish([("carrots", 7)], id_=url, status=OrderStatus.COMPLETE))
    assert told(done)[0].order_status is OrderStatus.COMPLETE
    # And one that died after the second: the session has ended, and what is left is done by whoever comes first.
    again = await send(hub, "PUT", url, shop.wish([("carrots", 7)], id_=url, status=OrderStatus.COMPLETE))
    assert told(again)[1] == {shop.items["carrots"]: "7"}
    await kept(server)


async def test_part_of_what_is_wanted_is_granted_only_to_who_prefers_that(server: Server) -> None:
    """`Prefer: allow-partial`: each line gets what there is, the answer says so, and a line of which nothing is left is not there."""
    shop = await jean(server, carrots="10", leeks="0", beans="3")
    hub = await shop.platform()
    lines = [("carrots", 12), ("leeks", 1), ("beans", 2)]
    refused = await send(hub, "POST", shop.orders, shop.wish(lines))
    assert refused.status_code == 409
    assert [(line["line"][-1], line["wanted"], line["available"]) for line in refused.json()["lines"]] == [
        ("1", "12", "10"), ("2", "1", "0"),
    ]  # fmt: skip
    part = await send(
        hub, "POST", shop.orders, shop.wish(lines), prefer="return=representation; allow-partial"
    )
    assert (part.status_code, part.headers["preference-applied"]) == (201, "allow-partial")
    assert told(part)[1] == {shop.items["carrots"]: "10", shop.items["beans"]: "2"}
    url = part.headers["location"]
    more = await send(
        hub, "PUT", url, shop.wish([("carrots", 3), ("beans", 5)], id_=url), prefer="allow-partial"
    )
    assert told(more)[1] == {shop.items["carrots"]: "3", shop.items["beans"]: "3"}
    whole = await send(hub, "PUT", url, shop.wish([("carrots", 4)], id_=url), prefer="allow-partial")
    assert "preference-applied" not in whole.headers
    await kept(server)
