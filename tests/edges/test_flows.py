"""Flows over HTTP: a new version from its draft to its orders, and back."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import httpx2
import pytest

from coster.kernel import clock
from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene, made

FLOW = V1 + "/flows/order.retail"
WHY = {"reason": "We want it so."}
RENAMED = (("booked", "confirmed"),)


async def text_of(api: httpx2.AsyncClient, number: int, *edits: tuple[str, str]) -> str:
    """The shipped flow under another number, with edits."""
    text = (await api.get(f"{FLOW}/versions/1", headers={"Accept": "application/yaml"})).text
    for before, after in (("version: 1\n", f"version: {number}\n"), *edits):
        text = text.replace(before, after)
    return text


async def draft(api: httpx2.AsyncClient, *edits: tuple[str, str]) -> int:
    """A draft of the next version; its number."""
    number = max((await api.get(FLOW)).json()["versions"]) + 1
    body = {"text": await text_of(api, number, *edits), **WHY}
    answer = await api.post(f"{FLOW}/drafts", json=body)
    assert answer.status_code == 200, answer.text
    return number


async def publish(api: httpx2.AsyncClient, *edits: tuple[str, str], **more: Any) -> int:
    """A published version; its number."""
    number = await draft(api, *edits)
    answer = await api.post(f"{FLOW}/versions/{number}/publish", json={**WHY, **more})
    assert answer.status_code == 200, answer.text
    return number


async def pin(api: httpx2.AsyncClient, version: int | None, **more: Any) -> dict[str, Any]:
    """Pins a version."""
    answer = await api.put(f"{FLOW}/pin", json={"version": version, **WHY, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def move(api: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Begins a move, and waits until it is done."""
    begun = await made(api, path, body)
    for _ in range(200):
        found = (await api.get(f"{V1}/flow-migrations/{begun['id']}")).json()
        if found["state"] == "done":
            return dict(found)
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def order(api: httpx2.AsyncClient, id_: str) -> dict[str, Any]:
    """An order as it is."""
    return dict((await api.get(f"{V1}/orders/{id_}")).json())


async def flow_of(server: Server, id_: str) -> tuple[int, str]:
    """The version of its flow that an order is on, and its status there."""
    async with server.database.read(1) as conn:
        row = await conn.fetchrow("SELECT flow_version, status FROM orders WHERE org_id = 1 AND id = $1", id_)
    return row["flow_version"], row["status"]


async def test_order_begins_on_what_is_pinned_and_stays_there(server: Server, scene: Scene) -> None:
    """Publishing changes nothing; a pin counts for the next order at once, the one before stays as it began."""
    api = server.owner
    await pin(api, None)
    number = await publish(api, ("label: Booked", "label: Taken"))
    before = (await scene.place("pin 1", completed=True))["id"]
    await pin(api, number)
    after = (await scene.place("pin 2", completed=True))["id"]
    assert (await flow_of(server, before))[0] == 1
    assert (await flow_of(server, after))[0] == number
    answer = await api.post(
        f"{V1}/orders/{before}/events", json={"name": "cancel", "attributes": {"reason": "No."}}
    )
    assert answer.status_code == 200, answer.text
    await pin(api, None)


async def test_tenth_of_orders_begins_on_the_canary(server: Server, scene: Scene) -> None:
    """Over many ids about the share, and the flow says so."""
    api = server.owner
    number = await publish(api)
    await pin(api, 1, canary=number, share=500)
    seen = (await api.get(FLOW)).json()
    assert (seen["version"], seen["canary"], seen["share"]) == (1, number, 500)
    placed = [(await scene.place(f"canary {n}", "0.5"))["id"] for n in range(40)]
    versions = [(await flow_of(server, id_))[0] for id_ in placed]
    assert set(versions) == {1, number}
    assert 8 < versions.count(number) < 32
    await pin(api, None)


async def test_version_tells_text_faults_changes_and_picture(server: Server) -> None:
    """Of a draft with faults: each with its line; what differs from the version that it follows; who wrote it, and why."""
    api = server.owner
    number = await draft(api, ("final: true", "final: false"))
    told = (await api.get(f"{FLOW}/versions/{number}")).json()
    assert (told["state"], told["intent"], told["checked"]["proved"]) == ("draft", WHY["reason"], False)
    assert "dead_end" in {fault["code"] for fault in told["checked"]["faults"]}
    assert {"version", "statuses.cancelled.final"} <= {change["path"] for change in told["changes"]}
    assert told["picture"].startswith("stateDiagram-v2")
    picture = await api.get(f"{FLOW}/versions/{number}", headers={"Accept": "image/svg+xml"})
    assert (picture.headers["content-type"], picture.text[:4]) == ("image/svg+xml", "<svg")
    refused = await api.post(f"{FLOW}/versions/{number}/publish", json=WHY)
    assert (refused.status_code, refused.json()["code"]) == (409, "flow_refused")
    dropped = await api.delete(f"{FLOW}/drafts/{number}", params=WHY)
    assert dropped.status_code == 200, dropped.text
    assert (await api.get(f"{FLOW}/versions/{number}")).status_code == 404


