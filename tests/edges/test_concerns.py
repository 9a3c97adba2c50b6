"""Whom news concerns: the same in the feed, in the stream, in previews and at webhooks; nothing beyond one's roles."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection
from typing import Any, Final

import httpx2
import pytest

from coster.domain.identity import model
from coster.domain.identity.model import ROLES
from coster.edges.http import sight
from coster.kernel.message import Event
from tests.edges.conftest import Server, Start
from tests.edges.dfc.bodies import document
from tests.edges.estate import Estate, settle
from tests.edges.scene import V1, made
from tests.house.reference import event_names
from tests.house.tree import PACKAGE

HUB, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
FLOWS: Final = {"flow", "flow_move"}
"""What is for the whole organisation always."""
OF_THE_ORGANISATION: Final = {"key", "key_link", "platform", "webhook_endpoint", *FLOWS}
"""What may be for the whole organisation; everything else is somebody's."""
FIRST: Final = {"If-Match": '"1"'}


@pytest.fixture(scope="module")
async def ours(server: Server) -> Estate:
    """An estate, of which everything has been moved once, and something for the whole organisation."""
    estate = await settle(server.owner, "Ourstown")
    ids, api = estate.ids, server.owner
    await _order_from_elsewhere(api, ids)
    await _platforms(api, ids)
    await _suppliers(api, ids)
    await _people(api, ids)
    order = f"/orders/{ids['order']}/events"
    await made(api, order, {"name": "complete_checkout"})
    await made(api, order, {"name": "change", "attributes": {"lines": [{"line": 1, "quantity": 5}]}})
    lowered = {"item_id": ids["item"], "location_id": ids["location"], "quantity": 3, "reason": "Hail"}
    await made(api, "/positions:lower", lowered)
    for path in (f"/customers/{ids['customer']}", f"/keys/{ids['key']}"):
        assert (await api.delete(V1 + path)).status_code == 200
    await made(api, f"/webhooks/{ids['webhook']}/events", {"name": "pause"})
    await made(api, "/keys", {"name": "r", "grants": [{"role": "reader"}]})
    for to in ("2026-11-24T09:00:00Z", "2026-11-24T12:00:00Z"):
        await made(api, "/clock", {"to": to})
    return estate


async def _people(api: httpx2.AsyncClient, ids: dict[str, str]) -> None:
    """Somebody can be written to, and may agree to more than before."""
    reached = {"email": "lead@example.org", "language": "en"}
    centre = f"{V1}/cost-centres/{ids['cost_centre']}"
    for answer in (
        await api.put(f"{V1}/keys/{ids['key']}/contact", json=reached),
        await api.patch(centre, json={"own_orders": True}, headers=FIRST),
    ):
        assert answer.status_code in {200, 201}, answer.text


async def _order_from_elsewhere(api: httpx2.AsyncClient, ids: dict[str, str]) -> None:
    """A hub on another platform holds a kilo of potatoes; it is an enterprise here from then on."""
    home = f"/api/dfc/Enterprises/{ids['producer']}"
    line = {"@id": "#line", "@type": "OrderLine", "quantity": "1", "concerns": f"{home}/Offers/{ids['item']}"}
    order = document({"@id": "#", "@type": "Order", "hasPart": "#line"}, line)
    answer = await api.post(f"{home}/Orders", content=order, headers={"content-type": "application/ld+json"})
    assert answer.status_code == 201, answer.text
    held = (await api.get(f"{V1}/held-orders/{answer.headers['location'].rpartition('/')[2]}")).json()
    ids["counterpart"] = held["hub_id"]


async def _platforms(api: httpx2.AsyncClient, ids: dict[str, str]) -> None:
    """Another platform is known by another name and may do something; a person has a key; a hub tells what its customers are."""
    platform, known = (
        f"{V1}/platforms/{ids['platform']}",
        {"issuer": "https://login.example", "kind": "email"},
    )
    shared = {"enterprise_id": ids["hub"], "scopes": ["read_products"]}
    told = {"@id": "#", "@type": "CustomerCategory", "description": "Restaurants"}
    categories = f"/api/dfc/Enterprises/{ids['hub']}/CustomerCategories"
    content = {"content": document(told), "headers": {"content-type": "application/ld+json"}}
    for answer in (
        await api.patch(platform, json={"name": "Another name"}, headers=FIRST),
        await api.put(f"{platform}/scopes", json=shared),
        await api.put(
            f"{V1}/keys/{ids['key']}/identities", json={"identities": [{**known, "value": "a@b.example"}]}
        ),
        await api.post(categories, **content),
        await api.put(
            f"/api/dfc/Enterprises/{ids['producer']}/SuppliedProducts/{ids['item']}",
            content=document({"@id": "#", "@type": "SuppliedProduct", "description": "Grown in sand."}),
            headers=content["headers"],
        ),
    ):
        assert answer.status_code in {200, 201, 204}, answer.text


