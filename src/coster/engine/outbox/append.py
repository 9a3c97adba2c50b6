"""Events and timers into the batch's own transaction; the last statements before the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.message import Command, Decided, Timer

_q = sql.load(__file__)


async def append(
    conn: Connection, org_id: int, commands: Sequence[Command[Any]], decided: Decided[Any]
) -> None:
    """Stores a decision's timers and events; events are numbered by command, then in the order they were told.

    The counter row is locked last of all rows and held until the commit, so a reader that has seen number n will never
    see a smaller one appear.
    """
    if decided.timers:
        await _set_timers(conn, org_id, [timer for _, timer in sorted(decided.timers, key=_by_command)])
    if not decided.events:
        return
    ordered = sorted(decided.events, key=_by_command)
    last = await _q.take_numbers(conn, org_id=org_id, count=len(ordered))
    causes = [commands[index] for index, _ in ordered]
    events = [event for _, event in ordered]
    await _q.insert_events(
        conn,
        org_id=org_id,
        seqs=range(last - len(ordered) + 1, last + 1),
        names=[e.name for e in events],
        entities=[e.entity for e in events],
        entity_ids=[e.entity_id for e in events],
        versions=[e.version for e in events],
        ats=[c.at for c in causes],
        actors=[c.actor for c in causes],
        command_ids=[c.id for c in causes],
        datas=[e.data for e in events],
    )


async def _set_timers(conn: Connection, org_id: int, timers: Sequence[Timer]) -> None:
    last_words = {timer.id: timer for timer in timers}.values()
    if unwanted := [timer.id for timer in last_words if timer.due_at is None]:
        await _q.delete_timers(conn, org_id=org_id, ids=unwanted)
    if wanted := [timer for timer in last_words if timer.due_at is not None]:
        await _q.insert_timers(
            conn,
            org_id=org_id,
            ids=[t.id for t in wanted],
            due_ats=[t.due_at for t in wanted],
            kinds=[t.kind for t in wanted],
            bodies=[t.body for t in wanted],
        )


def _by_command(entry: tuple[int, Any]) -> int:
    return entry[0]
