"""Parts and the manifest on disk: a part is there whole or not at all, and stays there when the machine goes down.

    <directory>/org-1/manifest.ndjson              every part that counts, a line each
    <directory>/org-1/2026-05/events-000001.ndjson.gz

A line of a part is a row of its table as JSON. All files are their owner's only.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from coster.engine.archive.model import Kind, Part, Unfit

_LEVEL: Final = 6
_PRIVATE: Final = 0o600
MANIFEST: Final = "manifest.ndjson"


class Draft:
    """A part that is being written; nothing of it counts before `keep`."""

    def __init__(self, directory: Path, org_id: int, kind: Kind, month: str) -> None:
        self.kind, self.month = kind, month
        self.rows = 0
        self._home = directory / f"org-{org_id}"
        folder = self._home / month
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._partial = folder / f"{kind}.partial"
        # Of an interrupted run: its rows are still in the database.
        self._partial.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb")
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._file, mtime=0)

    def write(self, lines: Sequence[str]) -> None:
        """Appends rows, each a line of JSON."""
        if lines:
            self._gzip.write(("\n".join(lines) + "\n").encode())
            self.rows += len(lines)

    def keep(self, number: int) -> tuple[str, int, str]:
        """Puts it on disk for good under its number; yields its name below the directory, its size, and its SHA-256 in hex."""
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        name = self._partial.with_name(f"{self.kind}-{number:06}.ndjson.gz")
        with self._partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = self._partial.stat().st_size
        self._partial.replace(name)
        for folder in (name.parent, self._home, self._home.parent):
            _settle(folder)
        return name.relative_to(self._home.parent).as_posix(), size, digest

    def drop(self) -> None:
        """Forgets it, if it was not kept."""
        with contextlib.suppress(OSError, ValueError):
            self._gzip.close()
        self._file.close()
        self._partial.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Has the names in a directory survive a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare(directory: Path) -> None:
    """Makes the directory, if it is not there. Unfit where it is a file."""
    if directory.exists() and not directory.is_dir():
        raise Unfit(f"{directory} is a file; name a directory for the archive")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def manifest(directory: Path, org_id: int) -> list[Part]:
    """The parts of an organisation that count, in order; none where there is no manifest. Unfit where it cannot be read."""
    path = directory / f"org-{org_id}" / MANIFEST
    if not path.exists():
        return []
    decode = msgspec.json.Decoder(Part).decode
    try:
        # What stands behind the last end of line was being written when the machine went down.
        return [decode(line) for line in path.read_bytes().split(b"\n")[:-1]]
    except (msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise Unfit(f"{path} is no manifest of an archive: {fault}") from None


def write_manifest(directory: Path, org_id: int, parts: Iterable[Part]) -> None:
    """Puts these parts into the manifest, in place of what was there, whole or not at all."""
    path = directory / f"org-{org_id}" / MANIFEST
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".partial")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
        file.write(b"".join(msgspec.json.encode(part) + b"\n" for part in parts))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _settle(path.parent)


def add_to_manifest(directory: Path, part: Part) -> None:
    """Puts one more part behind the others."""
    path = directory / f"org-{part.organisation}" / MANIFEST
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE), "ab") as file:
        file.write(msgspec.json.encode(part) + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def locked(directory: Path, org_id: int) -> Iterator[None]:
    """Nobody else writes this organisation's parts into the directory meanwhile. Unfit where somebody does already."""
    home = directory / f"org-{org_id}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(home / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Unfit(
            f"another process is archiving organisation {org_id} into {directory}; wait for it"
        ) from None
    finally:
        os.close(handle)


def reconciled(directory: Path, org_id: int, noted: Iterable[Part]) -> list[Part]:
    """The manifest as it must be: the noted parts of which this directory has the file.

    A run that was killed may have noted a part that the manifest lacks. Unfit where the manifest has one that the database does not
    know: then it belongs to another database, or to this one before it was restored from an older backup.
    """
    by_number = {part.number: part for part in noted}
    told = manifest(directory, org_id)
    for part in told:
        known = by_number.get(part.number)
        if known is None or known.sha256 != part.sha256:
            raise Unfit(
                f"{directory} holds part {part.number} of organisation {org_id}, which this database does not know: it belongs to"
                " another database, or to this one before it was restored from an older backup; name another directory"
            )
    here = {part.number for part in told}
    return [part for part in by_number.values() if part.number in here or _is_here(directory, part)]


def _is_here(directory: Path, part: Part) -> bool:
    path = directory / part.file
    return path.exists() and path.stat().st_size == part.bytes and digest_of(path) == part.sha256


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