async def _suppliers(api: httpx2.AsyncClient, ids: dict[str, str]) -> None:
    """A connection comes and goes; a supplier is dealt with in every way, and people decide about a product and a held order."""
    peer = {"hub_id": ids["hub"], "name": "Elsewhere", "url": "https://93.184.215.14/api/dfc", "auth": "none"}
    passing = f"{V1}/peers/{(await made(api, '/peers', peer))['id']}"
    supplier = f"/suppliers/{ids['supplier']}"
    assert (await api.patch(passing, json={"name": "Nowhere"}, headers=FIRST)).status_code == 200
    assert (await api.delete(passing, headers={"If-Match": '"2"'})).status_code == 200
    now = {"If-Match": (await api.get(V1 + supplier)).headers["etag"]}
    assert (await api.patch(V1 + supplier, json={"wait_seconds": 7}, headers=now)).status_code == 200
    await made(api, f"/matches/{ids['match']}/events", {"name": "accept"})
    agreed = {"name": "settle", "how": "close", "reason": "Agreed by telephone."}
    await made(api, f"/links/{ids['link']}/events", agreed)
    for name in ("suspend", "resume", "remove"):
        await made(api, f"{supplier}/events", {"name": name})


async def feed(api: httpx2.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """All events that somebody is told by cursor."""
    answer = await api.get(V1 + "/events", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def streamed(api: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """The same by stream, until it has nothing more to say."""
    told = []
    async with api.stream("GET", V1 + "/events/stream") as stream, asyncio.timeout(10):
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line[6:]))
            elif line.startswith(": alive"):
                return told
    raise AssertionError("the stream ended")


async def test_every_event_says_whom_it_concerns(server: Server, ours: Estate) -> None:
    """Ids of enterprises; only keys, platforms, webhooks and flows may be for the organisation, and no entity is without a permission."""
    told = await feed(server.owner)
    assert {event["entity"] for event in told} == set(sight.SEEN_WITH)
    unnamed = {event["entity"] for event in told if not event["data"].get("enterprises")}
    assert unnamed == {"key", "key_link", "platform", *FLOWS}
    assert unnamed <= OF_THE_ORGANISATION
    known = {ours.ids[one] for one in ("hub", "producer", "supplier", "counterpart")}
    assert {one for event in told for one in event["data"].get("enterprises", ())} == known


async def test_every_entity_of_the_reference_has_happened_here(server: Server, ours: Estate) -> None:
    """What the test above has seen is every kind of event, but for those that need a failure or a second session."""
    missing = event_names(PACKAGE) - {event["name"] for event in await feed(server.owner)}
    assert {name.partition(".")[0] for name in missing} <= {
        "order", "session", "webhook", "held_order", "item", "enterprise", "relation", "customer", "location", "flow",
        "parked", "link", "supplier", "remote_item",
    }  # fmt: skip
    assert not missing & {
        "order.shorted", "session.ended", "customer.erased", "key.revoked", "stock.changed", "enterprise.profile_changed",
        "link.settled", "remote_item.matched", "supplier.accepted", "supplier.changed", "supplier.suspended",
        "supplier.resumed", "supplier.removed", "supplier.refreshed", "item.details_changed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "entities"),
    [
        ("owner", {*sight.SEEN_WITH} - {"key_link", *FLOWS}),
        ("hub", {*sight.SEEN_WITH} - {"key_link", *FLOWS}),
        ("reader", {*sight.SEEN_WITH} - {"key", "key_contact", "key_link", "platform", "webhook_endpoint", *FLOWS}),
        ("producer", {
            "cost_centre", "enterprise", "enterprise_profile", "held_order", "item", "item_details", "link", "location", "peer",
            "position", "relation", "remote_item", "supplier", "supply",
        }),
    ],
)  # fmt: skip
async def test_role_is_told_what_it_may_read(
    server: Server, ours: Estate, role: str, entities: Collection[str]
) -> None:
    """For a hub that is a producer as well: its producer's key is told of no order of a shopper, nor of a customer."""
    grants = [{"role": role, "enterprise_id": ours.ids[place]} for place in ("hub", "producer")]
    key = await made(server.owner, "/keys", {"name": role, "grants": grants})
    api = server.client(key["token"])
    told = await feed(api)
    assert {event["entity"] for event in told} == entities
    assert await streamed(api) == told


async def test_each_side_is_told_its_own_part(server: Server, ours: Estate) -> None:
    """A held order is news for both, without the other side in the list; stock only for its owner."""
    hub, producer = [await server.key("hub", ours.ids[place]) for place in ("hub", "producer")]
    for api, place in ((hub, "hub"), (producer, "producer")):
        told = await feed(api)
        assert {tuple(event["data"]["enterprises"]) for event in told} == {(ours.ids[place],)}
        assert "held_order" in {event["entity"] for event in told}
    assert {event["entity"] for event in await feed(hub)} & {"position", "item"} == set()
    assert {event["entity"] for event in await feed(producer)} & {"order", "customer", "session"} == set()


async def test_preview_tells_what_the_feed_will_tell(start: Start) -> None:
    """A producer that asks what less stock would do sees its held orders, its stock, and no shopper's order."""
    server = await start()
    town = await settle(server.owner, "Preview")
    api = await server.key("producer", town.ids["producer"])
    lowered = {
        "item_id": town.ids["item"],
        "location_id": town.ids["location"],
        "quantity": 1,
        "reason": "Hail",
    }
    shown, everything = [
        (await asker.post(V1 + "/positions:lower", json=lowered, params={"dry_run": "true"})).json()["events"]
        for asker in (api, server.owner)
    ]
    after = (await feed(server.owner))[-1]["seq"]
    assert (await api.post(V1 + "/positions:lower", json=lowered)).status_code == 200
    told = await feed(api, after=after)
    assert [(one["name"], one["data"]) for one in shown] == [(one["name"], one["data"]) for one in told]
    assert {one["entity"] for one in shown} == {"held_order", "position"}
    assert {one["entity"] for one in everything} == {"held_order", "position", "order"}


async def test_news_of_the_organisation_is_for_who_sees_all_of_it(server: Server, ours: Estate) -> None:
    """A key for everything is told to an owner; a hub's preview and feed say nothing of it."""
    wanted = {"name": "all", "grants": [{"role": "reader"}]}
    dry = await server.owner.post(V1 + "/keys", json=wanted, params={"dry_run": "true"})
    assert [event["name"] for event in dry.json()["events"]] == ["key.created"]
    hub = await server.key("hub", ours.ids["hub"])
    told = [event["data"] for event in await feed(hub) if event["entity"] == "key"]
    assert all(data["enterprises"] == [ours.ids["hub"]] for data in told)


def an_event(entity: str, *enterprises: uuid.UUID) -> Event:
    """News of an entity that concerns these."""
    data = {"enterprises": [str(one) for one in enterprises]} if enterprises else {}
    return Event(f"{entity}.changed", entity, uuid.UUID(int=9), 1, data)


@pytest.mark.parametrize(
    ("grants", "event", "seen"),
    [
        ([("reader", HUB)], an_event("order", HUB), [str(HUB)]),
        ([("reader", HUB)], an_event("order", HUB, OTHER), [str(HUB)]),
        ([("reader", HUB)], an_event("order", OTHER), None),
        ([("reader", HUB)], an_event("order"), None),
        ([("reader", HUB)], an_event("key", HUB), None),
        ([("producer", HUB)], an_event("order", HUB), None),
        ([("producer", HUB), ("shop", OTHER)], an_event("order", HUB, OTHER), None),
        ([("reader", None)], an_event("order", HUB, OTHER), [str(HUB), str(OTHER)]),
        ([("reader", None)], an_event("castle", HUB), None),
        ([("owner", None)], an_event("castle", HUB), [str(HUB)]),
        ([("owner", HUB)], an_event("castle", HUB), [str(HUB)]),
        ([("owner", HUB)], an_event("castle"), None),
        ([("owner", HUB)], an_event("flow"), None),
        ([], an_event("order", HUB), None),
    ],
)
def test_sight(grants: list[tuple[str, uuid.UUID | None]], event: Event, seen: list[str] | None) -> None:
    """Both permissions for one and the same enterprise; what is unknown is for owners only."""
    shown = sight.shown(model.authority_of(grants), event, "events:read")
    assert (shown and shown["enterprises"]) == seen


def test_who_may_make_a_webhook_may_read_all_that_it_is_told() -> None:
    """So the enterprise of an endpoint is all that deliveries have to be filtered by."""
    for role, held in ROLES.items():
        if "webhooks:manage" in held:
            assert held >= set(sight.SEEN_WITH.values()) | {"events:read"}, role
