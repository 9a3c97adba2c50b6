"""What a transaction stores and nobody waits for: kept on the connection, and sent together with the commit.

Ten sets of rows cost two round trips and not ten. The first carries the values, as bound parameters into settings that live as long
as the transaction; the second names prepared statements and says where their values are, so that nothing of anybody's stands in the
text, which a server may write to its log. A driver that could send several statements at once would make this module superfluous.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

# A name that is never given twice, so that one whose preparing was cut short stands in nobody's way.
_NUMBERS: Final = itertools.count(1)


class Transaction:
    """A transaction's connection, with the statements that wait for its end; for everything else it is the connection itself.

    `prepared` tells by which names the connection's server calls which statements, and is kept with the connection.
    """

    def __init__(self, conn: asyncpg.Connection, prepared: dict[str, str]) -> None:
        self._conn = conn
        self._prepared = prepared
        self._waiting: list[tuple[str, Sequence[object]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def keep(self, sql: str, *arguments: object) -> None:
        """Has the statement run before the next one whose answer somebody wants, at the latest with the transaction's end.

        A whole number goes along as it is, text as text, and everything else as JSON.
        """
        self._waiting.append((sql, arguments))

    async def fetch(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        await self._catch_up()
        return await self._conn.fetch(*args, **more)

    async def fetchrow(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        await self._catch_up()
        return await self._conn.fetchrow(*args, **more)

    async def fetchval(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        await self._catch_up()
        return await self._conn.fetchval(*args, **more)

    async def execute(self, *args: Any, **more: Any) -> Any:
        """As the driver's, after what waits."""
        await self._catch_up()
        return await self._conn.execute(*args, **more)

    async def end(self, how: str) -> None:
        """Runs what waits and then, in the same round trip, COMMIT or ROLLBACK."""
        await self._run(how)

    async def _catch_up(self) -> None:
        if self._waiting:
            await self._run("")

    async def _run(self, then: str) -> None:
        message = _message(self._waiting, self._prepared)
        self._waiting = []
        if message.values:
            await self._conn.fetch(message.carry, *message.values)
        await self._conn.execute("; ".join(filter(None, (*message.statements, then))))
        # Preparing is not undone by a rollback, and only what has arrived can be called by its name.
        self._prepared.update(message.prepared)


class _Message(NamedTuple):
    """`carry` takes the values as its parameters, then come the statements; what they prepare has these names."""

    carry: str
    values: list[str]
    statements: list[str]
    prepared: dict[str, str]


def _message(waiting: Sequence[tuple[str, Sequence[object]]], known: Mapping[str, str]) -> _Message:
    values: list[str] = []
    prepared: dict[str, str] = {}
    statements: list[str] = []
    for sql, arguments in waiting:
        name = known.get(sql) or prepared.get(sql)
        if name is None:
            name = prepared[sql] = f'"{_label(sql)} {next(_NUMBERS)}"'
            statements.append(f"PREPARE {name} AS {sql}")
        statements.append(f"EXECUTE {name}({', '.join(_argument(one, values) for one in arguments)})")
    carried = ", ".join(f"set_config('{_setting(n)}', ${n}, true) IS NULL" for n in range(1, len(values) + 1))
    return _Message(f"/* db.sets */ SELECT {carried}", values, statements, prepared)


def _label(sql: str) -> str:
    """The statement's name out of its comment, so that pg_stat_activity tells whose it is; at most what a name may have."""
    comment, found, _ = sql.partition("*/")
    return re.sub(r"[^a-z_.]", "", comment)[:48] if found else "set"


def _argument(value: object, values: list[str]) -> str:
    """How the statement's text names a value; what is no number is added to the values."""
    if type(value) is int:
        return str(value)
    values.append(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    setting = f"current_setting('{_setting(len(values))}')"
    return setting if isinstance(value, str) else f"{setting}::json"


def _setting(number: int) -> str:
    return f"coster.set_{number}"
