"""Keys and organisations: loaded for deciding, and stored. Nobody but handlers calls this."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.identity.model import (
    Access,
    Contact,
    ContactsState,
    Grant,
    Identity,
    KeyState,
    KeysWrites,
    NewKey,
    Platform,
    PlatformsState,
    PlatformsWrites,
    authority_of,
)
from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows
from coster.engine.db.connect import Connection
from coster.kernel import ids
from coster.kernel.authority import Authority

_q = sql.load(__file__)


class _Granted(msgspec.Struct, frozen=True):
    """One grant of a valid key."""

    id: uuid.UUID
    expires_at: dt.datetime | None
    role: str
    enterprise_id: uuid.UUID


def authorities_asked(
    org_id: int, instants: Mapping[uuid.UUID, dt.datetime]
) -> Question[dict[uuid.UUID, Authority]]:
    """What those of these keys may do that are known, not revoked and not expired at their instant."""

    def read(rows: Rows) -> dict[uuid.UUID, Authority]:
        grants: dict[uuid.UUID, list[tuple[str, uuid.UUID | None]]] = {}
        for row in msgspec.convert(rows, list[_Granted]):
            if row.expires_at is None or instants[row.id] < row.expires_at:
                grants.setdefault(row.id, []).append((row.role, _scope(row.enterprise_id)))
        return {key: authority_of(held) for key, held in grants.items()}

    return Question(_q.authorise, {"org_id": org_id, "ids": list(instants)}, read)


async def lock_keys(conn: Connection, org_id: int, commands: Commands) -> dict[uuid.UUID, KeyState]:
    """The keys that the commands name, locked in the order of their ids."""
    return _states(await _q.lock_keys(conn, org_id=org_id, ids=list({c.body.key_id for c in commands})))


async def lock_keys_and_owners(
    conn: Connection, org_id: int, commands: Commands
) -> dict[uuid.UUID, KeyState]:
    """The keys that the commands name and every owner's, locked: two owners who revoke each other come one by one."""
    ids_named = list({c.body.key_id for c in commands})
    return _states(await _q.lock_keys_and_owners(conn, org_id=org_id, ids=ids_named))


def _states(rows: Iterable[Any]) -> dict[uuid.UUID, KeyState]:
    """The rows (one a grant) as keys."""
    found: dict[uuid.UUID, Any] = {}
    grants: dict[uuid.UUID, list[Grant]] = {}
    for row in rows:
        found[row["id"]] = row
        grant = Grant(role=row["role"], enterprise_id=_scope(row["enterprise_id"]))
        grants.setdefault(row["id"], []).append(grant)
    return {
        id_: KeyState(
            id=id_, grants=tuple(grants[id_]), expires_at=row["expires_at"], revoked_at=row["revoked_at"]
        )
        for id_, row in found.items()
    }


async def lock_contacts(conn: Connection, org_id: int, commands: Commands) -> ContactsState:
    """The keys that the commands name, locked in the order of their ids, and where their holders are written to."""
    named = list({c.body.key_id for c in commands})
    keys = _states(await _q.lock_keys(conn, org_id=org_id, ids=named))
    rows = await _q.load_contacts(conn, org_id=org_id, key_ids=named)
    return ContactsState(keys=keys, contacts={row["key_id"]: Contact(**row) for row in rows})


async def put_contacts(conn: Connection, org_id: int, contacts: Sequence[Contact]) -> None:
    """Stores where holders of keys are written to; one statement, or none for none."""
    if contacts:
        await _q.put_contacts(conn, org_id=org_id, rows=contacts)


async def write_keys(conn: Connection, org_id: int, writes: KeysWrites) -> None:
    """Stores new keys with their grants, and revocations; at most three statements."""
    await _insert_keys(conn, org_id, writes.made)
    if writes.revoked:
        await _q.revoke_keys(
            conn, org_id=org_id, ids=list(writes.revoked), revoked_ats=list(writes.revoked.values())
        )


async def _insert_keys(conn: Connection, org_id: int, keys: Iterable[NewKey]) -> None:
    if made := sorted(keys, key=lambda key: key.body.key_id):
        await _q.insert_keys(
            conn,
            org_id=org_id,
            ids=[key.body.key_id for key in made],
            names=[key.body.name for key in made],
            secret_hashes=[key.body.secret_hash for key in made],
            hints=[key.body.hint for key in made],
            created_ats=[key.created_at for key in made],
            expires_ats=[key.body.expires_at for key in made],
        )
        await _insert_grants(
            conn, org_id, [(key.body.key_id, one) for key in made for one in key.body.grants]
        )


