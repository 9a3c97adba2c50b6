"""A hub connects to another Coster over HTTP, takes a producer on, reads its catalogue, and orders there through the port."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from coster.domain.federation.model import Failed
from coster.domain.federation.ports import (
    AcceptedByPeer,
    Ask,
    Found,
    Missing,
    RefusedByPeer,
    RemoteLine,
    RemoteSession,
    Short,
    Superseded,
)
from coster.edges.dfc.client.peers import Peers
from coster.edges.dfc.client.transport import Wire
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.signing import Keyring
from tests.edges.conftest import AT, Server, Start
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import Jean, in_order, jean, send, session
from tests.edges.scene import V1, Scene, build, made

KEY = bytes(range(32))
KEYS = {"webhook_keys": "test:" + base64.b64encode(KEY).decode(), "federation_networks": "127.0.0.1/32"}


@dataclass
class Pair:
    """Two platforms, the connection between them, and the hub's way to the other."""

    farm: Server
    scene: Scene
    hub: Server
    hub_id: str
    peer_id: str
    iri: str
    supplier_id: str
    peers: Peers

    def ask(self, quantity: str, sequence: int, **more: Any) -> Ask:
        """What a held order of potatoes wants."""
        iri = self.iri
        line = RemoteLine(
            product=f"{iri}/SuppliedProducts/{self.scene.item}",
            offer=f"{iri}/Offers/{self.scene.item}",
            quantity=int(float(quantity) * 1000),
        )
        session = RemoteSession(id=uuid.UUID(int=7), begins_at=AT, ends_at=AT + dt.timedelta(days=2))
        asked: dict[str, Any] = {
            "org_id": 1, "producer_id": uuid.UUID(self.supplier_id), "hub_id": uuid.UUID(self.hub_id),
            "held_order_id": uuid.UUID(int=9), "order": "", "sequence": sequence, "standing": "held",
            "session": session, "lines": (line,),
        }  # fmt: skip
        return Ask(**{**asked, **more})


@pytest.fixture(scope="module")
async def pair(start: Start) -> Any:
    """Jean's potatoes on one platform, Hub B on the other, which has taken Jean on and read his catalogue."""
    farm, hub = await start(), await start(**KEYS, public_url="https://hub.example")
    scene = await build(farm.owner, stock=10)
    ours = await made(hub.owner, "/enterprises", {"name": "Hub B", "kinds": ["hub"], "currency": "EUR"})
    wanted = {"hub_id": ours["id"], "name": "Farm", "url": farm.url + "/api/dfc", "secret": farm.token}
    peer = await made(hub.owner, "/peers", wanted)
    found = await made(hub.owner, f"/peers/{peer['id']}/discoveries", {})
    iri = next(one["iri"] for one in found["enterprises"] if one["name"] == "Jean")
    supplier = await made(hub.owner, "/suppliers", {"peer_id": peer["id"], "enterprise_iri": iri})
    await made(hub.owner, f"/suppliers/{supplier['id']}/refreshes", {})
    wire = Wire(Guard(["127.0.0.1/32"]))
    peers = Peers(
        hub.database, Keyring({"test": KEY}, "test"), wire, public_url="https://hub.example", now=lambda: AT
    )
    yield Pair(farm, scene, hub, ours["id"], peer["id"], iri, supplier["id"], peers)
    await wire.close()


async def test_a_supplier_has_its_enterprise_its_relation_and_its_items(pair: Pair) -> None:
    """What a person has agreed to can be sold: an enterprise in the hub's currency, an active relation, an item without stock of ours."""
    api = pair.hub.owner
    jean = (await api.get(f"{V1}/enterprises/{pair.supplier_id}")).json()
    assert (jean["name"], jean["kinds"], jean["currency"]) == ("Jean", ["producer"], "EUR")
    [item] = (await api.get(V1 + "/items", params={"owner_id": pair.supplier_id})).json()["items"]
    assert (item["sku"], item["name"], item["stock_unit"]) == ("SPUD", "Potato", "kg")
    assert (item["price"], item["tracked"], item["buyable"]) == ("2.40", False, True)
    [relation] = (await api.get(V1 + "/relations", params={"hub_id": pair.hub_id})).json()["items"]
    assert (relation["producer_id"], relation["active"]) == (pair.supplier_id, True)


