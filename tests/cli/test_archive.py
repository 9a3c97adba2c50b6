"""`coster db archive` beside a server that could be anybody's: dry, for good, killed in the middle, and looked at afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from coster.app import HANDLERS
from coster.cli.output import Exit
from coster.engine.batch.handler import Registry
from coster.engine.db.connect import Database
from coster.simulation import founding
from coster.simulation.growth.copying import Copies
from coster.simulation.growth.life import Life
from coster.simulation.serving import url_of
from tests.cli.conftest import Inside, start
from tests.conftest import Databases
from tests.engine.archive.world import TABLES

BEGAN = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
SESSIONS = 8
BEFORE = "2026-08-01"

pytestmark = pytest.mark.database


class Year:
    """Orders of eight months in a database of their own."""

    def __init__(self, url: str) -> None:
        self.env = {"COSTER_DATABASE_URL": url}

    def ask(self, statement: str) -> Any:
        """What the database says, or does."""

        async def asked() -> Any:
            conn = await asyncpg.connect(self.env["COSTER_DATABASE_URL"])
            try:
                return await conn.fetchval(statement)
            finally:
                await conn.close()

        return asyncio.run(asked())

    def count(self) -> dict[str, int]:
        """Rows of the three tables; what was carried forward is none."""
        carried = "row_to_json(x)->>'type' IS DISTINCT FROM 'CARRIED'"
        return {
            kind: self.ask(f"SELECT count(*) FROM coster.{table} AS x WHERE {carried}")
            for kind, table in TABLES.items()
        }


@pytest.fixture
async def year(databases: Databases) -> AsyncIterator[Year]:
    """A session of forty orders a month."""
    name = await databases.create(template="coster_template")
    options = databases.server.connect_options(name)
    database = await Database.open(options, min_size=1, max_size=4)
    await founding.found(database, at=BEGAN)
    life = Life(database, Registry(HANDLERS), 1, size=40)
    await life.found(BEGAN)
    await life.live(BEGAN)
    copies = Copies(life, 1, BEGAN)
    async with database.system() as conn:
        await copies.read(conn)
        await copies.copy(conn, [BEGAN + dt.timedelta(days=30 * month) for month in range(1, SESSIONS)])
    await database.close()
    yield Year(url_of(options))
    await databases.drop(name)


def _sums(told: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in told["moved"]:
        sums[one["kind"]] = sums.get(one["kind"], 0) + one["rows"]
    return sums


def test_what_a_dry_run_says_is_moved_and_can_be_looked_at(
    year: Year, inside: Inside, tmp_path: Path
) -> None:
    """By month; `verify` finds every promise kept; what is there is checked without a database; a second run finds nothing."""
    before, to = year.count(), str(tmp_path / "archive")
    dry = inside("db", "archive", "--before", BEFORE, "--dry-run", "--json", env=year.env)
    assert (dry.code, year.count()) == (Exit.DONE, before)
    done = inside("db", "archive", "--before", BEFORE, "--to", to, "--json", env=year.env)
    assert done.code == Exit.DONE, done.err
    assert _sums(done.json) == _sums(dry.json)
    assert {one["month"] for one in done.json["moved"]} == {f"2026-0{month}" for month in range(1, 8)}
    assert year.count() == {kind: before[kind] - rows for kind, rows in _sums(done.json).items()}
    assert inside("verify", env=year.env).code == Exit.DONE
    looked = inside("db", "archived", to, "--json")
    assert (looked.code, looked.json["faults"], looked.json["moved"]) == (Exit.DONE, {}, done.json["moved"])
    again = inside("db", "archive", "--before", BEFORE, "--to", to, env=year.env)
    assert (again.code, again.out) == (Exit.DONE, "0 rows were moved to 0 files.\n")
    spoilt = next(Path(to).glob("org-1/2026-03/ledger-*.gz"))
    spoilt.write_bytes(spoilt.read_bytes()[:-9])
    faulty = inside("db", "archived", to)
    assert faulty.code == Exit.WRONG
    assert f"{spoilt.relative_to(to)}: the file is not what was written" in faulty.err


def test_killed_at_any_moment_it_is_run_again(year: Year, inside: Inside, tmp_path: Path) -> None:
    """`kill -9` as soon as there are so many files: each row is in the database or in a file that counts, in the end all old ones are."""
    before = year.count()
    for files in (1, 9):
        words = ("db", "archive", "--before", BEFORE, "--to", str(tmp_path))
        with start(*words, env=year.env) as process:
            while process.poll() is None and len(list(tmp_path.glob("org-1/*/*.gz"))) < files:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        # Reading finds what counts, also where the last part is not in the manifest yet.
        mended = inside(
            "db", "archive", "--before", BEFORE, "--to", str(tmp_path), "--what", "ledger", env=year.env
        )
        assert mended.code == Exit.DONE
        there = _sums(inside("db", "archived", str(tmp_path), "--json").json)
        assert {kind: rows + there.get(kind, 0) for kind, rows in (year.count()).items()} == before
    assert inside("db", "archive", "--before", BEFORE, "--to", str(tmp_path), env=year.env).code == Exit.DONE
    dry = inside("db", "archive", "--before", BEFORE, "--dry-run", "--json", env=year.env)
    assert _sums(dry.json) == {}
    assert inside("verify", env=year.env).code == Exit.DONE


def test_what_cannot_be_is_told_and_nothing_is_moved(year: Year, inside: Inside, tmp_path: Path) -> None:
    """Too young, nowhere to go, a promise that is broken, a directory that is a file, one that holds no archive."""
    before, to = year.count(), str(tmp_path / "archive")
    young = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    file = tmp_path / "file"
    file.touch()
    wrong = [
        ((young, "--to", to), Exit.USAGE, "--before must be at least 7 days ago"),
        (
            ("soon", "--to", to),
            Exit.USAGE,
            "--before must be a date, for example 2026-06-01, or an instant with a time zone",
        ),
        ((BEFORE,), Exit.USAGE, "--to must name the directory"),
        ((BEFORE, "--to", str(file)), Exit.REFUSED, "is a file"),
    ]
    for words, code, told in wrong:
        done = inside("db", "archive", "--before", *words, env=year.env)
        assert (done.code, told in done.err) == (code, True), done.err
    year.ask("UPDATE coster.ledger SET held = held + 1 WHERE seq = 1")
    done = inside("db", "archive", "--before", BEFORE, "--to", to, env=year.env)
    assert (done.code, "nothing was moved" in done.err) == (Exit.WRONG, True)
    assert year.count() == before
    assert inside("db", "archived", str(tmp_path)).code == Exit.REFUSED
    assert json.loads(inside("db", "archive", "--before", BEFORE, "--dry-run", "--json", env=year.env).out)[
        "dry_run"
    ]
