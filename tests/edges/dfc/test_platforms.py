"""What enterprises let platforms do, to the letter: each scope opens its own, nothing is open by default, others' objects are not there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest

from coster.domain.identity.model import SCOPES
from coster.edges.dfc import examples, serving
from coster.edges.dfc.language import reading, records
from coster.edges.dfc.operations import document as make
from tests.edges.conftest import Server
from tests.edges.contract import Told, operations
from tests.edges.scene import V1, made

TOLD: Final = [
    one for one in operations(json.loads(json.dumps(make(), default=str))) if one.permission is not None
]
OF_ENTERPRISE: Final = [one for one in TOLD if "{enterprise_id}" in one.path]
OPENS: Final = {
    "read_enterprise": "dfc_enterprises:read",
    "write_enterprise": "dfc_enterprises:write",
    "read_products": "dfc_products:read",
    "write_products": "dfc_products:write",
    "read_orders": "dfc_orders:read",
    "write_orders": "dfc_orders:write",
}
NEVER: Final = "0192f0c1-dead-7bad-8bad-0123456789ab"


@dataclass
class Town:
    """A farm with a platform that has a token, another farm, and a shopper of the first."""

    server: Server
    farm: str
    other: str
    item: str
    platform: str
    client: httpx2.AsyncClient
    customer: str

    async def allow(self, *scopes: str, enterprise: str | None = None) -> httpx2.Response:
        """The farm lets the platform do this."""
        body = {"enterprise_id": enterprise or self.farm, "scopes": list(scopes)}
        return await self.server.owner.put(f"{V1}/platforms/{self.platform}/scopes", json=body)


@pytest.fixture(scope="module")
async def town(server: Server) -> Town:
    """Built once; each test says first what the platform may do."""
    owner = server.owner
    kinds = {"kinds": ["producer", "retailer"], "currency": "EUR"}
    farm, other = [
        (await made(owner, "/enterprises", {"name": name, **kinds}))["id"] for name in ("Jean", "Marie")
    ]
    item = (await made(owner, "/items", {"owner_id": farm, "sku": "C", "name": "Carrots", "price": "2.40"}))[
        "id"
    ]
    platform = await made(owner, "/platforms", {"name": "Hub A", "token": True})
    shopper = {"seller_id": farm, "name": "Eve Shopper", "email": "eve@home.example", "phone": "0123"}
    customer = (await made(owner, "/customers", shopper))["id"]
    client = server.client(platform["token"])
    return Town(server, farm, other, item, platform["id"], client, customer)


def path_of(told: Told, enterprise: str, town: Town) -> str:
    """The operation's address at an enterprise, with our item wherever an id belongs."""
    path = told.path.replace("{enterprise_id}", enterprise)
    for name in told.named("path"):
        path = path.replace(f"{{{name}}}", town.item)
    return path


async def status_of(town: Town, told: Told, enterprise: str) -> tuple[int, dict[str, Any]]:
    """What the platform hears there; of commands nothing is sent that could be done."""
    content = b"{}" if "requestBody" in told.spec else None
    heard = await town.client.request(
        told.method,
        path_of(told, enterprise, town),
        content=content,
        headers={"Content-Type": "application/ld+json"},
    )
    return heard.status_code, json.loads(heard.content or b"{}")


@pytest.mark.parametrize("scope", SCOPES)
async def test_scope_opens_its_own_and_nothing_else(town: Town, scope: str) -> None:
    """With one scope every operation of it is open (whatever else it says), and all others tell which scope they want."""
    assert (await town.allow(scope)).status_code == 200
    for told in OF_ENTERPRISE:
        status, body = await status_of(town, told, town.farm)
        if told.permission == OPENS[scope]:
            assert (status, body.get("code")) != (403, "insufficient_scope"), told.id
            assert status != 401, told.id
        elif told.permission in serving.SCOPES:
            assert (status, body["code"], body["scope"]) == (
                403, "insufficient_scope", serving.SCOPES[told.permission],
            ), told.id  # fmt: skip


@pytest.mark.parametrize("enterprise", ["other", NEVER])
async def test_other_enterprises_are_as_if_they_were_not(town: Town, enterprise: str) -> None:
    """With all scopes at one farm, another farm and one that never was are both 404, in the same words."""
    assert (await town.allow(*SCOPES)).status_code == 200
    asked = town.other if enterprise == "other" else enterprise
    for told in OF_ENTERPRISE:
        status, body = await status_of(town, told, asked)
        assert (status, body["code"]) == (404, "not_found"), told.id
        assert asked not in body["detail"]


