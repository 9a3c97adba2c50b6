"""Events and timers into the batch's own transaction; the last statements before the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from coster.engine.db import sql
from coster.engine.db.columns import column
from coster.engine.db.connect import Connection
from coster.kernel.message import Command, Decided, Event, Timer

_q = sql.load(__file__)
_encode: Final = msgspec.json.Encoder().encode

# From here on columns cost less than rows, the round trip of their own included.
_MANY: Final = 64


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
    if _are_alike(ordered):
        await _append_alike(conn, org_id, commands[ordered[0][0]], [event for _, event in ordered])
        return
    rows = [_row(nth, commands[index], event) for nth, (index, event) in enumerate(ordered, 1)]
    # Written down before the counter is locked, on which every other batch of the organisation waits.
    written = msgspec.Raw(_encode(rows))
    await _q.take_numbers(conn, org_id=org_id, count=len(rows))
    await _q.insert_events(conn, org_id=org_id, count=len(rows), rows=written)


def _are_alike(ordered: Sequence[tuple[int, Event]]) -> bool:
    """Whether one command told many things of one name."""
    return (
        len(ordered) >= _MANY
        and ordered[-1][0] == ordered[0][0]
        and len({(event.name, event.entity) for _, event in ordered}) == 1
    )


async def _append_alike(conn: Connection, org_id: int, cause: Command[Any], events: Sequence[Event]) -> None:
    """The same as columns, without what is said once for all: half the work of the database."""
    ids = column([event.entity_id for event in events])
    versions = column([event.version for event in events])
    datas = [_encode(event.data).decode() for event in events]
    # All is ready before the counter is locked, on which every other batch of the organisation waits.
    await _q.take_numbers(conn, org_id=org_id, count=len(events))
    await _q.insert_alike(
        conn, org_id=org_id, count=len(events), name=events[0].name, entity=events[0].entity, at=cause.at,
        actor=cause.actor, command_id=cause.id, entity_ids=ids, versions=versions, datas=datas,
    )  # fmt: skip


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
