"""Other platforms are told that something has changed: `refresh`, the enterprise, the scope, and nothing of what it is.

Who may read an enterprise or its products, and has said where, is told some moments after the event, once for all that happened meanwhile.
It is a hint: a platform that does not hear it looks by itself some time, so that nothing is kept over a restart, and a few
attempts are enough.
Several processes may tell the same; a hint that comes twice does no harm.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from coster.domain.identity import reads
from coster.domain.identity.model import Listener, Scope
from coster.edges.dfc.client.transport import Asked, Heard, Patience, Wire
from coster.edges.dfc.iris import Iris
from coster.engine import observe
from coster.engine.db.connect import Database
from coster.engine.outbox import feed
from coster.engine.webhooks import sealing
from coster.engine.webhooks.model import Seed
from coster.engine.webhooks.signing import Keyring, KeyUnknownError
from coster.kernel.message import Stored

CONCERNS: Final[Mapping[str, Scope]] = {
    "enterprise.created": "read_enterprise",
    "enterprise.changed": "read_enterprise",
    "enterprise.profile_changed": "read_enterprise",
    "item.created": "read_products",
    "item.changed": "read_products",
    "item.details_changed": "read_products",
    "stock.changed": "read_products",
}
"""Which news concern whom. What orders do to stock is not among them: that would be a stream, and hubs hear it when they hold."""
_OF_STANDARD: Final = {"read_enterprise": "ReadEnterprise", "read_products": "ReadProducts"}
_PAGE: Final = 1000
_PATIENCE: Final = Patience(total_seconds=10.0, connect_seconds=5.0, most_bytes=100_000)
_PAUSES: Final = (1.0, 5.0, 30.0)

Change = tuple[uuid.UUID, Scope]


class Teller:
    """Looks at what has happened since it began, and tells it; one task of a process. The keyring opens the tokens that receivers want."""

    def __init__(
        self, database: Database, wire: Wire, keyring: Keyring, iris: Iris, *, pause: float = 2.0
    ) -> None:
        self._database = database
        self._wire = wire
        self._keyring = keyring
        self._iris = iris
        self._pause = pause
        self._passed: dict[int, int] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def keep(self, rung: asyncio.Event) -> None:
        """Tells until it is cancelled; `rung` at commits, so that an idle server asks nothing but now and then."""
        try:
            while True:
                await self._patiently()
                with_news = asyncio.create_task(rung.wait())
                await asyncio.wait({with_news}, timeout=30.0)
                with_news.cancel()
                rung.clear()
                # Whatever else happens in this moment is told along with it.
                await asyncio.sleep(self._pause)
        finally:
            for task in self._sending:
                task.cancel()
            await self._wire.close()

    async def _patiently(self) -> None:
        try:
            await self.look()
        except Exception as fault:  # noqa: BLE001 - whatever the database does, it is looked again
            observe.log.warning("platforms_not_told", cause=type(fault).__name__)

    async def look(self) -> None:
        """One look at all organisations; sends in the background."""
        async with self._database.system() as conn:
            if self._passed is None:
                # What was before this process began is told by none.
                self._passed = await reads.organisations_with_listeners(conn, every=True)
            found = await reads.organisations_with_listeners(conn)
        for org_id, latest in found.items():
            after = self._passed.get(org_id, 0)
            if latest > after:
                self._passed[org_id] = await self._tell(org_id, after)

    async def _tell(self, org_id: int, after: int) -> int:
        """Tells what has happened after an event, and yields the number of the last one that was looked at."""
        changes: dict[Change, None] = {}
        async with self._database.read(org_id) as conn:
            while True:
                events, upto = await feed.read_named(conn, org_id, after, names=list(CONCERNS), limit=_PAGE)
                changes |= dict.fromkeys(change for event in events for change in concerned(event))
                after = upto
                if len(events) < _PAGE:
                    break
            told = (
                await reads.listeners(conn, org_id, {enterprise for enterprise, _ in changes})
                if changes
                else []
            )
        for one in told:
            if (one.enterprise_id, one.scope) in changes:
                task = asyncio.create_task(self._send(org_id, one))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
        return after

    async def _send(self, org_id: int, one: Listener) -> None:
        body = msgspec.json.encode(
            {
                "eventType": "refresh",
                "enterpriseUrlid": self._iris.enterprise(one.enterprise_id),
                "scope": _OF_STANDARD[one.scope],
            }
        )
        headers = {"content-type": "application/json", **self._credentials(org_id, one)}
        asked = Asked(method="POST", url=one.events_url, headers=headers, body=body)
        for pause in (*_PAUSES, 0.0):
            heard = await self._wire.ask(asked, _PATIENCE)
            if isinstance(heard, Heard) and heard.status < 500 and heard.status != 429:
                break
            await asyncio.sleep(pause)
        well = isinstance(heard, Heard) and heard.status < 300
        why = "" if well else (str(heard.status) if isinstance(heard, Heard) else heard.why)
        observe.log.info("platform_told", platform=str(one.platform_id), org=org_id, well=well, why=why)

    def _credentials(self, org_id: int, one: Listener) -> dict[str, str]:
        if one.secret is None:
            return {}
        try:
            seed = Seed(key=one.secret.key, salt=one.secret.salt)
            token = sealing.unseal(self._keyring, (org_id, one.platform_id), seed, one.secret.box)
        except (sealing.UnsealableError, KeyUnknownError):
            return {}
        return {"authorization": f"Bearer {token}"}


def concerned(event: Stored) -> Iterable[Change]:
    """Which enterprises' what an event has changed, as far as its data say."""
    scope = CONCERNS.get(event.event.name)
    data = event.event.data
    if scope is not None:
        yield from ((uuid.UUID(text), scope) for text in data.get("enterprises", ()))
