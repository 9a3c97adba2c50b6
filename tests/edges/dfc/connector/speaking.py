"""The npm connector as a program that is asked: installed once a run, by the versions and checksums of package-lock.json."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coster.edges.dfc.language import thesaurus

SOURCE = Path(__file__).parent
OLDEST_NODE = 18


def installed(base: Path) -> Path:
    """A directory below this one with the connector, installed once for all test processes."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.fail("These tests need Node 18 or newer, and npm: apt-get install nodejs npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.lstrip("v").partition(".")[0]) >= OLDEST_NODE, (
        f"Node {OLDEST_NODE} or newer is needed, this is {version}"
    )
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "dfc-connector"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "installed").exists():
            shutil.copytree(SOURCE, place, dirs_exist_ok=True)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
            done = subprocess.run(
                command, cwd=place, capture_output=True, text=True, check=False, timeout=240
            )
            assert done.returncode == 0, f"npm could not install the connector: {done.stderr}"
            (place / "installed").touch()
    return place


def asked(place: Path, body: bytes = b"", **wishes: Any) -> dict[str, Any]:
    """What the connector finds in a document, or makes of it; or a document of its own."""
    question = {
        "document": body.decode(), "vocabulary": json.loads(thesaurus.vocabulary()), "measures": json.loads(thesaurus.measures()), **wishes,
    }  # fmt: skip
    command = ["node", "speak.mjs"]
    done = subprocess.run(
        command,
        cwd=place,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
