"""What happened, by cursor and as a stream; and the clock of the demonstration."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, Scene, build
from tests.edges.test_problems import problem


async def told(stream: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, each with its id checked."""
    number = 0
    async for line in stream.aiter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            event = json.loads(line[6:])
            assert event["seq"] == number
            yield event


async def test_feed_has_every_event_once(scene: Scene) -> None:
    """Pages of two give the same as one page, numbered without gaps."""
    await scene.place("feed")
    whole = (await scene.api.get(V1 + "/events?limit=200")).json()["items"]
    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    found, after = [], 0
    while True:
        page = (await scene.api.get(V1 + "/events", params={"after": after, "limit": 2})).json()
        found += page["items"]
        after = page["after"]
        if not page["more"]:
            break
    assert found == whole


async def test_cursor_from_before_the_archive_is_told_so(start: Start) -> None:
    """410 with the number from which on events are here, for the feed and the stream; without a cursor the first that is kept."""
    server = await start()
    scene = await build(server.owner)
    async with server.database.system() as conn, conn.transaction():
        await conn.execute("UPDATE event_counter SET archived = 3; DELETE FROM event WHERE seq <= 3")
    for path in ("/events?after=2", "/events?after=0&name=order.placed", "/events/stream?after=2"):
        gone = problem(await scene.api.get(V1 + path), 410, "events_archived")
        assert (gone["archived"], "after=3" in gone["detail"]) == (3, True)
    resumed = {"Last-Event-ID": "1"}
    problem(await scene.api.get(V1 + "/events/stream", headers=resumed), 410, "events_archived")
    for path in ("/events", "/events?after=3"):
        page = (await scene.api.get(V1 + path)).json()
        assert page["items"][0]["seq"] == 4
    async with scene.api.stream("GET", V1 + "/events/stream") as stream:
        assert (await asyncio.wait_for(anext(told(stream)), 5))["seq"] == 4


async def test_feed_can_be_filtered(scene: Scene) -> None:
    """By name and by entity."""
    order = await scene.place("filter")
    query = {"entity_id": order["id"], "name": "order.placed"}
    [event] = (await scene.api.get(V1 + "/events", params=query)).json()["items"]
    assert (event["entity"], event["version"], event["data"]["reference"]) == ("order", 1, "filter")


async def test_feed_shows_what_concerns_the_asker(server: Server, scene: Scene) -> None:
    """A producer's key sees held orders that concern it, and no order of a shopper."""
    await scene.place("concern")
    jean = await server.key("producer", scene.producer)
    names = {event["name"] for event in (await jean.get(V1 + "/events?limit=200")).json()["items"]}
    assert not any(name.startswith(("order.", "customer.", "key.")) for name in names)


async def test_stream_goes_on(scene: Scene) -> None:
    """What was there comes first, then what happens, and Last-Event-ID goes on from there."""
    first = await scene.place("stream-1")
    query = {"name": "order.placed"}
    async with scene.api.stream("GET", V1 + "/events/stream", params=query) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        events = told(stream)
        seen = [await asyncio.wait_for(anext(events), 5)]
        while seen[-1]["entity_id"] != first["id"]:
            seen.append(await asyncio.wait_for(anext(events), 5))
        second = await scene.place("stream-2")
        assert (await asyncio.wait_for(anext(events), 5))["entity_id"] == second["id"]
    resumed = {"Last-Event-ID": str(seen[-1]["seq"])}
    async with scene.api.stream("GET", V1 + "/events/stream", params=query, headers=resumed) as stream:
        assert (await asyncio.wait_for(anext(told(stream)), 5))["entity_id"] == second["id"]


async def test_streams_are_counted(start: Start) -> None:
    """Beyond the limit 503; a stream that was left makes room within a moment."""
    server = await start(max_streams=1)
    path = V1 + "/events/stream"
    async with server.owner.stream("GET", path) as held:
        await anext(held.aiter_bytes())
        problem(await server.owner.get(path), 503, "too_many_streams")
    for _ in range(50):
        async with server.owner.stream("GET", path) as stream:
            if stream.status_code == 200:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the stream that was left made no room")


