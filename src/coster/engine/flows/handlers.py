"""Commands on flows → how they are carried out, for the kinds of entities that the program has.

Texts are read and proved before anything is decided, in a thread: that takes longer than everything else here, and nobody else
needs to wait for it.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection
from coster.engine.flows import migrating, model, pinning, rules, store
from coster.engine.flows.folding import Fold
from coster.engine.flows.library import Library
from coster.kernel.message import Command


def handlers(libraries: Iterable[Library]) -> tuple[Handler[Any, Any], ...]:
    """The handlers of all commands on flows of these kinds of entities."""
    load = functools.partial(_load, {library.entity: library for library in libraries})
    return (
        Handler("flows.draft", model.DraftFlow, load, rules.draft, store.write),
        Handler("flows.drop_draft", model.DropDraft, load, rules.drop, store.write),
        Handler("flows.publish", model.PublishFlow, load, rules.publish, store.write),
        Handler("flows.pin", model.PinFlow, load, pinning.pin, store.write),
        Handler("flows.retire", model.RetireFlow, load, rules.retire, store.write),
        Handler("flows.migrate", model.MigrateFlow, load, migrating.migrate, store.write),
        Handler("flows.undo", model.UndoMove, load, migrating.undo, store.write),
    )


async def _load(
    libraries: Mapping[str, Library], conn: Connection, org_id: int, commands: Commands
) -> model.Flows:
    """The organisation's flows, locked, and what the checker says of the texts that the commands are about."""
    bodies = [command.body for command in commands]
    drafts = [(body.name, body.version) for body in bodies if isinstance(body, model.PublishFlow)]
    moves = [id_ for body in bodies for id_ in _moves(body)]
    known = await store.load(conn, org_id, drafts, moves)
    # One organisation, few kinds of entities, and nothing is asked where they were compiled before.
    tables = {entity: await library.at(conn, org_id, known.mark) for entity, library in libraries.items()}
    state = model.Flows(
        mark=known.mark,
        heads={head.name: head for head in known.heads},
        drafts={(draft.name, draft.version): draft for draft in known.drafts},
        versions={(version.name, version.version): version for version in known.versions},
        pins={pin.name: pin for pin in known.pins},
        moves=known.moves,
        shipped={
            name: tables[entity].unpinned[name]
            for entity, library in libraries.items()
            for name in library.shipped
        },
        vocabularies={entity: library.vocabulary for entity, library in libraries.items()},
        tables=tables,
    )
    judged = await asyncio.to_thread(_judged, state, commands)
    return model.Flows(
        **{**{name: getattr(state, name) for name in state.__struct_fields__}, "judged": judged}
    )


def _moves(body: Any) -> tuple[uuid.UUID, ...]:
    """The moves that a command is about."""
    if isinstance(body, model.MigrateFlow):
        return (body.move_id,)
    return (body.move_id, body.undoes) if isinstance(body, model.UndoMove) else ()


def _judged(state: model.Flows, commands: Sequence[Command[Any]]) -> dict[uuid.UUID, model.Judged]:
    """What is to be said of the texts of commands, by the command. Pure, and the longest part of it all."""
    found: dict[uuid.UUID, model.Judged] = {}
    so_far = Fold(state)
    known = (state.vocabularies, so_far.in_use()) if commands else ({}, {})
    for command in commands:
        body = command.body
        if isinstance(body, model.DraftFlow):
            found[command.id] = rules.read(body.text)
        elif isinstance(body, model.PublishFlow) and (draft := state.drafts.get((body.name, body.version))):
            pinned = so_far.current(body.name)
            before = so_far.flow(body.name, pinned) if pinned is not None else None
            found[command.id] = rules.judge(draft.text, known, before, body.mapping)
    return found
