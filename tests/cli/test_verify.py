"""`coster verify` beside a running server: clean, and with a breach that was planted."""

from __future__ import annotations

import uuid

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
    assert {check["area"] for check in told.json["checks"]} == {
        "stock",
        "orders",
        "held orders",
        "other platforms",
        "flows",
        "engine",
    }


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


async def test_who_is_on_no_version_is_found(shop: Shop) -> None:
    """An order on a version that was never published, and one in a status that its version does not have."""
    conn = await asyncpg.connect(shop.database_url)
    planted = """
        INSERT INTO coster.orders (org_id, id, seller_id, channel, reference, status, flow, flow_version, payment, currency, gross,
            line_discount, order_discount, total, priority, placed_at, version, type, holds, attributes, entered, entered_at)
        SELECT 1, gen_random_uuid(), $1, 'lost', s, s, 'order.retail', v, 'none', 'EUR', 0, 0, 0, 0, 0, '2026-11-23T09:00:00Z', 1, '',
               'none', '{}', 1, '2026-11-23T09:00:00Z'
        FROM (VALUES ('created', 4711), ('booked', 1), ('nowhere', 1)) AS x (s, v)
    """
    await conn.execute(planted, uuid.UUID(shop.scene.hub))
    try:
        told = shop.run("verify", "--at", "2026-11-23T09:00:01Z", "--json").json
    finally:
        await conn.execute("DELETE FROM coster.orders WHERE channel = 'lost'")
        await conn.close()
    [found] = [check for check in told["checks"] if check["name"] == "on_a_version"]
    assert (found["broken"], found["example"]) == (2, "order.retail version 1, nowhere")


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
