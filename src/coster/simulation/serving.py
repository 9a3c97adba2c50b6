"""Server processes for loads: the real program, started as anybody would start it, on free loopback ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from coster.engine.db import datadir
from coster.simulation.wire import Wire


def url_of(options: Mapping[str, Any]) -> str:
    """The database URL of a server's options."""
    password = f":{quote(options['password'], safe='')}" if options.get("password") else ""
    who = f"{quote(options['user'], safe='')}{password}"
    return (
        f"postgresql://{who}@/{options['database']}?host={quote(str(options['host']))}&port={options['port']}"
    )


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server process on a database; `start` returns when it is ready."""

    def __init__(self, database_url: str, *, log: Path | None = None, **settings: object) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self._through: tuple[str, ...] = ()
        given = {"database_url": database_url, "log_requests": "false", "log_level": "warning", **settings}
        self._environ = {f"COSTER_{name.upper()}": str(value) for name, value in given.items()}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    def stand(self, host: str, through: Sequence[str]) -> None:
        """It listens on another address from the next start on, run by a command (`ip netns exec one`)."""
        self.host, self._through = host, tuple(through)

    def settle(self, **settings: object) -> None:
        """More settings, from the next start on."""
        self._environ |= {f"COSTER_{name.upper()}": str(value) for name, value in settings.items()}

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, "the server was started"
        return self._process.pid

    async def start(self, *, patience: float = 30.0) -> None:
        """Starts the process and waits until it is ready; RuntimeError with its last words when it never is."""
        with open(self._log or os.devnull, "ab") as log:  # noqa: ASYNC230, PTH123 - once, before a process
            await self._spawn(log)
        await self._until_ready(patience)

    async def _spawn(self, log: BinaryIO) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._through, sys.executable, "-m", "coster.cli.main", "serve", "--host", self.host, "--port", str(self.port),
            env={**os.environ, **self._environ}, stdout=log, stderr=log,
            # It makes one system call; a load that dies must not leave servers behind.
            preexec_fn=datadir.die_with_parent(os.getpid()),
        )  # fmt: skip

    async def _until_ready(self, patience: float) -> None:
        assert self._process is not None, "the process was spawned"
        wire = Wire(self.host, self.port, "", timeout=5)
        deadline = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                if (await wire.ask("GET", "/health/ready")).status == 200:
                    wire.close()
                    return
            if self._process.returncode is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode} before it was ready")
            await asyncio.sleep(0.05)
        # Whoever starts another one would have two on one port.
        await self.kill()
        raise RuntimeError(f"the server was not ready after {patience:g} seconds")

    async def ended(self) -> int:
        """Returns when the process has ended, with its code."""
        assert self._process is not None, "the server was started"
        return await self._process.wait()

    async def stop(self) -> None:
        """Asks the process to finish, and waits."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def kill(self) -> None:
        """Ends the process at once, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def resident_mb(self) -> float:
        """Resident memory of the process and its children, in megabytes (Linux)."""
        return sum(_resident(pid) for pid in [self.pid, *_children(self.pid)])


def _resident(pid: int) -> float:
    with contextlib.suppress(OSError):
        return (
            int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        )
    return 0.0


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


@contextlib.asynccontextmanager
async def servers(
    database_url: str, count: int = 1, *, log: Path | None = None, **settings: object
) -> AsyncIterator[list[Server]]:
    """Some servers on one database, ready; stopped at the end. `log` is a file for what they say."""
    started = [Server(database_url, log=log, **settings) for _ in range(count)]
    try:
        # One after the other, because the first may migrate.
        for server in started:
            await server.start()
        yield started
    finally:
        for server in started:
            await server.stop()
