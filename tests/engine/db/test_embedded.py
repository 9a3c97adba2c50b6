"""The server of our own: from its first start to the ends that it can come to."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from coster.engine.db import binaries, datadir, embedded, faults
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer

pytestmark = pytest.mark.database

_ROOT = os.geteuid() == 0


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may pass, for a server to be made in."""
    folder = Path(tempfile.mkdtemp(prefix="coster-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _wait(what: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


def _state(directory: Path, pg_bin: Path | None) -> str:
    """What pg_controldata says: `shut down`, `in production` (it crashed or runs), ..."""
    program = binaries.find(pg_bin).path / "pg_controldata"
    done = subprocess.run([program, datadir.data(directory)], capture_output=True, text=True, check=True)
    found = re.search(r"cluster state: +(.*)", done.stdout)
    assert found, done.stdout
    return found[1]


async def _ask(server: EmbeddedServer, statement: str) -> object:
    conn = await asyncpg.connect(**server.connect_options())
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


# ---------------------------------------------------------------------------------------------------- start and stop


async def test_data_outlives_a_stop(place: Path, pg_bin: Path | None) -> None:
    """The first start makes it, the stop is clean, the second start finds it."""
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin) as server:
        await _ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    assert _state(place / "pg", pg_bin) == "shut down"
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin) as server:
        assert await _ask(server, "SELECT n FROM kept") == 42


async def test_it_is_durable_unless_testing(place: Path, pg_bin: Path | None) -> None:
    """Nobody gets fast and forgetful settings by default."""
    settings = {}
    for testing in (False, True):
        async with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=testing) as server:
            settings[testing] = [
                await _ask(server, f"SHOW {name}")
                for name in ("fsync", "synchronous_commit", "full_page_writes")
            ]
    assert settings == {False: ["on", "on", "on"], True: ["off", "off", "off"]}


