"""Everything, as it is at the first release."""

from __future__ import annotations

from coster.engine.db import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, functions and policies."""
    migrations.run(__file__)
