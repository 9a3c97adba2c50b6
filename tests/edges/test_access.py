"""Whoever is shown personal data is written down, before it is shown; owners can ask who saw whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx2
import pytest

from coster.domain.identity import store
from tests.edges.conftest import AT, Server
from tests.edges.scene import V1, Scene, made

LIST = V1 + "/customer-accesses"


async def shopper(scene: Scene, name: str) -> str:
    """A customer with a name."""
    body = {"seller_id": scene.hub, "name": name, "email": f"{name}@example.org"}
    return str((await made(scene.api, "/customers", body))["id"])


async def accesses(api: httpx2.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """What an owner is told."""
    answer = await api.get(LIST, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_who_saw_whom_when_and_in_which_request(server: Server, scene: Scene) -> None:
    """A look at one customer is one entry, with the key, the instant and the request's id."""
    ada = await shopper(scene, "Ada")
    hub = await server.key("hub", scene.hub)
    [key] = [k for k in (await server.owner.get(V1 + "/keys")).json()["items"] if k["name"] == "hub"]
    shown = await hub.get(f"{V1}/customers/{ada}", headers={"x-request-id": "look-1"})
    assert shown.json()["person"]["name"] == "Ada"
    [entry] = await accesses(server.owner, customer_id=ada)
    assert (entry["customer_id"], entry["key_id"]) == (ada, key["id"])
    assert (entry["operation"], entry["request_id"]) == ("getCustomer", "look-1")
    assert AT <= dt.datetime.fromisoformat(entry["at"]) < AT + dt.timedelta(seconds=1)
    assert await accesses(server.owner, key_id=key["id"]) == [entry]


async def test_list_is_an_entry_for_each_person_shown(server: Server, scene: Scene) -> None:
    """Those of the page and no others; pages of entries lead on to each other."""
    everybody = {await shopper(scene, name) for name in ("Bea", "Cem", "Dan")}
    before = await accesses(server.owner)
    page = (await server.owner.get(V1 + "/customers", params={"limit": 2})).json()["items"]
    new = [entry for entry in await accesses(server.owner) if entry not in before]
    assert sorted(entry["customer_id"] for entry in new) == sorted(customer["id"] for customer in page)
    assert len(new) == len(page) == 2
    await server.owner.get(V1 + "/customers")
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await server.owner.get(LIST, params=query)).json()
        found += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert found == await accesses(server.owner)
    assert everybody <= {entry["customer_id"] for entry in found}


async def test_who_is_shown_no_person_is_not_written_down(server: Server, scene: Scene) -> None:
    """Neither a refusal, nor a customer whose person was erased; but the entries from before stay after an erasure."""
    eve = await shopper(scene, "Eve")
    await server.owner.get(f"{V1}/customers/{eve}")
    reader = await server.key("reader")
    assert (await reader.get(f"{V1}/customers/{eve}")).status_code == 403
    assert (await server.owner.delete(f"{V1}/customers/{eve}")).status_code == 200
    erased = (await server.owner.get(f"{V1}/customers/{eve}")).json()
    assert (erased["erased"], erased["person"]) == (True, None)
    assert len(await accesses(server.owner, customer_id=eve)) == 1


@pytest.mark.parametrize("role", ["hub", "reader", "shop"])
async def test_only_owners_may_ask(server: Server, scene: Scene, role: str) -> None:
    """What colleagues look at is not everybody's business."""
    key = await server.key(role, scene.hub)
    assert (await key.get(LIST)).status_code == 403


async def test_server_cannot_rewrite_what_it_wrote(server: Server, scene: Scene) -> None:
    """The role of requests may add entries, and neither change nor remove one."""
    async with server.database.system() as conn:
        rights = {
            name: await conn.fetchval(
                "SELECT has_table_privilege('coster_app', 'coster.person_access', $1)", name
            )
            for name in ("SELECT", "INSERT", "UPDATE", "DELETE")
        }
    assert rights == {"SELECT": True, "INSERT": True, "UPDATE": False, "DELETE": False}


async def test_old_entries_are_forgotten(server: Server, scene: Scene) -> None:
    """Those from before the instant, and only those."""
    fay = await shopper(scene, "Fay")
    await server.owner.get(f"{V1}/customers/{fay}")
    async with server.database.system() as conn:
        await store.forget_access(conn, AT)
    assert len(await accesses(server.owner, customer_id=fay)) == 1
    async with server.database.system() as conn:
        await store.forget_access(conn, AT + dt.timedelta(seconds=1))
    assert await accesses(server.owner) == []
