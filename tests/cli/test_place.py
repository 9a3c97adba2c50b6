"""`coster db place` on a database that is no cluster; tests/engine/db/test_cluster.py has what it does on one."""

from __future__ import annotations

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop


def test_database_without_citus_is_told_so_and_left_alone(shop: Shop, inside: Inside) -> None:
    """One sentence that says what is missing, code 4, and the installation goes on."""
    told = inside("db", "place", shop.database_url)
    assert (told.code, told.out) == (Exit.REFUSED, "")
    assert told.err.startswith("coster: this database has no extension citus")
    assert "Nothing was changed" in told.err
    assert inside("db", "status", env=shop.env).code == Exit.DONE
