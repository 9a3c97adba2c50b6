"""The OpenAPI document: valid, complete, with examples that fit; and each example of a body sent to a real server."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from coster.edges.api.operations import document as make
from coster.edges.http import schemas
from tests.edges.conftest import Server
from tests.edges.contract import JSON, NDJSON, Told, examples_of, operations
from tests.edges.estate import Estate, settle
from tests.edges.matrix import Ask, Matrix, asks, fetched, new_id
from tests.house.reference import entries
from tests.house.tree import PROJECT

PROBLEM: Final = "application/problem+json"
DOCUMENT: Final[dict[str, Any]] = json.loads(json.dumps(make(), default=str))
TOLD: Final = operations(DOCUMENT)
EACH: Final = pytest.mark.parametrize("told", TOLD, ids=[one.id for one in TOLD])

REFUSED_HERE: Final = {
    ("driveHeldOrder", "held_order_status"),  # fulfilled is what is complete
    ("decideApprovals", "order_status"),  # which waits for nobody's word
    ("releaseOrder", "order_status"),  # the estate's order is a shopper's, whose flow knows no parts
    ("moveSession", "session_not_closed"),  # reopened is what is closed
    ("retryParked", "parked_not_found"),  # nothing has failed here
    ("skipParked", "parked_not_found"),
    ("moveSession", "session_amendable"),  # ended is what nobody may change any more
    ("createRelation", "already_exists"),
    ("moveClock", "clock_backwards"),
    ("changeItem", "not_valid"),  # the kit would be its own part, since the estate has one item
    ("moveStock", "count_outdated"),  # somebody has counted since
    ("moveStocks", "count_outdated"),
    ("publishFlow", "flow_version_taken"),  # the version is shipped, and published is a draft
    ("retireFlow", "flow_version_shipped"),
    ("driveLink", "link_not_refused"),  # settled is what its supplier has refused
    ("judgeMatch", "item_not_of_supplier"),  # and the estate's item is another producer's
    ("rollBackFlow", "flow_not_pinned"),  # nobody has pinned anything before
}
"""Examples that are right, and not possible as things stand in the estate."""


def validator(schema: dict[str, Any], *, closed: bool = False) -> Any:
    """For a schema of the document, references and formats included; `closed`: with no member that it does not name."""
    whole = {**schema, "components": DOCUMENT["components"]}
    whole = _closed(whole) if closed else whole
    return jsonschema.Draft202012Validator(whole, format_checker=schemas._FORMATS)  # noqa: SLF001 - as the edge judges


def faults_of(told: Told) -> Iterator[str]:
    """What an operation leaves untold, and the examples that do not fit."""
    spec = told.spec
    for name in ("summary", "description"):
        if len(str(spec.get(name, ""))) < 9:
            yield f"{told.id} has no {name}"
    if not spec.get("tags") or not set(spec["tags"]) <= {tag["name"] for tag in told.document["tags"]}:
        yield f"{told.id} has no tag that is explained"
    if "x-coster-permission" not in spec:
        yield f"{told.id} does not say who may"
    yield from (f"{told.id}: {one['name']} is not described" for one in told.parameters if not described(one))
    yield from (
        f"{told.id} does not tell of {status}" for status in sorted(expected(told) - spec["responses"].keys())
    )
    bodies = spec.get("requestBody", {}).get("content", {})
    done = {status: answer for status, answer in spec["responses"].items() if status < "3"}
    contents = [(f"body {media}", one) for media, one in bodies.items()]
    contents += [
        (f"{status} {media}", one)
        for status, answer in spec["responses"].items()
        for media, one in answer.get("content", {}).items()
    ]
    yield from (
        f"{told.id} {status} has no content" for status, answer in done.items() if not answer.get("content")
    )
    for where, content in contents:
        yield from (f"{told.id} {where}: {fault}" for fault in misfits(content))
    for status, answer in spec["responses"].items():
        if status >= "4" and set(answer["content"]) != {PROBLEM}:
            yield f"{told.id} {status} is no problem document"


def described(parameter: dict[str, Any]) -> bool:
    """Whether the parameter, or its schema, says what it is."""
    schema = parameter["schema"]
    return bool(parameter.get("description") or schema.get("enum"))


def expected(told: Told) -> set[str]:
    """The refusals that an operation of this kind can answer."""
    found = {"500", "503"}
    if told.permission is not None:
        found |= {"401", "403", "429"}
    if told.named("path"):
        found |= {"404"}
    bodies = told.spec.get("requestBody", {}).get("content", {})
    if bodies:
        found |= {"400", "415"}
    if JSON in bodies:
        found |= {"413", "422"}
    if told.named("query"):
        found |= {"422"}
    if "If-Match" in told.named("header"):
        found |= {"412", "428"}
    return found


def misfits(content: dict[str, Any]) -> Iterator[str]:
    """Examples that do not fit their schema, and the lack of any."""
    found = examples_of(content)
    if not found or found == [""]:
        yield "no example"
    for example in found:
        yield from (
            f"{error.json_path} {error.message}"[:200]
            for error in validator(content["schema"]).iter_errors(example)
        )


def test_document_is_valid_openapi() -> None:
    """By the standard's own schema of version 3.1; the names of operations are unique, and none is left over."""
    assert list(OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)) == []
    assert DOCUMENT["openapi"].startswith("3.1.")
    # The page of /docs warns in red of any dialect but the standard's own, which is what is meant where none is named.
    assert "jsonSchemaDialect" not in DOCUMENT
    names = [one.id for one in TOLD]
    assert len(set(names)) == len(names) > 70
    assert {tag for one in TOLD for tag in one.spec["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}


async def test_server_gives_this_document(server: Server) -> None:
    """What is judged here is what clients read, without a key."""
    assert await fetched(server.client(None)) == DOCUMENT


@EACH
def test_operation_is_told_completely(told: Told) -> None:
    """Summary, description, tag, permission, parameters, all refusals as problems, and examples that fit."""
    assert list(faults_of(told)) == []


def test_components_are_used_and_references_lead_somewhere() -> None:
    """No schema that nothing refers to, no reference to nothing."""
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert wanted == set(DOCUMENT["components"]["schemas"])


def test_every_code_is_explained() -> None:
    """What the document names as a problem stands in the reference."""
    codes = {
        code
        for one in TOLD
        for answer in one.spec["responses"].values()
        for code in answer.get("content", {}).get(PROBLEM, {}).get("examples", {})
    }
    assert codes - entries(PROJECT / "docs" / "reference" / "rejections.md") == set()


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (("summary",), "", "has no summary"),
        (("tags",), ["castles"], "has no tag"),
        (("responses", "401"), None, "does not tell of 401"),
        (("responses", "404", "content"), {JSON: {"schema": {}, "example": {}}}, "is no problem document"),
        (("responses", "200", "content", JSON, "example"), None, "no example"),
        (("responses", "200", "content", JSON, "example", "total"), 5, "$.total"),
        (("responses", "200", "content", JSON, "example", "id"), "x", "$.id"),
    ],
)
def test_planted_omission_is_found(at: tuple[str, ...], value: Any, fault: str) -> None:
    """Each thing that is looked for is missed when it is gone."""
    spec = copy.deepcopy(DOCUMENT["paths"]["/api/v1/orders/{id}"]["get"])
    inner = spec
    for step in at[:-1]:
        inner = inner[step]
    if value is None:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    found = list(faults_of(Told("GET", "/api/v1/orders/{id}", spec, DOCUMENT)))
    assert any(fault in one for one in found), found


