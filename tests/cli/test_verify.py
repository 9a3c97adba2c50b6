"""`coster verify` beside a running server: clean, and with a breach that was planted."""

from __future__ import annotations

import asyncpg
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop


def test_clean(shop: Shop) -> None:
    """Every promise is counted, none is broken."""
    done = shop.run("verify", "--at", "2026-11-23T09:00:01Z")
    assert (done.code, done.err) == (Exit.DONE, "")
    assert done.out.splitlines()[-1].endswith("promises, all kept.")
    told = shop.run("verify", "--at", "2026-11-23T09:00:01Z", "--org", "1", "--json")
    assert told.code == Exit.DONE
    assert told.json["broken"] == 0
    assert {check["area"] for check in told.json["checks"]} == {"stock", "orders", "held orders", "engine"}


async def test_breach_is_found_and_named(shop: Shop) -> None:
    """A hold that nobody has: code 1, the promise, and an example."""
    conn = await asyncpg.connect(shop.database_url)
    planted = "UPDATE coster.position SET held = held + $1 WHERE org_id = 1 AND item_id = $2"
    await conn.execute(planted, 1, shop.scene.item)
    try:
        told = shop.run("verify", "--at", "2026-11-23T09:00:01Z", "--json")
        shown = shop.run("verify", "--at", "2026-11-23T09:00:01Z")
    finally:
        await conn.execute(planted, -1, shop.scene.item)
        await conn.close()
    assert (told.code, shown.code) == (Exit.WRONG, Exit.WRONG)
    broken = [check for check in told.json["checks"] if check["broken"]]
    assert told.json["broken"] == len(broken) >= 1
    assert {(check["organisation"], check["area"]) for check in broken} == {(1, "stock")}
    assert all(check["example"] for check in broken)
    assert shown.out.splitlines()[-1].endswith(f"{len(broken)} broken.")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [(["--org", "77"], Exit.REFUSED, "there is no organisation 77"), (["--at", "noon"], Exit.USAGE, "--at must be an instant")],
)  # fmt: skip
def test_what_cannot_be_is_told(shop: Shop, inside: Inside, words: list[str], code: int, told: str) -> None:
    """One sentence, and no table."""
    done = inside("verify", *words, env=shop.env)
    assert (done.code, done.out) == (code, "")
    assert told in done.err


def test_no_data_directory(inside: Inside) -> None:
    """A slip of the pen makes no directory; what would help is said."""
    done = inside("verify", "--data-dir", "/nowhere/at/all")
    assert done.code == Exit.REFUSED
    assert done.err.startswith("coster: there is no data directory /nowhere/at/all: run `coster init`")
