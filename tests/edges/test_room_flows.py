"""What rooms give their flows, over HTTP: opening hours, checkouts that are moved, and flows that nobody changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene, made

CHECKOUT = V1 + "/flows/checkout"
ENDPOINT = V1 + "/flows/webhook.endpoint"
WHY = {"reason": "We want it so."}
HOURS = {
    "hours": {"mon-fri": ["09:00-12:00", "13:00-17:30"]},
    "holidays": ["2026-12-25"],
    "special": {"2026-12-24": ["09:00-13:00"]},
}


async def published(server: Server, *edits: tuple[str, str], **more: Any) -> int:
    """A version of the checkout's flow with edits, checked and published; its number."""
    api = server.owner
    text = (await api.get(f"{CHECKOUT}/versions/1", headers={"Accept": "application/yaml"})).text
    number = max((await api.get(CHECKOUT)).json()["versions"]) + 1
    for before, after in (("version: 1\n", f"version: {number}\n"), *edits):
        text = text.replace(before, after)
    drafted = await api.post(f"{CHECKOUT}/drafts", json={"text": text, **WHY})
    answer = await api.post(f"{CHECKOUT}/versions/{number}/publish", json={**WHY, **more})
    assert (drafted.status_code, answer.status_code) == (200, 200), answer.text
    return number


