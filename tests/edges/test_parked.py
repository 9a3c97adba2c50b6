"""What was given up, over HTTP: listed with its cause, retried, or skipped with a reason that is kept with who said so."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.edges.conftest import Server, organisation
from tests.edges.scene import V1, Scene, made
from tests.edges.test_problems import problem

TIMER = "0193f2a0-0000-7000-8000-000000000009"
PLANTED = (
    f"""INSERT INTO coster.timer (org_id, id, due_at, kind, body, attempts, parked)
    VALUES (1, '{TIMER}', '2099-01-01T00:00:00Z', 'orders.timer', '{{"trigger": "remind"}}', 5, 'KeyError: x')""",
    "INSERT INTO coster.parked_reaction (org_id, seq, reaction, cause, resumed) VALUES (1, 1, 'probe.nothing', 'no luck', false)",
)
GONE = (
    "DELETE FROM coster.timer WHERE kind = 'orders.timer' AND due_at = '2099-01-01T00:00:00Z'",
    "DELETE FROM coster.parked_reaction",
    "DELETE FROM coster.webhook_delivery",
    "DELETE FROM coster.skipped",
)
TIMER_PATH = f"{V1}/parked/timer:{TIMER}:orders.timer"
REACTION_PATH = f"{V1}/parked/reaction:1:probe.nothing"


@pytest.fixture
async def planted(server: Server, scene: Scene) -> AsyncIterator[httpx2.AsyncClient]:
    """A timer, a reaction and a message that were given up, and the owner who looks at them."""
    hook = await made(
        server.owner, "/webhooks", {"url": "https://93.184.215.14/hook", "names": ["never.told"]}
    )
    # Nobody is there to be asked.
    await made(server.owner, f"/webhooks/{hook['id']}/events", {"name": "pause"})
    async with server.database.system() as conn:
        for statement in PLANTED:
            await conn.execute(statement)
        await conn.execute(
            "INSERT INTO coster.webhook_delivery (org_id, endpoint_id, seq, entity_id, attempts, parked) "
            "SELECT 1, $1::uuid, e.seq, e.entity_id, 8, 'the receiver answered 500' FROM coster.event AS e WHERE e.seq = 2",
            uuid.UUID(hook["id"]),
        )
    yield server.owner
    async with server.database.system() as conn:
        for statement in GONE:
            await conn.execute(statement)


async def listed(api: httpx2.AsyncClient, what: str = "parked") -> list[dict[str, Any]]:
    """The whole list, one by one."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await api.get(f"{V1}/{what}", params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found, cursor = found + answer.json()["items"], answer.json()["next"]
        if cursor is None:
            return found


async def test_everything_that_waits_for_people_is_listed_with_its_cause(planted: httpx2.AsyncClient) -> None:
    """Messages and reactions with their event, timers with what they trigger."""
    told = {one["what"]: one for one in await listed(planted)}
    assert [*told] == ["message", "reaction", "timer"]
    assert {what: one["cause"] for what, one in told.items()} == {
        "message": "the receiver answered 500",
        "reaction": "no luck",
        "timer": "KeyError: x",
    }
    assert (told["timer"]["event"], told["timer"]["entity"], told["timer"]["entity_id"]) == (
        "remind",
        "orders",
        None,
    )
    assert told["reaction"]["event"] == (await planted.get(f"{V1}/events?limit=1")).json()["items"][0]["name"]


async def test_one_of_them_is_tried_again_and_the_others_wait(planted: httpx2.AsyncClient) -> None:
    """It is parked no more, and cannot be retried once more; a dry run changes nothing."""
    foreseen = await planted.post(f"{TIMER_PATH}/retry?dry_run=true")
    assert foreseen.json()["events"][0]["name"] == "parked.retried"
    done = await planted.post(f"{TIMER_PATH}/retry")
    assert (done.status_code, done.json()) == (200, {"what": "timer", "key": TIMER, "name": "orders.timer"})
    assert [one["what"] for one in await listed(planted)] == ["message", "reaction"]
    problem(await planted.post(f"{TIMER_PATH}/retry"), 409, "parked_not_found")


async def test_what_is_skipped_is_kept_with_who_said_so_and_why(planted: httpx2.AsyncClient) -> None:
    """For good, and only with a reason; the ledger of commands and the stream of events say so too."""
    message = (await listed(planted))[0]
    for path in (f"{V1}/parked/{message['id']}", REACTION_PATH):
        problem(await planted.post(f"{path}/skip", json={"reason": " "}), 422, "not_valid")
        done = await planted.post(f"{path}/skip", json={"reason": " Mended by hand. "})
        assert done.status_code == 200, done.text
    assert [one["what"] for one in await listed(planted)] == ["timer"]
    kept = await listed(planted, "skipped")
    assert [(one["what"], one["cause"], one["reason"]) for one in kept] == [
        ("reaction", "no luck", "Mended by hand."),
        ("message", "the receiver answered 500", "Mended by hand."),
    ]
    assert {one["who"].startswith("API key ") for one in kept} == {True}
    events = (await planted.get(f"{V1}/events", params={"entity": "parked", "limit": 200})).json()["items"]
    assert [one["name"] for one in events][-2:] == ["parked.skipped"] * 2


async def test_a_message_that_is_retried_is_due_again(server: Server, planted: httpx2.AsyncClient) -> None:
    """From its first attempt, as of when its event happened."""
    message = (await listed(planted))[0]
    assert (await planted.post(f"{V1}/parked/{message['id']}/retry")).status_code == 200
    assert [one["what"] for one in await listed(planted)] == ["reaction", "timer"]


async def test_only_who_may_manage_the_organisation_sees_and_decides(
    server: Server, scene: Scene, planted: httpx2.AsyncClient
) -> None:
    """Not a reader, not an owner of one enterprise, and nobody of another organisation."""
    part, reader = await server.key("owner", scene.hub), await server.key("reader")
    for api in (part, reader):
        problem(await api.get(f"{V1}/parked"), 403, "not_permitted")
        problem(await api.get(f"{V1}/skipped"), 403, "not_permitted")
        problem(await api.post(f"{REACTION_PATH}/skip", json={"reason": "x"}), 403, "not_permitted")
        problem(await api.post(f"{REACTION_PATH}/retry"), 403, "not_permitted")
    other = server.client(await organisation(server.database, 9))
    assert await listed(other) == []
    problem(await other.post(f"{REACTION_PATH}/retry"), 409, "parked_not_found")


@pytest.mark.parametrize(
    "id_", ["nothing", "order:1:x", "timer:x:orders.timer", "reaction:999999999999999999999:x", "message::x"]
)
async def test_what_is_no_id_of_the_list_is_not_found(server: Server, id_: str) -> None:
    """And nothing breaks."""
    assert (await server.owner.post(f"{V1}/parked/{id_}/retry")).status_code in (404, 409)