async def test_text_sorts_by_code_point_on_every_system(place: Path, pg_bin: Path | None) -> None:
    """Indexes stay valid when the system's libraries change; upper and lower case still work beyond ASCII."""
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        assert (
            await _ask(server, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{a,B,é,z}'::text[]) x")
            == "Bazé"
        )
        assert await _ask(server, "SELECT upper('é')") == "É"
        assert await _ask(server, "SHOW server_encoding") == "UTF8"


def _mode(path: Path | str) -> int:
    return Path(path).stat().st_mode & 0o777


async def test_it_listens_on_its_own_socket_only(place: Path, pg_bin: Path | None) -> None:
    """No network, and a socket directory that is closed to others."""
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        assert await _ask(server, "SHOW listen_addresses") == ""
        assert _mode(server.connect_options()["host"]) == 0o700
        assert _mode(datadir.data(place / "pg")) == 0o700


def test_root_lends_it_a_harmless_user(place: Path, pg_bin: Path | None) -> None:
    """The server never runs as root; for an ordinary user it runs as that user."""
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        owner = Path(f"/proc/{server.pid}").stat().st_uid
    expected = ("postgres", "nobody") if _ROOT else (pwd.getpwuid(os.geteuid()).pw_name,)
    assert pwd.getpwuid(owner).pw_name in expected


def test_an_ordinary_user_can_run_it(place: Path, pg_bin: Path | None) -> None:
    """With no rights beyond the own directory. Root becomes `nobody` for this; others are ordinary already."""
    user = pwd.getpwnam("nobody") if _ROOT else pwd.getpwuid(os.geteuid())
    own = place / "own"
    own.mkdir()
    os.chown(own, user.pw_uid, user.pw_gid)
    script = (
        "import asyncio, asyncpg, encodings.idna, os, sys\n"
        "from coster.engine.db import migrate\n"
        "from coster.engine.db.embedded import EmbeddedServer\n"
        f"if os.geteuid() == 0: os.setgroups([]); os.setgid({user.pw_gid}); os.setuid({user.pw_uid})\n"
        f"with EmbeddedServer({str(own / 'pg')!r}, bin_dir={str(pg_bin) if pg_bin else None!r}) as server:\n"
        "    async def ask():\n"
        "        conn = await asyncpg.connect(**server.connect_options())\n"
        "        return await conn.fetchval('SELECT 6 * 7')\n"
        "    print(asyncio.run(ask()), os.geteuid())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"42 {user.pw_uid}\n", 0), done.stderr
    assert _state(own / "pg", pg_bin) == "shut down"
    # Root can look after that user's server too, and runs it as that user.
    with EmbeddedServer(own / "pg", bin_dir=pg_bin) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid == user.pw_uid


@pytest.mark.versions
def test_programs_out_of_reach_are_copied(place: Path) -> None:
    """As when the environment lies in the home of root. The directories on the way keep their mode."""
    wheel = binaries.find().path.parents[1]
    private = place / "private"
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(folder, private / folder.name, symlinks=True)
    private.chmod(0o700)
    bin_dir = private / wheel.name / "pginstall" / "bin"
    with EmbeddedServer(place / "pg", bin_dir=bin_dir, testing=True) as server:
        program = Path(f"/proc/{server.pid}/exe").resolve()
        assert asyncio.run(_ask(server, "SELECT 1")) == 1
    assert private.stat().st_mode & 0o777 == 0o700
    assert program.is_relative_to(place / "pg" if _ROOT else private)


def test_a_directory_out_of_reach_is_told(place: Path, pg_bin: Path | None) -> None:
    """Root's server user may not enter root's private directory; an ordinary user may not write in a closed one."""
    closed = place / "closed"
    closed.mkdir(mode=0o700 if _ROOT else 0o500)
    with pytest.raises(faults.DataDirectoryUnfit, match="choose a"):
        EmbeddedServer(closed / "pg", bin_dir=pg_bin).start()


def test_a_long_path_gets_a_short_socket(place: Path, pg_bin: Path | None) -> None:
    """A socket's path holds 107 bytes at most; the directory made for it is removed with the server."""
    with EmbeddedServer(place / ("deep" * 20) / "pg", bin_dir=pg_bin, testing=True) as server:
        socket = Path(server.connect_options()["host"])
        assert len(str(socket)) < 80
        assert asyncio.run(_ask(server, "SELECT 1")) == 1
    assert not socket.exists()


def test_an_interrupted_first_start_does_no_harm(place: Path, pg_bin: Path | None) -> None:
    """Half a data directory is thrown away; it never had the name of a whole one."""
    half = place / "pg" / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    (place / "pg").chmod(0o755)
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        assert asyncio.run(_ask(server, "SELECT 1")) == 1
    assert not half.exists()


def test_start_and_stop_can_be_repeated(place: Path, pg_bin: Path | None) -> None:
    """Twice is once, and the same object serves again."""
    server = EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True)
    for _ in range(2):
        server.start()
        first = server.pid
        server.start()
        assert server.pid == first
        server.stop()
        server.stop()
        assert server.pid is None
    assert server.restarts == 0


# ---------------------------------------------------------------------------------------------------- refusals


def test_a_second_process_is_told_who_is_there(place: Path, pg_bin: Path | None) -> None:
    """By its process number; the first goes on."""
    script = (
        "from coster.engine.db import faults\n"
        "from coster.engine.db.embedded import EmbeddedServer\n"
        f"try: EmbeddedServer({str(place / 'pg')!r}).start()\n"
        "except faults.DataDirectoryInUse as error: print(error)\n"
    )
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert f"{place}/pg is in use by process {os.getpid()}: stop that one" in done.stdout
        assert asyncio.run(_ask(server, "SELECT 1")) == 1
        assert server.restarts == 0


def test_data_of_another_version_is_told(place: Path) -> None:
    """The message says which and what to run; the data is not touched."""
    data = place / "pg" / "pgdata"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    (place / "pg").chmod(0o755)
    with pytest.raises(
        faults.DataDirectoryVersion, match=r"made by PostgreSQL 9, .* run `coster db upgrade`"
    ):
        EmbeddedServer(place / "pg").start()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_server_that_cannot_run_tells_why(place: Path, pg_bin: Path | None) -> None:
    """With the end of its log, and without keeping the directory."""
    server = EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True, settings={"shared_buffers": "plenty"})
    with pytest.raises(faults.ServerFailed, match='invalid value for parameter "shared_buffers"'):
        server.start()
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as healthy:
        assert asyncio.run(_ask(healthy, "SELECT 1")) == 1


