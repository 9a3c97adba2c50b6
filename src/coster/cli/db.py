"""`coster db`: look after the database, embedded or one's own."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from coster.cli import archive, output, parking, place, signals
from coster.cli.output import Exit, FailedError
from coster.engine.db import backup as backups
from coster.engine.db import cluster as clusters
from coster.engine.db import connect, embedded, faults, migrate
from coster.engine.db import upgrade as upgrades
from coster.settings import Settings
from coster.simulation import serving

app = App(
    name="db",
    help="Look after the database: the embedded one in COSTER_DATA_DIR, or the one that COSTER_DATABASE_URL names.",
)

app.command(archive.archive)
app.command(archive.archived)


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """How the database is: where, whether it runs, and whether this program can work with it."""

    place: str
    running: bool
    postgres: str | None = None
    good: bool = False
    says: str = ""


@app.command
def start(*, data_dir: place.DataDir = None) -> None:
    """Run the embedded PostgreSQL by itself until Ctrl-C, for several `coster serve` on one database, or for other tools.

    Example: coster db start --data-dir /srv/coster
    """
    given = _embedded_only(data_dir, "start")
    with (
        signals.sigterm_interrupts(),
        embedded.EmbeddedServer(given.data_dir, bin_dir=given.pg_bin or None) as server,
    ):
        output.say(f"PostgreSQL runs on {given.data_dir}; Ctrl-C stops it. For others:")
        output.say(f"  export COSTER_DATABASE_URL='{serving.url_of(server.connect_options())}'")
        try:
            while server.failure is None:
                # Now and then a look whether the server was given up.
                time.sleep(1.0)
        except KeyboardInterrupt:
            output.say("stopped")
            return
    raise server.failure


@app.command
def status(
    *,
    data_dir: place.DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Tell whether the database runs and fits this program; starts nothing. Exit code 4 where it does not.

    Example: coster db status --json
    """
    found = asyncio.run(_look(place.chosen(data_dir)))
    if json:
        output.as_json(found)
    else:
        runs = f"PostgreSQL {found.postgres} runs" if found.running else "no server runs"
        output.say(f"{found.place}: {runs}; {found.says}")
    return Exit.DONE if found.good else Exit.REFUSED


async def _look(given: Settings) -> Status:
    where = "COSTER_DATABASE_URL" if given.database_url else given.data_dir
    target: Any = given.database_url or embedded.find_running(given.data_dir)
    if target is None:
        return Status(place=where, running=False, says="`coster serve` or `coster db start` starts one")
    try:
        conn = await connect.connect(target)
    except faults.DatabaseAway as away:
        return Status(place=where, running=False, says=str(away))
    try:
        version = conn.get_server_version()
        postgres = f"{version.major}.{version.minor}"
        try:
            await migrate.check(conn)
        except faults.DatabaseFault as fault:
            return Status(place=where, running=True, postgres=postgres, says=str(fault))
        return Status(
            place=where, running=True, postgres=postgres, good=True, says="at this program's version"
        )
    finally:
        await conn.close()


app.command(parking.parked)


@app.command(name="migrate")
def migrate_database(*, data_dir: place.DataDir = None) -> None:
    """Bring the database to the version that this program needs; safe while others use it.

    Example: coster db migrate
    """
    with place.reached(place.chosen(data_dir)) as target:
        versions = asyncio.run(migrate.upgrade(target))
    output.say(
        f"migrated: {', '.join(versions)}" if versions else "nothing to do: the database is up to date"
    )


@app.command(name="place")
def place_tables(url: str) -> int:
    """Prepare a Citus cluster: migrate its database, and spread every table over the nodes by organisation. Can be repeated.

    Exit code 4 without Citus (then nothing is done), or where a table is not where it should be.

    Example: coster db place postgresql://coster:secret@coordinator.example.org/coster

    Parameters
    ----------
    url
        The database on the cluster's coordinator.
    """
    done = asyncio.run(clusters.place(url))
    output.say(f"Citus {done.citus}: {len(done.placed)} tables placed now, {len(done.before)} before")
    for name, setting in done.lacking.items():
        output.complain(f"the server's {name} is {setting}: see docs/operate/scale.md")
    for name, kind in done.astray.items():
        output.complain(f"the table {name} is {kind}, and not where its schema wants it")
    return Exit.REFUSED if done.astray else Exit.DONE


@app.command
def upgrade(
    *,
    old_programs: Path | None = None,
    link: Annotated[bool, Parameter(negative="")] = False,
    data_dir: place.DataDir = None,
) -> None:
    """Bring the embedded server's data to another major version of PostgreSQL. Stop `coster serve` first.

    Example: coster db upgrade --old-programs /usr/lib/postgresql/15/bin

    Parameters
    ----------
    old_programs
        Directory of the programs that made the data; without it they are looked for.
    link
        Share the files instead of copying them: faster and without space, but the old data cannot be used again.
    """
    given = _embedded_only(data_dir, "upgrade")
    kept = upgrades.upgrade(
        given.data_dir, bin_dir=place.programs(given), old_bin_dir=old_programs, link=link
    )
    output.say(
        f"upgraded; the old data is in {kept}, remove it when you are content" if kept else "nothing to do"
    )


@app.command
def backup(file: Path, *, data_dir: place.DataDir = None) -> None:
    """Write the database, as of one instant, to a new file. The server goes on working.

    Example: coster db backup shop-2026-11-21.dump

    Parameters
    ----------
    file
        The file to make; one that exists is never overwritten.
    """
    given = place.chosen(data_dir)
    with place.reached(given) as target:
        asyncio.run(backups.backup(target, file, bin_dir=place.programs(given)))
    output.say(f"{file}: {file.stat().st_size} bytes")


@app.command
def restore(file: Path, *, data_dir: place.DataDir = None) -> None:
    """Fill an empty database from a backup.

    Example: coster db restore shop-2026-11-21.dump --data-dir /srv/second

    Parameters
    ----------
    file
        A file that `coster db backup` wrote.
    """
    given = place.chosen(data_dir)
    if not file.is_file():
        raise FailedError(f"there is no backup {file}", Exit.USAGE)
    with place.reached(given, create=True) as target:
        asyncio.run(backups.restore(target, file, bin_dir=place.programs(given)))
    output.say("restored; `coster db migrate` brings it to this program's version if it is older")


@app.command
def psql(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Open PostgreSQL's terminal on the database; what follows is passed on to psql.

    Example: coster db psql -c "SELECT count(*) FROM coster.org"
    """
    given = place.chosen()
    with place.reached(given) as target:
        return backups.psql(target, list(arguments), bin_dir=place.programs(given))


def _embedded_only(data_dir: Path | None, command: str) -> Settings:
    given = place.chosen(data_dir)
    if given.database_url:
        raise FailedError(
            f"`coster db {command}` is for the embedded server; one that is given by URL is looked after by whoever runs it",
            Exit.USAGE,
        )
    return given