async def test_a_producer_elsewhere_has_one_held_order_for_a_session(pair: Pair) -> None:
    """One for each shopper's order is refused where it is set up: by the relation's terms, and by taking on who has such terms."""
    api = pair.hub.owner
    [relation] = (await api.get(V1 + "/relations", params={"hub_id": pair.hub_id})).json()["items"]
    terms = {"hub_id": pair.hub_id, "producer_id": pair.supplier_id, "consolidation": "per_order"}
    refused = await api.patch(
        f"{V1}/relations/{pair.hub_id}/{pair.supplier_id}",
        json={"consolidation": "per_order"},
        headers={"If-Match": f'"{relation["version"]}"'},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "per_order_not_told"), refused.text
    near = await made(api, "/enterprises", {"name": "Near", "kinds": ["producer"], "currency": "EUR"})
    await made(api, "/relations", {**terms, "producer_id": near["id"]})
    other = await made(api, "/enterprises", {"name": "Hub C", "kinds": ["hub"], "currency": "EUR"})
    await made(api, "/relations", {**terms, "hub_id": other["id"], "producer_id": near["id"]})
    wanted = {
        "hub_id": other["id"],
        "name": "Farm",
        "url": pair.farm.url + "/api/dfc",
        "secret": pair.farm.token,
    }
    peer = await made(api, "/peers", wanted)
    await made(api, f"/peers/{peer['id']}/discoveries", {})
    taken = await api.post(
        V1 + "/suppliers", json={"peer_id": peer["id"], "enterprise_iri": pair.iri, "producer_id": near["id"]}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "per_order_not_told"), taken.text


async def test_what_is_kept_elsewhere_is_not_promised_to_a_third_platform(pair: Pair) -> None:
    """Who has the scope at the enterprise that stands for her may read; an order is refused, for its answer would be a yes of nobody."""
    [item] = (await pair.hub.owner.get(V1 + "/items", params={"owner_id": pair.supplier_id})).json()["items"]
    here = Jean(pair.hub, pair.supplier_id, {"potatoes": item["id"]})
    home = f"{pair.hub.url}/api/dfc/Enterprises/{pair.supplier_id}"
    third = await here.platform("read_products", "read_orders", "write_orders")
    assert (await third.get(f"{home}/CatalogItems")).status_code == 200
    offer = f"https://hub.example/api/dfc/Enterprises/{pair.supplier_id}/Offers/{item['id']}"
    answer = await send(third, "POST", f"{home}/Orders", here.wish([(offer, 50)]))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_supplied"), answer.text
    assert in_order(await third.get(f"{home}/Orders")) == []
    assert await pair.scene.available() == "10"


