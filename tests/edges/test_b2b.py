"""An order between businesses over HTTP: what may be done now, by whom; approved, blocked, edited, released; and refused with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, made


@dataclass
class Trade:
    """A hub with jam of its own, its buyer and two people who approve; a draft for 600 kilos at 2.00."""

    server: Server
    buyer: httpx2.AsyncClient
    boss: httpx2.AsyncClient
    hub: str
    item: str
    order: dict[str, Any]

    async def send(self, who: httpx2.AsyncClient, name: str, **attributes: Any) -> httpx2.Response:
        """An event of somebody for the order."""
        event = {"name": name, "attributes": attributes}
        return await who.post(f"{V1}/orders/{self.order['id']}/events", json=event)

    async def seen(self) -> dict[str, Any]:
        """The order as it is now."""
        return dict((await self.buyer.get(f"{V1}/orders/{self.order['id']}")).json())

    async def actions(self, who: httpx2.AsyncClient) -> set[str]:
        """What somebody may do now."""
        found = (await who.get(f"{V1}/orders/{self.order['id']}/actions")).json()
        return {one["name"] for one in found}


@pytest.fixture(scope="module")
async def server(start: Start) -> Server:
    """A server for all tests here."""
    return await start()


@pytest.fixture
async def trade(server: Server, request: pytest.FixtureRequest) -> Trade:
    """One with an order of its own."""
    name = request.node.name
    hub = (
        await made(server.owner, "/enterprises", {"name": f"Hub {name}", "kinds": ["hub"], "currency": "EUR"})
    )["id"]
    jam = {"owner_id": hub, "sku": f"JAM {name}", "name": "Jam", "stock_unit": "kg", "price": "2.00"}
    item = (await made(server.owner, "/items", jam))["id"]
    place = (await made(server.owner, "/locations", {"enterprise_id": hub, "name": "Cellar"}))["id"]
    await made(
        server.owner,
        "/stock-movements",
        {"kind": "count", "item_id": item, "location_id": place, "quantity": 1000},
    )
    buyer, boss = await server.key("shop", hub), await server.key("hub", hub)
    wanted = {
        "seller_id": hub,
        "channel": "web",
        "reference": name,
        "type": "b2b",
        "lines": [{"item_id": item, "quantity": "600"}],
    }
    return Trade(server, buyer, boss, hub, item, await made(buyer, "/orders", wanted))


async def test_approved_blocked_and_released(trade: Trade) -> None:
    """Everybody sees what they may do; what they may not is refused with a code and a reason."""
    assert (trade.order["status"], trade.order["expires_at"]) == ("draft", None)
    assert {"submit", "schedule", "cancel", "begin_edit"} <= await trade.actions(trade.buyer)
    assert (await trade.send(trade.buyer, "submit")).json()["status"] == "waiting"
    assert "approve" not in await trade.actions(trade.buyer)
    assert {"approve", "deny", "delegate", "block"} <= await trade.actions(trade.boss)
    refused = await trade.send(trade.buyer, "approve")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_needed")
    waiting = await trade.seen()
    assert (waiting["letter"], waiting["views"]["name"], waiting["lines"][0]["letter"]) == (
        "W",
        "awaiting_approval",
        "W",
    )
    assert (await trade.send(trade.boss, "approve")).json()["status"] == "complete"
    await trade.send(trade.boss, "block", reason="payment_failed", text="Card was refused")
    blocked = (await trade.send(trade.boss, "release")).json()
    assert (blocked["code"], blocked["reason"]) == ("order_status", "guard_false")
    assert (await trade.send(trade.boss, "block", reason="a whim")).json()["code"] == "not_valid"
    await trade.send(trade.boss, "unblock", reason="payment_failed")
    assert (await trade.send(trade.boss, "release")).json()["status"] == "released"
    late = await trade.send(trade.buyer, "cancel", reason="too late")
    assert (late.status_code, late.json()["code"]) == (409, "order_status")


async def test_taken_over(trade: Trade) -> None:
    """Two edit one order; the first is told that it is locked. A change goes by PATCH as for any order."""
    await trade.send(trade.buyer, "submit")
    await trade.send(trade.buyer, "begin_edit")
    locked = (await trade.send(trade.boss, "begin_edit")).json()
    assert (locked["code"], locked["refusal"]) == ("action_refused", "order_locked")
    assert (await trade.send(trade.boss, "begin_edit", take_over=True)).status_code == 200
    order = await trade.seen()
    change = {"lines": [{"line": 1, "quantity": "10"}]}
    version = {"If-Match": f'"{order["version"]}"'}
    path = f"{V1}/orders/{order['id']}"
    assert (await trade.buyer.patch(path, json=change, headers=version)).status_code == 409
    changed = await trade.boss.patch(path, json=change, headers=version)
    assert (changed.status_code, changed.json()["total"]) == (200, "20.00")
    assert (await trade.send(trade.boss, "submit")).json()["status"] == "complete"


async def test_no_checkout_of_a_shopper(trade: Trade) -> None:
    """What a shopper's checkout sends is refused, with what is possible instead."""
    refused = await trade.send(trade.buyer, "complete_checkout", payment="captured")
    assert (refused.status_code, refused.json()["code"]) == (409, "order_status")
    assert "submit" in refused.json()["possible"]


async def test_why_it_is_blocked_in_the_readers_language(trade: Trade) -> None:
    """By Accept-Language, else by the language in which the key's holder is written to, else in English."""
    await trade.send(trade.buyer, "submit")
    await trade.send(trade.boss, "block", reason="customer_hold")
    path = f"{V1}/orders/{trade.order['id']}/blocks"

    async def words(who: httpx2.AsyncClient, **headers: str) -> list[tuple[str, str]]:
        found = (await who.get(path, headers=headers)).json()
        return [(one["text"], one["language"]) for one in found]

    english = [("Somebody has yet to approve it", "en"), ("The customer asked to wait", "en")]
    assert await words(trade.buyer) == english
    german = {"Accept-Language": "de-CH, en;q=0.5"}
    assert (await words(trade.buyer, **german))[1] == ("Der Kunde hat um Aufschub gebeten", "de")
    keys = (await trade.server.owner.get(f"{V1}/keys", params={"limit": 200})).json()["items"]
    [me] = [one["id"] for one in keys if one["name"] == "first"]
    await trade.server.owner.put(f"{V1}/keys/{me}/contact", json={"language": "nl"})
    assert (await words(trade.server.owner))[1] == ("De klant vroeg te wachten", "nl")
    assert await words(trade.server.owner, **{"Accept-Language": "pt"}) == english
    other = {"name": f"Other {trade.hub}", "kinds": ["hub"], "currency": "EUR"}
    stranger = await trade.server.key("hub", (await made(trade.server.owner, "/enterprises", other))["id"])
    assert (await stranger.get(path)).status_code == 404
