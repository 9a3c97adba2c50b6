"""What can be had of many items at many places, in one answer."""

from __future__ import annotations

import uuid

from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene
from tests.edges.test_problems import problem


async def test_availability_is_what_nobody_holds(scene: Scene) -> None:
    """By item and place, and in all; an item that nobody keeps is not in the answer."""
    before = await scene.available()
    path = f"{V1}/availability?item_ids={scene.item},{uuid.uuid4()}&location_ids={scene.location}"
    [first] = (await scene.api.get(path)).json()["items"]
    assert first == {
        "item_id": scene.item, "available": before, "places": [{"location_id": scene.location, "available": before}],
    }  # fmt: skip
    assert (await scene.api.post(V1 + "/orders", json=scene.order("av1", 1.5))).status_code == 201
    [after] = (await scene.api.get(path)).json()["items"]
    assert float(after["available"]) == float(before) - 1.5


async def test_availability_elsewhere_is_nothing(scene: Scene) -> None:
    """At a place where the item is not there is nothing of it."""
    path = f"{V1}/availability?item_ids={scene.item}&location_ids={uuid.uuid4()}"
    assert (await scene.api.get(path)).json() == {"items": []}


async def test_hub_sees_what_its_producer_has(server: Server, scene: Scene) -> None:
    """Whom the owner supplies may ask; whom he does not, is told of nothing."""
    path = f"{V1}/availability?item_ids={scene.item}"
    hub = await server.key("hub", scene.hub)
    assert [one["item_id"] for one in (await hub.get(path)).json()["items"]] == [scene.item]
    made = await server.owner.post(
        V1 + "/enterprises", json={"name": "X", "kinds": ["hub"], "currency": "EUR"}
    )
    stranger = await server.key("hub", made.json()["id"])
    assert (await stranger.get(path)).json() == {"items": []}


async def test_ids_that_are_none_are_refused(scene: Scene) -> None:
    """And so are more than two hundred."""
    for given in ("x" * 36, f"{scene.item},", ",".join([scene.item] * 201)):
        told = problem(await scene.api.get(f"{V1}/availability?item_ids={given}"), 422, "query_invalid")
        assert [fault["pointer"] for fault in told["faults"]] == ["/item_ids"]


async def test_question_without_items_says_what_is_missing(scene: Scene) -> None:
    """By its name."""
    told = problem(await scene.api.get(V1 + "/availability"), 422, "query_invalid")
    assert told["faults"] == [{"pointer": "/item_ids", "message": "'item_ids' is missing."}]
