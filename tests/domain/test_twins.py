"""Rooms whose entities live by flows ask the same of their tables; what is written for one is written for the other.

Each statement stands in its room's own file, where it is checked against the rules for SQL, prepared, and looked at by its plan; one text
for both would need a text that is made when the program runs, which none of these would see.
"""

from __future__ import annotations

import re

import pytest

from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.db import sql


def bare(statement: sql.Statement, table: str, alias: str) -> str:
    """The statement without its room's name, table and alias, and without its layout."""
    text = re.sub(r"/\* [\w.]+ \*/", "", statement.sql).replace(f"{table} AS {alias}", "entity AS §")
    return " ".join(re.sub(rf"\b{alias}\.", "§.", text).split())


@pytest.mark.parametrize("name", ["to_be_moved", "flow_counts", "flow_page"])
def test_twins_are_alike(name: str) -> None:
    """But for the table."""
    one, other = sql.load(orders.__file__), sql.load(wholesale.__file__)
    here = bare(getattr(one, name), "orders", "o")
    assert here == bare(getattr(other, name), "held_order", "h")
    assert "entity AS §" in here
