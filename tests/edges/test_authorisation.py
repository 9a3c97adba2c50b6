"""Every operation with every wrong role, without a good key, and with the ids of everybody else.

All of it is made out of the document that the running server gives; what the document does not tell is red.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from coster.domain.identity.model import PERMISSIONS, ROLES
from coster.engine.db.connect import Database
from tests.edges.conftest import Server, Start, organisation
from tests.edges.contract import operations
from tests.edges.estate import Estate, settle
from tests.edges.matrix import SHOWS_NOTHING, Ask, Heard, Matrix, asks, fetched, uncovered
from tests.edges.scene import V1, made

PUBLIC: Final = {"isLive", "isReady", "getMetrics", "getOpenApi", "getDocs", "getDocsOfPlatforms"} | {
    f"getDocsFile{n}" for n in (1, 2, 3, 4)
}
ANY_KEY: Final = {"listFlows", "getFlow", "getFlowSchema"}
"""What holds nothing of anybody."""

OF_ALL: Final = {"org:manage", "flows:read", "flows:write"}
"""What is for keys of the whole organisation only, whichever object is asked for."""

KNOWN_TO_ALL: Final = {"setScopes"}
"""Platforms are the organisation's: each enterprise sees them all and gives each what it will (tests/edges/dfc/test_platforms.py)."""

OF_PLATFORMS: Final = {one for one in PERMISSIONS if one.startswith("dfc_")}
"""What other platforms may do."""

MOVES_ON: Final = {"getClock", "getWebhook", "listWebhooks"}
"""What shows the time, or how far a webhook has read."""

NEW_ID: Final = ("", "id")
"""An id in a body names something new: it may be anything that is free in one's own organisation."""
NOT_LOOKED_FOR: Final = {
    ("createKey", "enterprise_id"),
    ("createWebhook", "enterprise_id"),
    ("setScopes", "enterprise_id"),
    ("releaseOrder", "location_id"),
}
"""A key, a webhook or a scope for an enterprise that does not exist opens nothing; whether it exists is not asked. Nor is it of a location
by which the lines of an order are filtered."""
ONLY_OF_ONE: Final = {("judgeMatch", "item_id")}
"""A product elsewhere can be no item but one of the enterprise that stands for its supplier; whether there are others is not asked."""
INVITED: Final = {
    (operation, name)
    for operation in ("createSession", "changeSession", "createRelation", "putParties")
    for name in ("hub_id", "hub_ids", "producer_id")
} | {("createCostCentre", "sellers"), ("changeCostCentre", "sellers")}
"""Enterprises of one organisation deal with each other: who has another's id may ask it into a session or a relation, and let its shop
name a cost centre."""


@dataclass(frozen=True)
class Town:
    """A server with two organisations; in the first a rival that has nothing to do with the rest."""

    server: Server
    document: dict[str, Any]
    ours: Estate
    rival: Estate
    theirs: Estate
    stranger: httpx2.AsyncClient
    expired: str

    async def key(self, role: str, *, everywhere: bool = False) -> httpx2.AsyncClient:
        """A key of a role, for our hub and our producer, or for the whole organisation."""
        places = [None] if everywhere else [self.ours.ids["hub"], self.ours.ids["producer"]]
        grants = [{"role": role, "enterprise_id": place} for place in places]
        key = await made(self.server.owner, "/keys", {"name": role, "grants": grants})
        return self.server.client(key["token"])


@pytest.fixture(scope="module")
async def town(start: Start) -> Town:
    """All of it; the clock has moved on by two minutes, over the end of a key."""
    server = await start(max_streams=200, key_memory=0)
    short = {"name": "short", "grants": [{"role": "owner"}], "expires_at": "2026-11-23T09:01:00Z"}
    expired = (await made(server.owner, "/keys", short))["token"]
    await made(server.owner, "/clock", {"to": "2026-11-23T09:02:00Z"})
    stranger = server.client(await organisation(server.database, 2))
    ours, rival = await settle(server.owner, "Ourstown"), await settle(server.owner, "Rivalry")
    theirs = await settle(stranger, "Farville")
    return Town(server, await fetched(server.owner), ours, rival, theirs, stranger, expired)


async def rows(database: Database, org_id: int) -> dict[str, tuple[int, str]]:
    """How many rows of an organisation each table holds, and a digest of them."""
    tables = """SELECT c.table_name FROM information_schema.columns AS c
                JOIN information_schema.tables AS t USING (table_schema, table_name)
                WHERE c.table_schema = 'coster' AND c.column_name = 'org_id' AND t.table_type = 'BASE TABLE'"""
    async with database.read(org_id) as conn:
        names = [row["table_name"] for row in await conn.fetch(tables)]
        digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM coster.{} AS t WHERE t.org_id = $1"
        return {name: tuple(await conn.fetchrow(digest.format(name), org_id)) for name in names}  # type: ignore[misc]