async def test_who_becomes_a_producer_elsewhere_is_asked_for_no_more_here(pair: Pair, start: Start) -> None:
    """An order that a third platform had before keeps what it holds, shrinks and ends; whatever would grow it is refused, and so is one
    that had got nothing until then. Once the producer is here again, all goes on."""
    here = await jean(await start(**KEYS), carrots="10")
    third = await here.platform()
    url = (await send(third, "POST", here.orders, here.wish([("carrots", 6)]))).headers["location"]
    refused = await send(third, "POST", here.orders, here.wish([("carrots", 50)], when=session(2)))
    assert refused.json()["code"] == "insufficient_stock"
    supplier = await _taken_on(pair, here)
    line = document({"@id": "#l", "@type": "OrderLine", "quantity": 9, "concerns": here.offer("carrots")})
    for method, place, body in (
        ("PUT", url, here.wish([("carrots", 7)], id_=url)),
        ("POST", here.orders, here.wish([("carrots", 7)])),
        ("POST", f"{url}/orderLines", line.encode()),
        ("POST", here.orders, here.wish([("carrots", 1)], when=session(2))),
    ):
        answer = await send(third, method, place, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_supplied"), answer.text
    assert await here.available("carrots") == "4"
    for kilos in (6, 5):
        assert (await send(third, "PUT", url, here.wish([("carrots", kilos)], id_=url))).status_code == 200
    assert (await send(third, "DELETE", url)).status_code == 204
    assert await here.available("carrots") == "10"
    await made(here.server.owner, f"/suppliers/{supplier['id']}/events", {"name": "remove"})
    assert (await send(third, "PUT", url, here.wish([("carrots", 7)], id_=url))).status_code == 200


async def _taken_on(pair: Pair, here: Jean) -> dict[str, Any]:
    """A hub beside this enterprise, for which it stands from now on for Jean on the other platform."""
    api = here.server.owner
    hub = await made(api, "/enterprises", {"name": "Hub D", "kinds": ["hub"], "currency": "EUR"})
    way = {"name": "Farm", "url": pair.farm.url + "/api/dfc", "secret": pair.farm.token}
    peer = await made(api, "/peers", {"hub_id": hub["id"], **way})
    await made(api, f"/peers/{peer['id']}/discoveries", {})
    wanted = {"peer_id": peer["id"], "enterprise_iri": pair.iri, "producer_id": here.id}
    return await made(api, "/suppliers", wanted)


async def test_a_held_order_is_made_changed_found_and_called_off_there(pair: Pair) -> None:
    """The port against a real Coster: each outcome as a value, and the farm's stock follows."""
    first = await pair.peers.put(pair.ask("6", 1))
    assert isinstance(first, AcceptedByPeer), first
    assert first.lines == pair.ask("6", 1).lines
    assert await pair.scene.available() == "4"
    more = await pair.peers.put(pair.ask("8", 2, order=first.order))
    assert isinstance(more, AcceptedByPeer), more
    assert await pair.scene.available() == "2"
    assert isinstance(await pair.peers.put(pair.ask("1", 1, order=first.order)), Superseded)
    found = await pair.peers.look(pair.ask("0", 3))
    assert isinstance(found, Found), found
    assert (found.order, found.lines) == (first.order, pair.ask("8", 2).lines)
    gone = await pair.peers.put(pair.ask("8", 4, order=first.order, standing="cancelled"))
    assert gone == AcceptedByPeer(order=first.order, standing="cancelled", lines=())
    assert await pair.scene.available() == "10"


async def test_what_is_not_there_is_refused_with_what_is_left(pair: Pair) -> None:
    """Twelve of ten: nothing is held, and the answer says how many there are."""
    other = {"held_order_id": uuid.UUID(int=10)}
    session = msgspec.structs.replace(pair.ask("1", 1).session, id=uuid.UUID(int=8))
    asked = pair.ask("12", 1, session=session, **other)
    refused = await pair.peers.put(asked)
    assert isinstance(refused, RefusedByPeer), refused
    [line] = asked.lines
    assert (refused.code, refused.lines) == (
        "short", (Short(product=line.product, offer=line.offer, wanted=12000, available=10000),),
    )  # fmt: skip
    assert await pair.scene.available() == "10"


async def test_an_order_that_is_not_there_is_missing(pair: Pair) -> None:
    """By an address that names none, by a session that nothing was ordered for, and by one of another platform."""
    nothing = pair.ask("1", 1, order=f"{pair.iri}/Orders/{uuid.UUID(int=5)}")
    assert await pair.peers.look(nothing) == Missing()
    assert await pair.peers.put(nothing) == Missing()
    elsewhere = pair.ask("1", 1, order="http://127.0.0.1:1/Orders/5")
    assert await pair.peers.look(elsewhere) == Missing()
    session = msgspec.structs.replace(pair.ask("1", 1).session, id=uuid.UUID(int=77))
    assert await pair.peers.look(pair.ask("1", 1, session=session)) == Missing()


async def test_the_secret_is_sealed_and_never_shown(pair: Pair) -> None:
    """Neither the API nor the tables nor the events say the token."""
    shown = (await pair.hub.owner.get(f"{V1}/peers/{pair.peer_id}")).text
    events = (await pair.hub.owner.get(V1 + "/events", params={"limit": 200})).text
    async with pair.hub.database.system() as conn:
        kept = await conn.fetchval("SELECT string_agg(p::text, ' ') FROM coster.peer AS p")
        said = await conn.fetchval("SELECT string_agg(c::text, ' ') FROM coster.command AS c")
    assert pair.farm.token not in shown + events + kept + said
    assert pair.farm.token.encode().hex() not in kept


async def test_a_secret_goes_to_no_other_place_than_it_was_given_for(pair: Pair) -> None:
    """Who may change a connection could else have the platform's token sent to himself."""
    owner = pair.hub.owner
    wanted = {"hub_id": pair.hub_id, "name": "Farm", "url": pair.farm.url + "/api/dfc", "secret": "good"}
    peer = await made(owner, "/peers", wanted)
    moved = {"url": "http://127.0.0.1:9999/api/dfc"}
    where, version = f"{V1}/peers/{peer['id']}", {"If-Match": '"1"'}
    refused = await owner.patch(where, json=moved, headers=version)
    assert (refused.status_code, "secret" in refused.text) == (422, True), refused.text
    renamed = await owner.patch(where, json={"url": pair.farm.url + "/api/dfc/x"}, headers=version)
    assert renamed.status_code == 200, renamed.text
    anew = await owner.patch(where, json={**moved, "secret": "other"}, headers={"If-Match": '"2"'})
    assert anew.status_code == 200, anew.text


async def test_a_catalogue_without_end_is_given_up(pair: Pair) -> None:
    """Reading one has an end, however slowly its pages come."""
    pair.peers.longest_seconds = 0.0
    try:
        failed = await pair.peers.catalogue(1, uuid.UUID(pair.supplier_id), anew=True)
    finally:
        del pair.peers.longest_seconds
    assert failed == Failed(code="peer_unreachable", why="the whole catalogue was not there within 0 seconds")


async def test_a_price_that_has_risen_there_is_told_once_and_the_catalogue_read_again(pair: Pair) -> None:
    """The farm asks more than its catalogue said when the hub read it: the order is made at its price, the hub hears of both in a sentence,
    and the catalogue is due. With the new price read there is no more to tell."""
    api, farm = pair.hub.owner, pair.farm.owner
    [item] = (await api.get(V1 + "/items", params={"owner_id": pair.supplier_id})).json()["items"]
    spud = f"{V1}/items/{pair.scene.item}"
    tag = (await farm.get(spud)).headers["etag"]
    assert (await farm.patch(spud, json={"price": "2.60"}, headers={"If-Match": tag})).status_code == 200
    week = {
        "coordinator_id": pair.hub_id, "name": "Week 2", "opens_at": AT.isoformat(), "closes_at": (AT + dt.timedelta(days=1)).isoformat(),
        "hub_ids": [pair.hub_id], "listings": [{"item_id": item["id"]}],
    }  # fmt: skip
    opened = await made(api, "/sessions", week)
    line = {"item_id": item["id"], "quantity": "1"}
    wanted = {"seller_id": pair.hub_id, "channel": "web", "session_id": opened["id"], "lines": [line]}
    await made(api, "/orders", {**wanted, "reference": "1"})
    [told] = await _repriced(pair)
    said = "Potato costs 2.60 EUR there and 2.40 EUR in the catalogue as it was read last"
    assert (told["data"]["cause"], told["data"]["hub_id"]) == (said, pair.hub_id)
    due = (await api.get(f"{V1}/suppliers/{pair.supplier_id}")).json()["refresh_at"]
    assert due.startswith("2026-11-23T09:01:00")
    await made(api, "/orders", {**wanted, "reference": "2"})
    await made(api, f"/suppliers/{pair.supplier_id}/refreshes", {})
    assert (await api.get(f"{V1}/items/{item['id']}")).json()["price"] == "2.60"
    await made(api, "/orders", {**wanted, "reference": "3"})
    assert (await pair.scene.available(), len(await _repriced(pair))) == ("7", 1)


async def _repriced(pair: Pair) -> list[dict[str, Any]]:
    """What the hub was told of prices."""
    for _ in range(300):
        found = await pair.hub.owner.get(f"{V1}/events", params={"name": "link.repriced", "limit": 200})
        if events := found.json()["items"]:
            return list(events)
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was told")
