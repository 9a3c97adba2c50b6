"""`coster db parked`: what the server gave up is listed with its cause, and tried again when told to."""

from __future__ import annotations

import asyncpg

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop

PLANTED = """
INSERT INTO coster.timer (org_id, id, due_at, kind, body, attempts, parked)
VALUES (1, '0193f2a0-0000-7000-8000-000000000009', '2099-01-01T00:00:00Z', 'sessions.open', '{}', 5, 'KeyError: x')
"""
GONE = "DELETE FROM coster.timer WHERE id = '0193f2a0-0000-7000-8000-000000000009'"


async def test_what_was_given_up_is_listed_and_resumed(shop: Shop) -> None:
    """While it is parked `verify` finds it; after --resume it is due again, and nothing is parked."""
    conn = await asyncpg.connect(shop.database_url)
    await conn.execute(PLANTED)
    try:
        [found] = shop.run("db", "parked", "--json").json
        broken = shop.run("verify", "--at", "2026-11-23T09:00:01Z", "--json").json["checks"]
        resumed = shop.run("db", "parked", "--resume")
        mended = shop.run("verify", "--at", "2026-11-23T09:00:01Z")
    finally:
        await conn.execute(GONE)
        await conn.close()
    assert {name: found[name] for name in ("organisation", "what", "name", "cause")} == {
        "organisation": 1,
        "what": "timer",
        "name": "sessions.open",
        "cause": "KeyError: x",
    }
    assert [one["name"] for one in broken if one["broken"]] == ["nothing_given_up"]
    assert (resumed.code, mended.code) == (Exit.DONE, Exit.DONE)
    assert resumed.out.splitlines()[-1] == "1 parked; the server tries them again."


def test_nothing_given_up_is_said(shop: Shop, inside: Inside) -> None:
    """One sentence, and no table."""
    done = inside("db", "parked", env=shop.env)
    assert (done.code, done.out) == (Exit.DONE, "0 parked.\n")
