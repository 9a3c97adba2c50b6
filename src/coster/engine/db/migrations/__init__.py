"""The way of a database from version to version, forward only.

A version is `v0002_what.py` (alembic's revision) with its SQL beside it in `0002_what.sql`. The first is written by
`migrate freeze` out of the schema.sql files until the first release; after that, a change of a schema.sql comes with
a new version, and a test compares what both make.

Use `run` and `run_alone`, not alembic's op.execute: that one takes colons and percent signs for its own.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run(version_file: str) -> None:
    """Run the SQL beside a version, word for word, in the version's transaction: `migrations.run(__file__)`."""
    path = Path(version_file)
    script = path.with_name(f"{path.stem.removeprefix('v')}.sql")
    op.get_context().impl.static_output(script.read_text("utf-8"))


def run_alone(version_file: str) -> None:
    """The same for one statement that may not run in a transaction, such as CREATE INDEX CONCURRENTLY."""
    with op.get_context().autocommit_block():
        run(version_file)
