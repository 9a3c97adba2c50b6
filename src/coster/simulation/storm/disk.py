"""A small disk of its own for the database, that can be filled: a tmpfs. Where mounting is not permitted, there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MEGABYTE: Final = 1_000_000
_PIECE: Final = b"\0" * MEGABYTE


class Disk:
    """A directory for the length of a block; `trouble` says why it is no disk of its own, or is empty."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self.path = Path()
        self.trouble = ""

    def __enter__(self) -> Self:
        self.path = Path(tempfile.mkdtemp(prefix="coster-disk-"))
        self.trouble = self._mount()
        # PostgreSQL may run as another user, who must be able to pass.
        self.path.chmod(0o755)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not self.trouble:
            _run("umount", "-l", str(self.path))
        shutil.rmtree(self.path, ignore_errors=True)

    def _mount(self) -> str:
        if os.geteuid() != 0:
            return "a disk of its own cannot be mounted by an ordinary user"
        return _run("mount", "-t", "tmpfs", "-o", f"size={self._megabytes}m", "coster-storm", str(self.path))

    async def fill(self, seconds: float) -> None:
        """No byte is left for so long; then there is room again."""
        ballast = self.path / "ballast"
        try:
            # The database frees and takes room all the time: what becomes free is taken as well.
            end = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end:
                await asyncio.to_thread(_grow, ballast)
                await asyncio.sleep(0.05)
        finally:
            ballast.unlink(missing_ok=True)


def _grow(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
        while file.write(_PIECE):
            pass


def _run(*command: str) -> str:
    """What a program of the system complains of, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"{command[0]} ended with {done.returncode}"
