"""Who may hand out which keys, and take them back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.identity.model import (
    ROLES,
    CreateKey,
    Grant,
    KeyState,
    KeysWrites,
    NewKey,
    RevokeKey,
)
from coster.kernel import clock, refusal
from coster.kernel.authority import Authority
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

MOST_GRANTS = 1000
_HASH_BYTES = 32

Keys = Mapping[uuid.UUID, KeyState]


def create_keys(keys: Keys, commands: Sequence[Command[CreateKey]]) -> Decided[KeysWrites]:
    """Makes the keys whose grants the asker may hand out; `keys` are those that exist, by id."""
    taken = set(keys)
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    made: list[NewKey] = []
    for index, command in enumerate(commands):
        body = command.body
        refused = _refuse_key(body, command.authority, command.at) or _refuse_taken(body.key_id, taken)
        if refused:
            outcomes.append(refused)
            continue
        taken.add(body.key_id)
        made.append(NewKey(body=body, created_at=command.at))
        events.append((index, Event("key.created", "key", body.key_id, 1, _created(body))))
        outcomes.append(Accepted({"id": str(body.key_id), "version": 1}))
    return Decided(outcomes, KeysWrites(made=made, revoked={}), events)


def revoke_keys(keys: Keys, commands: Sequence[Command[RevokeKey]]) -> Decided[KeysWrites]:
    """Takes keys back; a key that was taken back before stays so, and is answered the same.

    `keys` are those named and every owner's, so that somebody is left who may do everything.
    """
    now = dict(keys)
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    revoked: dict[uuid.UUID, dt.datetime] = {}
    for index, command in enumerate(commands):
        key = now.get(command.body.key_id)
        refused = _refuse_revocation(key, command) or _refuse_lockout(now, command)
        if refused or key is None:
            outcomes.append(refused or UNKNOWN)
            continue
        if key.revoked_at is None:
            revoked[key.id] = command.at
            now[key.id] = msgspec.structs.replace(key, revoked_at=command.at)
            events.append((index, Event("key.revoked", "key", key.id, 2, concerned(key.grants))))
        outcomes.append(Accepted({"id": str(key.id), "version": 2}))
    return Decided(outcomes, KeysWrites(made=[], revoked=revoked), events)


def may_hand_out(authority: Authority, grant: Grant) -> bool:
    """Whether somebody may give this grant: who manages keys there, and has himself all that the role may do."""
    return all(authority.allows(p, grant.enterprise_id) for p in ROLES[grant.role] | {"keys:manage"})


def manages_keys(authority: Authority) -> bool:
    """Whether somebody may manage the keys of anything at all."""
    return authority.scope("keys:manage") != frozenset()


def _refuse_key(body: CreateKey, authority: Authority, at: dt.datetime) -> Rejected | None:
    if not manages_keys(authority):
        return refusal.not_permitted("manage keys")
    for grant in body.grants:
        if not may_hand_out(authority, grant):
            place = (
                f"for the enterprise {grant.enterprise_id}"
                if grant.enterprise_id
                else "for the whole organisation"
            )
            return refusal.not_permitted(f"hand out the role {grant.role} {place}, as it goes beyond its own")
    faults = refusal.Faults()
    faults.text("name", body.name, most=100, needed=True)
    faults.text("hint", body.hint, most=8)
    faults.number("grants", len(body.grants), least=1, most=MOST_GRANTS)
    faults.distinct("grants", [(grant.role, grant.enterprise_id) for grant in body.grants])
    if len(body.secret_hash) != _HASH_BYTES:
        faults.add("secret_hash", f"has {len(body.secret_hash)} bytes; SHA-256 gives {_HASH_BYTES}")
    if body.expires_at is not None and body.expires_at <= at:
        faults.add("expires_at", "is over; a key expires in the future, or never")
    return faults.rejected()


def _refuse_taken(key_id: uuid.UUID, taken: set[uuid.UUID]) -> Rejected | None:
    if key_id not in taken:
        return None
    return Rejected("key_exists", "There is a key with this id; leave the id out to be given a new one.")


def _refuse_revocation(key: KeyState | None, command: Command[RevokeKey]) -> Rejected | None:
    """Whoever may manage none of a key's grants learns nothing of it; a key may always end itself."""
    if key is None:
        return UNKNOWN
    authority = command.authority
    if key.id == command.actor or all(may_hand_out(authority, grant) for grant in key.grants):
        return None
    if not any(authority.allows("keys:manage", grant.enterprise_id) for grant in key.grants):
        return UNKNOWN
    return refusal.not_permitted("revoke this key, as the key may do more than it")


def _refuse_lockout(keys: Keys, command: Command[RevokeKey]) -> Rejected | None:
    """Without an owner's key nobody could make one any more."""
    owners = {key.id for key in keys.values() if key.opens_all(command.at)}
    if owners != {command.body.key_id}:
        return None
    return Rejected(
        "last_owner_key",
        "This is the last key of an owner, and nobody could make another; make one first, then revoke this.",
    )


UNKNOWN = Rejected("key_unknown", "No key that you manage has this id; list them at /api/v1/keys.")


def _created(body: CreateKey) -> dict[str, Any]:
    """What the event tells: no name and no hint, since names of keys are often names of people."""
    grants = [
        {"role": g.role, "enterprise": str(g.enterprise_id) if g.enterprise_id else None} for g in body.grants
    ]
    expires_at = clock.text(body.expires_at) if body.expires_at else None
    return {"grants": grants, "expires_at": expires_at, **concerned(body.grants)}


def concerned(grants: Iterable[Grant]) -> dict[str, Any]:
    """The enterprises for which the key is; a key that is for more than enterprises concerns the organisation."""
    scopes = {grant.enterprise_id for grant in grants}
    return {} if None in scopes else {"enterprises": sorted(map(str, scopes))}
