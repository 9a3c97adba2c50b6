"""An archive read again: every line of a part, and whether all parts are as they were written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from coster.engine.archive import files
from coster.engine.archive.model import Part, Unfit


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the manifest, and what is wrong with its file (empty: nothing)."""

    part: Part
    fault: str


def organisations(directory: Path) -> list[int]:
    """The numbers of the organisations that have a manifest in the directory. Unfit where there is none."""
    found = sorted(
        int(path.parent.name.removeprefix("org-"))
        for path in directory.glob(f"org-*/{files.MANIFEST}")
        if path.parent.name.removeprefix("org-").isdigit()
    )
    if not found:
        raise Unfit(f"{directory} holds no archive: there is no org-*/{files.MANIFEST} in it")
    return found


def lines(directory: Path, part: Part) -> Iterator[bytes]:
    """The rows of a part in order, each as JSON without its end of line."""
    with gzip.open(directory / part.file, "rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def check(directory: Path, org_id: int) -> list[Found]:
    """Every part of an organisation: whether its file is there, unchanged, with as many rows as it should have; and whether events
    follow on each other."""
    found, last = [], 0
    for part in files.manifest(directory, org_id):
        fault = _fault(directory, part)
        if part.kind == "events":
            if not fault and int(part.first) != last + 1 and last:
                fault = f"events {last + 1} to {int(part.first) - 1} are in no part of this directory"
            last = int(part.last)
        found.append(Found(part=part, fault=fault))
    return found


def _fault(directory: Path, part: Part) -> str:
    path = directory / part.file
    if not path.exists():
        return "the file is not there"
    if files.digest_of(path) != part.sha256:
        return "the file is not what was written"
    try:
        rows = sum(1 for _ in lines(directory, part))
    except (OSError, EOFError, zlib.error) as fault:
        return f"the file cannot be read: {fault}"
    return "" if rows == part.rows else f"the file holds {rows} rows, and {part.rows} were written"