def test_planted_flaw_of_the_standard_is_found() -> None:
    """The schema of the standard judges, and does not nod."""
    planted = copy.deepcopy(DOCUMENT)
    planted["paths"]["/api/v1/orders"]["get"]["responses"] = {}
    planted["paths"]["/api/v1/orders"]["get"]["parameters"][0]["in"] = "castle"
    assert list(OPENAPI_31_VALIDATOR.iter_errors(planted))


# ---------------------------------------------------------------------------------------------- the examples, for good


@pytest.fixture(scope="module")
async def ours(server: Server) -> Estate:
    """What the examples speak of."""
    return await settle(server.owner, "Ourstown")


def refusals(body: str) -> list[str]:
    """The codes with which an answer (a problem, a preview, or results of rows) refuses something."""
    lines = [json.loads(line) for line in body.splitlines() if line.startswith("{")]
    found = [line.get("code") or line.get("problem", {}).get("code") for line in lines]
    found += [line["outcome"]["rejected"]["code"] for line in lines if "rejected" in line.get("outcome", {})]
    return [code for code in found if code]


def documented(told: Told) -> set[str]:
    """The codes that an operation says it may answer."""
    answers = told.spec["responses"].values()
    return {code for one in answers for code in one.get("content", {}).get(PROBLEM, {}).get("examples", {})}