async def test_orders_go_to_a_version_and_back(server: Server, scene: Scene) -> None:
    """A look first tells each order, page by page; the move takes them; undoing leaves those that have gone on."""
    api = server.owner
    ids = [(await scene.place(f"move {n}", "0.5", completed=True))["id"] for n in range(4)]
    number = await publish(api, *RENAMED, mapping={"booked": "confirmed"})
    body = {"name": "order.retail", "sources": [1], "to_version": number, **WHY}
    look = (await api.post(f"{V1}/flow-migrations:preview", json={**body, "limit": 2})).json()
    places = {(place["status"], place["to"]): place["count"] for place in look["places"]}
    assert (look["faults"], places["booked", "confirmed"] >= 4) == ([], True)
    listed = [one["entity_id"] for one in look["entities"]]
    while look["next"]:
        page = {**body, "limit": 2, "cursor": look["next"]}
        look = (await api.post(f"{V1}/flow-migrations:preview", json=page)).json()
        listed += [one["entity_id"] for one in look["entities"]]
    assert len(listed) == look["total"] == len(set(listed))
    done = await move(api, "/flow-migrations", body)
    assert (done["moved"], done["stayed"]) == (len(listed), 0)
    assert await flow_of(server, ids[0]) == (number, "confirmed")
    told = (await api.get(f"{V1}/flow-migrations/{done['id']}/entities", params={"limit": 1})).json()
    assert (told["items"][0]["from_status"] in {"booked", "created"}, bool(told["next"])) == (True, True)
    await api.post(f"{V1}/orders/{ids[0]}/events", json={"name": "cancel", "attributes": {"reason": "No."}})
    back = await move(api, f"/flow-migrations/{done['id']}/undo", WHY)
    assert (back["moved"], back["stayed"], back["undoes"]) == (len(listed) - 1, 1, done["id"])
    assert [await flow_of(server, id_) for id_ in ids[1:]] == [(1, "booked")] * 3
    assert (await flow_of(server, ids[0]))[0] == number
    assert (await api.get(f"{V1}/flow-migrations/{done['id']}")).json()["undone_by"] == back["id"]


async def test_order_that_was_moved_says_so(server: Server, scene: Scene) -> None:
    """Its news tell from where to where; its version has gone on, so nobody changes what he has not seen."""
    api = server.owner
    id_ = (await scene.place("moved", "0.5", completed=True))["id"]
    before = await order(api, id_)
    number = await publish(api)
    await move(api, "/flow-migrations", {"name": "order.retail", "sources": [1], "to_version": number, **WHY})
    feed = (await api.get(V1 + "/events", params={"entity_id": id_})).json()["items"]
    [news] = [event for event in feed if event["name"] == "order.flow_moved"]
    flow = news["data"]["flow"]
    assert (flow["from_version"], flow["version"]) == (1, number)
    after = await order(api, id_)
    assert (after["status"], after["version"] > before["version"]) == (before["status"], True)
    assert after["total"] == before["total"]


