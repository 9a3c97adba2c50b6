"""`coster platforms` beside a running server: what it registers and allows holds there."""

from __future__ import annotations

import uuid

import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop


def test_platform_from_its_registration_to_what_it_may(shop: Shop, inside: Inside) -> None:
    """It gets a token once, is listed with the name that its issuer gives it, and may do what an enterprise says."""
    words = ("--issuer", "https://login.example", "--client", "hub-a", "--token", "--json")
    made = inside("platforms", "add", "Hub A", *words, env=shop.env).json
    listed = inside("platforms", "list", "--json", env=shop.env)
    [mine] = [one for one in listed.json if one["id"] == made["id"]]
    assert mine["identities"] == [{"issuer": "https://login.example", "kind": "client", "value": "hub-a"}]
    assert made["token"] not in listed.out
    allowed = inside(
        "platforms", "allow", made["id"], "read_products", "--enterprise", shop.scene.hub, env=shop.env
    )
    assert allowed.out == "It may: read_products.\n"
    taken = inside("platforms", "allow", made["id"], "--enterprise", shop.scene.hub, env=shop.env)
    assert taken.out == "It may: nothing.\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add", "Hub", "--issuer", "https://login.example"], Exit.USAGE, "together"),
        (["allow", "xyz", "--enterprise", str(uuid.UUID(int=9))], Exit.USAGE, "must be a uuid"),
        (["allow", str(uuid.UUID(int=9)), "--enterprise", str(uuid.UUID(int=9))], Exit.REFUSED, "enterprise"),
    ],
)
def test_what_cannot_be_is_told(shop: Shop, inside: Inside, words: list[str], code: int, told: str) -> None:
    """One sentence on standard error, nothing on standard output."""
    done = inside("platforms", *words, env=shop.env)
    assert (done.code, done.out) == (code, "")
    assert told in done.err.lower()
