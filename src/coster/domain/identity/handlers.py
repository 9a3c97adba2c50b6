"""Which command of identity is loaded for, decided and written by what; and who may send any command at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import asyncpg

from coster.domain.identity import store
from coster.domain.identity.model import (
    Access,
    Contact,
    ContactsState,
    CreateKey,
    KeyState,
    KeysWrites,
    LinkIdentities,
    PlatformsState,
    PlatformsWrites,
    PutContact,
    PutPlatform,
    RevokeKey,
    SetScopes,
)
from coster.domain.identity.rules import contacts, platforms
from coster.domain.identity.rules import keys as rules
from coster.engine import observe
from coster.engine.batch.handler import Commands, Handler
from coster.engine.batch.run import Runner
from coster.engine.db.ask import Question, Rows, known
from coster.engine.db.connect import Database
from coster.kernel import authority, ids
from coster.kernel.authority import Authority
from coster.kernel.errors import Busy
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Outcome, Rejected

_BETWEEN_CLEANINGS: Final = 3600.0
_Keys = dict[uuid.UUID, KeyState]

CREATE_KEY: Handler[_Keys, KeysWrites] = Handler(
    kind="identity.create_key",
    body=CreateKey,
    load=store.lock_keys,
    decide=rules.create_keys,
    write=store.write_keys,
)
REVOKE_KEY: Handler[_Keys, KeysWrites] = Handler(
    kind="identity.revoke_key",
    body=RevokeKey,
    load=store.lock_keys_and_owners,
    decide=rules.revoke_keys,
    write=store.write_keys,
)
PUT_PLATFORM: Handler[PlatformsState, PlatformsWrites] = Handler(
    kind="identity.put_platform",
    body=PutPlatform,
    load=store.lock_platforms,
    decide=platforms.put_platforms,
    write=store.write_platforms,
)
SET_SCOPES: Handler[PlatformsState, PlatformsWrites] = Handler(
    kind="identity.set_scopes",
    body=SetScopes,
    load=store.lock_platforms,
    decide=platforms.set_scopes,
    write=store.write_platforms,
)
LINK_IDENTITIES: Handler[PlatformsState, PlatformsWrites] = Handler(
    kind="identity.link_identities",
    body=LinkIdentities,
    load=store.lock_platforms,
    decide=platforms.link_identities,
    write=store.write_platforms,
)
PUT_CONTACT: Handler[ContactsState, list[Contact]] = Handler(
    kind="identity.put_contact",
    body=PutContact,
    load=store.lock_contacts,
    decide=contacts.put_contacts,
    write=store.put_contacts,
)
HANDLERS: tuple[Handler[Any, Any], ...] = (
    CREATE_KEY,
    REVOKE_KEY,
    PUT_PLATFORM,
    SET_SCOPES,
    LINK_IDENTITIES,
    PUT_CONTACT,
)


def authorise(org_id: int, commands: Commands) -> Question[Mapping[uuid.UUID, Authority | None]]:
    """What each actor may do now, None for a key that is unknown, revoked or expired.

    An actor with several commands is judged at the latest of their instants.
    """
    instants: dict[uuid.UUID, dt.datetime] = {}
    for command in commands:
        if command.actor not in instants or instants[command.actor] < command.at:
            instants[command.actor] = command.at
    if instants.pop(SYSTEM, None) and not instants:
        return known({SYSTEM: authority.SYSTEM})
    asked = store.authorities_asked(org_id, instants)

    def read(rows: Rows) -> Mapping[uuid.UUID, Authority | None]:
        return {**dict.fromkeys(instants), **asked.read(rows), SYSTEM: authority.SYSTEM}

    return Question(asked.statement, asked.values, read)


async def create_organisation(
    database: Database, org_id: int, *, name: str, first_key: CreateKey, at: dt.datetime
) -> Outcome:
    """Makes an organisation and its first key, as the system; the outcome is the key's.

    It can be called again when it was cut short. An organisation that has a key is refused, so that nobody gets
    into somebody else's by making it anew.
    """
    async with database.write(org_id) as conn:
        empty = await store.create_org(conn, org_id, name, at)
    if not empty:
        return Rejected(
            "organisation_exists", f"There is an organisation {org_id} with keys; choose another number."
        )
    command = Command(ids.derived("first key", org_id, first_key.key_id), org_id, SYSTEM, at, first_key)
    (result,) = await Runner(database, authorise).run(CREATE_KEY, [command])
    if isinstance(result, BaseException):
        raise result
    return result.outcome


async def note_access(database: Database, org_id: int, access: Access) -> None:
    """Notes whose personal data a request is about to show; once this returns, the note is durable."""
    async with database.write(org_id) as conn:
        await store.note_access(conn, org_id, access)


async def keep_access(database: Database, oldest: Callable[[], dt.datetime]) -> None:
    """Drops notes from before the instant that `oldest` gives at that moment, every hour until it is cancelled."""
    while True:
        try:
            async with database.system() as conn:
                await store.forget_access(conn, oldest())
        except (Busy, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as fault:
            observe.log.warning("access_retention_failed", cause=type(fault).__name__)
        await asyncio.sleep(_BETWEEN_CLEANINGS)