async def read_by(api: httpx2.AsyncClient, wanted: list[Ask], estate: Estate) -> list[Heard]:
    """Everything that the owner of an estate can read of it, but the time, and how far a webhook has read on."""
    return [
        await Matrix(api, [], estate).hear(ask)
        for ask in wanted
        if ask.told.method == "GET" and ask.told.id not in MOVES_ON and not streams(ask)
    ]


def streams(ask: Ask) -> bool:
    """Whether the answer goes on for ever."""
    return "text/event-stream" in ask.told.spec["responses"]["200"]["content"]


async def wrongly_answered(matrix: Matrix, held: frozenset[str]) -> list[str]:
    """Operations that a key with these permissions is let in to without theirs, or not let in to with it."""

    async def judged(ask: Ask) -> list[str]:
        heard = await matrix.hear(ask)
        problem = json.loads(heard.body) if heard.status == 403 else {}
        refused = (problem.get("code"), problem.get("permission")) == ("not_permitted", ask.told.permission)
        let_in = heard.status != 401 and not refused
        if let_in == (ask.told.permission in held or not ask.told.permission):
            return []
        return [f"{ask.told.id} needs {ask.told.permission}: {heard.status} {heard.body[:200]}"]

    return [fault for faults in await asyncio.gather(*map(judged, matrix.asks)) for fault in faults]


def test_every_operation_is_covered(town: Town) -> None:
    """Each has a permission that there is and that fits what it does; each id has something that it can stand for."""
    assert uncovered(town.document) == []
    told = {one.id: one for one in operations(town.document)}
    assert {id_ for id_, one in told.items() if one.permission is None} == PUBLIC
    assert {id_ for id_, one in told.items() if one.permission == ""} == ANY_KEY
    others = [one for id_, one in told.items() if id_ not in PUBLIC | ANY_KEY]
    # Those of the scopes of platforms open what is below /api/dfc (tests/edges/dfc).
    assert {one.permission for one in others} == PERMISSIONS - OF_PLATFORMS
    wrong = [one.id for one in others if (one.method != "GET") and str(one.permission).endswith(":read")]
    assert wrong == []
    assert [one.id for one in others if one.spec["security"] != [{"key": []}]] == []


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "enterprise"])
@pytest.mark.parametrize("role", ROLES)
async def test_role_opens_what_its_permissions_say(town: Town, role: str, everywhere: bool) -> None:  # noqa: FBT001
    """Without the permission 403, which names it; with it whoever asks is let in."""
    matrix = Matrix(await town.key(role, everywhere=everywhere), _one_each(town), town.ours)
    assert await wrongly_answered(matrix, ROLES[role]) == []


@pytest.mark.parametrize(
    "kind", ["none", "malformed", "basic", "unknown", "other organisation", "expired", "revoked"]
)
async def test_without_a_good_key_there_is_nothing(town: Town, kind: str) -> None:
    """401 whatever is asked, in the same words for each key that is not good, with a hint how to ask."""
    matrix = Matrix(town.server.client(None), _one_each(town), town.ours)
    if kind != "none":
        matrix.api.headers["Authorization"] = await _bad_key(town, kind)
    expected = "key_missing" if kind == "none" else "key_not_valid"
    for ask in matrix.asks:
        heard = await matrix.hear(ask)
        assert (heard.status, json.loads(heard.body)["code"]) == (401, expected), ask.told.id
        assert ("www-authenticate", 'Bearer realm="coster"') in heard.headers


async def _bad_key(town: Town, kind: str) -> str:
    owner = town.server.token
    if kind == "revoked":
        key = await made(town.server.owner, "/keys", {"name": "r", "grants": [{"role": "owner"}]})
        await town.server.owner.delete(f"{V1}/keys/{key['id']}")
        return f"Bearer {key['token']}"
    return {
        "malformed": f"Bearer {owner}x",
        "basic": f"Basic {owner}",
        "unknown": f"Bearer {owner[:-4]}AAAA",
        "other organisation": f"Bearer {owner.replace('coster_1_', 'coster_2_')}",
        "expired": f"Bearer {town.expired}",
    }[kind]


def _one_each(town: Town) -> list[Ask]:
    """Every operation once."""
    return list({ask.told.id: ask for ask in asks(town.document, town.ours) if not ask.query}.values())


async def test_other_organisation_is_as_if_it_were_not(town: Town) -> None:
    """Each id of theirs in each place for an id, even as the owner of ours: answered as one that never was, and nothing
    of theirs has changed."""
    known = await _theirs(town)
    before = await rows(town.server.database, 2)
    matrix = Matrix(town.server.owner, asks(town.document, town.ours), town.ours)
    assert await matrix.find(town.theirs, free={NEW_ID, *NOT_LOOKED_FOR, *ONLY_OF_ONE}) == []
    assert await rows(town.server.database, 2) == before
    assert await _theirs(town) == known
    assert sum(count for count, _ in before.values()) > 30


