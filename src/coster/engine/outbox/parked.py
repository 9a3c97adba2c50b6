"""What the relay has given up for now: looked at by people, and run again when they say so. Nothing is ever dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.outbox import feed
from coster.engine.outbox.react import Parked
from coster.kernel.message import Stored

_q = sql.load(__file__)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A reaction (`key` is the event's number) or a timer (`key` is its id), by name or kind, and what went wrong."""

    what: Literal["reaction", "timer"]
    key: str
    name: str
    cause: str


async def list_parked(conn: Connection, org_id: int) -> list[GivenUp]:
    """All that waits for somebody to look at it."""
    return [GivenUp(**row) for row in await _q.list_parked(conn, org_id=org_id)]


async def resume(conn: Connection, org_id: int) -> int:
    """Has all of it run again, by whichever process runs a relay; gives how many. What fails again is parked again."""
    reactions = await _q.resume_reactions(conn, org_id=org_id)
    return len(reactions) + len(await _q.resume_timers(conn, org_id=org_id))


async def keep(conn: Connection, org_id: int, parked: Sequence[Parked]) -> None:
    """Stores reactions that failed; one statement, or none for none."""
    if parked:
        await _q.park_reactions(
            conn,
            org_id=org_id,
            seqs=[p.seq for p in parked],
            reactions=[p.reaction for p in parked],
            causes=[p.cause for p in parked],
        )


async def read_resumed(conn: Connection, org_id: int, *, limit: int) -> list[tuple[Stored, str]]:
    """Events and the names of reactions to them that are to be run again, in order."""
    rows = await _q.read_resumed(conn, org_id=org_id, limit=limit)
    return [(feed.stored(org_id, row), row["reaction"]) for row in rows]


async def settle(
    conn: Connection, org_id: int, *, run: Sequence[tuple[Stored, str]], failed: Sequence[Parked]
) -> None:
    """Forgets the reactions that were run, except those that failed once more."""
    again = {(p.seq, p.reaction) for p in failed}
    done = [(event.seq, name) for event, name in run if (event.seq, name) not in again]
    if done:
        await _q.forget_reactions(
            conn, org_id=org_id, seqs=[seq for seq, _ in done], reactions=[name for _, name in done]
        )
    await keep(conn, org_id, failed)
