"""`coster keys` beside a running server: what it makes works there, what it ends does not."""

from __future__ import annotations

import uuid

import pytest

from coster.cli import output
from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop


def test_key_from_making_to_its_end(shop: Shop, inside: Inside) -> None:
    """A key works for its role as soon as it is made, is listed without its secret, and ends at once."""
    made = shop.run("keys", "create", "reader", "--name", "Auditor", "--json")
    assert made.code == Exit.DONE
    id_, token = made.json["id"], made.json["key"]
    assert shop.run("sessions", "list", "--json", COSTER_KEY=token).json[0]["id"] == shop.scene.session
    refused = inside("sessions", "close", shop.scene.session, env={**shop.env, "COSTER_KEY": token})
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    listed = inside("keys", "list", "--json", env=shop.env)
    [mine] = [key for key in listed.json if key["id"] == id_]
    assert (mine["name"], mine["hint"], mine["revoked_at"]) == ("Auditor", token[-4:], None)
    assert token not in listed.out
    assert inside("keys", "revoke", id_, env=shop.env).out == f"Revoked {id_}.\n"
    ended = inside("sessions", "list", env={**shop.env, "COSTER_KEY": token})
    assert ended.code == Exit.REFUSED
    assert "revoked" in ended.err
    assert "revoked" in inside("keys", "list", env=shop.env).out


def test_key_for_one_enterprise(shop: Shop, inside: Inside) -> None:
    """Its grant names the enterprise."""
    words = ("--enterprise", shop.scene.hub, "--expires", "2099-01-01T00:00:00Z", "--json")
    made = inside("keys", "create", "hub", *words, env=shop.env).json
    listed = inside("keys", "list", "--json", env=shop.env).json
    [mine] = [key for key in listed if key["id"] == made["id"]]
    assert mine["grants"] == [{"role": "hub", "enterprise_id": shop.scene.hub}]
    assert mine["expires_at"] == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["keys", "revoke", "xyz"], Exit.USAGE, "the id must be a uuid, for example 0193f2a0-0000-7000-8000-000000000001; 'xyz' is none"),
        (["keys", "revoke", str(uuid.UUID(int=9))], Exit.REFUSED, "key"),
        (["keys", "create", "hub", "--expires", "tomorrow"], Exit.USAGE, "--expires must be an instant"),
        (["keys", "create", "hub", "--expires", "2001-01-01T00:00:00Z"], Exit.REFUSED, "expir"),
        (["keys", "create", "hub", "--enterprise", str(uuid.UUID(int=9))], Exit.REFUSED, "enterprise"),
        (["keys", "create", "owner", "--org", "77"], Exit.REFUSED, "organisation"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(shop: Shop, inside: Inside, words: list[str], code: int, told: str) -> None:
    """One sentence on standard error, nothing on standard output."""
    done = inside(*words, env=shop.env)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("coster: ")
    assert told in done.err.lower()
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("words", [["sessions", "list"], ["import", "orders", "-", "--format", "csv"]])
def test_without_a_key_is_2(inside: Inside, words: list[str]) -> None:
    """Where a key comes from is said."""
    done = inside(*words)
    assert done.code == Exit.USAGE
    assert "COSTER_KEY" in done.err


@pytest.mark.parametrize("words", [["sessions", "list"]])
def test_server_out_of_reach_is_4(inside: Inside, words: list[str]) -> None:
    """The address is named."""
    done = inside(*words, env={"COSTER_KEY": "x", "COSTER_URL": "http://127.0.0.1:1"})
    assert done.code == Exit.REFUSED
    assert "cannot reach http://127.0.0.1:1" in done.err


def test_table_that_does_not_fit_is_told_row_by_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a narrow terminal nothing is cut off: every row becomes a block of lines, ids in one piece."""
    id_ = str(uuid.UUID(int=9))
    monkeypatch.setattr("coster.cli.output._WIDTH_OF_A_PIPE", 60)
    output.table("Keys", ("id", "grants", "made"), [(id_, "owner of everything", "2026-11-21")] * 2)
    block = f"id      {id_}\ngrants  owner of everything\nmade    2026-11-21\n"
    assert capsys.readouterr().out == f"Keys\n\n{block}\n{block}"


def test_table_that_fits_keeps_whole_what_has_no_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words are wrapped before an id or an instant is."""
    id_ = str(uuid.UUID(int=9))
    monkeypatch.setattr("coster.cli.output._WIDTH_OF_A_PIPE", 76)
    output.table("", ("id", "name", "made"), [(id_, "the shop in the web of ours", "2026-11-21T09:00Z")])
    told = capsys.readouterr().out
    assert (id_ in told, "2026-11-21T09:00Z" in told, "┃ id" in told) == (True, True, True)
