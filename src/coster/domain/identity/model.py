"""Records of identity: keys, roles, grants, and the commands that change them.

What a role may do and how a key is written stand here too, because both deciding and reading need them.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from coster.kernel.authority import Authority

Scope = Literal[
    "read_enterprise", "write_enterprise", "read_products", "write_products", "read_orders", "write_orders"
]
"""What an enterprise can let another platform do: the six scopes of the Data Food Consortium, in our spelling."""
Role = Literal[
    "owner",
    "hub",
    "producer",
    "shop",
    "picker",
    "reader",
    "approver",
    "platform",
    "read_enterprise",
    "write_enterprise",
    "read_products",
    "write_products",
    "read_orders",
    "write_orders",
]
SCOPES: Final[tuple[Scope, ...]] = (
    "read_enterprise",
    "write_enterprise",
    "read_products",
    "write_products",
    "read_orders",
    "write_orders",
)

_READS: Final = frozenset(
    {
        "parties:read",
        "items:read",
        "stock:read",
        "sessions:read",
        "orders:read",
        "held_orders:read",
        "events:read",
        "flows:read",
    }
)
_OWN_GOODS: Final = frozenset({"items:write", "stock:write", "locations:write"})
_DFC_READS: Final = frozenset({"dfc_enterprises:read", "dfc_products:read", "dfc_orders:read"})
_DFC: Final = _DFC_READS | {"dfc_enterprises:write", "dfc_products:write", "dfc_orders:write"}
_HUB: Final = (
    _READS
    | _OWN_GOODS
    | _DFC
    | {
        "keys:manage",
        "parties:write",
        "relations:write",
        "customers:read",
        "customers:write",
        "sessions:write",
    }
    | {"orders:write", "orders:approve", "held_orders:write", "webhooks:manage"}
)

ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        # Everything, also what concerns the organisation itself.
        "owner": _HUB | {"org:manage", "flows:write"},
        # Runs a hub or a retailer, within its own enterprise: sells, buys, and hands out keys to its own people.
        "hub": _HUB,
        # Keeps its own goods and fulfils what is held of them; sees hubs, never an order of a shopper, never a person.
        "producer": _OWN_GOODS
        | {
            "parties:read",
            "relations:write",
            "items:read",
            "stock:read",
            "held_orders:read",
            "held_orders:write",
            "events:read",
        }
        | (_DFC - {"dfc_enterprises:write"}),
        # A sales channel: sends orders and customers, and may not read personal data back.
        "shop": frozenset(
            {
                "parties:read",
                "orders:read",
                "orders:write",
                "customers:write",
                "items:read",
                "stock:read",
                "sessions:read",
            }
        ),
        # Prepares what was ordered; nothing personal.
        "picker": frozenset(
            {"parties:read", "orders:read", "held_orders:read", "held_orders:write", "stock:read"}
        ),
        # Sees everything but personal data, changes nothing.
        "reader": _READS | _DFC_READS,
        # Agrees to orders on cost centres that name the key, and sees those while they wait for it.
        "approver": frozenset({"orders:approve"}),
        # Another platform, of which nothing more is known; what it may do, each enterprise says by the six that follow.
        "platform": frozenset(),
        "read_enterprise": frozenset({"dfc_enterprises:read"}),
        "write_enterprise": frozenset({"dfc_enterprises:write", "parties:write"}),
        "read_products": frozenset({"dfc_products:read"}),
        "write_products": frozenset({"dfc_products:write", "items:write", "stock:write"}),
        "read_orders": frozenset({"dfc_orders:read"}),
        "write_orders": frozenset({"dfc_orders:write"}),
    }
)
"""What each role may do, as `<area>:<verb>`; docs/reference/roles.md shows it as a table."""

PERMISSIONS: Final = ROLES["owner"]
"""Every permission that there is."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role, for one enterprise or (None) for the whole organisation."""

    role: Role
    enterprise_id: uuid.UUID | None = None


class CreateKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key. The edge made the secret and shows it once; only its hash comes here."""

    key_id: uuid.UUID
    name: str
    secret_hash: bytes
    hint: str
    grants: list[Grant]
    expires_at: dt.datetime | None = None


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key stops working at once."""

    key_id: uuid.UUID


class PutContact(msgspec.Struct, frozen=True, kw_only=True):
    """Where the holder of a key is written to, and in which language (BCP 47); without an address, nowhere."""

    key_id: uuid.UUID
    email: str = ""
    language: str = "en"
    expected_version: int | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Where the holder of a key is written to, as it is stored; personal data."""

    key_id: uuid.UUID
    email: str
    language: str
    version: int


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """A key as deciding needs it, and as it is to be stored."""

    id: uuid.UUID
    grants: tuple[Grant, ...]
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None

    def opens_all(self, at: dt.datetime) -> bool:
        """Whether whoever holds the key may do everything in the organisation at an instant."""
        good = self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
        return good and any(grant.role == "owner" and grant.enterprise_id is None for grant in self.grants)


class ContactsState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about contacts needs: the keys that are named, and the contacts there are."""

    keys: dict[uuid.UUID, KeyState]
    contacts: dict[uuid.UUID, Contact]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is to be stored, with the instant of its making."""

    body: CreateKey
    created_at: dt.datetime


class KeysWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Keys to make, and instants of revocation by key."""

    made: list[NewKey]
    revoked: dict[uuid.UUID, dt.datetime]


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key for who manages keys: everything but its secret and the hash of it."""

    id: uuid.UUID
    name: str
    hint: str
    grants: tuple[Grant, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: the key, its name, and what it may do."""

    key_id: uuid.UUID
    name: str
    authority: Authority


