"""The commands about sessions, and how each is carried out."""

from __future__ import annotations

import uuid
from typing import Any

from coster.domain.parties import store as parties_store
from coster.domain.sessions import store
from coster.domain.sessions.model import (
    CloseSession,
    EndSession,
    FullSession,
    OpenSession,
    PutSession,
    ReopenSession,
    SessionsState,
)
from coster.domain.sessions.rules import life, planning, recurrence
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection


async def _load(conn: Connection, org_id: int, commands: Commands) -> SessionsState:
    """The named sessions and nothing else."""
    return SessionsState(
        sessions=await store.lock_sessions(conn, org_id, {c.body.session_id for c in commands})
    )


async def load_following(conn: Connection, org_id: int, commands: Commands) -> SessionsState:
    """The named sessions, and for those that may close now what follows them."""
    sessions = await store.lock_sessions(conn, org_id, {c.body.session_id for c in commands})
    followers: dict[uuid.UUID, FullSession] = {}
    for command in commands:
        session = sessions.get(command.body.session_id)
        if (
            session
            and session.status in ("planned", "open")
            and (next_ := recurrence.follower(session, command.at))
        ):
            followers[command.id] = next_
    series = {next_.series_id for next_ in followers.values() if next_.series_id}
    return SessionsState(
        sessions=sessions, followers=followers, last=await store.load_last(conn, org_id, series)
    )


async def _load_wider(conn: Connection, org_id: int, commands: Commands) -> SessionsState:
    """The named sessions, and what is known of the hubs and items that they are to have."""
    sessions = await store.lock_sessions(conn, org_id, {c.body.session_id for c in commands})
    hubs = {hub for c in commands for hub in (c.body.coordinator_id, *c.body.hub_ids)}
    items = {listing.item_id for c in commands for listing in c.body.listings or ()}
    relations = await parties_store.load_relations(conn, org_id, hubs) if items else {}
    return SessionsState(
        sessions=sessions,
        enterprises=frozenset(await parties_store.load_enterprises(conn, org_id, hubs)),
        owners=await store.load_owners(conn, org_id, items),
        supplied=frozenset(pair for pair, relation in relations.items() if relation.active),
    )


HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("sessions.put", PutSession, _load_wider, planning.put, store.write),
    Handler("sessions.open", OpenSession, _load, life.open_, store.write),
    Handler("sessions.close", CloseSession, load_following, life.close, store.write),
    Handler("sessions.reopen", ReopenSession, _load, life.reopen, store.write),
    Handler("sessions.end", EndSession, load_following, life.end, store.write),
)
