"""The matrix finds what it is there to find: each kind of breach, planted behind a server that is otherwise sound."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Final

import httpx2
import pytest

from tests.edges.estate import OF_NAME, OF_RESOURCE, Estate
from tests.edges.matrix import Matrix, asks, new_id, uncovered
from tests.edges.test_authorisation import wrongly_answered

UUID: Final = {"type": "string", "format": "uuid"}
OK: Final[dict[str, Any]] = {"200": {"content": {"application/json": {}}}}
DRY_RUN: Final = {"name": "dry_run", "in": "query", "schema": {"type": "boolean"}}
DOCUMENT: Final[dict[str, Any]] = {
    "paths": {
        "/api/v1/orders/{id}": {
            "get": {
                "operationId": "getOrder",
                "x-coster-permission": "orders:read",
                "parameters": [{"name": "id", "in": "path", "schema": UUID}],
                "responses": OK,
            }
        },
        "/api/v1/orders": {
            "post": {
                "operationId": "placeOrder",
                "x-coster-permission": "orders:write",
                "parameters": [DRY_RUN],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"seller_id": UUID}},
                            "example": {"seller_id": ""},
                        }
                    }
                },
                "responses": OK,
            }
        },
    }
}


def an_estate(mark: str) -> Estate:
    """Ids of every kind."""
    return Estate({kind: new_id() for kind in {*OF_RESOURCE.values(), *OF_NAME.values()}}, mark)


OURS, THEIRS = an_estate("Ourstown"), an_estate("Farville")
Answering = Callable[[str, bool], httpx2.Response | None]


def behind(breach: Answering) -> Matrix:
    """A sound server, but for what the breach answers for an id (and whether it is a dry run)."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked = (
            json.loads(request.content)["seller_id"] if request.content else request.url.path.split("/")[-1]
        )
        planted = breach(asked, request.url.params.get("dry_run") == "true")
        if planted is not None:
            return planted
        if asked in OURS.ids.values():
            return httpx2.Response(200, json={"id": asked})
        return httpx2.Response(404, json={"code": "not_found", "asked": asked})

    api = httpx2.AsyncClient(transport=httpx2.MockTransport(handle), base_url="http://planted")
    return Matrix(api, asks(DOCUMENT, OURS), OURS)


def of_theirs(response: Callable[[str], httpx2.Response]) -> Answering:
    """A breach for each of their ids."""
    return lambda asked, _: response(asked) if asked in THEIRS.ids.values() else None


async def test_sound_server_has_no_breach() -> None:
    """Ours is found, nothing else is."""
    assert await behind(lambda *_: None).find(THEIRS) == []


@pytest.mark.parametrize(
    "breach",
    [
        of_theirs(lambda _: httpx2.Response(403, json={"code": "not_permitted"})),
        of_theirs(
            lambda asked: httpx2.Response(404, json={"code": "not_found", "asked": asked, "of": "Farville"})
        ),
        of_theirs(
            lambda asked: httpx2.Response(
                404, json={"code": "not_found", "asked": asked, "x": THEIRS.ids["key"]}
            )
        ),
        of_theirs(
            lambda asked: httpx2.Response(
                404, json={"code": "not_found", "asked": asked}, headers={"ETag": '"3"'}
            )
        ),
        of_theirs(lambda asked: httpx2.Response(200, json={"id": asked})),
    ],
    ids=["403 where it exists", "a name in the detail", "another id", "a header", "the object itself"],
)
async def test_planted_leak_is_found(breach: Answering) -> None:
    """Of the object asked for by path and of the one named in a body."""
    found = await behind(breach).find(THEIRS, every_kind=False)
    assert {fault.split()[0] for fault in found} == {"getOrder", "placeOrder"}


async def test_leak_of_another_kind_is_found() -> None:
    """An id of something else than belongs in the place is looked up in the wrong table."""
    key = THEIRS.ids["key"]
    found = await behind(lambda asked, _: httpx2.Response(409) if asked == key else None).find(THEIRS)
    assert len(found) == 2


async def test_leak_that_a_dry_run_hides_is_found() -> None:
    """What is refused is sent for good as well."""
    leak = lambda asked, dry: httpx2.Response(403) if asked in THEIRS.ids.values() and not dry else None  # noqa: E731
    found = await behind(leak).find(THEIRS, every_kind=False)
    assert any("placeOrder" in fault and "for good" in fault for fault in found)


async def test_comparison_that_shows_nothing_is_found() -> None:
    """Where not even our own id is answered otherwise, nobody looked at it."""
    found = await behind(lambda *_: httpx2.Response(422, json={"code": "body_invalid"})).find(THEIRS)
    assert len(found) == 2
    assert all("makes no difference" in fault for fault in found)


async def test_door_that_is_open_and_door_that_is_shut_are_found() -> None:
    """Whoever is let in without the permission, or refused with it."""
    assert len(await wrongly_answered(behind(lambda *_: None), frozenset())) == 2
    refused = {"code": "not_permitted", "permission": "orders:read"}
    shut = behind(lambda *_: httpx2.Response(403, json=refused))
    assert len(await wrongly_answered(shut, frozenset({"orders:read", "orders:write"}))) == 1
    assert await wrongly_answered(behind(lambda *_: None), frozenset({"orders:read", "orders:write"})) == []


def test_operation_that_would_be_passed_over_is_found() -> None:
    """A new endpoint without a word on who may, with an id of a new kind, or with an id that no example holds."""
    assert uncovered(DOCUMENT) == []
    planted = copy.deepcopy(DOCUMENT)
    castle = {"name": "id", "in": "path", "schema": UUID}
    planted["paths"]["/api/v1/castles/{id}"] = {"get": {"operationId": "getCastle", "parameters": [castle]}}
    body = planted["paths"]["/api/v1/orders"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"]["properties"] |= {
        "castle_id": {"anyOf": [UUID, {"type": "null"}]},
        "item_ids": {"items": UUID},
    }
    assert uncovered(planted) == [
        "placeOrder: what is castle_id?",
        "placeOrder: what is item_ids?",
        "placeOrder: no example holds castle_id",
        "placeOrder: no example holds item_ids",
        "getCastle: no word on the permission",
        "getCastle: what is id?",
    ]