async def test_examples_are_taken(server: Server, ours: Estate) -> None:
    """As a dry run each is accepted, or refused for a reason that the document names; the answer fits its schema."""
    matrix, seen = Matrix(server.owner, [], ours), set()
    for ask in asks(DOCUMENT, ours):
        if ask.body is None:
            continue
        heard = await matrix.hear(ask)
        codes = refusals(heard.body)
        assert heard.status in {200, 201, 409}, f"{ask.told.id} {ask.body}: {heard.body}"
        if ask.media == JSON:
            assert set(codes) <= documented(ask.told), f"{ask.told.id}: {codes}"
        seen |= {(ask.told.id, code) for code in codes}
        _fits(ask, heard.status, heard.body)
    assert seen <= REFUSED_HERE


async def test_files_of_examples_are_taken(server: Server, ours: Estate) -> None:
    """Every CSV, with ids that exist: all rows are accepted, and sent again nothing more happens.
    The estate's order waits for nobody's word."""
    files = [(told, body) for told in TOLD for media, body in told.bodies if media == "text/csv"]
    assert len(files) == 5
    for told, text in files:
        data = _with_ids(text, ours)
        for _ in range(2):
            answer = await server.owner.post(told.path, content=data, headers={"Content-Type": "text/csv"})
            *results, last = [json.loads(line) for line in answer.text.splitlines()]
            ends = {"rejected" if told.id == "decideApprovals" else "accepted"}
            assert len(results) == last["rows"]
            assert {one["status"] for one in results} == ends, answer.text
            assert set(refusals(answer.text)) <= {"order_status", "version_conflict"}, answer.text


async def test_examples_take_effect(server: Server, ours: Estate) -> None:
    """For good, one after the other: never a fault of the server, and never one that the document does not name."""
    matrix = Matrix(server.owner, [], ours)
    for ask in asks(DOCUMENT, ours):
        if ask.body is None or ask.told.id == "moveClock":
            continue
        named = ask.having(("body", "id"), new_id()) if "id" in ask.body else ask
        heard = await matrix.hear(named, dry_run=False)
        assert heard.status not in {400, 401, 403, 404, 405, 415} and heard.status < 500, heard.body  # noqa: PT018
        if ask.media == JSON:
            assert set(refusals(heard.body)) <= documented(ask.told), f"{ask.told.id}: {heard.body}"
        _fits(named, heard.status, heard.body)


async def test_answers_have_no_member_that_is_not_told(server: Server, ours: Estate) -> None:
    """What can be read is in the document, member by member: nothing of the inside slips out."""
    matrix, found = Matrix(server.owner, [], ours), set()
    for ask in asks(DOCUMENT, ours):
        if ask.told.method != "GET" or ask.told.permission is None:
            continue
        heard = await matrix.hear(ask)
        content = ask.told.spec["responses"].get(str(heard.status), {}).get("content", {}).get(JSON)
        if content and heard.body.startswith(("{", "[")):
            errors = validator(content["schema"], closed=True).iter_errors(json.loads(heard.body))
            assert [error.message for error in errors] == [], ask.told.id
            found.add(ask.told.id)
    assert {"getOrder", "getHeldOrder", "listPositions", "listSessions"} <= found


def _closed(schema: Any) -> Any:
    """The schema, with only those members of objects that it names."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _closed(one) for name, one in schema.items()}
    return {"additionalProperties": False, **inner} if isinstance(schema.get("properties"), dict) else inner


def _fits(ask: Ask, status: int, body: str) -> None:
    """The answer is one that the document tells of."""
    answer = ask.told.spec["responses"][str(status)]["content"]
    [content] = [one for media, one in answer.items() if media in (JSON, NDJSON, PROBLEM)]
    judge = validator(content["schema"], closed=status < 400)
    for line in body.splitlines() if ask.media == NDJSON else [body]:
        errors = [error.message for error in judge.iter_errors(json.loads(line))]
        assert errors == [], f"{ask.told.id} {status}: {line[:300]}"


def _with_ids(text: str, estate: Estate) -> bytes:
    """A CSV with ids of the estate in the columns that want one."""
    header, *rows = text.splitlines()
    columns = header.split(",")
    lines = [header]
    for row in rows:
        cells = row.split(",")
        filled = [
            estate.of_name(name) if cell and name.endswith("id") else cell
            for name, cell in zip(columns, cells, strict=True)
        ]
        lines.append(",".join(filled))
    return "\n".join(lines).encode()
