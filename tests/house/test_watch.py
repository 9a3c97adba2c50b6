"""A test that touches a PostgreSQL server without being marked for it fails: seen with planted tests, and the watch itself with words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import watch
from tests.house.tree import PROJECT

PLANTED = """
import subprocess, sys
from coster.engine.db import binaries

def child(*words):
    done = subprocess.run([sys.executable, "-m", "coster.cli.main", *words], capture_output=True, text=True)
    print(done.stderr)
    return done

def test_server_of_its_own():
    program = binaries.find().path / "postgres"
    subprocess.run([str(program), "--describe-config"], capture_output=True)

def test_child_with_a_server():
    assert child("demo").returncode == 0

def test_asks_for_the_programs(pg_bin):
    program = binaries.find(pg_bin).path / "postgres"
    assert subprocess.run([str(program), "--describe-config"], capture_output=True).returncode == 0

def test_without_a_server():
    assert child("--version").returncode == 0
"""


def test_unmarked_test_that_starts_a_server_fails(tmp_path: Path) -> None:
    """By itself, or by a command that brings one; a test that asks for `pg_bin` may, and one without a server is left alone."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n", "utf-8")
    (tmp_path / "test_planted.py").write_text(PLANTED, "utf-8")
    words = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(PROJECT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "test_server_of_its_own - Failed: this test starts" in done.stdout
    # The sentence may be broken to the width of a terminal.
    assert f"no programs postgres and initdb in {watch.NOWHERE}".replace(" ", "") in "".join(
        done.stdout.split()
    )


@pytest.mark.parametrize(
    ("marks", "command", "environment", "fault"),
    [
        ([], ["/usr/bin/postgres", "-D", "x"], None, "is not marked `database`"),
        ([], ["/usr/bin/postgres", "--version"], None, ""),
        ([], ["python", "-m", watch.COSTER, "demo"], {}, f"with {watch.VARIABLE}=None"),
        ([], ["python", "-m", watch.COSTER, "demo"], {watch.VARIABLE: watch.NOWHERE}, ""),
        (["database"], ["python", "-m", watch.COSTER, "demo"], {watch.VARIABLE: "/chosen"}, ""),
        (
            ["database"],
            ["python", "-m", watch.COSTER, "demo"],
            {watch.VARIABLE: "/another"},
            "with COSTER_PG_BIN=/another",
        ),
        (["database", "versions"], ["python", "-m", watch.COSTER, "demo"], {}, ""),
    ],
)
def test_what_a_test_may_start(
    marks: list[str],
    command: list[str],
    environment: dict[str, str] | None,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Programs of PostgreSQL where it is marked, and Coster where it is told which programs are the run's."""
    monkeypatch.setenv(watch.VARIABLE, "")
    seen = watch.Watch(Path("/chosen"))
    seen.begin(marks)
    seen.started(command, environment)
    assert fault in seen.fault
    assert bool(seen.fault) == bool(fault)


def test_marked_test_that_starts_another_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs of another major version, where the run is on those that were chosen; only `versions` may."""
    monkeypatch.setenv(watch.VARIABLE, "")
    for version in (15, 18):
        (tmp_path / str(version)).mkdir()
        program = tmp_path / str(version) / "postgres"
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.6'\n", "utf-8")
        program.chmod(0o755)
    seen = watch.Watch(tmp_path / "18")
    seen.begin(["database"])
    seen.started([str(tmp_path / "18" / "initdb")], None)
    assert not seen.fault
    seen.started([str(tmp_path / "15" / "initdb")], None)
    assert f"this run is on the programs of {tmp_path / '18'}" in seen.fault
    seen.begin(["database", "versions"])
    seen.started([str(tmp_path / "15" / "initdb")], None)
    assert not seen.fault