async def test_nothing_is_open_by_default(town: Town) -> None:
    """A platform that nobody has given anything: no enterprise is there for it, and no list has anything."""
    assert (await town.allow()).status_code == 200
    for told in OF_ENTERPRISE:
        status, _ = await status_of(town, told, town.farm)
        assert status == 404, told.id
    for path in ("Enterprises", "Organizations", "SuppliedProducts"):
        refused = await town.client.get(f"/api/dfc/{path}")
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


async def test_permission_document_says_what_may_be_done_and_changes_it(town: Town) -> None:
    """Read, changed with the words of another platform, and read again; the platform sees its own entry and no other."""
    await town.allow("read_products")
    path = f"/api/dfc/enterprises/{town.farm}/platforms/{town.platform}"
    assert scopes_of((await town.client.get(path)).json()) == ["ReadProducts"]
    wanted = [
        {"@id": "https://example.com/scopes/ReadOrders", "@type": "dfc-t:Scope"},
        "https://example.com/scopes/WriteOrders",
    ]
    body = {
        "@context": "https://cdn.startinblox.com/owl/context-bis.jsonld",
        "dfc-t:hasAssignedScopes": {"@type": "rdf:List", "@list": wanted},
    }
    assert (await town.client.put(path, json=body)).status_code == 403
    changed = await town.server.owner.put(path, json=body)
    assert (changed.status_code, scopes_of(changed.json())) == (200, ["ReadOrders", "WriteOrders"])
    another = await made(town.server.owner, "/platforms", {"name": "Hub B"})
    listed = (await town.client.get(f"/api/dfc/enterprises/{town.farm}/platforms")).json()
    assert [one["localId"] for one in listed["dfc-t:platforms"]["@list"]] == [town.platform]
    assert (await town.client.get(path.replace(town.platform, another["id"]))).status_code == 404
    everybody = (await town.server.owner.get(f"/api/dfc/enterprises/{town.farm}/platforms")).json()
    assert len(everybody["dfc-t:platforms"]["@list"]) >= 2


async def test_permission_that_is_not_understood_changes_nothing(town: Town) -> None:
    """An unknown scope, and a document that says nothing of scopes, are faults and not an empty list."""
    await town.allow("read_products")
    path = f"/api/dfc/Enterprises/{town.farm}/Platforms/{town.platform}"
    context = {"@context": "https://cdn.startinblox.com/owl/context-bis.jsonld"}
    for body in (
        context,
        {**context, "dfc-t:hasAssignedScopes": {"@list": ["https://example.com/scopes/ReadAll"]}},
    ):
        refused = await town.server.owner.put(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "document_invalid")
    assert scopes_of((await town.server.owner.get(path)).json()) == ["ReadProducts"]


def scopes_of(document: dict[str, Any]) -> list[str]:
    """The local names of the scopes."""
    return [one["@id"].rpartition("#")[2] for one in document["dfc-t:hasAssignedScopes"]["@list"]]


async def test_enterprise_is_changed_and_read_with_all_that_belongs_to_it(town: Town) -> None:
    """Description, address, telephone, account and contact; each has its own address; what is not mentioned stays."""
    await town.allow("read_enterprise", "write_enterprise")
    path = f"/api/dfc/Enterprises/{town.farm}"
    iri = f"{town.server.url}{path}"
    graph: list[dict[str, Any]] = [
        {
            "@id": iri, "@type": "dfc-b:Enterprise", "dfc-b:hasDescription": "Vegetables", "dfc-b:email": "jean@farm.example",
            "dfc-b:hasAddress": "#a", "dfc-b:hasPhoneNumber": "#p", "dfc-b:hasMainContact": "#c", "dfc-b:hasSocialMedia": "#s",
        },
        {"@id": "#a", "@type": "dfc-b:Address", "dfc-b:hasCity": "Valence", "dfc-b:hasCountry": "http://publications.europa.eu/resource/authority/country/FRA"},
        {"@id": "#p", "@type": "dfc-b:PhoneNumber", "dfc-b:phoneNumber": "+33 4 75"},
        {"@id": "#c", "@type": "dfc-b:Person", "dfc-b:firstName": "Jean"},
        {"@id": "#s", "@type": "dfc-b:SocialMedia", "dfc-b:name": "mastodon", "dfc-b:URL": "https://social.example/@jean"},
    ]  # fmt: skip
    told = {"@context": examples.CONTEXT, "@graph": graph}
    assert (await town.client.put(path, json=told)).status_code == 204
    found = reading.read((await town.client.get(path)).content).graph
    [enterprise] = found.of(records.Enterprise)
    assert (enterprise.name, enterprise.description, enterprise.emails) == (
        "Jean",
        "Vegetables",
        ("jean@farm.example",),
    )
    assert [one.country for one in found.of(records.Address)] == ["FR"]
    for part in (*enterprise.addresses, *enterprise.phones, *enterprise.social_media, enterprise.contact):
        assert (await town.client.get(str(part))).status_code == 200, part


