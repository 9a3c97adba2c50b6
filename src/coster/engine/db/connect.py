"""Pools of connections, and transactions that belong to one organisation.

Two pools: `app` runs as the role coster_app under row-level security, `system` as the owner of the tables,
for what has no organisation (which organisations have work waiting, LISTEN, health) and for migrations.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from coster.engine.db import faults, sets, sql, wire
from coster.kernel import errors

Connection: TypeAlias = asyncpg.Connection
Target: TypeAlias = str | Mapping[str, Any]
"""Where the database is: a URL, or the keyword arguments of `asyncpg.connect` (as an embedded server gives
them).
"""

_SQL: Final = sql.load(__file__)
SCHEMA: Final = "coster"
APP_ROLE: Final = "coster_app"

_SYSTEM_CONNECTIONS: Final = 4
_ROLLBACK_SECONDS: Final = 5.0
_SETTINGS: Final = {
    "search_path": SCHEMA,
    "timezone": "UTC",
    # Compiling a plan takes longer than any statement of ours runs.
    "jit": "off",
    # A process that hangs inside a transaction must not keep rows of everybody else locked.
    "idle_in_transaction_session_timeout": "60s",
}
# SET LOCAL with a literal is the only form that reaches the workers of a Citus cluster.
_BEGIN_WRITE: Final = "BEGIN; SET LOCAL coster.org_id = '%d'; SET LOCAL lock_timeout = '10s'"
_BEGIN_BY_KEY: Final = "BEGIN READ ONLY; SET LOCAL coster.org_id = '%d'; SET LOCAL lock_timeout = '10s'"
# A list with many optional filters is planned for those that were given; one plan for all of them reads everything.
_BEGIN_READ: Final = f"{_BEGIN_BY_KEY}; SET LOCAL plan_cache_mode = 'force_custom_plan'"
_AWAY: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    # What asyncpg says of a connection that broke between two messages.
    asyncpg.InternalClientError,
)


class _AppConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg carries no types
    """A connection that comes back to the pool without a round trip: our transactions have ended by then.

    It knows by which names its server calls the statements of sets.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.prepared: dict[str, str] = {}

    def send_ahead(self, messages: bytes) -> None:
        """Sends messages (`engine.db.wire`) before those of the driver's next statement, whose answer then tells of all."""
        self._transport.write(messages)

    async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - asyncpg calls it so
        """Refuse to be used again inside a transaction: the pool closes a connection whose reset fails."""
        if self.is_in_transaction():
            raise asyncpg.InterfaceError("the connection came back inside a transaction")


class Database:
    """The pools of one process on one database."""

    def __init__(self, app: asyncpg.Pool, system: asyncpg.Pool, *, acquire_timeout: float) -> None:
        self._app = app
        self._system = system
        self._acquire_timeout = acquire_timeout

    @classmethod
    async def open(
        cls, target: Target, *, min_size: int = 2, max_size: int = 10, acquire_timeout: float = 10.0
    ) -> Database:
        """Connect both pools.

        Sizes are those of the app pool, `acquire_timeout` is in seconds. DatabaseAway if nobody answers.
        """
        options = connect_options(target)
        app = asyncpg.create_pool(
            **options,
            min_size=min_size,
            max_size=max_size,
            # Connections live until they break, and so do their prepared statements: making either again
            # costs round trips.
            max_queries=float("inf"),
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            init=_prepare_app,
            connection_class=_AppConnection,
        )
        system = asyncpg.create_pool(**options, min_size=1, max_size=_SYSTEM_CONNECTIONS, init=_set_codecs)
        database = cls(app, system, acquire_timeout=acquire_timeout)
        try:
            await app
            await system
        except _AWAY as error:
            await database.close()
            raise faults.DatabaseAway(f"the database does not answer: {error}") from error
        except BaseException:
            await database.close()
            raise
        return database

    @contextlib.asynccontextmanager
    async def write(self, org_id: int, *, rollback: bool = False) -> AsyncIterator[Connection]:
        """A transaction of one organisation: committed at the end, rolled back on any exception.

        With `rollback` it is rolled back at the end in any case (a dry run). DatabaseAway where the connection breaks before
        anything was answered.
        """
        async with self._acquired(self._app) as conn:
            transaction = sets.Transaction(conn, _begin_write(org_id), conn.prepared)
            try:
                async with _rolled_back_on_error(conn, transaction.roll_back):
                    yield transaction
                    await transaction.end("ROLLBACK" if rollback else "COMMIT")
            except (*_AWAY, asyncpg.InterfaceError) as error:
                if transaction.answered or transaction.ending or not _is_gone(conn):
                    raise
                # Nothing has happened in this transaction yet, so coming again is always right.
                raise faults.DatabaseAway(f"the database does not answer: {error}", retry_after=2) from error

    @contextlib.asynccontextmanager
    async def read(self, org_id: int, *, by_key: bool = False) -> AsyncIterator[Connection]:
        """A read-only transaction of one organisation; PostgreSQL refuses to change anything in it.

        Statements are planned for the values that they are given, which is right for lists with many optional filters and can take
        longer than running them. `by_key`: what is asked is asked by key, and one plan serves all values. DatabaseAway also where the
        connection breaks on the way: reading once more is always right.
        """
        async with self._acquired(self._app) as conn:
            transaction = sets.Transaction(conn, _begin_read(org_id, by_key=by_key), conn.prepared)
            try:
                async with _rolled_back_on_error(conn, transaction.roll_back):
                    yield transaction
                    await transaction.end("COMMIT")
            except (*_AWAY, asyncpg.InterfaceError) as error:
                if not _is_gone(conn):
                    raise
                raise faults.DatabaseAway(f"the database does not answer: {error}", retry_after=2) from error

    @contextlib.asynccontextmanager
    async def system(self) -> AsyncIterator[Connection]:
        """A plain connection as the owner, who sees every organisation.

        Each statement is its own transaction.
        """
        async with self._acquired(self._system) as conn:
            yield conn

    async def close(self) -> None:
        """Wait for connections in use to come back, for at most ten seconds, and close all."""
        for pool in (self._app, self._system):
            try:
                await asyncio.wait_for(pool.close(), 10)
            except (TimeoutError, asyncpg.InterfaceError):
                # Still in use after ten seconds, or never opened at all.
                with contextlib.suppress(asyncpg.InterfaceError):
                    pool.terminate()

    @contextlib.asynccontextmanager
    async def _acquired(self, pool: asyncpg.Pool) -> AsyncIterator[Connection]:
        try:
            async with asyncio.timeout(self._acquire_timeout):
                conn = await pool.acquire()
        except TimeoutError:
            raise faults.DatabaseBusy(
                f"no connection to the database became free in {self._acquire_timeout:g} seconds"
            ) from None
        except _AWAY as error:
            raise faults.DatabaseAway(f"the database does not answer: {error}", retry_after=2) from error
        except asyncpg.InterfaceError as error:
            if not pool.is_closing():
                raise faults.DatabaseAway(f"the database does not answer: {error}", retry_after=2) from error
            raise errors.Stopped("the database has been closed, because the process is stopping") from error
        try:
            yield conn
        except asyncpg.InternalClientError as error:
            # A broken connection by another name; nothing can be said over it any more.
            conn.terminate()
            raise asyncpg.InterfaceError(f"the connection to the database broke: {error}") from error
        finally:
            # A connection that cannot be used again is closed by the pool; that is no news for whoever gives
            # it back.
            with contextlib.suppress(asyncpg.InterfaceError, *_AWAY):
                await pool.release(conn)


