"""Refusals over HTTP: what is wrong, all of it, where, and what is accepted instead."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coster.edges.http import problems
from coster.edges.http.problems import SENTENCES, STATUS
from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The document of a refusal, after its envelope was checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = dict(answer.json())
    assert (told["status"], told["code"]) == (status, code)
    assert told["type"] == f"urn:coster:problem:{code}"
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def places(told: dict[str, Any]) -> list[str]:
    """Where the faults are."""
    return [fault["pointer"] for fault in told["faults"]]


async def test_all_faults_of_a_body_are_told_at_once(server: Server) -> None:
    """Types, limits, words, missing and unknown members, at every depth, each with its place."""
    body = {
        "name": "",
        "kinds": ["hub", "castle"],
        "currencyx": "EUR",
        "cart_minutes": "x",
        "minimum_order": "abc",
        "address": {"country": "France", "planet": 1},
    }
    told = problem(await server.owner.post(V1 + "/enterprises", json=body), 422, "body_invalid")
    assert places(told) == [
        "/address/country",
        "/address/planet",
        "/cart_minutes",
        "/currency",
        "/currencyx",
        "/kinds/1",
        "/minimum_order",
        "/name",
    ]
    assert told["faults"][5] == {
        "pointer": "/kinds/1",
        "message": "must be one of: hub, producer, retailer.",
        "found": "castle",
        "accepted": ["hub", "producer", "retailer"],
    }


async def test_faults_of_numbers_are_told_with_the_schema_s(scene: Scene) -> None:
    """Decimals that no schema can judge are judged all together, too."""
    lines = [{"item_id": scene.item, "quantity": q} for q in ("1.2345", "0", "-1", "2")]
    told = problem(
        await scene.api.post(V1 + "/orders", json={**scene.order("n"), "lines": lines}), 422, "body_invalid"
    )
    assert places(told) == ["/lines/0/quantity", "/lines/1/quantity", "/lines/2/quantity"]
    assert told["faults"][0]["message"] == "1.2345 has more than three decimal places."


async def test_faults_of_a_union_are_those_of_the_meant_branch(scene: Scene) -> None:
    """An event's name says which attributes are wanted."""
    order = await scene.place("union")
    body = {"name": "complete_checkout", "attributes": {"payment": "gold", "tip": 1}}
    told = problem(await scene.api.post(f"{V1}/orders/{order['id']}/events", json=body), 422, "body_invalid")
    assert places(told) == ["/attributes/payment", "/attributes/tip"]


async def test_event_that_is_none_is_told_all_that_there_are(scene: Scene) -> None:
    """A slip in the name of an event is answered with every name, not with those of one kind of event."""
    body = {"name": "clsoe", "attributes": {"reason": 5}}
    answer = await scene.api.post(f"{V1}/sessions/{scene.session}/events", json=body)
    told = problem(answer, 422, "body_invalid")
    assert [(fault["pointer"], fault["accepted"]) for fault in told["faults"]] == [
        ("/name", ["open", "close", "reopen", "end"])
    ]


@pytest.mark.parametrize("value", ["2026-11-23T09:00:00", "yesterday", 5])
async def test_instant_needs_a_time_zone(scene: Scene, value: Any) -> None:
    """A time without a zone names no instant."""
    body = {"coordinator_id": scene.hub, "name": "W", "opens_at": value, "closes_at": "2026-11-24T09:00:00Z"}
    told = problem(await scene.api.post(V1 + "/sessions", json=body), 422, "body_invalid")
    assert places(told) == ["/opens_at"]


@pytest.mark.parametrize("data", [b"{", b"", b'{"a": 1,}', b"\xff", b"[" * 100_000])
async def test_body_that_is_no_json_is_refused(server: Server, data: bytes) -> None:
    """Malformed bodies are one problem, however they are malformed."""
    problem(await server.owner.post(V1 + "/enterprises", content=data), 400, "body_malformed")


async def test_zero_character_is_refused(server: Server) -> None:
    """PostgreSQL keeps no U+0000; an escaped backslash before u0000 is no such character."""
    body = b'{"name": "a%sb", "kinds": ["hub"], "currency": "EUR"}'
    problem(await server.owner.post(V1 + "/enterprises", content=body % rb"\u0000"), 422, "body_invalid")
    fine = await server.owner.post(V1 + "/enterprises", content=body % rb"\\u0000")
    assert fine.status_code == 201


async def test_large_body_is_refused(server: Server) -> None:
    """One byte more than the limit is too much, with and without an announced length."""
    problem(await server.owner.post(V1 + "/items", content=b" " * 1_048_577), 413, "body_too_large")

    async def pieces() -> Any:
        for _ in range(17):
            yield b" " * 65_536

    problem(await server.owner.post(V1 + "/items", content=pieces()), 413, "body_too_large")


