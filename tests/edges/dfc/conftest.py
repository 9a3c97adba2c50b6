"""What tests of the standard share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edges.dfc.connector import speaking
from tests.edges.dfc.shared import DESCRIPTIONS, SUITE

collect_ignore = [
    *(() if SUITE else ("test_interop.py", "test_interop_edges.py")),
    *(() if DESCRIPTIONS else ("test_descriptions.py",)),
]
"""What goes through files that others wrote, and that are not on every machine; the header of a run says which were not gathered."""


def pytest_report_header() -> list[str]:
    """Which tests are not gathered here."""
    return [f"not gathered, since their files are not on this machine: {name}" for name in collect_ignore]


@pytest.fixture(scope="session")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the npm connector; tests that ask for it need Node 18 or newer, npm and the npm registry."""
    return speaking.installed(tmp_path_factory.getbasetemp())
