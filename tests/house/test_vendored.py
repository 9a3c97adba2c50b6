"""Files of others that we ship are what they claim to be: each beside a VENDORED.md with its checksum."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, files, plant

ROW = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)
TEXT = b"var ui = 1\n"
SUM = hashlib.sha256(TEXT).hexdigest()


def wrong_files(root: Path) -> list[str]:
    """Yields the vendored files below the root that are changed, missing, or not listed at all."""
    found = []
    for page in files(root, "VENDORED.md"):
        listed = dict(ROW.findall(page.read_text(encoding="utf-8")))
        present = {path.name: path for path in page.parent.iterdir() if path != page}
        for name in sorted(listed.keys() | present.keys()):
            if name not in present:
                found.append(f"{name} is listed and not there")
            elif name not in listed:
                found.append(f"{name} is there and not listed")
            elif hashlib.sha256(present[name].read_bytes()).hexdigest() != listed[name]:
                found.append(f"{name} is not the file that was vendored")
    return found


def test_vendored_files_are_unchanged() -> None:
    """Every vendored file has the checksum that was written down when it came."""
    assert wrong_files(PACKAGE) == []


def test_api_documentation_is_vendored() -> None:
    """Script, style and licence of the API's documentation are shipped."""
    shipped = {path.name for path in (PACKAGE / "edges/api/static/swagger-ui").iterdir()}
    assert {"swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "VENDORED.md"} <= shipped


@pytest.mark.parametrize(
    ("row", "file", "breach"),
    [
        (f"| `ui.js` | `{SUM}` |", "var ui = 2\n", "ui.js is not the file that was vendored"),
        (f"| `ui.js` | `{SUM}` |\n| `ui.css` | `{SUM}` |", TEXT.decode(), "ui.css is listed and not there"),
        ("", TEXT.decode(), "ui.js is there and not listed"),
    ],
)
def test_planted_change_is_found(row: str, file: str, breach: str, tmp_path: Path) -> None:
    """A file that was changed, lost or slipped in is one sentence."""
    plant(tmp_path, "static/VENDORED.md", f"# Vendored\n\n{row}\n")
    plant(tmp_path, "static/ui.js", file)
    assert wrong_files(tmp_path) == [breach]
