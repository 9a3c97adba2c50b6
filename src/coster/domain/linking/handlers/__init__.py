"""The commands of links and what carries them out; and the journal, by which the turns of links are kept in the database."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from coster.domain.linking import model, store
from coster.domain.linking.model import (
    Alarm,
    Health,
    Here,
    Holding,
    Lease,
    Link,
    OrderRefused,
    ShopperOrder,
    StandingOfLink,
    Turn,
)
from coster.domain.linking.rules import wishing
from coster.domain.wholesale.model import CompleteSession
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection, Database
from coster.engine.db.faults import DatabaseAway

HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("linking.open", model.OpenLink, store.load_nothing, wishing.decide_open, store.write),
    Handler("linking.retry", model.RetryLink, store.load, wishing.decide, store.write),
    Handler("linking.reconcile", model.ReconcileLink, store.load, wishing.decide, store.write),
    Handler("linking.settle", model.SettleLink, store.load, wishing.decide, store.write),
    Handler("linking.report", model.ReportLink, store.load, wishing.decide, store.write),
)


def waiting_for_suppliers(handlers: Iterable[Handler[Any, Any]]) -> tuple[Handler[Any, Any], ...]:
    """Handlers of held orders, of which the one that completes a session leaves out what no supplier elsewhere has said yes to: what is
    not promised is not sold. Its link has the session completed again, as soon as the supplier has.
    """

    def over(inner: Handler[Any, Any]) -> Handler[Any, Any]:
        async def load(conn: Connection, org_id: int, commands: Commands) -> Any:
            state = await inner.load(conn, org_id, commands)
            held = [id_ for id_, one in state.held.held.items() if one.holds == "live"]
            kept_back = await store.unconfirmed(conn, org_id, held) if held else frozenset()
            return msgspec.structs.replace(state, kept_back=kept_back) if kept_back else state

        return dataclasses.replace(inner, load=load)

    return tuple(over(one) if one.body is CompleteSession else one for one in handlers)


_LEASE: Final = dt.timedelta(seconds=20)
_AT_ONCE: Final = 500
# A connection that broke. What is no value for the database (also an InterfaceError, and a ValueError) is a fault of ours.
_BROKEN: Final = (
    asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError, asyncpg.InterfaceError, OSError,
)  # fmt: skip


class InDatabase:
    """The journal of links (`ports.Journal`) of all organisations. Each call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.asynccontextmanager
    async def _write(self, org_id: int) -> AsyncIterator[Connection]:
        """A transaction that does no harm when it is carried out twice, so that a connection that breaks in it is the database's absence:
        whoever waits comes again.
        """
        try:
            async with self._database.write(org_id) as conn:
                yield conn
        except _BROKEN as fault:
            if isinstance(fault, ValueError):
                raise
            raise DatabaseAway(f"the database does not answer: {fault}", retry_after=2) from fault

    async def due(
        self, holder: uuid.UUID, now: tuple[dt.datetime, dt.datetime], count: int
    ) -> list[tuple[int, uuid.UUID, uuid.UUID]]:
        """Organisation, held order and peer of links with something to do."""
        async with self._database.system() as conn:
            return await store.due(conn, holder, now, count)

    async def claim(self, lease: Lease, now: dt.datetime) -> bool:
        """Whether the turn is ours now, for a while: whoever died with it is missed no longer than that."""
        async with self._write(lease.org_id) as conn:
            return await store.claim(conn, lease, now, now + _LEASE)

    async def extend(self, lease: Lease, now: dt.datetime) -> bool:
        """Whether it still is; then for a while more."""
        async with self._write(lease.org_id) as conn:
            return await store.extend(conn, lease, now + _LEASE)

    async def release(self, lease: Lease, now: dt.datetime) -> None:
        """Gives it back."""
        async with self._write(lease.org_id) as conn:
            await store.release(conn, lease, now)

    async def read(self, lease: Lease) -> Turn | None:
        """The link and its held order as they are now."""
        async with self._database.read(lease.org_id) as conn:
            return await store.read(conn, lease)

    async def store(self, lease: Lease, link: Link, wish: str, now: dt.datetime) -> bool:
        """Keeps the link as it is after a step; False where the turn is another's by now."""
        async with self._write(lease.org_id) as conn:
            return await store.keep(conn, lease, link, wish, now + _LEASE)

    async def holdings(self, org_id: int, link: Link, here: Here) -> list[Holding]:
        """Who holds on the held order's account, with what has happened to it since the last acknowledgement."""
        async with self._database.read(org_id) as conn:
            return await store.holdings(conn, org_id, link, here)

    async def orders(self, org_id: int, ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, ShopperOrder]:
        """What undoing must know of these orders."""
        async with self._database.read(org_id) as conn:
            return await store.orders(conn, org_id, ids)

    async def refuse(
        self, org_id: int, refused: Sequence[OrderRefused], now: dt.datetime, acked_version: int
    ) -> list[OrderRefused] | None:
        """Keeps what whoever waits for these orders on one held order is told, and gives what is kept (of an order's version that is what
        was said first); None, and nothing kept, where the supplier has said something meanwhile.
        """
        async with self._write(org_id) as conn:
            if await store.acknowledged(conn, org_id, refused[0].held_order_id) != acked_version:
                return None
            return await store.refuse(conn, org_id, refused, now)

    async def refused(self, org_id: int, notes: Sequence[OrderRefused], gone: Sequence[uuid.UUID]) -> None:
        """Those orders among all of these are taken back by now; of the others nothing was refused after all."""
        async with self._write(org_id) as conn:
            await store.refused(conn, org_id, notes, gone)

    async def health(self, org_id: int, health: Health) -> None:
        """Keeps how a peer answers."""
        async with self._write(org_id) as conn:
            await store.health(conn, org_id, health)

    async def open(self, org_id: int, ids: Iterable[uuid.UUID]) -> None:
        """Held orders with a supplier elsewhere have their link."""
        async with self._write(org_id) as conn:
            await store.open_links(conn, org_id, ids)

    async def alarms(self, closing: dt.datetime, failing: dt.datetime) -> list[Alarm]:
        """Links of which people must know."""
        async with self._database.system() as conn:
            return await store.alarms(conn, closing, failing, _AT_ONCE)

    async def uncompared(self, before: dt.datetime, since: dt.datetime) -> list[tuple[int, uuid.UUID]]:
        """Links that were last compared with their supplier before an instant; what is long past is forgotten on the way."""
        async with self._database.system() as conn:
            await store.forget_refusals(conn, since)
            return await store.uncompared(conn, before, since, _AT_ONCE)

    async def standings(self, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        """How links stand for those who wait."""
        async with self._database.read(org_id) as conn:
            return await store.standings(conn, org_id, ids)

    async def refusals(self, org_id: int, ids: Iterable[uuid.UUID]) -> list[OrderRefused]:
        """What was refused of these orders."""
        async with self._database.read(org_id) as conn:
            return await store.refusals(conn, org_id, ids)

    async def accounts(self, org_id: int, ids: Iterable[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
        """Order, held order and its version now, of what these orders hold with suppliers elsewhere."""
        async with self._database.read(org_id) as conn:
            return await store.accounts(conn, org_id, ids)

    async def remote_producers(self, org_id: int) -> frozenset[uuid.UUID]:
        """The producers that are elsewhere."""
        async with self._database.read(org_id) as conn:
            return await store.remote_producers(conn, org_id)