async def _insert_grants(conn: Connection, org_id: int, grants: list[tuple[uuid.UUID, Grant]]) -> None:
    if grants:
        await _q.insert_grants(conn, org_id=org_id, **_triples(grants))


def _triples(grants: list[tuple[uuid.UUID, Grant]]) -> dict[str, list[Any]]:
    return {
        "key_ids": [key_id for key_id, _ in grants],
        "roles": [grant.role for _, grant in grants],
        "enterprise_ids": [grant.enterprise_id or ids.NIL for _, grant in grants],
    }


async def lock_platforms(conn: Connection, org_id: int, commands: Commands) -> PlatformsState:
    """The keys and platforms that the commands name, locked in the order of their ids, and whose the identities are."""
    named = [getattr(c.body, "platform_id", None) or c.body.key_id for c in commands]
    wanted = list({one for c in commands for one in getattr(c.body, "identities", ())})
    keys = _states(await _q.lock_keys(conn, org_id=org_id, ids=list(set(named))))
    platforms = await _q.lock_platforms(conn, org_id=org_id, ids=list(set(named)))
    identities = await _q.load_identities(conn, org_id=org_id, **_columns(wanted)) if wanted else ()
    return PlatformsState(
        keys=keys,
        platforms={row["id"]: Platform(**row) for row in platforms},
        identities={
            Identity(issuer=row["issuer"], kind=row["kind"], value=row["value"]): row["key_id"]
            for row in identities
        },
    )


async def write_platforms(conn: Connection, org_id: int, writes: PlatformsWrites) -> None:
    """Stores keys, platforms, identities and grants; at most eight statements."""
    await _insert_keys(conn, org_id, writes.made)
    if rows := sorted(writes.platforms, key=lambda platform: platform.id):
        await _q.put_platforms(
            conn,
            org_id=org_id,
            ids=[row.id for row in rows],
            names=[row.name for row in rows],
            profiles=[row.profile for row in rows],
            events_urls=[row.events_url for row in rows],
            versions=[row.version for row in rows],
        )
    if secrets := sorted(writes.secrets.items()):
        await _q.put_platform_secrets(
            conn,
            org_id=org_id,
            ids=[id_ for id_, _ in secrets],
            keys=[one.key for _, one in secrets],
            salts=[one.salt for _, one in secrets],
            boxes=[one.box for _, one in secrets],
        )
    if writes.identities:
        await _q.delete_identities(conn, org_id=org_id, key_ids=list(writes.identities))
        pairs = [(key_id, one) for key_id, known in writes.identities.items() for one in known]
        if pairs:
            columns = _columns([one for _, one in pairs])
            await _q.insert_identities(
                conn, org_id=org_id, key_ids=[key_id for key_id, _ in pairs], **columns
            )
    if writes.withdrawn:
        await _q.delete_grants(conn, org_id=org_id, **_triples(writes.withdrawn))
    await _insert_grants(conn, org_id, writes.granted)


def _columns(identities: list[Identity]) -> dict[str, list[str]]:
    return {
        "issuers": [one.issuer for one in identities],
        "kinds": [one.kind for one in identities],
        "values": [one.value for one in identities],
    }


async def create_org(conn: Connection, org_id: int, name: str, at: dt.datetime) -> bool:
    """Makes the organisation with its event counter; true where nobody can get into it yet, for lack of a key."""
    await _q.create_org(conn, org_id=org_id, name=name, at=at)
    await _q.create_event_counter(conn, org_id=org_id)
    return not await _q.has_keys(conn, org_id=org_id)


async def note_access(conn: Connection, org_id: int, access: Access) -> None:
    """Notes who is about to see whose personal data; one statement."""
    await _q.note_access(conn, org_id=org_id, **msgspec.structs.asdict(access))


async def forget_access(conn: Connection, before: dt.datetime) -> None:
    """Drops all such notes from before the instant, of every organisation."""
    await _q.forget_access(conn, before=before)


def _scope(enterprise_id: uuid.UUID) -> uuid.UUID | None:
    """The table has no null in its key; the nil id stands for the whole organisation."""
    return None if enterprise_id == ids.NIL else enterprise_id
