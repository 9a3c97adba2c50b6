"""A PostgreSQL server of our own: made, started, watched, restarted and stopped by this process.

    with EmbeddedServer(directory) as server:
        database = await Database.open(server.connect_options())

The directory holds `pgdata`, `server.log`, the lock and the socket. The server listens on that socket only
(mode 0700), never on the network. It ends when this process ends, however that happens (on Linux even after
`kill -9`), and then shuts down cleanly. If the server itself dies, a thread starts it again and PostgreSQL
recovers what was committed; clients see lost connections meanwhile.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import asyncpg

from coster.engine.db import binaries, datadir, faults, sql

_SQL: Final = sql.load(__file__)
SUPERUSER: Final = "coster"
DATABASE: Final = "coster"
_PORT: Final = 5432  # a name of the socket file only
_STOP_SECONDS: Final = 60.0
_ATTEMPTS: Final = 6
_STEADY_SECONDS: Final = 10.0
_LONGEST_WAIT: Final = 2.0

_SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Positions and counters are small tables that change all the time; they must be cleaned long before a
    # fifth has changed.
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_naptime": "15s",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
}
_TESTING: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedServer:
    """One server on one directory.

    `start` and `stop` block (from async code: `async with`, or asyncio.to_thread).
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        bin_dir: Path | str | None = None,
        testing: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`testing` trades durability for speed.

        `settings` are parameters of postgresql.conf that win over ours.
        """
        self.directory = Path(directory).resolve()
        self.restarts = 0
        self._bin_dir = Path(bin_dir) if bin_dir else None
        self._testing = testing
        self._settings = {**_SETTINGS, **(_TESTING if testing else {}), **(settings or {})}
        self._socket_dir: Path | None = None
        self._lock: datadir.Lock | None = None
        self._command: list[str] = []
        self._account: binaries.Account | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._ready = threading.Event()
        self._failure: faults.ServerFailed | None = None

    # ------------------------------------------------------------------------------------------------ start
    # and stop

    def start(self) -> None:
        """Make the data directory if there is none, start the server, and return when it answers.

        DataDirectoryInUse, DataDirectoryVersion, DataDirectoryUnfit, BinariesNotFound or ServerFailed if that
        cannot be.
        """
        if self._thread is not None:
            return
        # Before anything is made, so that a directory that cannot be used is not left behind.
        datadir.refuse_blocked(self.directory, binaries.server_account(datadir.data(self.directory)))
        self._lock = datadir.Lock.take(self.directory)
        try:
            self._prepare()
            # The thread that forks must live as long as the server: Linux signals a child when its parent
            # *thread* ends.
            self._thread = threading.Thread(target=self._supervise, name="coster-postgres", daemon=True)
            self._thread.start()
            atexit.register(self.stop)
            self._settled.wait()
        except BaseException:
            self.stop()
            raise
        if self._failure is not None:
            self.stop()
            raise self._failure

    def stop(self) -> None:
        """Shut the server down cleanly (its clients are disconnected) and give the directory free.

        Does nothing if stopped.
        """
        atexit.unregister(self.stop)
        self._stopping.set()
        if self._thread is not None:
            self._signal(signal.SIGINT)
            self._thread.join(_STOP_SECONDS)
            if self._thread.is_alive():
                # Immediate shutdown: the next start recovers. Never SIGKILL, which could leave shared memory
                # behind.
                self._signal(signal.SIGQUIT)
                self._thread.join(_STOP_SECONDS)
            self._thread = None
        if self._socket_dir is not None and self._socket_dir.parent != self.directory:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        self._socket_dir = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await asyncio.to_thread(self.stop)

    # ------------------------------------------------------------------------------------------------ for its
    # users

    @property
    def failure(self) -> faults.ServerFailed | None:
        """Why the server was given up, if it was: it never answered."""
        return self._failure

    @property
    def pid(self) -> int | None:
        """The server's process, or None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def wait_ready(self, timeout: float) -> bool:
        """Whether the server answers now or within `timeout` seconds; it may be restarting."""
        return self._ready.wait(timeout)

    def connect_options(self, database: str = DATABASE) -> dict[str, Any]:
        """The arguments of asyncpg.connect for one of its databases."""
        assert self._socket_dir is not None, "the server has been started"
        return {"host": str(self._socket_dir), "port": _PORT, "user": SUPERUSER, "database": database}

    # ------------------------------------------------------------------------------------------------
    # preparing

    def _prepare(self) -> None:
        self._failure = None
        for event in (self._stopping, self._settled, self._ready):
            event.clear()
        self._account = account = binaries.server_account(datadir.data(self.directory))
        datadir.make(self.directory, account)
        programs = binaries.reachable_by(binaries.find(self._bin_dir), account, self.directory)
        datadir.initialise(self.directory, programs, account, durable=not self._testing)
        datadir.end_leftover(self.directory)
        self._socket_dir = self._make_socket_dir(account)
        options = {**self._settings, "unix_socket_directories": str(self._socket_dir), "listen_addresses": ""}
        self._command = [
            str(programs.path / "postgres"),
            "-D",
            str(datadir.data(self.directory)),
            "-p",
            str(_PORT),
        ]
        self._command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def _make_socket_dir(self, account: binaries.Account) -> Path:
        """A directory for the socket: in ours, unless its path would get longer than a socket's may be."""
        place = self.directory / "run"
        if len(os.fsencode(place)) > 80:
            place = Path(tempfile.mkdtemp(prefix="coster-"))
        place.mkdir(mode=0o700, exist_ok=True)
        account.own(place)
        return place

    # ------------------------------------------------------------------------------------------------ the
    # watching thread

    def _supervise(self) -> None:
        try:
            self._keep_up()
        except Exception as error:  # noqa: BLE001 - whoever waits in start() must hear of it, whatever it is
            self._failure = faults.ServerFailed(f"the embedded server cannot be started: {error}")
        finally:
            self._ready.clear()
            self._settled.set()

    def _keep_up(self) -> None:
        """Run the server again and again until it is to stop, or until it fails too often in a row without ever having answered."""
        failures = 0
        while not self._stopping.is_set():
            since = time.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            failures = failures + 1 if time.monotonic() - since < _STEADY_SECONDS else 1
            # One that has never answered will not by itself; one that has did so with these very data, and what keeps it
            # down (a disk that is full) passes.
            if failures >= _ATTEMPTS and not self._settled.is_set():
                self._failure = faults.ServerFailed(
                    f"the embedded server ended with code {code}, {failures} times in a row."
                    f" The end of {datadir.log(self.directory)}:\n{datadir.last_words(self.directory)}"
                )
                return
            # Backends of a killed server need a moment to notice, and the next one may not start before they
            # are gone.
            self._stopping.wait(min(0.05 * 2 ** min(failures - 1, _ATTEMPTS), _LONGEST_WAIT))

    def _run_once(self) -> int:
        """One life of the server, from start to end; gives its exit code."""
        assert self._account is not None, "prepared"
        again = self._settled.is_set()
        with datadir.open_log(self.directory) as log:
            self._process = process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=binaries.CLEAN_ENVIRONMENT,
                # A Ctrl-C at the terminal goes to the whole group of processes; the server must outlive our
                # own shutdown.
                start_new_session=True,
                umask=0o077,
                # It makes one system call, and must do so after the change of user, so nothing else will do.
                preexec_fn=datadir.die_with_parent(os.getpid()),  # noqa: PLW1509 - see above
                **self._account.run_as(),
            )
        while process.poll() is None:
            if self._stopping.is_set():
                process.send_signal(signal.SIGINT)
                break
            if asyncio.run(self._answers()):
                self.restarts += again
                self._ready.set()
                self._settled.set()
                break
            time.sleep(0.01)
        code = process.wait()
        self._ready.clear()
        return code

    async def _answers(self) -> bool:
        """Whether a connection can be made; on the way, our database is made if it is not there."""
        try:
            conn = await asyncpg.connect(**self.connect_options("postgres"), timeout=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        try:
            if not await _SQL.has_database(conn, name=DATABASE):
                await _SQL.create_database(conn)
        finally:
            await conn.close()
        return True

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def find_running(directory: Path | str) -> dict[str, Any] | None:
    """Connect options for the server that another process runs on this directory; None if there is none."""
    return datadir.running(Path(directory).resolve(), SUPERUSER, DATABASE)


@contextlib.contextmanager
def reach(directory: Path | str, *, bin_dir: Path | str | None = None) -> Iterator[dict[str, Any]]:
    """Connect options for a directory's server: of the one that runs, else of one that runs for this block only."""
    options = find_running(directory)
    if options is not None:
        yield options
        return
    with EmbeddedServer(directory, bin_dir=bin_dir) as server:
        yield server.connect_options()
