"""Named statements out of `queries.sql` files: aiosql reads the files, asyncpg runs the statements.

A statement is written `-- name: lock_positions`, a sentence of comment, and the SQL with parameters as
`:org_id`. What follows the name says what comes back: nothing = list of records, `^` = first record or None,
`$` = first value or None, `!` = status text, `*!` = nothing, because it is a set to be
stored, which waits for the transaction's end (`engine.db.sets`): its parameters are whole numbers, text, or rows as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from aiosql.query_loader import QueryLoader
from aiosql.types import QueryDatum, SQLOperationType

_METHODS: Final = {
    SQLOperationType.SELECT: "fetch",
    SQLOperationType.SELECT_ONE: "fetchrow",
    SQLOperationType.SELECT_VALUE: "fetchval",
    SQLOperationType.INSERT_UPDATE_DELETE: "execute",
    SQLOperationType.INSERT_UPDATE_DELETE_MANY: "keep",
}

# What is quoted or commented is passed over whole, so a colon in it is never a parameter; `::type` and
# `[1:2]` are none either.
_TOKEN: Final = re.compile(
    r"(?P<skip>'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/|::)"
    r"|(?<!\w):(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)


class Statement:
    """One named statement; awaiting a call runs it and gives what its suffix promises."""

    __slots__ = ("_method", "name", "parameters", "sql")

    def __init__(self, name: str, sql: str, parameters: tuple[str, ...], method: str) -> None:
        self.name = name
        self.sql = sql
        self.parameters = parameters
        self._method = method

    def __call__(self, conn: object, /, **values: object) -> Awaitable[Any]:
        """Run it on a connection; every parameter is given by name, no more and no fewer, else TypeError."""
        try:
            ordered = [values[name] for name in self.parameters]
        except KeyError:
            raise TypeError(self._mismatch(values)) from None
        if len(ordered) != len(values):
            raise TypeError(self._mismatch(values))
        run: Callable[..., Awaitable[Any]] = getattr(conn, self._method)
        return run(self.sql, *ordered)

    def _mismatch(self, values: dict[str, object]) -> str:
        missing = sorted(set(self.parameters) - set(values))
        unknown = sorted(set(values) - set(self.parameters))
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"does not know {', '.join(unknown)}"] if unknown else []
        return (
            f"statement {self.name} {' and '.join(parts)}; it takes {', '.join(self.parameters) or 'nothing'}"
        )


class _Adapter:
    """What aiosql asks for each statement of a file: `:name` becomes `$1`, `$2`, ... and the order is kept."""

    is_aio_driver = False

    def __init__(self) -> None:
        self.orders: dict[str, tuple[str, ...]] = {}

    def process_sql(self, query_name: str, _operation: object, sql: str) -> str:
        """The statement in PostgreSQL's own notation."""
        order: dict[str, int] = {}

        def number(match: re.Match[str]) -> str:
            name = match["name"]
            return match[0] if name is None else f"${order.setdefault(name, len(order) + 1)}"

        if query_name in self.orders:
            raise ValueError(f"two statements are named {query_name}")
        text = _TOKEN.sub(number, sql).rstrip().rstrip(";")
        self.orders[query_name] = tuple(order)
        return text


class Queries:
    """The statements of one file as attributes: `await queries.lock_positions(conn, org_id=1, ids=[...])`."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._statements = {statement.name.rpartition(".")[2]: statement for statement in statements}

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            known = ", ".join(sorted(self._statements))
            raise AttributeError(f"no statement is named {name}; there are: {known}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())


def load(module_file: str) -> Queries:
    """The statements of `queries.sql` beside a module: `_SQL = sql.load(__file__)`. Read once, at import."""
    return read(Path(module_file).with_name("queries.sql"))


def read(path: Path) -> Queries:
    """The statements of one file; ValueError if two have one name or a suffix is not known here."""
    # One adapter a file: the same name in two files may have different parameters.
    adapter: Any = _Adapter()
    loader = QueryLoader(adapter, None, mandatory_parameters=False)
    return Queries(
        _statement(datum, path, adapter.orders[datum.query_name])
        for datum in loader.load_query_data_from_file(path, encoding="utf-8")
    )


def _statement(datum: QueryDatum, path: Path, parameters: tuple[str, ...]) -> Statement:
    method = _METHODS.get(datum.operation_type)
    if method is None:
        raise ValueError(f"{path}: {datum.query_name}: only the suffixes none, ^, $, ! and *! are known here")
    # The name goes along as a comment, so that pg_stat_activity and the server's log tell whose statement it is.
    name = f"{path.parent.name}.{datum.query_name}"
    return Statement(name, f"/* {name} */ {datum.sql}", parameters, method)
