"""What nobody sends in good faith: any bytes as bodies, files and cursors. A clear refusal, and nothing is written.

COSTER_FUZZ_EXAMPLES is how many of each; `make fuzz` tries many, `make test` a few.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from typing import Any, Final

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.edges.conftest import Server
from tests.edges.scene import V1, Scene

EXAMPLES: Final = int(os.environ.get("COSTER_FUZZ_EXAMPLES", "25"))
SEED: Final = 20261122
REFUSED: Final = {400, 413, 415, 422}
POSTS: Final = (
    "/orders",
    "/items",
    "/customers",
    "/sessions",
    "/enterprises",
    "/keys",
    "/webhooks",
    "/stock-movements",
)
FILES: Final = ("/orders:batch", "/items:batch", "/parties:batch", "/positions:batch")
LISTS: Final = (
    "/orders",
    "/items",
    "/customers",
    "/sessions",
    "/positions",
    "/keys",
    "/customer-accesses",
    "/events",
)

JSON_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
BYTES: Final = st.binary(max_size=200)
JSON_BYTES: Final = JSON_VALUES.map(lambda value: json.dumps(value).encode())
BODIES: Final = BYTES | JSON_BYTES
LINES: Final = st.lists(BODIES, min_size=1, max_size=6).map(b"\n".join)
CELLS: Final = st.text(alphabet="abc,;\"'\n\r\t=+-@0\x00é", max_size=60).map(lambda text: text.encode())
CURSORS: Final = st.text(max_size=40) | JSON_BYTES.map(lambda raw: base64.urlsafe_b64encode(raw).decode())


async def tried(server: Server, send: Callable[[httpx2.Client, Any], None], values: Any) -> None:
    """Sends a value after the other, from a thread of its own, because the server runs in this one."""
    headers = {"Authorization": f"Bearer {server.token}"}

    def run() -> None:
        with httpx2.Client(base_url=server.url, headers=headers, timeout=30) as api:

            @seed(SEED)
            @settings(
                max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(value=values)
            def each(*, value: Any) -> None:
                send(api, value)

            each()

    await asyncio.to_thread(run)


async def written(server: Server) -> dict[str, int]:
    """How many rows each table has; a refused command leaves its answer and nothing else."""
    async with server.database.system() as conn:
        names = [
            row["relname"]
            for row in await conn.fetch(
                "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'coster'::regnamespace AND c.relkind = 'r'"
            )
        ]
        return {
            name: await conn.fetchval(f'SELECT count(*) FROM coster."{name}"')
            for name in names
            if name not in {"command", "person_access", "relay_cursor"}
        }


@pytest.mark.parametrize("path", POSTS)
async def test_body_of_any_bytes_is_refused_and_changes_nothing(
    server: Server, scene: Scene, path: str
) -> None:
    """With a code and a sentence; whatever the bytes are."""
    before = await written(server)

    def send(api: httpx2.Client, body: bytes) -> None:
        answer = api.post(V1 + path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in REFUSED, (body, answer.text)
        assert answer.json()["code"] and answer.json()["detail"]  # noqa: PT018 - one claim about one answer

    await tried(server, send, BODIES)
    assert await written(server) == before


@pytest.mark.parametrize("media", ["application/x-ndjson", "text/csv"])
@pytest.mark.parametrize("path", FILES)
async def test_file_of_any_bytes_is_refused_row_by_row(
    server: Server, scene: Scene, path: str, media: str
) -> None:
    """Every row has its problem, the sums fit, and nothing is written."""
    before = await written(server)

    def send(api: httpx2.Client, body: bytes) -> None:
        answer = api.post(V1 + path, content=body, headers={"Content-Type": media})
        if answer.status_code != 200:
            assert answer.status_code in REFUSED, (body, answer.text)
            return
        *rows, last = [json.loads(line) for line in answer.content.rstrip().split(b"\n")]
        assert last["done"] is True
        assert all(row["status"] == "rejected" and row["problem"]["code"] for row in rows), (
            body,
            answer.text,
        )

    await tried(server, send, LINES if media.endswith("ndjson") else CELLS | BYTES)
    assert await written(server) == before


@pytest.mark.parametrize("path", LISTS)
async def test_cursor_of_any_shape_is_refused_or_a_place(server: Server, scene: Scene, path: str) -> None:
    """Never a fault: what is no cursor of this list is told so."""

    def send(api: httpx2.Client, cursor: str) -> None:
        answer = api.get(V1 + path, params={"cursor": cursor})
        assert answer.status_code == 422, (cursor, answer.text)
        assert answer.json()["code"] in {"cursor_invalid", "query_invalid"}

    await tried(server, send, CURSORS)


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/events"])
async def test_cursor_with_any_place_is_refused_or_a_place(server: Server, scene: Scene, path: str) -> None:
    """Where the name of the list is right, and only the place is made up."""
    name = path.strip("/")

    def send(api: httpx2.Client, place: Any) -> None:
        raw = base64.urlsafe_b64encode(json.dumps([name, place]).encode()).decode()
        answer = api.get(V1 + path, params={"cursor": raw})
        assert answer.status_code in {200, 422}, (place, answer.text)

    ids = st.uuids().map(str)
    stamps = st.sampled_from(["2026-11-23T09:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
    await tried(server, send, JSON_VALUES | ids | st.lists(ids | stamps | st.integers(), max_size=3))


async def test_answers_set_no_cookie_and_open_no_origin(server: Server, scene: Scene) -> None:
    """So no browser sends anything by itself, and no foreign page reads an answer, whatever origin it names."""
    for path in (V1 + "/orders", V1 + "/castles", "/docs", "/health/live"):
        for method in ("GET", "OPTIONS"):
            answer = await server.owner.request(method, path, headers={"Origin": "https://evil.example"})
            names = {name.lower() for name in answer.headers}
            assert not names & {
                "set-cookie",
                "access-control-allow-origin",
                "access-control-allow-credentials",
            }
