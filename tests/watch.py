"""Sees from below whether a test touches a PostgreSQL server: what it starts, and with which programs.

The mark `database` follows from fixtures (tests/conftest.py). A test that starts a server by itself must ask for `pg_bin`, or it is
neither marked nor run on the other version; here such a test fails. A test that chooses versions itself is marked `versions`.

Python tells every process that it starts to an audit hook. What a child starts cannot be seen, so a child that is Coster is told by
COSTER_PG_BIN which programs to use; one of an unmarked test is told of a directory where there are none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from coster.engine.db import binaries

VARIABLE: Final = "COSTER_PG_BIN"
NOWHERE: Final = "/nowhere/tests-that-start-a-server-ask-for-the-fixture-pg_bin"
PROGRAMS: Final = frozenset(
    {
        "initdb",
        "pg_basebackup",
        "pg_ctl",
        "pg_dump",
        "pg_restore",
        "pg_upgrade",
        "pgbench",
        "postgres",
        "psql",
    }
)
COSTER: Final = "coster.cli.main"


class Watch:
    """What each test may start: `chosen` is the directory of the run's programs, `fault` what the present test did wrong."""

    def __init__(self, chosen: Path) -> None:
        self.chosen = chosen
        self.fault = ""
        self._marked = self._free = False

    def begin(self, marks: Sequence[str]) -> None:
        """A test with these marks begins."""
        self.fault, self._marked, self._free = "", "database" in marks, "versions" in marks
        os.environ[VARIABLE] = str(self.chosen) if self._marked else NOWHERE

    def started(self, command: Sequence[str], environment: Mapping[str, str] | None) -> None:
        """A process is started."""
        program = Path(command[0])
        if program.name in PROGRAMS and "--version" not in command:
            if not self._marked:
                self._wrong(f"starts {program} and is not marked `database`: ask for the fixture pg_bin")
            elif not self._free and major(program.parent) != major(self.chosen):
                self._wrong(f"starts {program}, and this run is on the programs of {self.chosen}")
        elif COSTER in command and not self._free:
            told = (os.environ if environment is None else environment).get(VARIABLE)
            if told != os.environ[VARIABLE]:
                self._wrong(
                    f"starts `coster {' '.join(command[command.index(COSTER) + 1 :])}` with {VARIABLE}={told}"
                )

    def _wrong(self, sentence: str) -> None:
        self.fault = self.fault or sentence


@cache
def major(programs: Path) -> int:
    """The major version of the programs in a directory."""
    return binaries.inspect(programs).major


def pytest_configure(config: pytest.Config) -> None:
    """The hook stays until the process ends: Python takes none back."""
    given = config.getoption("--pg-bin", default=None)
    watch = Watch(binaries.find(Path(given) if given else None).path)
    config.stash[_KEY] = watch

    def heard(event: str, told: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            _, command, _, environment = told
            watch.started([os.fsdecode(word) for word in command], environment)

    sys.addaudithook(heard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Before the fixtures of a test are made it is known which it is."""
    item.config.stash[_KEY].begin([mark.name for mark in item.iter_markers()])
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that touched a server although it may not has failed, whatever it says itself."""
    yield
    if fault := item.config.stash[_KEY].fault:
        pytest.fail(f"this test {fault} (tests/watch.py)", pytrace=False)


_KEY: Final = pytest.StashKey[Watch]()
