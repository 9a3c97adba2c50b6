"""The directory of an embedded server: its lock, its making, its log, and what an earlier server left in it.

<directory>/coster.lock     held (flock) by the process that runs the server
<directory>/pgdata          PostgreSQL's data directory
<directory>/server.log      what the server says; one older log is kept as server.log.1
<directory>/run             the socket
<directory>/postgresql-*    a copy of the programs, where the server's user cannot reach the originals
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from coster.engine.db import binaries, faults

_LOG_BYTES: Final = 10_000_000
_LEFTOVER_SECONDS: Final = 60.0
_BUILTIN_LOCALE_SINCE: Final = 17
_PR_SET_PDEATHSIG: Final = 1
# Looked up here, because between fork and exec nothing may be loaded.
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def data(directory: Path) -> Path:
    """PostgreSQL's own data directory."""
    return directory / "pgdata"


def log(directory: Path) -> Path:
    """The server's log."""
    return directory / "server.log"


class Lock:
    """The right to run a server on a directory, or to change its files.

    It goes with the process, however that ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, directory: Path) -> Self:
        """Take the lock of a directory, which is made if need be.

        DataDirectoryInUse if another process has it.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(directory / "coster.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise faults.DataDirectoryUnfit(
                f"the data directory {directory} cannot be written: {error.strerror}; choose another one"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            whose = f"process {holder}" if holder else "another process"
            raise faults.DataDirectoryInUse(
                f"the data directory {directory} is in use by {whose}: stop that one, or choose another"
                " directory; several servers on one database share it by COSTER_DATABASE_URL"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give it back."""
        os.close(self._descriptor)


def make(directory: Path, account: binaries.Account) -> None:
    """See that the account can work in the directory; one that is empty but for our lock is given to it."""
    if account.switch and {path.name for path in directory.iterdir()} <= {"coster.lock"}:
        account.own(directory)
    refuse_blocked(directory, account)


def refuse_blocked(directory: Path, account: binaries.Account) -> None:
    """DataDirectoryUnfit if the account may not enter the directory, or one above it; a directory that is not there may be made."""
    blocked = binaries.blocked_at(directory, account)
    if blocked is not None:
        raise faults.DataDirectoryUnfit(
            f"the server runs as the user {account.name}, who may not enter {blocked}: choose a data"
            " directory elsewhere by --data-dir or COSTER_DATA_DIR (for example --data-dir /var/lib/coster),"
            " or start Coster as an ordinary user"
        )


def initialise(
    directory: Path, programs: binaries.Binaries, account: binaries.Account, *, durable: bool
) -> None:
    """Make `pgdata` if there is none; DataDirectoryVersion if it is another major version's."""
    target = data(directory)
    found = major(directory)
    if found is not None:
        if found != programs.major:
            raise faults.DataDirectoryVersion(
                f"the data in {directory} was made by PostgreSQL {found}, and the programs are"
                f" {programs.version}:"
                " run `coster db upgrade`, or use programs of that version"
            )
        return
    kept = sorted(path.name for path in directory.glob("pgdata-*"))
    if kept:
        raise faults.DataDirectoryUnfit(
            f"there is no data in {directory}, but {' and '.join(kept)} from an upgrade that was interrupted:"
            f" rename {kept[-1]} to pgdata and run `coster db upgrade` again"
        )
    fresh = directory / "pgdata.new"
    create(fresh, programs, account, durable=durable)
    # It appears whole or not at all, so an interrupted start leaves nothing that looks like data.
    fresh.rename(target)


def create(
    target: Path,
    programs: binaries.Binaries,
    account: binaries.Account,
    *,
    durable: bool = True,
    checksums: bool = True,
) -> None:
    """A new, empty data directory at `target`. Text sorts by code point, the same on every system."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    account.own(target)
    command = [
        str(programs.path / "initdb"),
        "--pgdata",
        str(target),
        "--username",
        "coster",
        "--encoding",
        "UTF8",
    ]
    command += ["--auth-local", "trust", "--auth-host", "reject", "--no-instructions"]
    if programs.major >= _BUILTIN_LOCALE_SINCE:
        command += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    else:
        command += ["--locale", "C.UTF-8"]
    if checksums:
        command.append("--data-checksums")
    elif programs.major >= 18:
        command.append("--no-data-checksums")
    if not durable:
        command.append("--no-sync")
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        env=binaries.CLEAN_ENVIRONMENT,
        **account.run_as(),
    )
    if done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        raise faults.DataDirectoryUnfit(f"initdb could not make {target}: {done.stderr.strip()}")


def major(directory: Path) -> int | None:
    """The major version that made the data, or None if there is none."""
    try:
        return int((data(directory) / "PG_VERSION").read_text("ascii"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise faults.DataDirectoryUnfit(
            f"{data(directory)} belongs to another user: start Coster as that user, or choose another"
            " directory"
        ) from error


# ---------------------------------------------------------------------------------------------------- its log


def open_log(directory: Path) -> BinaryIO:
    """The log, to append to; a long one is put aside first."""
    path = log(directory)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def last_words(directory: Path, lines: int = 15) -> str:
    """The end of the log."""
    return "\n".join(log(directory).read_text("utf-8", "replace").splitlines()[-lines:])


# ----------------------------------------------------------------------------------------------------
# processes


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes the server: ask Linux for SIGINT when its parent ends (a clean
    shutdown).

    Elsewhere there is no such thing; there a server left behind is ended by the next start.
    """
    if _LIBC is None:
        return None
    prctl, ask, number = _LIBC.prctl, _PR_SET_PDEATHSIG, int(signal.SIGINT)

    def bind() -> None:
        prctl(ask, number, 0, 0, 0)
        if os.getppid() != parent:
            # The parent ended before we had asked.
            os._exit(1)

    return bind


def end_leftover(directory: Path) -> None:
    """Shut down a server whose process of ours is gone; we hold the lock, so nobody else can want it."""
    pid = _postmaster(directory)
    if pid is None:
        return
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    while _is_server(pid):
        if time.monotonic() > deadline:
            raise faults.DataDirectoryInUse(
                f"a server (process {pid}) is left on {directory} and does not stop: end it by hand"
            )
        time.sleep(0.02)


def running(directory: Path, user: str, database: str) -> dict[str, Any] | None:
    """Connect options for the server that runs on this directory now, or None."""
    if _postmaster(directory) is None:
        return None
    lines = (data(directory) / "postmaster.pid").read_text("utf-8").splitlines()
    if len(lines) < 5 or not lines[4]:
        return None
    return {"host": lines[4], "port": int(lines[3]), "user": user, "database": database}


def _postmaster(directory: Path) -> int | None:
    """The live server that postmaster.pid names.

    The file outlives a crash, and its number may be somebody else's by then.
    """
    try:
        pid = int((data(directory) / "postmaster.pid").read_text("utf-8").splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return pid if _is_server(pid) else None


def _is_server(pid: int) -> bool:
    done = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    status, _, name = done.stdout.strip().partition(" ")
    return bool(name) and not status.startswith("Z") and "postgres" in name
