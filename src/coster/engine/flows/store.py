"""Flows for deciding: read under lock, and stored. A fixed number of statements for any number of commands."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, ask
from coster.engine.db.connect import Connection
from coster.engine.flows.library import UNTOUCHED
from coster.engine.flows.model import Begun, Draft, Head, Pin, Pinned, Published, Version, Writes
from coster.engine.flows.moving import PAGE, Move, Moved, Moving, Page, begin_after
from coster.engine.workflow.tables import Key
from coster.kernel import clock

_q = sql.load(__file__)

T = TypeVar("T")


async def load_moving(conn: Connection, org_id: int, move_ids: Iterable[uuid.UUID], *, entity: str) -> Moving:
    """The moves of these ids that are of this kind of entity, locked, and the pages of those that go back; before any entity is
    locked."""
    rows = await _q.lock_moves(conn, org_id=org_id, ids=sorted(set(move_ids)), entity=entity)
    moves = {row["id"]: move_of(row) for row in rows}
    back = [move for move in moves.values() if move.undoes is not None and not move.done]
    return Moving(moves=moves, back=await _back(conn, org_id, back) if back else {})


async def _back(conn: Connection, org_id: int, moves: Sequence[Move]) -> dict[uuid.UUID, list[Moved]]:
    """What the moves that are undone did to the next page of entities, by the move that undoes."""
    rows = await _q.moved_page(
        conn,
        org_id=org_id,
        ids=[move.id for move in moves],
        undoes=[move.undoes for move in moves],
        afters=[begin_after(move) for move in moves],
        count=PAGE,
    )
    pages: dict[uuid.UUID, list[Moved]] = {move.id: [] for move in moves}
    for row in rows:
        values = dict(row)
        pages[values.pop("back_id")].append(Moved(**values))
    return pages


async def write_moving(conn: Connection, org_id: int, pages: Sequence[Page]) -> None:
    """Stores what pages did to entities, and how far the moves are."""
    moved = [msgspec.to_builtins(row) for page in pages for row in page.rows]
    if moved:
        await _q.insert_moved(conn, org_id=org_id, rows=moved)
    if pages:
        await _q.advance_moves(conn, org_id=org_id, rows=[_advanced(page.move) for page in pages])


def _advanced(move: Move) -> dict[str, Any]:
    return {
        "id": str(move.id),
        "state": "done" if move.done else "running",
        "after": str(move.after) if move.after else None,
        "moved": move.moved,
        "stayed": move.stayed,
        "version": move.version,
    }


def move_of(row: Any) -> Move:
    """A row of flow_move as a record."""
    values = dict(row)
    return msgspec.convert({**values, "done": values.pop("state") == "done"}, Move, strict=False)


# ------------------------------------------------------------------------------------------------- for commands on flows


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of an organisation's flows."""

    mark: int
    heads: list[Head]
    drafts: list[Draft]
    versions: list[Version]
    pins: list[Pin]
    moves: list[Move]


async def load(conn: Connection, org_id: int, drafts: Iterable[Key], moves: Iterable[uuid.UUID]) -> Known:
    """The organisation's flows, which nobody else changes until the commit; these drafts with their texts, these moves."""
    await _q.lock_flows(conn, org_id=org_id)
    wanted = sorted(set(drafts))
    keys = {"org_id": org_id, "names": [name for name, _ in wanted], "versions": [n for _, n in wanted]}
    own = {"org_id": org_id}
    answers = await ask(
        conn,
        org_id,
        Question(_q.mark, own, lambda rows: int(rows[0]["mark"]) if rows else UNTOUCHED),
        Question(_q.heads, own, _records(Head)),
        Question(_q.drafts, keys, _records(Draft)),
        Question(_q.known_versions, own, _records(Version)),
        Question(_q.current_pins, own, _records(Pin)),
        Question(
            _q.moves_about, {**own, "ids": sorted(set(moves))}, lambda rows: [move_of(row) for row in rows]
        ),
    )
    names = ("mark", "heads", "drafts", "versions", "pins", "moves")
    return Known(**dict(zip(names, answers, strict=True)))


def _records(type_: type[T]) -> Callable[[Rows], list[T]]:
    """Rows as records."""
    return lambda rows: msgspec.convert(rows, list[type_], strict=False)  # type: ignore[valid-type]


async def write(conn: Connection, org_id: int, writes: Writes) -> None:
    """Stores what commands on flows come to."""
    if writes.mark is not None:
        await _q.set_mark(conn, org_id=org_id, mark=writes.mark)
    published = [_version(one) for one in writes.published]
    retired = [msgspec.to_builtins(one) for one in writes.retired]
    pinned = [{**_said(one), **msgspec.to_builtins(one.pin)} for one in writes.pinned]
    sets = (
        (_q.put_heads, [msgspec.to_builtins(one) for one in writes.heads]),
        (_q.put_drafts, [msgspec.to_builtins(one) for one in writes.drafts]),
        (_q.insert_versions, published),
        (_q.delete_drafts, [{"name": name, "version": version} for name, version in writes.gone]),
        (_q.insert_retired, retired),
        (_q.insert_pins, pinned),
        (_q.insert_moves, [_begun(one) for one in writes.begun]),
    )
    for statement, rows in sets:
        if rows:
            await statement(conn, org_id=org_id, rows=rows)


def _said(one: Published | Pinned | Begun) -> dict[str, Any]:
    """Who, when and why, as every change has it."""
    return {"actor": str(one.actor), "at": clock.text(one.at), "reason": one.reason}


def _version(one: Published) -> dict[str, Any]:
    draft = one.draft
    written = {"author": str(draft.actor), "written_at": clock.text(draft.at), "intent": draft.reason}
    names = ("name", "version", "type", "text", "digest", "based_on")
    return {**{name: getattr(draft, name) for name in names}, **written, **_said(one), "mapping": one.mapping}


def _begun(one: Begun) -> dict[str, Any]:
    move = msgspec.to_builtins(one.move)
    return {**_said(one), **move, "sources": ",".join(map(str, one.move.sources))}
