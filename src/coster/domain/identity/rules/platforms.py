"""Which platforms there are, by what issuers know them, and what enterprises let them do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from coster.domain.identity.model import (
    SCOPES,
    CreateKey,
    Grant,
    Identity,
    KeyState,
    LinkIdentities,
    NewKey,
    Platform,
    PlatformsState,
    PlatformsWrites,
    PutPlatform,
    Sealed,
    SetScopes,
)
from coster.domain.identity.rules import keys
from coster.kernel import refusal
from coster.kernel.authority import Authority
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_HASH_BYTES: Final = 32
_MOST_IDENTITIES: Final = 50
_MOST_URL: Final = 2000


def put_platforms(
    state: PlatformsState, commands: Sequence[Command[PutPlatform]]
) -> Decided[PlatformsWrites]:
    """Registers platforms, each a key without any right, or changes what is known of them; for who manages the organisation."""
    now = _Now(state)
    for index, command in enumerate(commands):
        body = command.body
        old = now.platforms.get(body.platform_id)
        refused = _refuse_platform(now, old, command) or now.refuse_identities(
            body.platform_id, body.identities
        )
        if refused:
            now.outcomes.append(refused)
            continue
        if old is None:
            now.make(command)
        new = Platform(
            id=body.platform_id,
            name=body.name,
            profile=body.profile,
            events_url=body.events_url,
            version=old.version + 1 if old else 1,
        )
        name = "platform.changed" if old else "platform.registered"
        now.put(index, new, Event(name, "platform", new.id, new.version, {}))
        now.link(new.id, body.identities)
        if body.events_secret is not None:
            now.secrets[new.id] = body.events_secret
    return now.decided()


def set_scopes(state: PlatformsState, commands: Sequence[Command[SetScopes]]) -> Decided[PlatformsWrites]:
    """Gives and takes scopes of one enterprise; who does it must be able to hand out keys there, and have what he gives."""
    now = _Now(state)
    for index, command in enumerate(commands):
        body = command.body
        platform, key = now.platforms.get(body.platform_id), now.keys.get(body.platform_id)
        refused = _refuse_scopes(command.authority, body)
        if refused or platform is None or key is None or key.revoked_at is not None:
            now.outcomes.append(refused or _UNKNOWN)
            continue
        has = {grant.role for grant in key.grants if grant.enterprise_id == body.enterprise_id}
        given = [scope for scope in SCOPES if scope in body.scopes and scope not in has]
        taken = [scope for scope in SCOPES if scope in has and scope not in body.scopes]
        if not given and not taken:
            now.outcomes.append(Accepted({"id": str(platform.id), "version": platform.version}))
            continue
        now.regrant(key, body.enterprise_id, given=given, taken=taken)
        data = {
            "enterprise": str(body.enterprise_id),
            "enterprises": [str(body.enterprise_id)],
            "scopes": [scope for scope in SCOPES if scope in body.scopes],
            "granted": given,
            "withdrawn": taken,
        }
        new = msgspec.structs.replace(platform, version=platform.version + 1)
        now.put(index, new, Event("platform.scopes_changed", "platform", new.id, new.version, data))
    return now.decided()


def link_identities(
    state: PlatformsState, commands: Sequence[Command[LinkIdentities]]
) -> Decided[PlatformsWrites]:
    """Says by which accounts of issuers a key is known, for example the person who has it; for who manages the organisation."""
    now = _Now(state)
    for index, command in enumerate(commands):
        body = command.body
        refused: Rejected | None = None
        if not command.authority.allows("org:manage"):
            refused = refusal.not_permitted("say who is meant by tokens of issuers")
        elif body.key_id not in now.keys:
            refused = Rejected("key_unknown", "No key has this id; list them at /api/v1/keys.")
        refused = refused or now.refuse_identities(body.key_id, body.identities)
        if refused is None:
            now.link(body.key_id, body.identities)
            now.tell_link(index, command)
        now.outcomes.append(refused or Accepted({"id": str(body.key_id), "version": 1}))
    return now.decided()


class _Now:
    """How things stand after the commands decided so far, and what is to be written."""

    def __init__(self, state: PlatformsState) -> None:
        self.keys = dict(state.keys)
        self.platforms = dict(state.platforms)
        self.outcomes: list[Outcome] = []
        self.secrets: dict[uuid.UUID, Sealed] = {}
        self._owners = dict(state.identities)
        self._events: list[tuple[int, Event]] = []
        self._made: list[NewKey] = []
        self._written: dict[uuid.UUID, Platform] = {}
        self._linked: dict[uuid.UUID, list[Identity]] = {}
        self._had: dict[tuple[uuid.UUID, Grant], bool] = {}
        self._has: dict[tuple[uuid.UUID, Grant], bool] = {}

    def make(self, command: Command[PutPlatform]) -> None:
        """A key for a new platform, with no right but that of being one."""
        body, nothing = command.body, [Grant(role="platform")]
        key = CreateKey(
            key_id=body.platform_id,
            name=body.name,
            secret_hash=body.secret_hash,
            hint=body.hint,
            grants=nothing,
        )
        self._made.append(NewKey(body=key, created_at=command.at))
        self.keys[body.platform_id] = KeyState(id=body.platform_id, grants=tuple(nothing))

    def put(self, index: int, platform: Platform, event: Event) -> None:
        """A platform as it is from now on, and what is told of it."""
        self.platforms[platform.id] = self._written[platform.id] = platform
        self._events.append((index, event))
        self.outcomes.append(Accepted({"id": str(platform.id), "version": platform.version}))

    def link(self, key_id: uuid.UUID, identities: Sequence[Identity]) -> None:
        """By what a key is known from now on."""
        for one in [one for one, owner in self._owners.items() if owner == key_id]:
            del self._owners[one]
        self._owners |= dict.fromkeys(identities, key_id)
        self._linked[key_id] = list(identities)

    def tell_link(self, index: int, command: Command[LinkIdentities]) -> None:
        """That somebody decided anew who is meant by a key; not who, since that is a person's. Each decision is an entity of its own."""
        data = {"key": str(command.body.key_id)}
        self._events.append((index, Event("key.identities_changed", "key_link", command.id, 1, data)))

    def regrant(
        self, key: KeyState, enterprise: uuid.UUID, *, given: Sequence[Any], taken: Sequence[Any]
    ) -> None:
        """The key with these scopes more and those less."""
        changes = [(role, True) for role in given] + [(role, False) for role in taken]
        grants = dict.fromkeys(key.grants)
        for role, wanted in changes:
            grant = Grant(role=role, enterprise_id=enterprise)
            self._had.setdefault((key.id, grant), grant in grants)
            self._has[key.id, grant] = wanted
            if wanted:
                grants[grant] = None
            else:
                del grants[grant]
        self.keys[key.id] = msgspec.structs.replace(key, grants=tuple(grants))

    def refuse_identities(self, key_id: uuid.UUID, identities: Sequence[Identity]) -> Rejected | None:
        """Identities that cannot be, or that are somebody else's."""
        faults = refusal.Faults()
        faults.number("identities", len(identities), most=_MOST_IDENTITIES)
        faults.distinct("identities", identities)
        for number, one in enumerate(identities):
            faults.text(f"identities[{number}].issuer", one.issuer, most=_MOST_URL, needed=True)
            faults.text(f"identities[{number}].value", one.value, most=320, needed=True)
        if found := faults.rejected():
            return found
        if any(self._owners.get(one, key_id) != key_id for one in identities):
            return Rejected(
                "identity_taken", "One of these identities belongs to another key; take it away there first."
            )
        return None

    def decided(self) -> Decided[PlatformsWrites]:
        """All of it."""
        changed = [pair for pair, has in self._has.items() if has != self._had[pair]]
        writes = PlatformsWrites(
            made=self._made,
            platforms=list(self._written.values()),
            identities=self._linked,
            secrets=self.secrets,
            withdrawn=[pair for pair in changed if not self._has[pair]],
            granted=[pair for pair in changed if self._has[pair]],
        )
        return Decided(self.outcomes, writes, self._events)


