"""`coster db parked`: what the server gave up is listed with its cause, and tried again when told to."""

from __future__ import annotations

import getpass

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


LETTER = """
INSERT INTO coster.mail (org_id, id, recipient, kind, words, written_at, attempts, next_at, parked)
VALUES (1, '0193f2a0-0000-7000-8000-00000000000a', '0193f2a0-0000-7000-8000-00000000000b', 'approval_asked', '{}', '2026-11-23T09:00:00Z',
        1, NULL, 'the server refused the recipient with 550')
"""
LETTERS = "DELETE FROM coster.mail"


async def test_a_letter_that_was_refused_is_resumed_or_skipped(shop: Shop) -> None:
    """It stands in the same list, without a word of who gets it."""
    conn = await asyncpg.connect(shop.database_url)
    try:
        await conn.execute(LETTER)
        [found] = shop.run("db", "parked", "--json").json
        shop.run("db", "parked", "--resume")
        row = await conn.fetchrow(
            "SELECT m.parked, m.attempts, m.next_at IS NULL AS rests FROM coster.mail AS m"
        )
        await conn.execute(LETTERS)
        await conn.execute(LETTER)
        skipped = shop.run("db", "parked", "--skip", found["key"], "--reason", "No such person.")
        left = await conn.fetchval("SELECT count(*) FROM coster.mail")
    finally:
        await conn.execute(LETTERS)
        await conn.execute(SKIPPED)
        await conn.close()
    cause = "the server refused the recipient with 550"
    assert (found["what"], found["name"], found["cause"]) == ("mail", "approval_asked", cause)
    assert (dict(row or {}), skipped.code, left) == (
        {"parked": None, "attempts": 0, "rests": False},
        Exit.DONE,
        0,
    )


def test_nothing_given_up_is_said(shop: Shop, inside: Inside) -> None:
    """One sentence, and no table."""
    done = inside("db", "parked", env=shop.env)
    assert (done.code, done.out) == (Exit.DONE, "0 parked.\n")


SKIPPED = "DELETE FROM coster.skipped"


async def test_what_shall_not_be_run_is_skipped_with_a_reason_that_is_kept(shop: Shop) -> None:
    """The timer is gone, `verify` is content, and who decided so is in the list with the cause."""
    conn = await asyncpg.connect(shop.database_url)
    await conn.execute(PLANTED)
    try:
        key = "0193f2a0-0000-7000-8000-000000000009"
        bare = shop.run("db", "parked", "--skip", key)
        wrong = shop.run("db", "parked", "--skip", "4711", "--reason", "x")
        done = shop.run("db", "parked", "--skip", key, "--reason", " The session was opened by hand. ")
        again = shop.run("db", "parked", "--skip", key, "--reason", "x")
        left = await conn.fetchval("SELECT count(*) FROM coster.timer WHERE parked IS NOT NULL")
        kept = shop.run("db", "parked", "--skipped", "--json").json
        said = shop.run("db", "parked", "--skipped")
    finally:
        await conn.execute(GONE)
        await conn.execute(SKIPPED)
        await conn.close()
    assert (bare.code, wrong.code, again.code, done.code) == (
        Exit.REFUSED,
        Exit.REFUSED,
        Exit.REFUSED,
        Exit.DONE,
    )
    assert "needs --reason" in bare.err
    assert "nothing of the number or id 4711 is parked" in wrong.err
    assert left == 0
    [one] = kept
    assert {name: one[name] for name in ("organisation", "what", "key", "name", "cause", "reason", "who")} == {
        "organisation": 1, "what": "timer", "key": key, "name": "sessions.open", "cause": "KeyError: x",
        "reason": "The session was opened by hand.", "who": getpass.getuser(),
    }  # fmt: skip
    assert said.out.splitlines()[-1] == "1 skipped."


ENDPOINT = "0193f2a0-0000-7000-8000-0000000000e1"
UNDELIVERED = (
    f"""
INSERT INTO coster.webhook_endpoint (org_id, id, url, names, status, seed_key, seed_salt, failures, last_error, created_at, version)
VALUES (1, '{ENDPOINT}', 'https://example.org', '{{}}', 'paused', 'k', '', 0, '', '2026-11-23T09:00:00Z', 1)
""",
    f"""
INSERT INTO coster.webhook_delivery (org_id, endpoint_id, seq, entity_id, attempts, parked)
SELECT 1, '{ENDPOINT}', e.seq, e.entity_id, 3, 'refused' FROM coster.event AS e WHERE e.org_id = 1 ORDER BY e.seq LIMIT 2
""",
)
FORGOTTEN = ("DELETE FROM coster.webhook_delivery", "DELETE FROM coster.webhook_endpoint", SKIPPED)


async def test_a_message_that_nobody_took_is_listed_skipped_or_sent_again(shop: Shop) -> None:
    """By the event's number; skipped it is kept with the reason, resumed it is due from its first attempt."""
    conn = await asyncpg.connect(shop.database_url)
    try:
        for statement in UNDELIVERED:
            await conn.execute(statement)
        first, second = shop.run("db", "parked", "--json").json
        skipped = shop.run(
            "db", "parked", "--skip", first["key"], "--name", ENDPOINT, "--reason", "Sent by mail."
        )
        [kept] = shop.run("db", "parked", "--skipped", "--json").json
        resumed = shop.run("db", "parked", "--resume")
        left = await conn.fetch(
            "SELECT seq, attempts, parked, next_at IS NOT NULL AS due FROM coster.webhook_delivery"
        )
    finally:
        for statement in FORGOTTEN:
            await conn.execute(statement)
        await conn.close()
    assert [(one["what"], one["name"]) for one in (first, second)] == [("message", ENDPOINT)] * 2
    assert first["cause"].endswith(": refused")
    assert (skipped.code, resumed.code) == (Exit.DONE, Exit.DONE)
    assert (kept["what"], kept["key"], kept["reason"]) == ("message", first["key"], "Sent by mail.")
    assert [tuple(row) for row in left] == [(int(second["key"]), 0, None, True)]