async def test_flow_is_tried_over_http(server: Server) -> None:
    """Simulated, held against scenarios, and a workflow of Fluent turned into a flow; nothing is kept."""
    api = server.owner
    shipped = f"{FLOW}/versions/1"
    lived = (await api.post(f"{shipped}/simulate", json={"steps": ["cancel"]})).json()
    assert (lived["stopped"], lived["seen"][0]["what"]) == ("", "event")
    object_ = {
        "steps": [{"event": "cancel", "attributes": {"reason": "late"}}, "cancel"],
        "given": {"status": "booked"},
    }
    told = (await api.post(f"{shipped}/simulate", json=object_)).json()
    text = {"steps": ["{event: cancel, attributes: {reason: late}}", "cancel"], "given": "{status: booked}"}
    assert told == (await api.post(f"{shipped}/simulate", json=text)).json()
    assert [one["refused"] for one in told["seen"]] == ["", "wrong_status"]
    wrong = await api.post(f"{shipped}/simulate", json={"steps": ["{event: [}"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "flow_scenarios_invalid")
    late = await api.post(
        f"{shipped}/simulate", json={"steps": ["cancel"], "given": "{at: '9999-12-31T23:59:59-14:00'}"}
    )
    assert (late.status_code, late.json()["code"]) == (422, "flow_scenarios_invalid")
    listed = (await api.get(f"{FLOW}/versions")).json()["items"]
    assert [(seen["version"], seen["entity"]) for seen in listed].count((1, "order")) == 1
    checkout = (await api.get(V1 + "/flows/checkout/versions/1")).json()
    assert checkout["entity"] == "checkout"
    scenarios = "flow: order.retail\nscenarios:\n  - name: Nothing\n    steps: [PT1M]\n    expect: {status: cancelled}\n"
    tested = (await api.post(f"{shipped}/test", json={"scenarios": scenarios})).json()
    assert (tested["kept"], tested["scenarios"][0]["broken"] != []) == (False, True)
    refused = await api.post(V1 + "/flows:import", json={"text": "{}"})
    assert (refused.status_code, refused.json()["code"]) == (422, "flow_import_refused")
    before = (await api.get(V1 + "/flows")).json()
    assert [flow["name"] for flow in before["items"]].count("order.retail") == 1


async def test_key_of_an_enterprise_reads_no_versions(server: Server, scene: Scene) -> None:
    """Which flows are in use, everybody sees; their texts, drafts and counts are for keys of the organisation."""
    hub, reader = await server.key("hub", scene.hub), await server.key("reader")
    await draft(server.owner)
    seen = (await hub.get(V1 + "/flows", params={"counts": "true"})).json()
    assert (seen["drafts"], {flow["counts"] for flow in seen["items"]}) == ([], {None})
    assert (await hub.get(f"{FLOW}/versions")).status_code == 403
    assert (await reader.get(f"{FLOW}/versions")).status_code == 200
    counted = (await reader.get(FLOW, params={"counts": "true"})).json()
    assert {one["version"] for one in counted["counts"]} <= set(counted["versions"])
    assert (await reader.post(f"{FLOW}/drafts", json={"text": "x", **WHY})).status_code == 403


async def test_same_request_publishes_once(server: Server) -> None:
    """A repeat is answered the same, a dry run leaves nothing."""
    api = server.owner
    number = await draft(api)
    dry = await api.post(f"{FLOW}/versions/{number}/publish", json=WHY, params={"dry_run": "true"})
    assert [event["name"] for event in dry.json()["events"]] == ["flow.published"]
    assert number not in (await api.get(FLOW)).json()["versions"]
    headers = {"Idempotency-Key": f"publish {number}"}
    answers = [
        await api.post(f"{FLOW}/versions/{number}/publish", json=WHY, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_what_was_pinned_before_is_pinned_again(server: Server) -> None:
    """By one request; what was never pinned has nothing to go back to."""
    api = server.owner
    number = await publish(api)
    first = await pin(api, number)
    await pin(api, 1, canary=number, share=10)
    back = (await api.post(f"{FLOW}/rollback", json=WHY)).json()
    assert (back["flow_version"], back["canary"], back["pin"]) == (number, None, first["pin"] + 2)
    twice = await api.post(f"{FLOW}/rollback", json=WHY)
    assert (twice.status_code, twice.json()["code"], twice.json()["pin"]) == (
        409,
        "flow_rolled_back",
        back["pin"],
    )
    assert [one["back"] for one in (await api.get(f"{FLOW}/pins?limit=2")).json()["items"]] == [True, False]
    assert (await api.get(FLOW)).json()["canary"] is None
    await pin(api, 1, canary=number, share=10)
    again = (await api.post(f"{FLOW}/rollback", json=WHY)).json()
    assert (again["flow_version"], again["canary"]) == (number, None)
    never = await api.post(f"{V1}/flows/wholesale.held/rollback", json=WHY)
    assert (never.status_code, never.json()["code"]) == (409, "flow_not_pinned")
    await pin(api, None)


async def test_versions_are_compared_and_begun(server: Server) -> None:
    """What differs, by place; and a text to begin with, which is proved."""
    api = server.owner
    number = await publish(api, *RENAMED, mapping={"booked": "confirmed"})
    told = (await api.get(f"{FLOW}/versions/{number}/diff", params={"against": 1})).json()
    assert {"statuses.booked", "statuses.confirmed", "version"} <= {one["path"] for one in told["changes"]}
    assert told["migration"] == []
    back = (await api.get(f"{FLOW}/versions/1/diff", params={"against": number})).json()
    assert [fault["code"] for fault in back["migration"]] == ["migration_status_gone"]
    text = (await api.post(f"{V1}/flows:new", json={"name": "order.phone", "entity": "order"})).json()["text"]
    checked = (await api.post(f"{V1}/flows:check", json={"text": text})).json()
    assert (checked["proved"], checked["against"]) == (True, None)
    none = await api.post(f"{V1}/flows:new", json={"name": "order.phone", "entity": "castle"})
    assert none.json()["code"] == "flow_entity_unknown"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/versions/x", None, 404),
        ("GET", "/versions/4711", None, 404),
        ("GET", "/versions/99999999999", None, 404),
        ("PUT", "/pin", {"version": 4711, **WHY}, 404),
        ("PUT", "/pin", {"version": 1}, 422),
        ("POST", "/versions/4711/publish", WHY, 404),
        ("POST", "/versions/1/publish", WHY, 409),
        ("POST", "/versions/1/retire", WHY, 409),
        ("DELETE", "/drafts/4711", None, 422),
    ],
)
async def test_what_cannot_be_is_a_problem(
    server: Server, method: str, path: str, body: Any, status: int
) -> None:
    """With a code, whatever is wrong."""
    answer = await server.owner.request(method, FLOW + path, json=body)
    assert (answer.status_code, "code" in json.loads(answer.text)) == (status, True)


async def test_orders_are_changed_while_they_are_moved(server: Server, scene: Scene) -> None:
    """Nobody is lost between two who want the same order: it is cancelled and moved, in whichever order, and nothing leaks."""
    api = server.owner
    ids = [(await scene.place(f"race {n}", "0.1", completed=True))["id"] for n in range(24)]
    number = await publish(api)
    body = {"name": "order.retail", "sources": [1], "to_version": number, **WHY}
    cancel = {"name": "cancel", "attributes": {"reason": "No."}}
    moved, *answers = await asyncio.gather(
        move(api, "/flow-migrations", body),
        *(api.post(f"{V1}/orders/{id_}/events", json=cancel) for id_ in ids[::2]),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {(await flow_of(server, id_))[0] for id_ in ids[1::2]} == {number}
    assert {(await flow_of(server, id_))[1] for id_ in ids[::2]} == {"cancelled"}
    listed = (await api.get(f"{V1}/flow-migrations/{moved['id']}/entities", params={"limit": 200})).json()
    assert len(listed["items"]) == min(moved["moved"], 200)


async def test_recorded_lives_are_led_again_over_http(server: Server, scene: Scene) -> None:
    """By a draft that lets nobody cancel: who would have ended differently, within the bounds that are asked for."""
    api = server.owner
    orders = [(await scene.place(f"replayed {n}"))["id"] for n in range(2)]
    for id_ in orders:
        body = {"name": "cancel", "attributes": {"reason": "late"}}
        assert (await api.post(f"{V1}/orders/{id_}/events", json=body)).status_code == 200
    row = "    do: [release_holds, {tell_children"
    number = await draft(api, (row, f"    when: order.total < 0\n{row}"))
    # What was done at this very instant is not before it.
    now = dt.datetime.fromisoformat((await api.get(V1 + "/clock")).json()["now"])
    path, until = f"{FLOW}/versions/{number}/replay", clock.text(now + dt.timedelta(seconds=1))
    found = (await api.post(path, json={"until": until})).json()
    assert (found["whole"], found["left_out"], found["until"], found["untold"]) == (True, 0, until, [])
    differ = {one["id"]: (one["was"], one["would"]) for one in found["differ"]}
    assert {id_: differ[id_] for id_ in orders} == dict.fromkeys(orders, ("cancelled", "created"))
    few = (await api.post(path, json={"until": until, "entities": 1})).json()
    everybody = found["lives"] + found["moved"]
    assert (few["lives"] + few["moved"], few["whole"], few["left_out"]) == (1, False, everybody - 1)
    same = (await api.post(f"{FLOW}/versions/1/replay", json={"until": until})).json()
    assert not {one["id"] for one in same["differ"]} & set(orders)
    never = await api.post(path, json={"since": until, "until": until})
    assert (never.status_code, never.json()["code"]) == (422, "body_invalid")
    hub = await server.key("hub", scene.hub)
    assert (await hub.post(path, json={})).status_code == 403