async def _theirs(town: Town) -> list[Heard]:
    # Each look at a customer is one entry more in the list of looks.
    seen = [ask for ask in asks(town.document, town.theirs) if ask.told.id != "listCustomerAccesses"]
    return await read_by(town.stranger, seen, town.theirs)


async def test_ids_of_other_organisations_are_free_here(town: Town) -> None:
    """Something new may have an id that is taken elsewhere: ours is made, theirs stays, neither is told of the other."""
    before = await rows(town.server.database, 2)
    created = []
    for ask in asks(town.document, town.ours):
        if ask.told.id not in {"createLocation", "createCustomer", "createEnterprise"}:
            continue
        kind = {"createLocation": "location", "createCustomer": "customer", "createEnterprise": "hub"}[
            ask.told.id
        ]
        heard = await Matrix(town.server.owner, [], town.ours).hear(
            ask.having(("body", "id"), town.theirs.ids[kind]), dry_run=False
        )
        created.append((ask.told.id, heard.status))
        assert town.theirs.mark not in heard.body
    assert sorted(created) == [("createCustomer", 201), ("createEnterprise", 201), ("createLocation", 201)]
    assert await rows(town.server.database, 2) == before


async def test_enterprise_of_the_same_organisation_is_as_if_it_were_not(town: Town) -> None:
    """A key that may do everything for a hub and a producer learns nothing of a rival's objects, and changes none."""
    known = await _rivals(town)
    every = [ask for ask in asks(town.document, town.ours) if ask.told.permission not in OF_ALL]
    may = [ask for ask in every if ask.told.id not in KNOWN_TO_ALL]
    matrix = Matrix(await town.key("hub"), may, town.ours)
    assert (
        await matrix.find(
            town.rival,
            every_kind=False,
            free={NEW_ID, *INVITED, *ONLY_OF_ONE, ("releaseOrder", "location_id")},
        )
        == []
    )
    assert await _rivals(town) == known


@pytest.mark.parametrize("role", ["producer", "shop", "picker", "reader"])
async def test_lesser_roles_learn_nothing_of_a_rival_either(town: Town, role: str) -> None:
    """The same for each role, where it may read at all; a role that may not see its own there sees no other either."""
    may = [
        ask
        for ask in asks(town.document, town.ours)
        if ask.told.method == "GET" and ask.told.permission in ROLES[role] - OF_ALL
    ]
    matrix = Matrix(await town.key(role), may, town.ours)
    found = await matrix.find(town.rival, every_kind=False)
    assert [fault for fault in found if SHOWS_NOTHING not in fault] == []
    assert len(found) <= 2


async def _rivals(town: Town) -> list[Heard]:
    of_one = [
        ask for ask in asks(town.document, town.rival) if any(place[0] == "path" for place in ask.places())
    ]
    return await read_by(town.server.owner, of_one, town.rival)


async def test_file_needs_the_permission_of_each_row(town: Town) -> None:
    """A key for customers sends no enterprise and no relation through the same door, and who may write may go on."""
    [file] = [ask for ask in _one_each(town) if ask.told.id == "putParties"]
    wanted = [ask for ask in asks(town.document, town.ours) if ask.told.id == "putParties"]
    shop = Matrix(await town.key("shop"), [], town.ours)
    heard = {ask.body["type"]: (await shop.hear(ask)).body for ask in wanted}
    told = {kind: json.loads(body.splitlines()[0]) for kind, body in heard.items()}
    codes = {kind: one.get("problem", {}).get("code", "ok") for kind, one in told.items()}
    assert codes == {"enterprise": "not_permitted", "relation": "not_permitted", "customer": "ok"}
    assert file.told.permission == "customers:write"


async def test_nobody_stocks_the_goods_of_others(town: Town) -> None:
    """Orders draw on every place of an item: a rival's word about our goods, at a place of its own, must not count."""
    place = {"role": "hub", "enterprise_id": town.rival.ids["producer"]}
    key = await made(town.server.owner, "/keys", {"name": "rival", "grants": [place]})
    body = {"kind": "adjust", "location_id": town.rival.ids["location"], "quantity": 1000}
    rival = town.server.client(key["token"])
    own, ours = [
        await rival.post(V1 + "/stock-movements", json={**body, "item_id": estate.ids["item"]})
        for estate in (town.rival, town.ours)
    ]
    assert (own.status_code, ours.status_code, ours.json()["code"]) == (200, 404, "item_unknown")
