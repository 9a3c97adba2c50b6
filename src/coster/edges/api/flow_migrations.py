"""Entities that go from version to version, over HTTP: looked at first, begun, followed, undone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from coster.edges.api import flow_shelf
from coster.edges.api.flow_records import (
    EntityMoved,
    MoveBegun,
    MoveSeen,
    MovesQuery,
    MoveWanted,
    PlaceCounted,
    Previewed,
    PreviewWanted,
    UndoWanted,
)
from coster.edges.api.flow_shelf import MOVABLE, Shelf, refuse_parts
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import Problem, not_found
from coster.engine.flows import migrating, moving, reads
from coster.engine.flows.model import READ, WRITE, FlowCount, MigrateFlow, MovedView, MoveView, UndoMove
from coster.engine.flows.moving import Move, Place, Standing
from coster.engine.workflow.step import Table
from coster.kernel import ids

_wanted, _preview, _undo = Body(MoveWanted), Body(PreviewWanted), Body(UndoWanted)
_LIST = "flow-migrations"
_PREVIEW = "flow-migrations:preview"


async def migrate(call: Call) -> Answer:
    """Begins a move, which goes on by itself, page by page; a look at it first is `preview`."""
    body = await call.read(_wanted)
    command = MigrateFlow(
        move_id=call.new_id("flow move"),
        name=body.name,
        sources=list(body.sources),
        to_version=body.to_version,
        mapping=body.mapping,
        reason=body.reason,
    )
    result = await commands.send(call, command, reason=body.reason)
    return commands.reply(call, result, status=201, location=f"/api/v1/flow-migrations/{command.move_id}")


async def preview(call: Call) -> Answer:
    """What a move would do: what stands against it, how many would go from which status to which, and entity by entity."""
    refuse_parts(call)
    body = await call.read(_preview)
    after = paging.read(_PREVIEW, body.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        target, sources = _versions(shown, body)
        if target.flow.entity not in MOVABLE:
            said = f"A {target.flow.entity} ends on the version on which it began."
            raise Problem("flow_entity_stays", said)
        mapping = await _mapping(call, conn, body)
        move = _move(body, target, mapping)
        tables = shown.tables[target.flow.entity]
        places = moving.places([move], tables)
        counts = await flow_shelf.counted(shown, conn, call.org_id, target.flow.entity)
        about = (body.name, target, places)
        found = await flow_shelf.page_of(shown, conn, call.org_id, about, (after, body.limit + 1))
    in_parent = call.parts.libraries[target.flow.entity].vocabulary.in_parent
    against = migrating.against([one.flow for one in sources], target.flow, mapping, in_parent=in_parent)
    told = _places(places, {(one.version, one.status): one for one in counts if one.name == body.name})
    page = found[: body.limit]
    return answer(
        Previewed(
            faults=flow_shelf.told(against),
            places=told,
            total=sum(one.count for one in told),
            entities=[_entity(move, places, one) for one in page],
            next=paging.write(_PREVIEW, page[-1].id) if len(found) > body.limit else None,
        )
    )


def _versions(shown: Shelf, body: MoveWanted) -> tuple[Table, list[Table]]:
    """Where entities shall go, and what they leave. Problem: flow_version_not_found."""
    tables = {number: shown.table(body.name, number) for number in (body.to_version, *body.sources)}
    for number, table in tables.items():
        if table is None:
            raise Problem("flow_version_not_found", f"There is no published version {number} of {body.name}.")
    found = {number: table for number, table in tables.items() if table is not None}
    return found[body.to_version], [found[number] for number in body.sources if number != body.to_version]


async def _mapping(call: Call, conn: Any, body: MoveWanted) -> dict[str, str]:
    """The mapping that counts: the one that is given, or the one with which the version was published."""
    if body.mapping is not None:
        return body.mapping
    view = await reads.get_version(conn, call.org_id, body.name, body.to_version)
    return dict(view.mapping) if view else {}


def _move(body: MoveWanted, target: Table, mapping: dict[str, str]) -> Move:
    """The move as it would be."""
    return Move(
        id=ids.NIL,
        name=body.name,
        entity=target.flow.entity,
        sources=tuple(number for number in body.sources if number != body.to_version),
        to_version=body.to_version,
        mapping=mapping,
    )


def _places(places: list[Place], counts: dict[tuple[int, str], FlowCount]) -> list[PlaceCounted]:
    """Every status that somebody would leave."""
    return [
        PlaceCounted(version=place.version, status=place.status, to=place.to, count=one.count, more=one.more)
        for place in places
        if (one := counts.get((place.version, place.status)))
    ]


def _entity(move: Move, places: list[Place], one: Standing) -> EntityMoved:
    to = next(place.to for place in places if (place.version, place.status) == (one.version, one.status))
    return EntityMoved(
        entity_id=one.id,
        from_version=one.version,
        from_status=one.status,
        to_version=move.to_version,
        to_status=to,
        outcome="moved",
    )


async def list_(call: Call) -> Answer:
    """Moves, the latest first."""
    refuse_parts(call)
    query = call.read_query(MovesQuery)
    before = paging.read(_LIST, query.cursor, tuple[dt.datetime, uuid.UUID])
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_moves(
            conn, call.org_id, name=query.name, before=before, limit=query.limit + 1
        )
    return answer(paging.page(_LIST, rows, query.limit, _seen, lambda row: (row.at, row.id)))


async def get(call: Call) -> Answer:
    """A move with how far it is."""
    return answer(_seen(await _find(call)))


async def _find(call: Call) -> MoveView:
    refuse_parts(call)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_move(conn, call.org_id, call.id())
    if found is None:
        raise not_found("migration")
    return found


async def list_entities(call: Call) -> Answer:
    """What a move did to each entity so far, in the order of their ids."""
    query, move = call.read_query(PageQuery), await _find(call)
    after = paging.read("flow-moved", query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_moved(conn, call.org_id, move.id, after=after, limit=query.limit + 1)
    return answer(paging.page("flow-moved", rows, query.limit, _moved, lambda row: row.entity_id))


def _moved(view: MovedView) -> EntityMoved:
    return EntityMoved(**{name: getattr(view, name) for name in view.__struct_fields__})


async def undo(call: Call) -> Answer:
    """Begins the way back of a move: everybody whom it has moved and who is still there goes back, the others stay and are told."""
    body = await call.read(_undo)
    command = UndoMove(move_id=call.new_id("flow move"), undoes=call.id(what="migration"), reason=body.reason)
    result = await commands.send(call, command, reason=body.reason)
    return commands.reply(call, result, status=201, location=f"/api/v1/flow-migrations/{command.move_id}")


def _seen(view: MoveView) -> MoveSeen:
    values = {name: getattr(view, name) for name in view.__struct_fields__}
    return MoveSeen(**{**values, "mapping": dict(view.mapping)})


_READ: dict[str, Any] = {"tag": "flows", "method": "GET", "permission": READ}
_WRITE: dict[str, Any] = {"tag": "flows", "method": "POST", "permission": WRITE}
_PROBLEMS = ("flow_move_running", "flow_move_exists")
OPERATIONS = (
    Operation(
        id="migrateFlow",
        path="/api/v1/flow-migrations",
        summary="Move entities to another version",
        endpoint=migrate,
        body=MoveWanted,
        answer=MoveBegun,
        status=201,
        changes=True,
        problems=(
            "flow_not_found",
            "flow_version_not_found",
            "flow_migration_refused",
            "flow_fixed",
            *_PROBLEMS,
        ),
        **_WRITE,
    ),
    Operation(
        id="previewMigration",
        path="/api/v1/flow-migrations:preview",
        summary="Show what a move would do",
        endpoint=preview,
        body=PreviewWanted,
        answer=Previewed,
        problems=("flow_version_not_found", "flow_entity_stays", "cursor_invalid"),
        **_WRITE,
    ),
    Operation(
        id="listMigrations",
        path="/api/v1/flow-migrations",
        summary="List moves",
        endpoint=list_,
        query=MovesQuery,
        answer=Page[MoveSeen],
        **_READ,
    ),
    Operation(
        id="getMigration",
        path="/api/v1/flow-migrations/{id}",
        summary="Show how far a move is",
        endpoint=get,
        answer=MoveSeen,
        **_READ,
    ),
    Operation(
        id="listMigrated",
        path="/api/v1/flow-migrations/{id}/entities",
        summary="List what a move did to each entity",
        endpoint=list_entities,
        query=PageQuery,
        answer=Page[EntityMoved],
        **_READ,
    ),
    Operation(
        id="undoMigration",
        path="/api/v1/flow-migrations/{id}/undo",
        summary="Undo a move",
        endpoint=undo,
        body=UndoWanted,
        answer=MoveBegun,
        status=201,
        changes=True,
        problems=("flow_move_not_found", "flow_move_undone", "flow_move_not_undoable", *_PROBLEMS),
        **_WRITE,
    ),
)
