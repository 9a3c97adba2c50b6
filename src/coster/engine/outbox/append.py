"""Events and timers into the batch's own transaction; the last statements before the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.message import Command, Decided, Event, Timer

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
    rows = [_row(nth, commands[index], event) for nth, (index, event) in enumerate(ordered, 1)]
    await _q.take_numbers(conn, org_id=org_id, count=len(rows))
    await _q.insert_events(conn, org_id=org_id, count=len(rows), rows=rows)


def _row(nth: int, cause: Command[Any], event: Event) -> dict[str, Any]:
    return {
        "nth": nth, "name": event.name, "entity": event.entity, "entity_id": event.entity_id, "version": event.version,
        "at": cause.at, "actor": cause.actor, "command_id": cause.id, "data": event.data,
    }  # fmt: skip


async def _set_timers(conn: Connection, org_id: int, timers: Sequence[Timer]) -> None:
    last_words = {timer.id: timer for timer in timers}.values()
    if unwanted := [{"id": timer.id} for timer in last_words if timer.due_at is None]:
        await _q.delete_timers(conn, org_id=org_id, rows=unwanted)
    if wanted := [timer for timer in last_words if timer.due_at is not None]:
        await _q.set_timers(conn, org_id=org_id, rows=wanted)


def _by_command(entry: tuple[int, Any]) -> int:
    return entry[0]
