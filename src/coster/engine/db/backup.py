"""A database to a file and back, and PostgreSQL's own terminal; for embedded servers and for URLs alike.

The file is pg_dump's custom format: compressed, readable by pg_restore of this and every later version of
PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from coster.engine.db import binaries, connect, faults, sql

_SQL: Final = sql.load(__file__)
_ROLES: Final = Path(__file__).with_name("roles.sql")
_ENVIRONMENT: Final = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}


async def backup(target: connect.Target, file: Path, *, bin_dir: Path | None = None) -> Path:
    """Write the database, as of one instant, to a new file.

    Readers and writers go on. The file appears whole or not at all.

    FileExistsError if there is a file of that name, ToolFailed with the words of pg_dump if it refuses.
    """
    _refuse_existing(file)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        # Made by us, so that what holds personal data is closed to others from the first byte.
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        await _run(target, "pg_dump", f"--file={part}", "--format=custom", "--no-password", bin_dir=bin_dir)
        await asyncio.to_thread(_publish, part, file)
    finally:
        part.unlink(missing_ok=True)
    return file


async def restore(target: connect.Target, file: Path, *, bin_dir: Path | None = None) -> None:
    """Fill an empty database from a backup, in one transaction.

    ToolFailed if it is not empty, or if pg_restore refuses.
    """
    if not await asyncio.to_thread(file.is_file):
        raise FileNotFoundError(f"there is no backup {file}")
    conn = await connect.connect(target)
    try:
        objects = await _SQL.count_objects(conn)
        if objects:
            raise faults.ToolFailed(
                f"the database is not empty (it has {objects} tables and other objects), and restoring"
                " never overwrites: name an empty database, or for the embedded server another data directory"
            )
        # A backup holds the grants to the role but not the role, which belongs to the server.
        await conn.execute(_ROLES.read_text("utf-8"))
        options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-password")
        await _run(target, "pg_restore", *options, str(file), bin_dir=bin_dir)
        await _SQL.analyze(conn)
    finally:
        await conn.close()


def psql(target: connect.Target, arguments: list[str], *, bin_dir: Path | None = None) -> int:
    """Run psql on this database, at the terminal of this process; gives its exit code."""
    program = binaries.find(bin_dir).path / "psql"
    name, environment = _address(target)
    command = [str(program), f"--dbname={name}", *arguments]
    # A Ctrl-C at the terminal is for psql alone: it cancels a query there, and must not end us.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, check=False)  # noqa: S603 - psql of the server's own programs
    finally:
        signal.signal(signal.SIGINT, before)
    return done.returncode


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise FileExistsError(f"{file} exists, and a backup never overwrites: name another file")


def _publish(part: Path, file: Path) -> None:
    with part.open("rb") as written:
        os.fsync(written.fileno())
    try:
        # A link fails where a file of the name has come meanwhile; a rename would replace it.
        os.link(part, file)
    except FileExistsError:
        _refuse_existing(file)
    except OSError:
        # No hard links on this file system.
        _refuse_existing(file)
        part.rename(file)


def _address(target: connect.Target) -> tuple[str, dict[str, str]]:
    """What libpq's programs take: a name or URL for --dbname, and the rest in the environment, where `ps`
    does not show it.
    """
    if not isinstance(target, str):
        environment = {
            variable: str(target[key])
            for key, variable in _ENVIRONMENT.items()
            if target.get(key) is not None
        }
        return str(target["database"]), environment
    parts = urlsplit(target)
    if parts.password is None:
        return target, {}
    user, _, host = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{host}")
    return urlunsplit(bare), {"PGPASSWORD": unquote(parts.password)}


async def _run(target: connect.Target, program: str, *arguments: str, bin_dir: Path | None) -> None:
    """Run one of PostgreSQL's programs on the database; cancelled, it is ended too."""
    name, environment = _address(target)
    process = await asyncio.create_subprocess_exec(
        str(binaries.find(bin_dir).path / program),
        f"--dbname={name}",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**binaries.CLEAN_ENVIRONMENT, **environment},
    )
    try:
        _nothing, said = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        raise
    if process.returncode != 0:
        raise faults.ToolFailed(f"{program} failed: {said.decode('utf-8', 'replace').strip()}")