def _refuse_platform(now: _Now, old: Platform | None, command: Command[PutPlatform]) -> Rejected | None:
    body = command.body
    if not command.authority.allows("org:manage"):
        return refusal.not_permitted("register platforms")
    if old is None and body.platform_id in now.keys:
        return Rejected("key_exists", "There is a key with this id; leave the id out to be given a new one.")
    conflict = refusal.version_conflict(
        "platform", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    faults = refusal.Faults()
    faults.text("name", body.name, most=100, needed=True)
    faults.text("profile", body.profile, most=_MOST_URL)
    faults.text("events_url", body.events_url, most=_MOST_URL)
    faults.text("hint", body.hint, most=8)
    if old is None and len(body.secret_hash) != _HASH_BYTES:
        faults.add("secret_hash", f"has {len(body.secret_hash)} bytes; SHA-256 gives {_HASH_BYTES}")
    return faults.rejected()


def _refuse_scopes(authority: Authority, body: SetScopes) -> Rejected | None:
    if not authority.allows("keys:manage", body.enterprise_id):
        return refusal.not_permitted("say what platforms may do for this enterprise")
    for scope in body.scopes:
        if not keys.may_hand_out(authority, Grant(role=scope, enterprise_id=body.enterprise_id)):
            return refusal.not_permitted(f"give the scope {scope}, as it goes beyond its own")
    return None


_UNKNOWN = Rejected("platform_unknown", "No platform has this id; list them at /api/v1/platforms.")
