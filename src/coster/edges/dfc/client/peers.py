"""The platforms that hubs of ours are connected to: what they are, what they offer, and the orders of our hubs there."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from coster.domain.federation import reads
from coster.domain.federation.model import (
    Access,
    Catalogue,
    Discovered,
    Failed,
    ImportCatalogue,
    NoteRefresh,
    Sealed,
    SealedAccess,
    Unchanged,
)
from coster.domain.federation.ports import Answered, Ask, NotAllowed, Seen
from coster.edges.dfc.client import catalogues, discovering
from coster.edges.dfc.client.ordering import Parties
from coster.edges.dfc.client.orders import Orders, Way
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.tokens import Tokens
from coster.edges.dfc.client.transport import Patience, Wire
from coster.edges.dfc.iris import PREFIX, Iris
from coster.engine.db.connect import Database
from coster.engine.webhooks import sealing
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.model import Seed, Target
from coster.engine.webhooks.signing import Keyring, KeyUnknownError
from coster.kernel.clock import SystemClock

# Who has not set where it can be reached is called by a name that leads nowhere (RFC 2606), and not by one that somebody else may have.
_NOWHERE: Final = "https://coster.invalid"


@contextlib.asynccontextmanager
async def connected(
    database: Database, keyring: Keyring, *, networks: Iterable[str], public_url: str
) -> AsyncIterator[Peers]:
    """The way to other platforms, while the block runs; private ones in these networks alone. Tokens are good by the machine's clock."""
    wire = Wire(Guard(networks))
    try:
        yield Peers(database, keyring, wire, public_url=public_url, now=SystemClock().now)
    finally:
        await wire.close()


class Peers:
    """Everything that is asked of other platforms. Nothing in here holds a transaction while it waits for an answer."""

    longest_seconds = 540.0
    """How long reading one catalogue, or discovering a platform, may take with all its pages: less than a claim (`refreshing`)."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        wire: Wire,
        *,
        public_url: str,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._guard = wire.guard
        self._keyring = keyring
        self._iris = Iris((public_url.rstrip("/") or _NOWHERE) + PREFIX)
        self._speaker = Speaker(wire, Tokens(wire, now))
        self._orders = Orders(self._speaker, self._way)

    async def discover(self, org_id: int, peer_id: uuid.UUID) -> Discovered | Failed:
        """What a platform says of itself."""
        async with self._database.read(org_id) as conn:
            sealed = await reads.access(conn, org_id, peer_id)
        access = self._opened(org_id, sealed)
        if isinstance(access, str):
            return Failed(code="peer_refused", why=access)
        try:
            async with asyncio.timeout(self.longest_seconds):
                return await discovering.discover(self._speaker, access)
        except TimeoutError:
            why = f"the platform was not done within {self.longest_seconds:g} seconds"
            return Failed(code="peer_unreachable", why=why)

    async def catalogue(
        self, org_id: int, producer_id: uuid.UUID, *, anew: bool = False
    ) -> Catalogue | Unchanged | Failed:
        """What a supplier offers; `anew` even where the platform says that nothing has changed."""
        async with self._database.read(org_id) as conn:
            found = await reads.access_of_supplier(conn, org_id, producer_id)
        access = self._opened(org_id, found.access if found else None)
        if found is None or isinstance(access, str):
            return Failed(code="peer_refused", why=str(access))
        etag = "" if anew else found.etag
        try:
            async with asyncio.timeout(self.longest_seconds):
                return await catalogues.read(self._speaker, access, found.enterprise_iri, etag)
        except TimeoutError:
            why = f"the whole catalogue was not there within {self.longest_seconds:g} seconds"
            return Failed(code="peer_unreachable", why=why)

    async def refreshed(
        self, org_id: int, producer_id: uuid.UUID, *, anew: bool = False
    ) -> ImportCatalogue | NoteRefresh:
        """The command that follows from reading a supplier's catalogue now."""
        found = await self.catalogue(org_id, producer_id, anew=anew)
        if isinstance(found, Catalogue):
            return ImportCatalogue(
                producer_id=producer_id,
                offered=found.offered,
                complete=not found.warning,
                etag=found.etag,
                warning=found.warning,
            )
        return NoteRefresh(producer_id=producer_id, error=found.why if isinstance(found, Failed) else "")

    async def judge(self, url: str) -> Target:
        """The address, and why it may not be called (None: it may)."""
        return await self._guard.judge(url)

    def seal(self, org_id: int, peer_id: uuid.UUID, secret: str, entropy: bytes) -> Sealed:
        """A secret as it is stored, with 32 random bytes of the edge."""
        seed, box = sealing.seal(self._keyring, (org_id, peer_id), secret, entropy)
        return Sealed(key=seed.key, salt=seed.salt, box=box)

    async def put(self, ask: Ask) -> Answered:
        """Makes a held order be so at its supplier."""
        return await self._orders.put(ask)

    async def look(self, ask: Ask) -> Seen:
        """What the supplier of a held order holds."""
        return await self._orders.look(ask)

    async def _way(self, ask: Ask) -> Way | NotAllowed:
        async with self._database.read(ask.org_id) as conn:
            found = await reads.access_of_supplier(conn, ask.org_id, ask.producer_id)
            named = [line.product for line in ask.lines]
            products = await reads.products(conn, ask.org_id, ask.producer_id, named)
            hub = await reads.hub_name(conn, ask.org_id, ask.hub_id)
        access = self._opened(ask.org_id, found.access if found else None)
        if found is None or isinstance(access, str):
            return NotAllowed(cause=str(access))
        parties = Parties(
            supplier=found.enterprise_iri,
            hub=self._iris.enterprise(ask.hub_id),
            hub_name=hub,
            session=self._iris.session(ask.hub_id, ask.session.id),
            products=products,
        )
        return Way(access=access, parties=parties, patience=Patience())

    def _opened(self, org_id: int, sealed: SealedAccess | None) -> Access | str:
        """The access with its secret, or why there is none."""
        if sealed is None:
            return "there is no connection to this platform any more"
        secret = ""
        if sealed.secret_key:
            seed = Seed(key=sealed.secret_key, salt=sealed.secret_salt)
            try:
                secret = sealing.unseal(self._keyring, (org_id, sealed.peer_id), seed, sealed.secret_box)
            except (sealing.UnsealableError, KeyUnknownError):
                return "the secret of this connection cannot be opened with the keys of the settings; give it anew"
        return Access(
            peer_id=sealed.peer_id,
            url=sealed.url,
            auth=sealed.auth,
            issuer=sealed.issuer,
            client_id=sealed.client_id,
            secret=secret,
        )
