"""Bring a database to the version that this program needs, and say in words when it is something else.

Alembic orders the versions and writes their SQL (its offline mode); asyncpg runs that SQL, piece by piece, on
one connection. So there is no second driver, no transaction that begins lazily, and a script of many
statements runs as it stands.

`python -m coster.engine.db.migrate freeze` writes migrations/0001_initial.sql anew out of the schema.sql
files.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from coster.engine.db import connect, faults, sql

_SQL: Final = sql.load(__file__)
_PACKAGE: Final = Path(__file__).parents[2]
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_INITIAL: Final = _MIGRATIONS / "0001_initial.sql"

# Every file that makes tables, each after those that it refers to. A room that has no tables (yet) has no
# file.
_SCHEMAS: Final = (
    "engine/db/roles.sql",
    "engine/db/schema.sql",
    "engine/outbox/schema.sql",
    "engine/batch/schema.sql",
    "engine/flows/schema.sql",
    "engine/webhooks/schema.sql",
    "engine/workflow/schema.sql",
    "engine/archive/schema.sql",
    "engine/mail/schema.sql",
    "domain/identity/schema.sql",
    "domain/parties/schema.sql",
    "domain/buying/schema.sql",
    "domain/catalog/schema.sql",
    "domain/pricing/schema.sql",
    "domain/inventory/schema.sql",
    "domain/sessions/schema.sql",
    "domain/sourcing/schema.sql",
    "domain/payments/schema.sql",
    "domain/fulfilment/schema.sql",
    "domain/orders/schema.sql",
    "domain/returns/schema.sql",
    "domain/wholesale/schema.sql",
    "domain/supplying/schema.sql",
    "domain/federation/schema.sql",
    "domain/linking/schema.sql",
)


def schema_files() -> list[Path]:
    """The schema.sql files that there are, in the order in which they must run."""
    return [path for name in _SCHEMAS if (path := _PACKAGE / name).exists()]


def initial_script() -> str:
    """All schema files as one script: what 0001_initial.sql holds until the first release."""
    parts = [
        f"-- {path.relative_to(_PACKAGE).as_posix()}\n\n{path.read_text('utf-8').strip()}\n"
        for path in schema_files()
    ]
    return (
        "-- Written by `python -m coster.engine.db.migrate freeze`; change the files named here instead.\n\n"
        + "\n".join(parts)
    )


def freeze() -> Path:
    """Write 0001_initial.sql out of the schema files. Only before the first release."""
    _INITIAL.write_text(initial_script(), "utf-8")
    return _INITIAL


async def upgrade(target: connect.Target) -> Sequence[str]:
    """Run the missing migrations and give their versions, oldest first; none if there is nothing to do.

    Processes that come at once wait for each other. Each version is one transaction, so a failure leaves the
    one before it.
    """
    conn = await connect.connect(target)
    try:
        await _SQL.lock_migrations(conn)
        current = await _current(conn)
        await _refuse_unusable(conn)
        missing = _missing(current)
        if missing:
            await _SQL.make_schema(conn)
            for piece in _pieces(current):
                await conn.execute(piece)
        return missing
    finally:
        await conn.close()


async def check(conn: connect.Connection) -> None:
    """Return if the database is at this program's version.

    Else DatabaseNotInitialised, -HalfMigrated or -TooNew.
    """
    current = await _current(conn)
    if current is None:
        raise faults.DatabaseNotInitialised(
            "there are no tables of Coster in this database yet: run `coster db migrate`, or `coster init`"
            " for a new one"
        )
    missing = _missing(current)
    if missing:
        raise faults.DatabaseHalfMigrated(
            f"the database is at version {current} and this program needs {missing[-1]}"
            f" ({len(missing)} to go): run `coster db migrate`"
        )
    await _refuse_unusable(conn)


async def build(target: connect.Target) -> None:
    """Make an empty database straight from the schema files and stamp it with the newest version.

    For tests, and for the proof that the migrations give the same; everybody else calls `upgrade`.
    """
    conn = await connect.connect(target)
    try:
        await _SQL.make_schema(conn)
        async with conn.transaction():
            await conn.execute(initial_script())
            for piece in _pieces(None, stamp_only=True):
                await conn.execute(piece)
    finally:
        await conn.close()


async def catalog(conn: connect.Connection) -> list[str]:
    """Every column, constraint, index, policy, function and comment of our schema, one sorted line each."""
    return [row["fact"] for row in await _SQL.catalog(conn)]


async def _current(conn: connect.Connection) -> str | None:
    """The version that the database says it has, after it has been found to be one version that we know."""
    versions = (
        [row["version_num"] for row in await _SQL.versions(conn)]
        if await _SQL.has_version_table(conn)
        else []
    )
    if not versions:
        tables = await _SQL.count_tables(conn)
        if tables:
            raise faults.DatabaseHalfMigrated(
                f"the schema coster has {tables} tables but no version: a migration by hand or a restore"
                " was left unfinished;"
                " restore the last backup into an empty database"
            )
        return None
    if len(versions) > 1:
        raise faults.DatabaseHalfMigrated(
            f"the database says that it has the versions {', '.join(versions)} at once: restore the last"
            " backup"
        )
    try:
        _scripts().get_revision(versions[0])
    except CommandError:
        raise faults.DatabaseTooNew(
            f"the database has version {versions[0]}, which this program does not know (its newest is"
            f" {_head()}):"
            " start the newer Coster that migrated it, or restore a backup from before"
        ) from None
    return str(versions[0])


async def _refuse_unusable(conn: connect.Connection) -> None:
    names = [row["name"] for row in await _SQL.unusable_indexes(conn)]
    if names:
        raise faults.DatabaseHalfMigrated(
            f"an interrupted migration left unusable indexes ({', '.join(names)}): drop them, then run"
            " `coster db migrate`"
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS), version_locations=[str(_MIGRATIONS)])


def _head() -> str:
    head = _scripts().get_current_head()
    assert head is not None, "the migrations directory holds at least version 0001"
    return head


def _missing(current: str | None) -> list[str]:
    """The versions after `current`, oldest first."""
    if current == _head():
        return []
    found = _scripts().iterate_revisions(_head(), current or "base")
    return [script.revision for script in reversed(list(found))]


class _Pieces(io.StringIO):
    """Where alembic writes: it writes statement by statement, and so they are kept apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        if any(line.strip() and not line.startswith("--") for line in text.splitlines()):
            self.pieces.append(text)
        return len(text)


def _pieces(current: str | None, *, stamp_only: bool = False) -> list[str]:
    """What leads from `current` to the newest version, BEGIN and COMMIT of each included; or its stamp alone."""
    scripts, output = _scripts(), _Pieces()

    def steps(revision: str, _context: object) -> list[Any]:
        # Alembic's own commands call these two, and there are no public ones that stay in one process.
        find = scripts._stamp_revs if stamp_only else scripts._upgrade_revs  # noqa: SLF001 - see above
        return list(find("head", revision))

    with EnvironmentContext(
        Config(), scripts, fn=steps, as_sql=True, starting_rev=current, destination_rev="head"
    ) as environment:
        environment.configure(
            dialect_name="postgresql",
            output_buffer=output,
            version_table_schema=connect.SCHEMA,
            transaction_per_migration=True,
            transactional_ddl=not stamp_only,
        )
        environment.run_migrations()
    return output.pieces


if __name__ == "__main__":
    if sys.argv[1:] != ["freeze"]:
        sys.exit("usage: python -m coster.engine.db.migrate freeze")
    sys.stdout.write(f"{freeze()}\n")