def authority_of(grants: Iterable[tuple[str, uuid.UUID | None]]) -> Authority:
    """What these grants come to together, each a role and its enterprise (None: the whole organisation)."""
    everywhere: frozenset[str] = frozenset()
    by_enterprise: dict[uuid.UUID, frozenset[str]] = {}
    for role, enterprise in grants:
        if enterprise is None:
            everywhere |= ROLES[role]
        else:
            by_enterprise[enterprise] = by_enterprise.get(enterprise, frozenset()) | ROLES[role]
    return Authority(everywhere, by_enterprise)


_TOKEN: Final = re.compile(r"coster_([1-9][0-9]{0,17})_[A-Za-z0-9_-]{43}", re.ASCII)
SECRET_BYTES: Final = 32


def new_token(org_id: int, secret: bytes) -> str:
    """The key as its holder sees it, once: `coster_<organisation>_<32 random bytes as base64url>`.

    Raises: ValueError for a secret of another length.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
    return f"coster_{org_id}_{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def parse_token(text: str) -> tuple[int, bytes] | None:
    """The organisation and the SHA-256 of the whole token, which is what is stored; None where it cannot be a token."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else (int(found[1]), hashlib.sha256(text.encode()).digest())


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is about to show personal data: which (`id` sorts by time), with which key, of which customers."""

    id: uuid.UUID
    at: dt.datetime
    key_id: uuid.UUID
    operation: str
    request_id: str
    customer_ids: list[uuid.UUID]


class AccessView(msgspec.Struct, frozen=True, kw_only=True):
    """That a key was shown the personal data of a customer. `request_id` finds the request in the log."""

    id: uuid.UUID
    customer_id: uuid.UUID
    at: dt.datetime
    key_id: uuid.UUID
    operation: str
    request_id: str


class AccessWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries a list shall have; `before_id` and `before_customer_id` are the last pair seen; None: any."""

    customer_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    before_id: uuid.UUID | None = None
    before_customer_id: uuid.UUID | None = None
    limit: int = 100


IdentityKind = Literal["client", "email", "subject"]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an issuer of tokens means: a client (a platform itself), or a person by e-mail or by the issuer's own id of it."""

    issuer: str
    kind: IdentityKind
    value: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that only the named key of the settings opens; `salt` was made for this secret alone."""

    key: str
    salt: bytes
    box: bytes


class PutPlatform(msgspec.Struct, frozen=True, kw_only=True):
    """Registers another platform as a key that nobody has given anything yet, or changes what is known of it.

    `secret_hash` and `hint` count only when it is made: of a token, or of random bytes where it comes with tokens of an issuer.
    `events_secret` is the token that it wants of us when it is told of changes; None: the one that is stored stays.
    """

    platform_id: uuid.UUID
    name: str
    profile: str = ""
    events_url: str = ""
    identities: list[Identity] = []
    secret_hash: bytes = b""
    hint: str = ""
    events_secret: Sealed | None = None
    expected_version: int | None = None


class SetScopes(msgspec.Struct, frozen=True, kw_only=True):
    """What the enterprise lets the platform do from now on: these scopes and no others."""

    platform_id: uuid.UUID
    enterprise_id: uuid.UUID
    scopes: list[Scope]


class LinkIdentities(msgspec.Struct, frozen=True, kw_only=True):
    """By which accounts of issuers the key is known from now on: these and no others."""

    key_id: uuid.UUID
    identities: list[Identity]


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """Another platform as it is stored; `id` is its key's."""

    id: uuid.UUID
    name: str
    profile: str
    events_url: str
    version: int


class PlatformsState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about platforms needs: the keys and platforms named, and whose the identities named are."""

    keys: dict[uuid.UUID, KeyState]
    platforms: dict[uuid.UUID, Platform]
    identities: dict[Identity, uuid.UUID]


class PlatformsWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Keys to make, platforms to store, all identities of keys, and grants to take away and to give."""

    made: list[NewKey]
    platforms: list[Platform]
    identities: dict[uuid.UUID, list[Identity]]
    secrets: dict[uuid.UUID, Sealed]
    withdrawn: list[tuple[uuid.UUID, Grant]]
    granted: list[tuple[uuid.UUID, Grant]]


class PlatformView(Platform, frozen=True, kw_only=True):
    """A platform with the identities by which it is known."""

    revoked_at: dt.datetime | None
    identities: tuple[Identity, ...]


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A platform that may read something of an enterprise, and where and with which secret it is told of changes."""

    platform_id: uuid.UUID
    enterprise_id: uuid.UUID
    scope: Scope
    events_url: str
    secret: Sealed | None


class Permitted(msgspec.Struct, frozen=True, kw_only=True):
    """What an enterprise lets a platform do."""

    platform_id: uuid.UUID
    name: str
    profile: str
    events_url: str
    version: int
    scopes: tuple[Scope, ...]
