"""Locks of what is no command's: who reads a catalogue, carries a letter or notes a refusal does it alone, and nobody waits for long."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import pytest

from coster.domain.federation import store as federation
from coster.domain.linking import store as linking
from coster.engine.db.connect import Connection
from coster.engine.mail import store as mail
from tests.guards import altered, elsewhere
from tests.guards.scene import Scene
from tests.town import name_id


@pytest.mark.parametrize(("without", "second"), [(False, []), (True, [name_id("Jean")])])
async def test_a_catalogue_is_read_by_one(
    town: Scene, monkeypatch: pytest.MonkeyPatch, *, without: bool, second: list[uuid.UUID]
) -> None:
    """Two processes look for what is due at once: one is given it and nobody waits; without the guard both are."""
    for body in elsewhere.supplied():
        await town.do(body)
    if without:
        altered.take_out(monkeypatch, "federation.claim_due")
    until = town.now + dt.timedelta(hours=1)

    async def claim(conn: Connection) -> list[uuid.UUID]:
        return await federation.claim_due(conn, town.org_id, now=town.now, until=until, limit=9)

    async def other() -> list[uuid.UUID]:
        async with town.database.write(town.org_id) as conn:
            return await claim(conn)

    async with town.database.write(town.org_id) as conn:
        assert await claim(conn) == [name_id("Jean")]
        later = asyncio.create_task(other())
        finished, _ = await asyncio.wait([later], timeout=1.0)
        assert bool(finished) is not without
    assert await later == second


LETTER = """INSERT INTO coster.mail (org_id, id, recipient, kind, words, written_at, attempts, next_at)
VALUES ($1, $2, $2, 'approval_asked', '{}', $3, 0, $3)"""


@pytest.mark.parametrize(("without", "second"), [(False, []), (True, [name_id("letter")])])
async def test_a_letter_is_carried_by_one(
    town: Scene, monkeypatch: pytest.MonkeyPatch, *, without: bool, second: list[uuid.UUID]
) -> None:
    """Two processes look for letters at once: one is given it and nobody waits; without the guard both are."""
    async with town.database.system() as conn:
        await conn.execute(LETTER, town.org_id, name_id("letter"), town.now)
    if without:
        altered.take_out(monkeypatch, "mail.claim_due")
    until = town.now + dt.timedelta(hours=1)

    async def claim(conn: Connection) -> list[uuid.UUID]:
        return [one.id for one in await mail.claim(conn, town.org_id, now=town.now, until=until, limit=9)]

    async def other() -> list[uuid.UUID]:
        async with town.database.write(town.org_id) as conn:
            return await claim(conn)

    async with town.database.write(town.org_id) as conn:
        assert await claim(conn) == [name_id("letter")]
        later = asyncio.create_task(other())
        finished, _ = await asyncio.wait([later], timeout=1.0)
        assert bool(finished) is not without
    assert await later == second


@pytest.mark.parametrize("without", [False, True])
async def test_nothing_is_acknowledged_while_a_refusal_is_noted(
    town: Scene, monkeypatch: pytest.MonkeyPatch, *, without: bool
) -> None:
    """What a supplier acknowledges meanwhile waits until the note is written; without the guard it comes in between."""
    for body in elsewhere.linked(town):
        await town.do(body)
    if without:
        altered.take_out(monkeypatch, "linking.lock_acknowledged")

    async def acknowledge() -> None:
        async with town.database.write(town.org_id) as conn:
            await conn.execute(
                "UPDATE coster.link SET acked_version = acked_version + 1 WHERE org_id = $1", town.org_id
            )

    async with town.database.write(town.org_id) as conn:
        assert await linking.acknowledged(conn, town.org_id, elsewhere.held(town)) == 0
        later = asyncio.create_task(acknowledge())
        finished, _ = await asyncio.wait([later], timeout=1.0)
        assert bool(finished) is without
    await later
