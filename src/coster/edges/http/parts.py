"""What the endpoints work with, put together once by the app and handed to every call."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from coster.domain.federation.model import Discovered, Failed, ImportCatalogue, NoteRefresh, Sealed
from coster.domain.identity.model import Access
from coster.domain.linking.ports import Waiting
from coster.edges.http.auth import Authenticator
from coster.engine.batch.gather import Gatherer
from coster.engine.db.connect import Database
from coster.engine.flows.library import Library
from coster.engine.outbox.wake import Bell
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.model import Target
from coster.engine.webhooks.signing import Keyring
from coster.kernel.clock import Clock


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what a caller may send: bytes of a body and of a batch's row, rows of a batch in work at
    once, event streams."""

    max_body_bytes: int
    max_row_bytes: int
    max_rows_in_work: int
    max_streams: int


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What making a webhook needs: the judge of addresses, and the keys from which secrets follow."""

    guard: Guard
    keyring: Keyring


class Peers(Protocol):
    """The platforms that hubs of ours are connected to (edges.dfc.client). Nothing raises for what a platform or a network does."""

    async def judge(self, url: str) -> Target:
        """The address, and why it may not be called (None: it may)."""
        ...

    def seal(self, org_id: int, peer_id: uuid.UUID, secret: str, entropy: bytes) -> Sealed:
        """A secret as it is stored, with 32 random bytes of the edge."""
        ...

    async def discover(self, org_id: int, peer_id: uuid.UUID) -> Discovered | Failed:
        """What a platform says of itself."""
        ...

    async def refreshed(
        self, org_id: int, producer_id: uuid.UUID, *, anew: bool = False
    ) -> ImportCatalogue | NoteRefresh:
        """The command that follows from reading a supplier's catalogue now."""
        ...


async def nobody_sees(_org_id: int, _access: Access) -> None:
    """Where no personal data is shown."""


async def nothing_to_settle() -> None:
    """Where no relay runs."""


@dataclass(slots=True)
class Parts:
    """The machinery behind the edge. `ready` says why the server takes no requests, or None; `settle` waits until every
    reaction and timer that is due has run (the demonstration's clock needs it); `libraries` give the flows by the kind of entity;
    `note_access` keeps who is about to see whose personal data. `leaving`: requests are still taken, and whoever asks whether
    the server is ready hears that it is not; `stopping`: nothing is taken any more. `public_url`: how others call this server;
    `issuers`: whose tokens it takes from other platforms; `links`: those who wait for suppliers on other platforms.
    """

    database: Database
    gatherer: Gatherer
    authenticator: Authenticator
    clock: Clock
    limits: Limits
    libraries: Mapping[str, Library] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)
    webhooks: Webhooks | None = None
    links: Waiting | None = None
    peers: Peers | None = None
    note_access: Callable[[int, Access], Awaitable[None]] = nobody_sees
    settle: Callable[[], Awaitable[None]] = nothing_to_settle
    leaving: bool = False
    stopping: bool = False
    streams: int = 0
    public_url: str = ""
    issuers: Sequence[str] = ()
    currencies: dict[tuple[int, uuid.UUID], str] = field(default_factory=dict)