async def test_shopper_is_nowhere(town: Town) -> None:
    """Neither under its id, nor in anything that the farm's platforms can read, with every scope there is."""
    await town.allow(*SCOPES)
    for name in ("Persons", "Addresses", "PhoneNumbers"):
        assert (await town.client.get(f"/api/dfc/{name}/{town.customer}")).status_code == 404
    for told in TOLD:
        if told.method == "GET":
            heard = await town.client.get(path_of(told, town.farm, town))
            assert not any(secret in heard.text for secret in ("Eve Shopper", "eve@home", town.customer)), (
                told.id
            )


async def test_callers_profile_is_for_itself_alone(town: Town) -> None:
    """From `me` to the profile, the preferences, the index, and the enterprises; another's is not there."""
    await town.allow("read_enterprise")
    here = (await town.client.get("/api/dfc/me")).headers["location"]
    prefs = (await town.client.get(here)).json()["pim:preferencesFile"]["@id"]
    index = (await town.client.get(prefs)).json()["solid:privateTypeIndex"]["@id"]
    [_, registration] = (await town.client.get(index)).json()["@graph"]
    assert (await town.client.get(registration["solid:instanceContainer"]["@id"])).status_code == 200
    assert (await town.server.owner.get(here)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (
            {"enterpriseUrlid": "https://hub.example/e/1", "eventType": "refresh", "scope": "ReadProducts"},
            200,
        ),
        ({"enterpriseUrlid": "https://hub.example/e/1", "eventType": "dance", "scope": "ReadProducts"}, 200),
        ({"eventType": "refresh", "scope": "ReadProducts"}, 400),
        ({"enterpriseUrlid": "https://hub.example/e/1", "eventType": "refresh"}, 400),
        ({"enterpriseUrlid": "not one", "eventType": "refresh", "scope": "ReadProducts"}, 400),
        ({"enterpriseUrlid": "https://hub.example/e/1", "eventType": "refresh", "scope": "Everything"}, 400),
        (["refresh"], 400),
    ],
)
async def test_event_is_heard_or_told_what_is_missing(town: Town, body: Any, status: int) -> None:
    """200 with success, 400 without and with a message; 401 for who is nobody, whatever he says."""
    heard = await town.client.post("/api/dfc/events", json=body)
    assert (heard.status_code, heard.json()["success"]) == (status, status == 200)
    assert status == 200 or heard.json()["message"]
    assert (await town.server.client(None).post("/api/dfc/events", json=body)).status_code == 401


async def test_scopes_of_a_stranger_cannot_be_set(town: Town) -> None:
    """What is no platform is 404; who manages keys of another farm sets nothing here."""
    body = {"enterprise_id": town.farm, "scopes": ["read_orders"]}
    unknown = await town.server.owner.put(f"{V1}/platforms/{uuid.uuid4()}/scopes", json=body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "platform_unknown")
    hub = await town.server.key("hub", town.other)
    refused = await hub.put(f"{V1}/platforms/{town.platform}/scopes", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


async def test_revoked_platform_is_nobody(town: Town) -> None:
    """Its key is ended like any other, and with it all that it could do."""
    platform = await made(town.server.owner, "/platforms", {"name": "Gone", "token": True})
    client = town.server.client(platform["token"])
    assert (await client.get("/api/dfc/me")).status_code == 303
    await town.server.owner.delete(f"{V1}/keys/{platform['id']}")
    assert (await client.get("/api/dfc/me")).status_code == 401