def connect_options(target: Target) -> dict[str, Any]:
    """The keyword arguments of `asyncpg.connect` for a target, with our settings of a session."""
    options: dict[str, Any] = {"dsn": target} if isinstance(target, str) else dict(target)
    given = options.get("server_settings", {})
    options["server_settings"] = {"application_name": "coster", **_SETTINGS, **given}
    return options


async def connect(target: Target) -> Connection:
    """One connection of its own as the owner, outside any pool.

    The caller closes it. DatabaseAway if nobody answers.
    """
    try:
        conn = await asyncpg.connect(**connect_options(target))
    except ValueError:
        # Without what the driver found wrong in it: that may be a part of the password.
        raise faults.AddressUnfit(
            "this is no address of a PostgreSQL database; one is postgresql://user:password@host:5432/database, where a "
            "password's own @, : and / are written %40, %3A and %2F"
        ) from None
    except _AWAY as error:
        raise faults.DatabaseAway(f"the database does not answer: {error}") from error
    await _set_codecs(conn)
    return conn


def _is_gone(conn: Connection) -> bool:
    """Whether the connection is closed; the pool takes a broken one back by itself, and then it cannot even be asked."""
    try:
        return bool(conn.is_closed())
    except asyncpg.InterfaceError:
        return True


def _number(org_id: int) -> int:
    """The organisation's, of which nothing but digits may stand in a statement's text."""
    if type(org_id) is not int:
        raise TypeError(f"org_id is an int, not {type(org_id).__name__}")
    return org_id


def _begin_write(org_id: int) -> bytes:
    """The messages that begin a transaction of an organisation."""
    return _messages(_BEGIN_WRITE % _number(org_id))


def _begin_read(org_id: int, *, by_key: bool) -> bytes:
    """The messages that begin a reading transaction of an organisation."""
    return _messages((_BEGIN_BY_KEY if by_key else _BEGIN_READ) % _number(org_id))


def _messages(text: str) -> bytes:
    """The protocol takes statements one by one."""
    return b"".join(wire.once(statement) for statement in text.split("; "))


@contextlib.asynccontextmanager
async def _rolled_back_on_error(
    conn: Connection, roll_back: Callable[[float], Awaitable[None]]
) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        try:
            await roll_back(_ROLLBACK_SECONDS)
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
            TimeoutError,
        ):
            # The server forgets the transaction together with the connection.
            conn.terminate()
        raise


async def _prepare_app(conn: Connection) -> None:
    await _set_codecs(conn)
    # What a batch asks is asked by key, so one plan serves all values; left to itself, the planner made some of them
    # anew for each batch, for several times what they take to run. Lists have plans of their own (_BEGIN_READ). Citus has to
    # see the organisation to plan most of our statements at all, so there the planner decides.
    await conn.execute(f"SET ROLE {APP_ROLE}")
    await _SQL.plan_once(conn)


async def _set_codecs(conn: Connection) -> None:
    """jsonb and json as Python objects; in binary form jsonb is a version byte and the text.

    In an array of jsonb a value that is itself a list is taken for another dimension of the array; such a value goes
    in as `msgspec.Raw(msgspec.json.encode(value))`.
    """
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_jsonb, decoder=_decode_jsonb, format="binary"
    )
    await conn.set_type_codec(
        "json", schema="pg_catalog", encoder=msgspec.json.encode, decoder=msgspec.json.decode, format="binary"
    )


def _encode_jsonb(value: object) -> bytes:
    return b"\x01" + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> object:
    return msgspec.json.decode(memoryview(data)[1:])
