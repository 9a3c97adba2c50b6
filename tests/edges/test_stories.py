"""Stories of orders and held orders, what is late, and what was known at an instant, over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.edges.conftest import Server, organisation
from tests.edges.scene import V1, Scene, made
from tests.edges.test_problems import problem


async def timeline(api: Any, path: str) -> dict[str, Any]:
    """A story."""
    answer = await api.get(f"{V1}/{path}/timeline")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def moved(scene: Scene, order: str, name: str, **attributes: Any) -> Any:
    """An event sent to an order."""
    body = {"name": name, "attributes": attributes}
    return await scene.api.post(f"{V1}/orders/{order}/events", json=body)


async def test_an_orders_story_tells_what_happened_and_what_was_refused(scene: Scene) -> None:
    """Placed, booked, refused once, cancelled for a reason: in order, with who, why and the version."""
    order = (await scene.place("story"))["id"]
    assert (await moved(scene, order, "complete_checkout")).status_code == 200
    problem(await moved(scene, order, "complete_checkout"), 409, "order_status")
    assert (await moved(scene, order, "cancel", reason="Moved away.")).status_code == 200
    story = await timeline(scene.api, f"orders/{order}")
    told = [(one["event"], one["version"], one["code"], one["why"]) for one in story["entries"]]
    assert told == [
        ("order.placed", 1, "", ""),
        ("order.checkout_completed", 2, "", ""),
        ("complete_checkout", 0, "order_status", ""),
        ("order.cancelled", 3, "", "Moved away."),
    ]
    assert {one["who"] for one in story["entries"]} == {"first"}
    assert (story["status"], story["label"], story["whole"]) == ("cancelled", "Cancelled", True)
    refused = story["entries"][2]
    assert "possible in" in refused["detail"]
    assert refused["status"] == "Booked"


async def test_a_story_is_text_for_whoever_asks_for_text(scene: Scene) -> None:
    """A line for each entry, its reason below."""
    order = (await scene.place("text"))["id"]
    await moved(scene, order, "fail_checkout", reason="declined")
    answer = await scene.api.get(f"{V1}/orders/{order}/timeline", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    title, empty, placed, *rest = answer.text.splitlines()
    assert (title.startswith("Order "), empty) == (True, "")
    assert placed.endswith("by first")
    assert any(line.strip() == "why      declined" for line in rest)


async def test_what_is_due_stands_in_the_story(scene: Scene) -> None:
    """A running checkout ends by itself, and the story says when; once it is over nothing is due."""
    order = (await scene.place("due"))["id"]
    running = await timeline(scene.api, f"orders/{order}")
    await moved(scene, order, "fail_checkout", reason="declined")
    assert (await timeline(scene.api, f"orders/{order}"))["waits"] == []
    shown = (await scene.api.get(f"{V1}/orders/{order}")).json()
    assert [one["at"] for one in running["waits"]] != []
    assert shown["expires_at"] is None


async def test_a_held_orders_story_names_no_shopper(server: Server, scene: Scene) -> None:
    """Its producer reads that it grew, not who ordered; reasons of shoppers' orders and names of the hub's keys stay away."""
    order = (await scene.place("held"))["id"]
    await moved(scene, order, "cancel", reason="Ali Shopper is ill.")
    jean = await server.key("producer", scene.producer)
    held = (await jean.get(f"{V1}/held-orders?session_id={scene.session}")).json()["items"][0]
    story = await timeline(jean, f"held-orders/{held['id']}")
    assert story["entries"][0]["event"] == "held_order.created"
    assert story["entries"][0]["steps"][0]["label"] == "A shopper wants more"
    assert {(one["who"], one["actor"]) for one in story["entries"]} == {("another API key", None)}
    assert "Ali" not in str(story)
    assert order not in str(story)
    refused = await jean.post(f"{V1}/held-orders/{held['id']}/events", json={"name": "fulfil"})
    problem(refused, 409, "held_order_status")
    last = (await timeline(jean, f"held-orders/{held['id']}"))["entries"][-1]
    assert (last["event"], last["code"], last["who"] != "") == ("fulfil", "held_order_status", True)


async def test_stories_are_for_those_who_may_read_the_object(server: Server, scene: Scene) -> None:
    """Others hear that there is none."""
    order = (await scene.place("private"))["id"]
    other = await made(server.owner, "/enterprises", {"name": "C", "kinds": ["hub"], "currency": "EUR"})
    stranger, outsider = (
        await server.key("hub", other["id"]),
        server.client(await organisation(server.database, 8)),
    )
    for api in (stranger, outsider):
        problem(await api.get(f"{V1}/orders/{order}/timeline"), 404, "not_found")


async def late(server: Server, table: str, id_: str, hours: int) -> None:
    """The row has been too long in its status since so many hours."""
    now = (await server.owner.get(V1 + "/clock")).json()["now"]
    at = dt.datetime.fromisoformat(now) - dt.timedelta(hours=hours)
    async with server.database.system() as conn:
        await conn.execute(f"UPDATE {table} SET sla_at = $1 WHERE id = $2::uuid", at, id_)


async def overdue(api: Any, what: str) -> list[dict[str, Any]]:
    """Everything that is late, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await api.get(f"{V1}/overdue/{what}", params=query)).json()
        found, cursor = found + page["items"], page["next"]
        if cursor is None:
            return found