async def move(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Begins a move, and waits until it is done."""
    begun = await made(server.owner, path, body)
    for _ in range(200):
        found = (await server.owner.get(f"{V1}/flow-migrations/{begun['id']}")).json()
        if found["state"] == "done":
            return dict(found)
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def checkouts(server: Server, ids: list[str]) -> list[tuple[int, str]]:
    """On which version the checkouts of orders are, and in which status."""
    async with server.database.read(1) as conn:
        rows = await conn.fetch(
            "SELECT checkout_version, checkout FROM orders WHERE org_id = 1 AND id = ANY($1::uuid[]) ORDER BY id",
            ids,
        )
    return [(row["checkout_version"], row["checkout"]) for row in rows]


async def test_checkouts_go_to_a_version_and_back(server: Server, scene: Scene) -> None:
    """A look first tells how many and which; those that run are moved, go on there, and come back; what has ended stays."""
    api = server.owner
    ids = sorted([(await scene.place(f"checkout {n}", "0.5"))["id"] for n in range(3)])
    ended = (await scene.place("checkout over", "0.5", completed=True))["id"]
    edits = (("  running:", "  paying:"), ("from: [running]", "from: [paying]"))
    number = await published(server, *edits, mapping={"running": "paying"})
    body = {"name": "checkout", "sources": [1], "to_version": number, **WHY}
    look = (await api.post(f"{V1}/flow-migrations:preview", json={**body, "limit": 500})).json()
    seen = {one["entity_id"]: (one["from_status"], one["to_status"]) for one in look["entities"]}
    assert (look["faults"], {seen[id_] for id_ in ids}, ended in seen) == ([], {("running", "paying")}, False)
    assert [place["count"] for place in look["places"]] == [look["total"]] == [len(seen)]
    done = await move(server, "/flow-migrations", body)
    assert (done["moved"], await checkouts(server, ids)) == (len(seen), [(number, "paying")] * 3)
    assert await checkouts(server, [ended]) == [(1, "completed")]
    counted = (await api.get(CHECKOUT, params={"counts": "true"})).json()["counts"]
    assert {"version": number, "status": "paying", "count": len(seen), "more": False} in counted
    paid = await api.post(f"{V1}/orders/{ids[0]}/events", json={"name": "complete_checkout"})
    assert paid.status_code == 200, paid.text
    back = await move(server, f"/flow-migrations/{done['id']}/undo", WHY)
    assert (back["moved"], back["stayed"]) == (len(seen) - 1, 1)
    assert await checkouts(server, ids) == [(number, "completed"), (1, "running"), (1, "running")]


async def test_a_checkout_that_was_moved_still_expires(server: Server, scene: Scene) -> None:
    """Its timer goes with it, and its order hears of the end."""
    id_ = (await scene.place("moved and late", "0.5"))["id"]
    number = await published(server, ("label: Checkout running", "label: Is paying"))
    body = {"name": "checkout", "sources": [1], "to_version": number, **WHY}
    await move(server, "/flow-migrations", body)
    async with server.database.read(1) as conn:
        timers = await conn.fetch(
            "SELECT due_at, body FROM timer WHERE org_id = 1 AND body ->> 'id' = $1", id_
        )
        due = await conn.fetchval("SELECT expires_at FROM orders WHERE org_id = 1 AND id = $1", id_)
    assert [(timer["due_at"], timer["body"]["trigger"]) for timer in timers] == [(due, "expire_checkout")]
    feed = (await server.owner.get(V1 + "/events", params={"entity_id": id_})).json()["items"]
    [news] = [event for event in feed if event["name"] == "order.checkout_moved"]
    assert (news["data"]["flow"]["name"], news["data"]["flow"]["version"]) == ("checkout", number)


async def test_no_checkout_is_moved_into_an_end(server: Server) -> None:
    """Its order would wait for it for ever."""
    number = await published(server)
    body = {
        "name": "checkout",
        "sources": [1],
        "to_version": number,
        "mapping": {"running": "expired"},
        **WHY,
    }
    look = (await server.owner.post(f"{V1}/flow-migrations:preview", json=body)).json()
    refused = await server.owner.post(f"{V1}/flow-migrations", json=body)
    assert [fault["code"] for fault in look["faults"]] == ["migration_final"]
    assert (refused.status_code, refused.json()["code"]) == (409, "flow_migration_refused")


async def test_the_flow_of_endpoints_is_seen_like_any_other(server: Server) -> None:
    """Its version, its text and its picture."""
    api = server.owner
    seen = (await api.get(ENDPOINT)).json()
    assert (seen["entity"], seen["version"], seen["versions"]) == ("webhook_endpoint", 1, [1])
    told = (await api.get(f"{ENDPOINT}/versions/1")).json()
    assert (told["state"], told["checked"]["proved"]) == ("shipped", True)
    picture = await api.get(f"{ENDPOINT}/versions/1", headers={"Accept": "image/svg+xml"})
    assert picture.text[:4] == "<svg"


@pytest.mark.parametrize("name", ["webhook.endpoint", "webhook.other"])
async def test_nobody_writes_flows_of_endpoints(server: Server, name: str) -> None:
    """The machinery is bound to those that are shipped; the refusal says so."""
    api = server.owner
    text = (await api.get(f"{ENDPOINT}/versions/1", headers={"Accept": "application/yaml"})).text
    text = text.replace("version: 1\n", "version: 2\n").replace("name: webhook.endpoint", f"name: {name}")
    refused = await api.post(f"{V1}/flows/{name}/drafts", json={"text": text, **WHY})
    assert (refused.status_code, refused.json()["code"]) == (409, "flow_fixed")


async def test_nobody_pins_or_moves_endpoints(server: Server) -> None:
    """Neither by a pin, nor by a move."""
    pin = await server.owner.put(f"{ENDPOINT}/pin", json={"version": 1, **WHY})
    body = {"name": "webhook.endpoint", "sources": [2], "to_version": 1, **WHY}
    moved = await server.owner.post(f"{V1}/flow-migrations", json=body)
    assert [answer.json()["code"] for answer in (pin, moved)] == ["flow_fixed", "flow_fixed"]


async def test_opening_hours_are_set_and_seen(server: Server, scene: Scene) -> None:
    """With the enterprise, or by themselves; what is left out stays, and what is taken away is open day and night."""
    api, one = server.owner, f"{V1}/enterprises/{scene.hub}"
    seen = []
    for body in (
        {"timezone": "Europe/Paris", "opening_hours": HOURS},
        {"cart_minutes": 31},
        {"opening_hours": {}},
    ):
        etag = (await api.get(one)).headers["etag"]
        changed = await api.patch(one, json=body, headers={"If-Match": etag})
        assert changed.status_code == 200, changed.text
        seen.append((await api.get(one)).json()["opening_hours"])
    assert seen == [HOURS, HOURS, {"hours": None, "holidays": [], "special": {}}]


@pytest.mark.parametrize(
    ("hours", "zone"),
    [
        ({"hours": {"monday": ["09:00-17:00"]}}, "UTC"),
        ({"hours": {"mon": ["9-17"]}}, "UTC"),
        ({"hours": {"mon": ["09:00-17:00"], "mon-fri": ["09:00-17:00"]}}, "UTC"),
        ({"hours": {}}, "UTC"),
        ({"holidays": ["2026-02-30"]}, "UTC"),
        ({"special": {"Christmas": ["09:00-13:00"]}}, "UTC"),
        ({"hours": {"mon": ["09:00-17:00"]}}, "Europe/Nowhere"),
    ],
)
async def test_opening_hours_that_are_none_are_refused(
    server: Server, scene: Scene, hours: dict[str, Any], zone: str
) -> None:
    """With what is possible instead."""
    body = {"timezone": zone, "opening_hours": hours}
    one = f"{V1}/enterprises/{scene.hub}"
    etag = (await server.owner.get(one)).headers["etag"]
    refused = await server.owner.patch(one, json=body, headers={"If-Match": etag})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_valid"), refused.text
