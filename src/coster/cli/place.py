"""Where the database of this installation is: the embedded one of the data directory, or the one that a URL names."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter

from coster import settings
from coster.cli.output import Exit, FailedError
from coster.engine.db import connect, embedded, migrate
from coster.engine.db.connect import Database, Target
from coster.engine.outbox import proofs
from coster.settings import Settings

T = TypeVar("T")
DataDir = Annotated[
    Path | None,
    Parameter(help="Directory of the embedded database; without it COSTER_DATA_DIR, or coster-data here."),
]
Org = Annotated[int, Parameter(help="Number of the organisation.")]


def chosen(data_dir: Path | None = None) -> Settings:
    """The settings of the environment; an option wins."""
    return settings.read() if data_dir is None else settings.read(data_dir=str(data_dir), database_url="")


def programs(given: Settings) -> Path | None:
    """The directory of PostgreSQL's programs, where one is chosen."""
    return Path(given.pg_bin) if given.pg_bin else None


@contextlib.contextmanager
def reached(given: Settings, *, create: bool = False) -> Iterator[Target]:
    """The database; the embedded server is started for as long as we need it, if none runs.

    Without `create` a data directory that is not there is a slip of the pen, and not to be made.
    """
    if given.database_url:
        yield given.database_url
        return
    if not create and not Path(given.data_dir).is_dir():
        raise FailedError(
            f"there is no data directory {given.data_dir}: run `coster init`, or name another one"
            " by --data-dir or COSTER_DATA_DIR"
        )
    with embedded.reach(given.data_dir, bin_dir=programs(given)) as options:
        yield options


@contextlib.asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Database]:
    """The database, after a look whether it is at this program's version."""
    conn = await connect.connect(target)
    try:
        await migrate.check(conn)
    finally:
        await conn.close()
    database = await Database.open(target, min_size=1, max_size=2)
    try:
        yield database
    finally:
        await database.close()


async def organisations(database: Database, wanted: int | None = None) -> list[int]:
    """The numbers of all organisations, or of the wanted one. FailedError where there is none."""
    async with database.system() as conn:
        known = [found.org_id for found in await proofs.organisations(conn)]
    found = known if wanted is None else [one for one in known if one == wanted]
    if not found:
        raise FailedError(
            f"there is no organisation {wanted}" if wanted else "there is no organisation yet: `coster init`"
        )
    return found


def with_database(given: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """Runs work on the database and gives its result."""

    async def run(target: Target) -> T:
        async with opened(target) as database:
            return await work(database)

    with reached(given) as target:
        return asyncio.run(run(target))


_ID = "a UUID, for example 0193f2a0-0000-7000-8000-000000000001"
_INSTANT = "an instant with a time zone, for example 2026-11-23T09:00:00Z"


def parsed(kind: type[T], text: str, what: str, *, also: str = "") -> T:
    """A word of the command line as an id or an instant; `also` says what else its caller accepts. FailedError where it is none."""
    try:
        return msgspec.convert(text, kind)
    except msgspec.ValidationError as error:
        hint = also + (_ID if kind is uuid.UUID else _INSTANT)
        raise FailedError(f"{what} must be {hint}; {text!r} is none", Exit.USAGE) from error


def instant(text: str, what: str, *, also: str = "") -> dt.datetime:
    """A word of the command line as an instant; of a date its beginning in UTC. FailedError where it is neither."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return parsed(dt.datetime, text, what, also=also)
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
