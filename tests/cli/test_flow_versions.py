"""`coster flows publish|pin|rollback|export|migrate|undo` against a running server, over real HTTP."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Done, Inside, Shop

NAME = "order.retail"
_REFERENCES = itertools.count(1)


class Desk:
    """Somebody who changes flows."""

    def __init__(self, shop: Shop, inside: Inside, place: Path) -> None:
        self.shop, self._inside, self.place = shop, inside, place

    def flows(self, *words: str) -> Done:
        """`coster flows …`."""
        return self._inside("flows", *words, env=self.shop.env)

    def file(self, *edits: tuple[str, str]) -> tuple[Path, int]:
        """The shipped flow under the next number, with edits; and the number."""
        number = max(self.flow()["versions"]) + 1
        text = self.flows("export", NAME, "--version", "1").out.replace(
            "version: 1\n", f"version: {number}\n", 1
        )
        for before, after in edits:
            assert before in text
            text = text.replace(before, after)
        file = self.place / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        return file, number

    def publish(self, *words: str, edits: tuple[tuple[str, str], ...] = ()) -> int:
        """A new version; its number."""
        file, number = self.file(*edits)
        done = self.flows("publish", str(file), "--reason", "It is better", *words)
        assert done.code == Exit.DONE, done
        return number

    def flow(self) -> dict[str, Any]:
        """The flow as the server tells it."""
        headers = {"Authorization": f"Bearer {self.shop.key}"}
        return dict(httpx2.get(f"{self.shop.url}/api/v1/flows/{NAME}?counts=true", headers=headers).json())

    async def order(self) -> str:
        """A new order; its id."""
        return str((await self.shop.scene.place(f"flow {next(_REFERENCES)}", "0.5"))["id"])

    def counts(self, version: int) -> dict[str, int]:
        """How many orders are in each status of a version."""
        return {one["status"]: one["count"] for one in self.flow()["counts"] if one["version"] == version}


@pytest.fixture
def desk(shop: Shop, inside: Inside, tmp_path: Path) -> Desk:
    """Somebody with the key of an owner."""
    return Desk(shop, inside, tmp_path)


def test_flow_is_published_pinned_and_rolled_back(desk: Desk) -> None:
    """Publishing changes nothing; pinning does; rolling back takes a canary back first, then the version."""
    before = desk.flow()["version"]
    number = desk.publish()
    assert desk.flow()["version"] == before
    pinned = desk.flows("pin", NAME, str(number), "--reason", "Now")
    assert (pinned.code, pinned.out.partition(" (")[0]) == (
        Exit.DONE, f"{NAME}: new entities begin on version {number}"
    )  # fmt: skip
    canary = desk.flows(
        "pin", NAME, str(number), "--canary", "1", "--share", "2.5%", "--reason", "A look", "--json"
    )
    assert (canary.json["canary"], canary.json["share"]) == (1, 25)
    assert "2.5" not in desk.flows("rollback", NAME, "--reason", "Enough").out
    assert (desk.flow()["version"], desk.flow()["canary"]) == (number, None)
    shipped = desk.flows("pin", NAME, "shipped", "--reason", "Ours was no better")
    assert "as it is shipped" in shipped.out
    assert desk.flow()["version"] == 1


def test_flow_with_faults_stays_a_draft(desk: Desk) -> None:
    """Every fault is told with its line and the way there; nothing is published."""
    file, number = desk.file(("final: true", "final: false"))
    dry = desk.flows("publish", str(file), "--reason", "x", "--dry-run")
    assert (dry.code, "[dead_end]" in dry.out) == (Exit.WRONG, True)
    assert {"name": NAME, "version": number} not in drafts(desk)
    done = desk.flows("publish", str(file), "--reason", "x")
    assert done.code == Exit.WRONG
    assert "it is kept as a draft" in done.err
    assert {"name": NAME, "version": number} in drafts(desk)
    assert number not in desk.flow()["versions"]


def drafts(desk: Desk) -> list[dict[str, Any]]:
    """The drafts that the server has."""
    headers = {"Authorization": f"Bearer {desk.shop.key}"}
    return list(httpx2.get(f"{desk.shop.url}/api/v1/flows", headers=headers).json()["drafts"])


async def test_orders_are_moved_and_come_back(desk: Desk) -> None:
    """The dry run names each order with where it would go; the move takes them, undoing brings them back."""
    order = await desk.order()
    renamed = (("  created:\n", "  begun:\n"), ("[created]", "[begun]"), ("[created, ", "[begun, "))
    file, number = desk.file(
        *[edit for edit in renamed if edit[0] in desk.flows("export", NAME, "--version", "1").out]
    )
    words = ["--reason", "Renamed", "--map", "created=begun"]
    assert desk.flows("publish", str(file), "--reason", "Renamed").code == Exit.WRONG
    assert desk.flows("publish", str(file), *words).code == Exit.DONE
    before = desk.counts(1)["created"]
    dry = desk.flows("migrate", NAME, "--to", str(number), "--from", "1", "--dry-run", "--limit", "500")
    assert dry.code == Exit.DONE
    assert order in dry.out
    assert desk.counts(1)["created"] == before
    moved = desk.flows("migrate", NAME, "--to", str(number), "--from", "1", "--reason", "Renamed", "--json")
    assert (moved.code, moved.json["state"]) == (Exit.DONE, "done")
    assert "created" not in desk.counts(1)
    assert desk.counts(number)["begun"] == before
    back = desk.flows("undo", moved.json["id"], "--reason", "It was a mistake")
    assert back.code == Exit.DONE
    assert ", 0 stayed" in back.out
    assert desk.counts(1)["created"] == before
    again = desk.flows("undo", moved.json["id"], "--reason", "It was a mistake")
    assert (again.code, "undone before" in again.err) == (Exit.REFUSED, True)


async def test_move_on_which_orders_would_be_lost_is_refused(desk: Desk) -> None:
    """With the status that has no place, and nothing is moved."""
    await desk.order()
    number = desk.publish()
    done = desk.flows(
        "migrate", NAME, "--to", str(number), "--from", "1", "--map", "created=cancelled", "--dry-run"
    )
    assert (done.code, "created" in done.out) == (Exit.WRONG, True)


def test_flow_is_exported_as_it_was_published(desk: Desk, tmp_path: Path) -> None:
    """The same bytes; a picture; everything in use into a directory, and nothing is overwritten."""
    file, number = desk.file()
    assert desk.flows("publish", str(file), "--reason", "x").code == Exit.DONE
    text = desk.flows("export", NAME, "--version", str(number)).out
    assert text == file.read_text(encoding="utf-8").rstrip("\n") + "\n"
    assert desk.flows("export", NAME, "--form", "svg").out.startswith("<svg")
    assert desk.flows("export", "--into", str(tmp_path / "all")).code == Exit.DONE
    assert (tmp_path / "all" / f"{NAME}.yaml").exists()
    again = desk.flows("export", "--into", str(tmp_path / "all"))
    assert (again.code, "not overwritten" in again.err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["pin", NAME, "many", "--reason", "x"], Exit.USAGE, "accepted: a number"),
        (["pin", NAME, "1", "--share", "0.25", "--reason", "x"], Exit.USAGE, "--share"),
        (["pin", NAME, "1", "--share", "much", "--reason", "x"], Exit.USAGE, "--share"),
        (["pin", NAME, "4711", "--reason", "x"], Exit.REFUSED, "no published version 4711"),
        (["pin", "order.none", "1", "--reason", "x"], Exit.REFUSED, "no flow named order.none"),
        (["rollback", "wholesale.held", "--reason", "x"], Exit.REFUSED, "never pinned"),
        (["migrate", NAME, "--to", "1"], Exit.USAGE, "--reason"),
        (["migrate", NAME, "--to", "4711", "--from", "1", "--dry-run"], Exit.REFUSED, "4711"),
        (["export", "--version", "1"], Exit.USAGE, "--version"),
        (["export", "order.none"], Exit.REFUSED, "flow"),
        (["publish", "nowhere.yaml", "--reason", "x"], Exit.USAGE, "nowhere.yaml"),
        (["import", "nowhere.json"], Exit.USAGE, "nowhere.json is no file"),
    ],
)
def test_what_cannot_be_is_told(desk: Desk, words: list[str], code: int, told: str) -> None:
    """In a sentence that says what would be right."""
    done = desk.flows(*words)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert "Errno" not in done.err


def test_json_is_all_that_is_printed(desk: Desk) -> None:
    """For programs."""
    file, number = desk.file()
    told = json.loads(desk.flows("publish", str(file), "--reason", "x", "--dry-run", "--json").out)
    assert (told["version"], told["published"], told["proved"]) == (number, False, True)


async def test_what_is_late_and_what_happened_is_printed(desk: Desk) -> None:
    """Nothing is late; the story of an order is text, or JSON for programs."""
    assert desk.flows("overdue").out == "0 overdue.\n"
    assert desk.flows("overdue", "held-orders", "--json").json == []
    id_ = await desk.order()
    told = desk.flows("timeline", "orders", id_)
    assert (told.code, told.out.startswith("Order "), "Placed" in told.out) == (Exit.DONE, True, True)
    assert desk.flows("timeline", "orders", id_, "--json").json["id"] == id_
    unknown = desk.flows("timeline", "held-orders", id_)
    assert (unknown.code, "no such held order" in unknown.err) == (Exit.REFUSED, True)
