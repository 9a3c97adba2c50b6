"""Temporary files of the tests in memory, where there is room: a copied database costs 40 ms there and 400 on a busy disk.

Tests make hundreds of databases and throw them away; nothing of that is worth a disk. Linux keeps files in memory below /dev/shm.
Somebody who chooses a TMPDIR keeps it; where /dev/shm is missing or small the files lie where they always did.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 8 * 2**30  # the tests were seen to need less than three
_PREFIX: Final = "coster-tests-"


def choose() -> Path | None:
    """Where this run keeps its temporary files, made now and named by TMPDIR; None where it stays as it is."""
    if "TMPDIR" in os.environ or not _roomy():
        return None
    _clear()
    place = _MEMORY / f"{_PREFIX}{os.getpid()}"
    place.mkdir(mode=0o755, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(place)
    return place


def leave(place: Path) -> None:
    """Give the memory back."""
    shutil.rmtree(place, ignore_errors=True)
    os.environ.pop("TMPDIR", None)
    tempfile.tempdir = None


def _roomy() -> bool:
    with contextlib.suppress(OSError):
        return os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return False


def _clear() -> None:
    """What runs that were killed left behind."""
    for old in _MEMORY.glob(f"{_PREFIX}*"):
        if not Path(f"/proc/{old.name.removeprefix(_PREFIX)}").exists():
            shutil.rmtree(old, ignore_errors=True)