async def test_stream_of_a_revoked_key_ends(start: Start) -> None:
    """Who may not ask any more is not told any more."""
    server = await start(key_memory=0)
    made = await server.owner.post(V1 + "/keys", json={"name": "r", "grants": [{"role": "reader"}]})
    reader = server.client(made.json()["token"])
    async with reader.stream("GET", V1 + "/events/stream") as stream:
        await server.owner.delete(f"{V1}/keys/{made.json()['id']}")
        async with asyncio.timeout(10):
            data = b"".join([piece async for piece in stream.aiter_bytes()])
    assert data.startswith(b"retry: 2000")


async def test_stream_of_a_revoked_key_ends_although_there_is_always_news(start: Start) -> None:
    """Its key is looked at every second, and not only when it is quiet."""
    server = await start(key_memory=0)
    made = await server.owner.post(V1 + "/keys", json={"name": "r", "grants": [{"role": "reader"}]})
    reader = server.client(made.json()["token"])

    async def tell() -> None:
        for number in range(1000):
            hub = {"name": f"Hub {number}", "kinds": ["hub"], "currency": "EUR"}
            await server.owner.post(V1 + "/enterprises", json=hub)
            await asyncio.sleep(0.2)

    async with reader.stream("GET", V1 + "/events/stream") as stream:
        await server.owner.delete(f"{V1}/keys/{made.json()['id']}")
        news = asyncio.create_task(tell())
        try:
            async with asyncio.timeout(10):
                data = b"".join([piece async for piece in stream.aiter_bytes()])
        finally:
            news.cancel()
    assert b"event: enterprise.created" in data
    assert b": alive" not in data


async def test_clock_moves_the_story(start: Start) -> None:
    """Checkouts expire, sessions end and held orders complete before the move is answered; time never goes back."""
    server = await start()
    scene = await build(server.owner)
    lost, kept = await scene.place("lost"), await scene.place("kept", completed=True)
    moved = await server.owner.post(V1 + "/clock", json={"to": "2026-11-25T09:00:00Z"})
    assert moved.status_code == 200
    statuses = [(await server.owner.get(f"{V1}/orders/{o['id']}")).json()["status"] for o in (lost, kept)]
    assert statuses == ["cancelled", "booked"]
    [held] = (await server.owner.get(V1 + "/held-orders")).json()["items"]
    assert (held["status"], held["fulfilment"], held["lines"][0]["quantity"]) == (
        "Complete",
        "Unfulfilled",
        "2.5",
    )
    back = await server.owner.post(V1 + "/clock", json={"to": "2026-11-24T09:00:00Z"})
    problem(back, 409, "clock_backwards")


async def test_a_shoppers_order_tells_where_its_goods_have_come(start: Start) -> None:
    """Held, owed when the session is over, and gone when the producer has handed them over: line, letter, words of others, and story."""
    server = await start()
    scene = await build(server.owner)
    path = f"{V1}/orders/{(await scene.place('shopper', completed=True))['id']}"
    seen = [(await server.owner.get(path)).json()]
    await server.owner.post(V1 + "/clock", json={"to": "2026-11-25T09:00:00Z"})
    seen.append((await server.owner.get(path)).json())
    [held] = (await server.owner.get(V1 + "/held-orders")).json()["items"]
    given = await server.owner.post(f"{V1}/held-orders/{held['id']}/events", json={"name": "fulfil"})
    assert given.status_code == 200, given.text
    seen.append((await server.owner.get(path)).json())
    assert [(one["lines"][0]["stock"], one["letter"], one["views"]["dfc_fulfilment"]) for one in seen] == [
        ("held", "C", "Unfulfilled"), ("allocated", "C", "Unfulfilled"), ("consumed", "R", "Unfulfilled"),
    ]  # fmt: skip
    story = (await server.owner.get(path + "/timeline")).json()["entries"]
    assert [(one["event"], one["version"], one["status"], one["who"]) for one in story] == [
        ("order.placed", 1, "Booked", "first"), ("held_order.completed", 1, "Booked", "the server itself"),
        ("held_order.fulfilled", 1, "Booked", "first"),
    ]  # fmt: skip
    assert story[-1]["what"] == "The producer has handed over the goods (line 1)"


async def test_real_clock_cannot_be_moved(start: Start) -> None:
    """Where time is real, there is no such address."""
    server = await start(clock="system")
    problem(await server.owner.post(V1 + "/clock", json={"to": "2030-01-01T00:00:00Z"}), 404, "not_found")
