"""What a transaction stores and nobody waits for: sent ahead of its next question, or of its commit.

Ten sets of rows and the commit cost one round trip, and so do the transaction's beginning and its first question (`engine.db.wire`).
The server stores the first sets while the next ones are still being written down here. Values are bound parameters, so nothing of
anybody's stands in a text, which a server may write to its log.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec

from coster.engine.db import sql, wire

_SQL: Final = sql.load(__file__)
# A name that is never given twice, so that one whose preparing was cut short stands in nobody's way.
_NUMBERS: Final = itertools.count(1)
_NO_VALUES: Final = [()]
# Bytes. Less is not worth a system call of its own while the server has something to do.
_PIECE: Final = 2048


class Transaction:
    """A transaction on a connection, with the statements whose answers nobody reads. It begins with the first that is sent.

    `begin` are the messages that begin it. `prepared` tells by which names the connection's server calls which statements, and is kept
    with the connection.
    """

    def __init__(self, conn: asyncpg.Connection, begin: bytes, prepared: dict[str, str]) -> None:
        self._conn = conn
        self._begin = begin
        self._prepared = prepared
        self._waiting: list[bytes] = []
        # Named in messages that were sent, or wait, and of which nothing was heard yet.
        self._preparing: dict[str, str] = {}
        self._unheard = False
        # What was asked ahead (`engine.db.ask`): statement, values, rows. It holds until the next statement.
        self.told: list[tuple[Any, Any, list[dict[str, Any]]]] = []
        self.begun = False
        self.answered = False
        self.ending = False

    async def keep(self, sql: str, *arguments: object) -> None:
        """Has the statement run before the next one whose answer somebody wants, at the latest with the transaction's end.

        A whole number and text go along as they are, and everything else as JSON. Whether it failed shows at that next one, until
        which nothing but this connection may be waited for: the driver does not listen to it meanwhile.
        """
        self.told = []
        self._waiting.append(self._message(sql, arguments))
        if not self._unheard or sum(map(len, self._waiting)) >= _PIECE:
            self._unheard = True
            self._go_ahead()

    async def fetch(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        return await self._answer("fetch", *args, **more)

    async def fetchrow(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        return await self._answer("fetchrow", *args, **more)

    async def fetchval(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        return await self._answer("fetchval", *args, **more)

    async def execute(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        return await self._answer("execute", *args, **more)

    def add_query_logger(self, logger: Any) -> None:
        """As the driver's: it hears what is waited for, and not what goes ahead of that."""
        self._conn.add_query_logger(logger)

    def remove_query_logger(self, logger: Any) -> None:
        """As the driver's."""
        self._conn.remove_query_logger(logger)

    async def end(self, how: str) -> None:
        """Runs what waits and then, in the same round trip, COMMIT or ROLLBACK; nothing where nothing was ever sent."""
        if self.begun:
            self.ending = True
            await self._hear(how)

    async def roll_back(self, patience: float) -> None:
        """Takes back whatever was done, or fails within so many seconds."""
        if self._unheard:
            # Where one of them failed, the server passes over everything, a rollback too, until it was heard.
            with contextlib.suppress(asyncpg.PostgresError):
                await self._hear(_SQL.nothing.sql, patience)
        if self.begun:
            await self._conn.execute("ROLLBACK", timeout=patience)

    async def _answer(self, method: str, *args: Any, **more: Any) -> Any:
        if self._unheard or (not self.begun and method == "execute" and len(args) == 1):
            # Their rows are nobody's, and the driver would take them for the next statement's. One without values goes another way, which
            # the server would pass over without a word if the beginning had failed.
            await self._hear(_SQL.nothing.sql)
        self._go_ahead()
        self.told = []
        answer = await getattr(self._conn, method)(*args, **more)
        self.answered = True
        return answer

    async def _hear(self, then: str, patience: float | None = None) -> None:
        """Sends what waits and one statement without values, by the driver's way of running those whose rows are passed over, and
        hears what came of all."""
        self._go_ahead()
        preparing, self._preparing, self._unheard = self._preparing, {}, False
        await self._conn.executemany(then, _NO_VALUES, timeout=patience)
        self.answered = True
        # Preparing is not undone by a rollback, and only what has arrived can be called by its name.
        self._prepared.update(preparing)

    def _go_ahead(self) -> None:
        """Sends what waits, and the beginning before it. The server answers once the driver has sent something too."""
        if not self.begun:
            self.begun = True
            self._waiting.insert(0, self._begin)
        if self._waiting:
            try:
                send = self._conn.send_ahead
            except AttributeError:
                # The pool has taken a broken connection out of what it had lent.
                raise asyncpg.InterfaceError("the connection is closed") from None
            send(b"".join(self._waiting))
            self._waiting.clear()

    def _message(self, sql: str, arguments: Sequence[object]) -> bytes:
        values = [_written(one) for one in arguments]
        name = self._prepared.get(sql) or self._preparing.get(sql)
        if name is not None:
            return wire.run(name, values)
        name = self._preparing[sql] = f"{_label(sql)} {next(_NUMBERS)}"
        return wire.prepare(name, sql) + wire.run(name, values)


def _label(sql: str) -> str:
    """The statement's name out of its comment; at most what a name may have."""
    comment, found, _ = sql.partition("*/")
    return re.sub(r"[^a-z_.]", "", comment)[:48] if found else "set"


def _written(value: object) -> bytes:
    if type(value) is int:
        return b"%d" % value
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)
