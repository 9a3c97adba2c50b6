"""What tests of the standard share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edges.dfc.connector import speaking


@pytest.fixture(scope="session")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the npm connector; tests that ask for it need Node 18 or newer, npm and the npm registry."""
    return speaking.installed(tmp_path_factory.getbasetemp())
