"""Commands for tests of rooms: asked by anybody, and carried out on a database without the batch around them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from coster.domain.identity import store as identity_store
from coster.engine.batch.handler import Handler
from coster.engine.db.connect import Database
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from coster.kernel.message import Command, Decided

ORG = 7
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACTOR = uuid.UUID(int=0xAC)


def number(n: int) -> uuid.UUID:
    """An id that can be read in a failure."""
    return uuid.UUID(int=n)


def ask(
    body: Any, authority: Authority = SYSTEM, *, at: datetime = AT, actor: uuid.UUID = ACTOR
) -> Command[Any]:
    """A command of the organisation of the tests."""
    return Command(uuid.UUID(int=0xC0), ORG, actor, at, body, authority=authority)


def for_enterprise(enterprise: uuid.UUID, *permissions: str) -> Authority:
    """Somebody with these permissions for one enterprise."""
    return Authority(by_enterprise={enterprise: frozenset(permissions)})


def codes(decided: Decided[Any]) -> list[str]:
    """What became of each command: the code of its rejection, or ok."""
    return [getattr(outcome, "code", "ok") for outcome in decided.outcomes]


async def carry_out(database: Database, handler: Handler[Any, Any], *bodies: Any) -> Decided[Any]:
    """Loads, decides and writes one batch as the system, and commits it."""
    commands = [ask(body) for body in bodies]
    async with database.write(ORG) as conn:
        decided = handler.decide(await handler.load(conn, ORG, commands), commands)
        await handler.write(conn, ORG, decided.writes)
    return decided


async def make_org(database: Database, org_id: int = ORG) -> None:
    """An organisation without keys."""
    async with database.write(org_id) as conn:
        await identity_store.create_org(conn, org_id, f"Organisation {org_id}", AT)


__all__ = [
    "ACTOR",
    "AT",
    "NOBODY",
    "ORG",
    "ask",
    "carry_out",
    "codes",
    "for_enterprise",
    "make_org",
    "number",
]