async def test_other_media_are_refused(server: Server) -> None:
    """A form is no JSON."""
    answer = await server.owner.post(V1 + "/items", data={"a": "b"})
    problem(answer, 415, "media_type_not_supported")
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("path", "media"),
    [
        (V1 + "/items", "application/json"),
        (V1 + "/items:batch", "application/x-ndjson"),
        ("/api/dfc/Enterprises", "application/ld+json"),
    ],
)
async def test_packed_bodies_are_refused(server: Server, path: str, media: str) -> None:
    """415, and Accept-Encoding says what is taken (RFC 9110, 15.5.16); what is called identity is no coding."""
    packed = gzip.compress(b'{"a": 1}')
    headers = {"content-type": media, "content-encoding": "gzip"}
    answer = await server.owner.post(path, content=packed, headers=headers)
    problem(answer, 415, "media_type_not_supported")
    assert answer.headers["accept-encoding"] == "identity"
    plain = await server.owner.post(path, content=b"{", headers={**headers, "content-encoding": "identity"})
    assert (plain.status_code, "accept-encoding" in plain.headers) == (200 if ":" in path else 400, False)


async def test_unknown_address_and_method(server: Server) -> None:
    """What is not there is 404, what cannot be done there 405 with what can."""
    problem(await server.owner.get(V1 + "/castles"), 404, "not_found")
    problem(await server.owner.get("/castles"), 404, "not_found")
    problem(await server.owner.get(V1 + "/orders/no-uuid"), 404, "not_found")
    answer = await server.owner.put(V1 + "/keys")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, GET"


async def test_faults_of_a_query_are_told_at_once(server: Server) -> None:
    """Unknown parameters, wrong values and doubles are refused, never ignored."""
    answer = await server.owner.get(V1 + "/orders?limit=0&castle=1&seller_id=x")
    assert places(problem(answer, 422, "query_invalid")) == ["/castle", "/limit", "/seller_id"]
    problem(await server.owner.get(V1 + "/orders?limit=5&limit=6"), 422, "query_invalid")
    problem(await server.owner.get(V1 + "/orders?status=%00"), 422, "query_invalid")
    problem(await server.owner.post(V1 + "/orders?dry_run=maybe", json={}), 422, "query_invalid")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=100000", "must be at most 200."),
        ("limit=0", "must be at least 1."),
        ("limit=many", "must be of type integer."),
        ("seller_id=7", "must be a UUID, for example 0192f0c1-2f3a-7bcd-8e9f-0123456789ab."),
    ],
)
async def test_fault_of_a_parameter_says_what_is_possible(server: Server, query: str, message: str) -> None:
    """A number that is too large is told as one, although every parameter comes as text."""
    told = problem(await server.owner.get(f"{V1}/orders?{query}"), 422, "query_invalid")
    assert [fault["message"] for fault in told["faults"]] == [message]


async def test_fault_of_a_whole_body_is_told_without_a_place(server: Server) -> None:
    """Where the body itself is of the wrong kind there is no member to point at."""
    told = problem(await server.owner.post(V1 + "/orders", json=[]), 422, "body_invalid")
    assert told["detail"] == "The body has one fault; it is of the body as a whole: must be of type object."


@pytest.mark.parametrize("code", sorted({*STATUS, *SENTENCES}))
def test_code_with_a_status_or_a_sentence_is_raised_somewhere(code: str) -> None:
    """The tables name no code that nothing in the program says."""
    package = Path(problems.__file__).parents[2]
    files = [path for path in package.rglob("*.py") if path != Path(problems.__file__)]
    own = Path(problems.__file__).read_text(encoding="utf-8")
    said = f'Problem("{code}"' in own or any(
        f'"{code}"' in file.read_text(encoding="utf-8") for file in files
    )
    assert said


async def test_rejection_carries_its_detail(scene: Scene) -> None:
    """For stock the line, what is wanted and what is available."""
    answer = await scene.api.post(V1 + "/orders", json=scene.order("much", "5000"))
    told = problem(answer, 409, "insufficient_stock")
    assert told["lines"][0]["wanted"] == "5000"
    assert told["lines"][0]["line"] == 1
    assert told["title"] == "Insufficient stock"


async def test_faults_that_a_room_finds_look_like_those_of_a_schema(scene: Scene) -> None:
    """Each with the pointer into the body, also in lists; in a preview as well."""
    soup = {"owner_id": scene.producer, "sku": "SOUP", "name": "Soup\u0001", "stock_unit": "box"}
    body = {**soup, "sales_units": [{"code": "six", "num": 6, "price": "1"}, {"code": "box", "num": 2}]}
    found = problem(await scene.api.post(V1 + "/items", json=body), 422, "not_valid")
    assert places(found) == ["/name", "/sales_units"]
    shown = (await scene.api.post(V1 + "/items", json=body, params={"dry_run": "true"})).json()
    assert shown["outcome"]["rejected"]["faults"] == found["faults"]


async def test_request_id_is_echoed_or_made(server: Server) -> None:
    """A sound X-Request-Id comes back; another is replaced."""
    given = await server.owner.get(V1 + "/orders", headers={"X-Request-Id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    made = await server.owner.get(V1 + "/orders", headers={"X-Request-Id": "a b\tc"})
    assert len(made.headers["x-request-id"]) == 16


async def test_answers_carry_security_headers(server: Server) -> None:
    """Nothing is cached, sniffed, framed or scripted; refusals included."""
    for answer in (await server.owner.get(V1 + "/orders"), await server.owner.get(V1 + "/castles")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
