"""What was given up, at the database: locked before it is decided about, tried again or dropped afterwards."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from typing import Any

from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.mending.model import Parked, Writes
from coster.engine.outbox import parked
from coster.engine.outbox.model import GivenUp
from coster.engine.webhooks import parked as messages

_q = sql.load(__file__)


async def load(conn: Connection, org_id: int, commands: Commands) -> Parked:
    """What is parked of all that the commands are about, locked, in at most four statements."""
    bodies = [command.body for command in commands]
    found: list[GivenUp] = []
    if seqs := sorted({seq for one in bodies if one.what == "message" for seq in _number(one.key)}):
        found += await messages.lock_parked(conn, org_id, seqs)
    if seqs := sorted({seq for one in bodies if one.what == "reaction" for seq in _number(one.key)}):
        rows = await _q.lock_reactions(conn, org_id=org_id, seqs=seqs)
        found += [GivenUp(what="reaction", **row) for row in rows]
    if ids := sorted({id_ for one in bodies if one.what == "timer" for id_ in _id(one.key)}):
        rows = await _q.lock_timers(conn, org_id=org_id, ids=ids)
        found += [GivenUp(what="timer", **row) for row in rows]
    return Parked(found)


async def write(conn: Connection, org_id: int, writes: Writes) -> None:
    """Has some tried again, and drops others for good with who says so."""
    if writes.retried and writes.at is not None:
        await parked.retry(conn, org_id, writes.retried)
        await messages.retry(conn, org_id, writes.retried, writes.at)
    # People decide one by one, so a batch with several decisions is as good as never there.
    for decision, chosen in itertools.groupby(writes.skipped, key=lambda pair: pair[1]):
        given_up = [one for one, _ in chosen]
        await parked.skip(conn, org_id, given_up, decision)
        await messages.skip(conn, org_id, given_up, decision)


def _number(key: Any) -> Iterable[int]:
    """The number that a key is; nothing, where it is none that could be an event's."""
    return [int(key)] if key.isascii() and key.isdigit() and len(key) < 19 else []


def _id(key: str) -> Iterable[uuid.UUID]:
    """The id that a key is; nothing, where it is none."""
    try:
        return [uuid.UUID(key)]
    except ValueError:
        return []
