"""Back-pressure as a client of the real server meets it: 503 with Retry-After, and nothing lost or done twice by coming again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tests.edges.conftest import Server, Start, start

__all__ = ["start"]

pytestmark = pytest.mark.database
COUNT = 24


@pytest.fixture(scope="module")
async def narrow(start: Start) -> Server:
    """A server in which two commands may wait, and one is carried out at a time."""
    return await start(max_waiting=2, max_batch=1, max_running=1)


def _hub(number: int) -> dict[str, Any]:
    return {"name": f"Hub {number}", "kinds": ["hub"], "currency": "EUR"}


async def _make(server: Server, number: int) -> httpx2.Response:
    headers = {"Idempotency-Key": f"hub-{number}"}
    return await server.owner.post("/api/v1/enterprises", json=_hub(number), headers=headers)


async def _names(server: Server) -> list[str]:
    async with server.database.read(1) as conn:
        return [row["name"] for row in await conn.fetch("SELECT name FROM enterprise ORDER BY id")]


async def test_a_full_queue_is_answered_503_with_retry_after(narrow: Server) -> None:
    """As a problem document; what was refused left nothing, and coming again with the same key does it once."""
    answers = await asyncio.gather(*(_make(narrow, number) for number in range(COUNT)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {201, 503}
    for answer in refused:
        assert (answer.headers["retry-after"], answer.json()["code"]) == ("1", "busy")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].startswith("too many commands are waiting;")
    assert len(await _names(narrow)) == COUNT - len(refused)
    for number in range(COUNT):
        again = await _make(narrow, number)
        assert (again.status_code, "idempotent-replayed" in again.headers) == (
            201,
            answers[number].status_code == 201,
        )
    assert sorted(await _names(narrow)) == sorted(f"Hub {number}" for number in range(COUNT))


async def test_a_client_that_hangs_up_loses_nothing(narrow: Server) -> None:
    """Its command is carried out or not, as a whole; with the same key it hears what became of it, and it is there once."""
    begun = asyncio.create_task(_make(narrow, 900))
    await asyncio.sleep(0.005)
    begun.cancel()
    await asyncio.gather(begun, return_exceptions=True)
    again = await _make(narrow, 900)
    assert again.status_code == 201
    assert (await _names(narrow)).count("Hub 900") == 1
