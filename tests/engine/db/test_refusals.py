"""The server itself on a database of one's own: it serves what fits, and refuses what does not with a sentence that helps."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from coster.engine.db import connect, migrate
from coster.simulation.serving import free_port, url_of
from tests import watch

pytestmark = pytest.mark.database

UNFIT = {
    "empty": (
        "DROP SCHEMA coster CASCADE",
        "there are no tables of Coster in this database yet",
        "run `coster db migrate`",
    ),
    "newer": (
        "UPDATE coster.alembic_version SET version_num = '0099'",
        "the database has version 0099, which this program does not know",
        "start the newer Coster that migrated it, or restore a backup from before",
    ),
    "half a restore": (
        "DELETE FROM coster.alembic_version",
        "tables but no version: a migration by hand or a restore was left unfinished",
        "restore the last backup into an empty database",
    ),
    "two versions": (
        "INSERT INTO coster.alembic_version VALUES ('0002')",
        "the database says that it has the versions 0001, 0002 at once",
        "restore the last backup",
    ),
}


@pytest.fixture
async def own(databases: Any) -> AsyncIterator[dict[str, Any]]:
    """How to connect to a database of one's own, migrated."""
    name = await databases.create()
    options = databases.server.connect_options(name)
    await migrate.upgrade(options)
    yield options
    await databases.drop(name)


def _serve(options: dict[str, Any], port: int, place: Path) -> subprocess.Popen[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COSTER_") or name == watch.VARIABLE
    }
    env |= {
        "COSTER_DATABASE_URL": url_of(options),
        "COSTER_PORT": str(port),
        "COSTER_DATA_DIR": str(place / "data"),
    }
    command = [sys.executable, "-m", "coster.cli.main", "serve"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("change", "wrong", "remedy"), UNFIT.values(), ids=UNFIT)
async def test_an_unfit_database_is_refused(
    own: dict[str, Any], tmp_path: Path, change: str, wrong: str, remedy: str
) -> None:
    """One sentence with what is wrong and what to do, code 4, and the database is as it was."""
    conn = await connect.connect(own)
    await conn.execute(change)
    before = await migrate.catalog(conn)
    with _serve(own, free_port(), tmp_path) as server:
        out, err = server.communicate(timeout=60)
    assert (server.returncode, "Traceback" in out + err) == (4, False), out + err
    told = " ".join((out + err).split())
    assert wrong in told
    assert remedy in told
    assert await migrate.catalog(conn) == before
    await conn.close()


@pytest.fixture
def serving(own: dict[str, Any], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server on that database, and its port."""
    port = free_port()
    with _serve(own, port, tmp_path) as server:
        yield server, port
        if server.poll() is None:
            server.kill()


def test_a_database_that_fits_is_served(serving: tuple[subprocess.Popen[str], int], tmp_path: Path) -> None:
    """By COSTER_DATABASE_URL alone: no server of our own is made, and the end is clean."""
    server, port = serving
    assert _ready(server, port) == 200
    assert not (tmp_path / "data").exists()
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)
    assert server.returncode == 0


def _ready(server: subprocess.Popen[str], port: int) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client,
        ):
            client.request("GET", "/health/ready")
            return client.getresponse().status
        time.sleep(0.05)
    return 0
