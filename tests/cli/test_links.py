"""`coster links` beside a running server: what it lists, and what it will not do."""

from __future__ import annotations

import uuid

import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop

_NONE = str(uuid.UUID(int=9))


def test_where_nobody_is_elsewhere_nothing_is_behind(shop: Shop, inside: Inside) -> None:
    """The list and the queue are empty, and all that is none is compared."""
    assert inside("links", "list", "--json", env=shop.env).json == []
    assert "0 links behind." in inside("links", "list", "--behind", env=shop.env).out
    assert inside("links", "reconcile", "--all", env=shop.env).out == "0 links are compared.\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["retry", _NONE], Exit.REFUSED, "no link of yours"),
        (["retry", "xyz"], Exit.USAGE, "must be a uuid"),
        (["reconcile"], Exit.USAGE, "--all"),
        (["reconcile", _NONE, "--all"], Exit.USAGE, "--all"),
        (["settle", _NONE, "close", "--reason", " "], Exit.USAGE, "why"),
        (["settle", _NONE, "accept", "--reason", "Agreed."], Exit.REFUSED, "no link of yours"),
    ],
)
def test_what_cannot_be_is_told(shop: Shop, inside: Inside, words: list[str], code: int, told: str) -> None:
    """One sentence on standard error, nothing on standard output."""
    done = inside("links", *words, env=shop.env)
    assert (done.code, done.out) == (code, "")
    assert told in done.err.lower()
