"""Requests that come again, requests that only ask, and changes that are based on something."""

from __future__ import annotations

import asyncio

from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene
from tests.edges.test_problems import problem


async def test_repeat_is_answered_the_same_and_takes_effect_once(scene: Scene) -> None:
    """The same key and request: same order, same place, said to be a repeat, and the stock held once."""
    before = await scene.available()
    key = {"Idempotency-Key": "cart-1"}
    first = await scene.api.post(V1 + "/orders", json=scene.order("idem"), headers=key)
    again = await scene.api.post(V1 + "/orders", json=scene.order("idem"), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"] == f"{V1}/orders/{first.json()['id']}"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert float(before) - float(await scene.available()) == 2.5


async def test_repeats_at_once_take_effect_once(scene: Scene) -> None:
    """Twenty times the same request at the same time is one order."""
    before = await scene.available()
    send = [
        scene.api.post(V1 + "/orders", json=scene.order("storm"), headers={"Idempotency-Key": "storm"})
        for _ in range(20)
    ]
    answers = await asyncio.gather(*send)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert float(before) - float(await scene.available()) == 2.5


async def test_key_with_another_request_is_refused(scene: Scene) -> None:
    """A key names one request."""
    key = {"Idempotency-Key": "cart-2"}
    await scene.api.post(V1 + "/orders", json=scene.order("one"), headers=key)
    other = await scene.api.post(V1 + "/orders", json=scene.order("two"), headers=key)
    problem(other, 422, "idempotency_key_reused")


async def test_refusal_is_repeated_too(scene: Scene) -> None:
    """A repeated refusal is the same refusal."""
    key = {"Idempotency-Key": "cart-3"}
    for replayed in (None, "true"):
        answer = await scene.api.post(V1 + "/orders", json=scene.order("big", "9999"), headers=key)
        problem(answer, 409, "insufficient_stock")
        assert answer.headers.get("idempotent-replayed") == replayed


async def test_keys_of_two_callers_are_two_keys(server: Server, scene: Scene) -> None:
    """Another API key may use the same Idempotency-Key for something else."""
    key = {"Idempotency-Key": "cart-4"}
    shop = await server.key("shop", scene.hub)
    assert (await scene.api.post(V1 + "/orders", json=scene.order("m"), headers=key)).status_code == 201
    assert (await shop.post(V1 + "/orders", json=scene.order("n"), headers=key)).status_code == 201


async def test_idempotency_key_has_a_length(scene: Scene) -> None:
    """256 characters are too many."""
    key = {"Idempotency-Key": "x" * 256}
    problem(await scene.api.post(V1 + "/orders", json=scene.order("k"), headers=key), 422, "header_invalid")


async def test_dry_run_tells_and_leaves_nothing(scene: Scene) -> None:
    """The preview has outcome and events; stock, orders and events are as before, and the key is free."""
    before = await scene.available()
    events = (await scene.api.get(V1 + "/events?after=0")).json()["items"]
    key = {"Idempotency-Key": "dry"}
    path = V1 + "/orders?dry_run=true"
    answer = await scene.api.post(path, json=scene.order("dry"), headers=key)
    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    assert answer.json()["outcome"]["accepted"]["lines"][0]["quantity"] == "2.5"
    assert {event["name"] for event in answer.json()["events"]} == {"order.placed", "held_order.changed"} or (
        "order.placed" in {event["name"] for event in answer.json()["events"]}
    )
    assert await scene.available() == before
    assert (await scene.api.get(V1 + "/orders?reference=dry")).json()["items"] == []
    assert (await scene.api.get(V1 + "/events?after=0")).json()["items"] == events
    real = await scene.api.post(V1 + "/orders", json=scene.order("dry"), headers=key)
    assert real.status_code == 201
    assert "idempotent-replayed" not in real.headers


async def test_dry_run_tells_a_refusal(scene: Scene) -> None:
    """A preview of a refusal is an answer, with the refusal inside."""
    answer = await scene.api.post(V1 + "/orders?dry_run=true", json=scene.order("dry2", "9999"))
    assert answer.status_code == 200
    assert answer.json()["outcome"]["rejected"]["code"] == "insufficient_stock"
    assert answer.json()["events"] == []


async def test_change_needs_the_version_it_is_based_on(scene: Scene) -> None:
    """Without If-Match 428, with an old one 412, with the present one 200 and the next ETag."""
    path = f"{V1}/enterprises/{scene.hub}"
    seen = await scene.api.get(path)
    tag = {"If-Match": seen.headers["etag"]}
    problem(await scene.api.patch(path, json={"name": "Hub"}), 428, "precondition_required")
    changed = await scene.api.patch(path, json={"name": "Hub of A"}, headers=tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] == f'"{seen.json()["version"] + 1}"'
    problem(await scene.api.patch(path, json={"name": "Hub B"}, headers=tag), 412, "version_conflict")
    problem(await scene.api.patch(path, json={}, headers={"If-Match": "*"}), 422, "header_invalid")
    assert (await scene.api.get(path)).json()["name"] == "Hub of A"


async def test_a_change_may_name_several_versions(scene: Scene) -> None:
    """It goes on where the object has one of them (RFC 9110, 13.1.1), in whatever order and on however many lines; else it is 412."""
    path = f"{V1}/locations/{scene.location}"
    v = (await scene.api.get(path)).json()["version"]
    for given in ([("If-Match", f'"{v}", "99x", W/"0"')], [("If-Match", '"0"'), ("If-Match", f'"{v + 1}"')]):
        changed = await scene.api.patch(path, json={"name": given[0][1]}, headers=given)
        assert changed.status_code == 200, changed.text
    for late in (f'"{v}", "{v + 1}"', '"0"'):
        problem(
            await scene.api.patch(path, json={"name": "B"}, headers={"If-Match": late}),
            412,
            "version_conflict",
        )
    problem(await scene.api.patch(path, json={}, headers={"If-Match": '"x", y'}), 422, "header_invalid")


async def test_change_leaves_the_rest(scene: Scene) -> None:
    """A patch of one field of an item changes that field and nothing else."""
    path = f"{V1}/items/{scene.item}"
    before = await scene.api.get(path)
    tag = {"If-Match": before.headers["etag"]}
    assert (await scene.api.patch(path, json={"min_quantity": "0.5"}, headers=tag)).status_code == 200
    after = await scene.api.get(path)
    assert after.json() == {**before.json(), "min_quantity": "0.5", "version": before.json()["version"] + 1}


async def test_order_changes_by_patch(scene: Scene) -> None:
    """New quantities: totals and stock follow."""
    order = await scene.place("patched", "4")
    before = float(await scene.available())
    patch = {"lines": [{"line": 1, "quantity": 1}]}
    answer = await scene.api.patch(f"{V1}/orders/{order['id']}", json=patch, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["total"]) == (200, "2.40")
    assert float(await scene.available()) - before == 3
    nothing = await scene.api.patch(f"{V1}/orders/{order['id']}", json={}, headers={"If-Match": '"2"'})
    problem(nothing, 422, "body_invalid")


async def test_making_twice_is_refused_by_id(scene: Scene) -> None:
    """An id of one's own is taken once."""
    body = {"name": "H", "kinds": ["hub"], "currency": "EUR", "id": scene.hub}
    problem(await scene.api.post(V1 + "/enterprises", json=body), 409, "already_exists")