async def test_what_is_late_is_listed_the_longest_first(server: Server, scene: Scene) -> None:
    """By pages, each list for those who may read it; who may read only one of them gets that."""
    one, other = [(await scene.place(name))["id"] for name in ("late", "later still")]
    held = (await scene.api.get(f"{V1}/held-orders?session_id={scene.session}")).json()["items"][0]["id"]
    await late(server, "orders", one, 2)
    await late(server, "orders", other, 7)
    await late(server, "held_order", held, 5)
    found = [order for order in await overdue(scene.api, "orders") if order["id"] in (one, other)]
    assert [order["id"] for order in found] == [other, one]
    assert (found[1]["status"], found[1]["label"], found[1]["entity"]) == (
        "created",
        "Checkout running",
        "order",
    )
    assert 7200 <= int(found[1]["beyond"].removeprefix("PT").removesuffix("S")) < 7260
    jean = await server.key("producer", scene.producer)
    assert [order["id"] for order in await overdue(jean, "held-orders")] == [held]
    problem(await jean.get(V1 + "/overdue/orders"), 403, "not_permitted")
    outsider = server.client(await organisation(server.database, 9))
    assert (await overdue(outsider, "orders"), await overdue(outsider, "held-orders")) == ([], [])


async def test_an_order_that_moves_on_is_late_no_longer(server: Server, scene: Scene) -> None:
    """The level is that of a status; the next one has none."""
    order = (await scene.place("in time again"))["id"]
    await late(server, "orders", order, 1)
    await moved(scene, order, "complete_checkout")
    assert order not in str(await overdue(scene.api, "orders"))


async def test_what_was_known_is_asked_for_by_instant(scene: Scene) -> None:
    """An order, the list, positions and who holds them are answered as they were before a change."""
    order = (await scene.place("then"))["id"]
    position = (await scene.api.get(f"{V1}/positions?item_id={scene.item}")).json()["items"][0]["id"]
    held = (await scene.api.get(f"{V1}/held-orders?session_id={scene.session}")).json()["items"][0]["id"]
    paths = [
        f"held-orders/{held}", f"held-orders?session_id={scene.session}",
        f"orders/{order}", "orders?reference=then&channel=web", f"positions/{position}", f"positions?item_id={scene.item}",
        f"positions/{position}/holds",
    ]  # fmt: skip
    before = [(await scene.api.get(f"{V1}/{path}")).json() for path in paths]
    instant = (await scene.api.get(V1 + "/clock")).json()["now"]
    await moved(scene, order, "cancel", reason="Moved away.")
    for path, then in zip(paths, before, strict=True):
        sign = "&" if "?" in path else "?"
        answer = await scene.api.get(f"{V1}/{path}{sign}as_of={instant}")
        assert answer.json() == then, path
        assert (await scene.api.get(f"{V1}/{path}")).json() != then, path


@pytest.mark.parametrize("path", ["orders", "positions", "held-orders"])
async def test_instants_that_cannot_be_asked_for_are_refused(scene: Scene, path: str) -> None:
    """What lies ahead is nobody's to tell; what is no instant is none; a status of the past cannot be looked for."""
    ahead = problem(await scene.api.get(f"{V1}/{path}?as_of=2100-01-01T00:00:00Z"), 422, "query_invalid")
    assert "lies ahead" in str(ahead)
    problem(await scene.api.get(f"{V1}/{path}?as_of=yesterday"), 422, "query_invalid")
    for text in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00%2B14:00"):
        told = problem(await scene.api.get(f"{V1}/{path}?as_of={text}"), 422, "query_invalid")
        assert "is no instant of the years 1 to 9999 in UTC" in str(told)
    if path != "positions":
        problem(
            await scene.api.get(f"{V1}/{path}?status=booked&as_of=2026-01-01T00:00:00Z"), 422, "query_invalid"
        )


async def test_before_an_order_was_placed_it_was_not_there(scene: Scene) -> None:
    """Not even by its id."""
    order = (await scene.place("later"))["id"]
    problem(await scene.api.get(f"{V1}/orders/{order}?as_of=2020-01-01T00:00:00Z"), 404, "not_found")
