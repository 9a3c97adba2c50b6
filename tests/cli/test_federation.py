"""`coster federation` over HTTP: from the address of a platform to items that can be sold, and back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coster.cli.output import Exit
from coster.simulation.serving import free_port
from tests.cli.conftest import Done, Inside, Shop


class Town:
    """An installation whose hub connects to a platform: its own, which is one as any other."""

    def __init__(self, shop: Shop, inside: Inside, token: Path) -> None:
        self.shop, self._inside, self._token = shop, inside, token
        token.write_text(shop.key + "\n")

    def say(self, *words: str) -> Done:
        """`coster federation …`."""
        return self._inside("federation", *words, env=self.shop.env)

    def connect(self, *more: str) -> Done:
        """Connects the hub."""
        place = f"{self.shop.url}/api/dfc"
        return self.say(
            "connect", place, "--hub", self.shop.scene.hub, "--token-file", str(self._token), *more
        )


@pytest.fixture
def town(shop: Shop, inside: Inside, tmp_path: Path) -> Town:
    """The town."""
    return Town(shop, inside, tmp_path / "token")


def farm(shop: Shop) -> str:
    """A producer with one product, whose name nobody else's has: what is imported again must not make others' names ambiguous."""

    def made(path: str, body: dict[str, Any]) -> str:
        answer = httpx2.post(
            f"{shop.url}/api/v1{path}", json=body, headers={"Authorization": f"Bearer {shop.key}"}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    rose = made("/enterprises", {"name": "Rose", "kinds": ["producer"], "currency": "EUR"})
    made(
        "/items", {"owner_id": rose, "sku": "SALSIFY", "name": "Salsify", "stock_unit": "kg", "price": "3.10"}
    )
    return rose


def test_way_from_an_address_to_items(town: Town) -> None:
    """Connected, accepted, listed, read again, suspended, resumed, removed, disconnected."""
    rose = farm(town.shop)
    told = town.connect()
    assert (told.code, "Rose" in told.out, "coster federation accept" in told.out) == (Exit.DONE, True, True)
    peer = town.connect("--json").json
    iri = next(one["iri"] for one in peer["enterprises"] if one["iri"].endswith(rose))
    accepted = town.say("accept", peer["id"], iri, "--json")
    assert (accepted.code, accepted.json["added"]) == (Exit.DONE, 1)
    supplier = accepted.json["id"]
    assert town.say("refresh", supplier).out == f"supplier {supplier}: 1 unchanged\n"
    assert "SALSIFY" in town.say("products", "--supplier", supplier).out
    assert town.say("matches", "--supplier", supplier, "--json").json == []
    assert supplier in town.say("list").out
    for word, status in (("suspend", "suspended"), ("resume", "active"), ("remove", "removed")):
        assert town.say(word, supplier).out == f"supplier {supplier}: {status}\n"
    assert town.say("disconnect", peer["id"]).code == Exit.DONE


def test_what_cannot_be_is_told(town: Town) -> None:
    """Nobody answers there; nothing of this id; a file that is not there."""
    away = town.say("connect", f"http://127.0.0.1:{free_port()}/api/dfc", "--hub", town.shop.scene.hub)
    assert (away.code, away.out) == (Exit.REFUSED, "")
    assert "is kept" in away.err
    assert town.say("refresh", str(uuid.UUID(int=9))).code == Exit.REFUSED
    private = town.say("connect", "http://10.0.0.1/api/dfc", "--hub", town.shop.scene.hub)
    assert "private" in private.err
    missing = town.say(
        "connect", "http://a.example", "--hub", town.shop.scene.hub, "--token-file", "/nowhere"
    )
    assert missing.code == Exit.USAGE


def test_what_is_no_id_is_not_understood_and_leads_nowhere_else(town: Town) -> None:
    """A word that is no id is refused before anything is asked: it could name another address than the one that was meant."""
    for words in (
        ("disconnect", "../keys/0193f2a0-0000-7000-8000-000000000001"),
        ("refresh", "x"),
        ("products", "--supplier", "x"),
        ("connect", "https://farm.example", "--hub", "x"),
    ):
        done = town.say(*words)
        assert done.code == Exit.USAGE, done
