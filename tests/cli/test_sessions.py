"""`coster sessions` over HTTP: listed, closed, opened again, ended."""

from __future__ import annotations

import uuid

import httpx2
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Done, Inside, Shop
from tests.edges.scene import V1


@pytest.fixture
def week(shop: Shop) -> str:
    """A session of its own, planned until it is opened."""
    wanted = {
        "coordinator_id": shop.scene.hub,
        "name": "Week 2",
        "opens_at": "2026-11-24T09:00:00Z",
        "closes_at": "2026-11-26T09:00:00Z",
        "amend_until": "2026-11-27T09:00:00Z",
        "hub_ids": [shop.scene.hub],
        "listings": [{"item_id": shop.scene.item}],
    }
    headers = {"Authorization": f"Bearer {shop.key}"}
    made = httpx2.post(f"{shop.url}{V1}/sessions", json=wanted, headers=headers)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_session_through_its_life(shop: Shop, week: str, inside: Inside) -> None:
    """Opened, closed, closed again to no effect, opened again with a reason, closed; it cannot end before its amendments do."""

    def move(*words: str) -> Done:
        return inside("sessions", *words, env=shop.env)

    assert shop.run("sessions", "open", week).out == "Week 2: open\n"
    assert move("close", week, "--json").json["status"] == "closed"
    again = move("close", week)
    assert (again.code, again.out) == (Exit.DONE, "Week 2: closed already; nothing was changed\n")
    opened = move("reopen", week, "--until", "2026-11-26T18:00:00Z", "--reason", "The shop was down")
    assert (opened.code, opened.out) == (Exit.DONE, "Week 2: open\n")
    assert move("close", week).code == Exit.DONE
    early = move("end", week)
    assert (early.code, early.out) == (Exit.REFUSED, "")
    assert early.err.startswith("coster: ")


def test_list_by_status(shop: Shop, inside: Inside, week: str) -> None:
    """The table and the JSON tell the same sessions."""
    planned = inside("sessions", "list", "--status", "planned", "--json", env=shop.env).json
    assert week in [session["id"] for session in planned]
    assert {session["status"] for session in planned} == {"planned"}
    assert week in inside("sessions", "list", env=shop.env).out
    assert week not in inside("sessions", "list", "--status", "ended", env=shop.env).out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["close", str(uuid.UUID(int=9))], Exit.REFUSED),
        (["reopen", str(uuid.UUID(int=9)), "--until", "later", "--reason", "x"], Exit.USAGE),
        (["reopen", str(uuid.UUID(int=9)), "--until", "2026-11-26T18:00:00Z"], Exit.USAGE),
    ],
)
def test_what_cannot_be_is_told(shop: Shop, inside: Inside, words: list[str], code: int) -> None:
    """A session that is not there, a word that is no instant, a reason that is missing."""
    done = inside("sessions", *words, env=shop.env)
    assert (done.code, done.out) == (code, "")
    assert done.err