def test_no_programs_are_told(place: Path) -> None:
    """An empty directory has none."""
    with pytest.raises(faults.BinariesNotFound, match=f"no programs postgres and initdb in {place}"):
        EmbeddedServer(place / "pg", bin_dir=place).start()


# ---------------------------------------------------------------------------------------------------- ends


def test_killing_the_parent_shuts_the_server_down_cleanly(place: Path, pg_bin: Path | None) -> None:
    """Linux signals it; nothing is left running, nothing is left to recover, and the next start works."""
    script = (
        "import time\n"
        "from coster.engine.db.embedded import EmbeddedServer\n"
        f"server = EmbeddedServer({str(place / 'pg')!r}, bin_dir={str(pg_bin) if pg_bin else None!r})\n"
        "server.start(); print(server.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    _wait(lambda: _gone(pid))
    assert _state(place / "pg", pg_bin) == "shut down"
    with EmbeddedServer(place / "pg", bin_dir=pg_bin) as server:
        assert asyncio.run(_ask(server, "SELECT 1")) == 1


async def test_a_killed_server_comes_back_with_its_data(place: Path, pg_bin: Path | None) -> None:
    """Committed rows are there, the pool connects anew, and the restart is counted."""
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin) as server:
        conn = await asyncpg.connect(**server.connect_options())
        await conn.execute("CREATE ROLE coster_app; CREATE TABLE public.kept AS SELECT 42 AS n")
        await conn.execute("GRANT SELECT ON public.kept TO coster_app")
        await conn.close()
        database = await Database.open(server.connect_options(), min_size=2, max_size=4)
        for round_ in (1, 2):
            assert server.pid
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(
                _wait, lambda now=round_: server.restarts == now and server.wait_ready(10)
            )
            async with database.read(1) as conn:
                assert await conn.fetchval("SELECT n FROM public.kept") == 42
        await database.close()
    assert server.failure is None
    assert _state(place / "pg", pg_bin) == "shut down"


async def test_a_server_that_has_answered_is_never_given_up(
    place: Path, pg_bin: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often in a row it is killed: what keeps it down (a full disk) may pass, and then it must be there."""
    monkeypatch.setattr(embedded, "_ATTEMPTS", 2)
    async with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        for round_ in (1, 2, 3):
            assert server.pid
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(
                _wait, lambda now=round_: server.restarts == now and server.wait_ready(10)
            )
        assert (await _ask(server, "SELECT 1"), server.failure) == (1, None)


def test_a_server_left_behind_is_ended_first(place: Path, pg_bin: Path | None) -> None:
    """As after `kill -9` where the system has no way to tell the server that its parent is gone."""
    with EmbeddedServer(place / "pg", bin_dir=pg_bin):
        pass
    account = binaries.server_account(datadir.data(place / "pg"))
    program = binaries.find(pg_bin).path / "postgres"
    command = [
        program,
        "-D",
        datadir.data(place / "pg"),
        "-k",
        place / "pg" / "run",
        "-c",
        "listen_addresses=",
    ]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **account.run_as()) as left:
        _wait(lambda: embedded.find_running(place / "pg"))
        with EmbeddedServer(place / "pg", bin_dir=pg_bin) as server:
            assert left.wait(10) == 0
            assert asyncio.run(_ask(server, "SELECT 1")) == 1
            assert server.restarts == 0


def test_another_process_can_find_it(place: Path, pg_bin: Path | None) -> None:
    """A command line beside a running server connects to it; without one it starts its own for as long as it needs."""
    assert embedded.find_running(place / "pg") is None
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        with embedded.reach(place / "pg") as options:
            assert options == server.connect_options()
        assert server.wait_ready(0)
    assert embedded.find_running(place / "pg") is None
    with embedded.reach(place / "pg", bin_dir=pg_bin) as options:
        assert embedded.find_running(place / "pg") == options
    assert embedded.find_running(place / "pg") is None


def test_a_stale_pid_file_stops_nobody(place: Path, pg_bin: Path | None) -> None:
    """After a crash of the machine its number may belong to any process, here to us."""
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True):
        pid_file = datadir.data(place / "pg") / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:5], "ready"]) + "\n")
    with EmbeddedServer(place / "pg", bin_dir=pg_bin, testing=True) as server:
        assert asyncio.run(_ask(server, "SELECT 1")) == 1
