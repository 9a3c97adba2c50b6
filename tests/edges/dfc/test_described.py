"""The OpenAPI document of /api/dfc: valid, complete, with examples that are taken; and made up requests from a seed."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from coster.edges.dfc.language import reading
from coster.edges.dfc.operations import document as make
from coster.edges.http import openapi, problems
from tests.edges.conftest import Server
from tests.edges.contract import Told, examples_of, operations
from tests.house.reference import entries
from tests.house.tree import PROJECT

PROBLEM: Final = "application/problem+json"
DOCUMENT: Final[dict[str, Any]] = json.loads(json.dumps(make(), default=str))
TOLD: Final = operations(DOCUMENT)
NO_GRAPHS: Final = {"sendEvent", "changePermission"}


def faults_of(told: Told) -> list[str]:
    """What an operation leaves untold."""
    spec = told.spec
    found = [f"no {name}" for name in ("summary", "description") if len(str(spec.get(name, ""))) < 9]
    if not set(spec["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}:
        found.append("no tag that is explained")
    expected = {"500", "503"}
    if told.permission is not None:
        expected |= {"401", "429"}
    if (told.permission or "").startswith("dfc_"):
        expected |= {"403"}
    if told.named("path"):
        expected |= {"404"}
    if "requestBody" in spec:
        expected |= {"400", "413", "415"}
    found += [f"no {status}" for status in sorted(expected - spec["responses"].keys())]
    bodies = spec.get("requestBody", {}).get("content", {})
    if bodies and (
        set(bodies) != {"application/ld+json", "application/json"}
        or not all(map(examples_of, bodies.values()))
    ):
        found.append("no example of a body under both names")
    for status, answer in spec["responses"].items():
        if status in {"200", "201"} and not all(map(examples_of, answer["content"].values())):
            found.append(f"no example of {status}")
        if status >= "4" and set(answer["content"]) != {PROBLEM}:
            found.append(f"{status} is no problem document")
    return found


def test_document_is_valid_openapi() -> None:
    """By the standard's own schema of version 3.1; no two operations of one name, no tag that nothing has."""
    assert list(OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)) == []
    names = [one.id for one in TOLD]
    assert len(set(names)) == len(names) > 40
    assert {tag for one in TOLD for tag in one.spec["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}


@pytest.mark.parametrize("told", TOLD, ids=[one.id for one in TOLD])
def test_operation_is_told_completely(told: Told) -> None:
    """Summary, description, tag, all refusals as problems, and examples."""
    assert faults_of(told) == []


def test_examples_are_documents_of_the_standard() -> None:
    """Each example of a body and of a graph is read without a fault."""
    wrong = []
    for told in TOLD:
        bodies = (
            []
            if told.id in NO_GRAPHS
            else [body for media, body in told.bodies if media == "application/ld+json"]
        )
        for body in bodies:
            found = reading.read(json.dumps(body), base="https://coster.example/api/dfc/x")
            wrong += [f"{told.id}: {fault.sentence}" for fault in found.faults]
    assert wrong == []


def test_every_code_is_explained() -> None:
    """What the document names as a problem stands in the reference, with the status that the table gives it."""
    codes = {code for one in TOLD for answer in one.spec["responses"].values()
             for code in answer.get("content", {}).get(PROBLEM, {}).get("examples", {})}  # fmt: skip
    assert codes - entries(PROJECT / "docs" / "reference" / "rejections.md") == set()
    assert {problems.STATUS[code] for code in ("document_invalid", "page_invalid", "event_invalid")} == {400}


async def test_server_gives_this_document(server: Server) -> None:
    """What is judged here is what platforms read, without a key."""
    assert (await server.client(None).get("/api/dfc/openapi.json")).json() == DOCUMENT
    assert openapi.implied is not None


@pytest.mark.parametrize("token", [None, "coster_1_bad", "coster_1_" + "A" * 43, "a.b.c"])
async def test_nothing_is_open_without_a_good_key(server: Server, token: str | None) -> None:
    """401 for each operation that is not public, and nothing else in the answer than that."""
    client = server.client(token)
    public = {one.id for one in TOLD if one.permission is None}
    assert public == {"getPlatformProfile", "listScopes", "getDfcOpenApi"}
    for told in TOLD:
        if told.id in public:
            continue
        path = told.path.replace("{", "").replace("}", "")
        answer = await client.request(told.method, path, json={})
        assert (answer.status_code, answer.json()["status"]) == (401, 401), told.id
        assert set(answer.json()) == {"type", "title", "status", "detail", "code", "request_id"}
