"""What a question really reads: each of its statements is carried out under EXPLAIN (ANALYZE) first, and rows are counted by table."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import msgspec

from coster.engine.db.connect import Connection

# Tables of ours never end in digits.
_PART: Final = re.compile(r"_\d+$")


class Counted:
    """A connection for questions; `read` says how many rows of each table were looked at, whether they were wanted or not,
    and `asked` how often something was asked.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.read: Counter[str] = Counter()
        self.asked = 0

    async def fetch(self, statement: str, *values: Any) -> Any:
        """Rows, as from the connection itself."""
        self.asked += 1
        explained = await self._conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        self._count(explained if isinstance(explained, list) else msgspec.json.decode(explained))
        return await self._conn.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        """The first row, as from the connection itself."""
        rows = await self.fetch(statement, *values)
        return rows[0] if rows else None

    def _count(self, found: Any) -> None:
        """Rows of every table in a plan; a cluster's stands in parts of it, with a number behind the name of each part of a table."""
        if isinstance(found, list):
            for inner in found:
                self._count(inner)
        elif isinstance(found, dict):
            if "Relation Name" in found:
                rows = (
                    found["Actual Rows"]
                    + found.get("Rows Removed by Filter", 0)
                    + found.get("Rows Removed by Index Recheck", 0)
                )
                self.read[_PART.sub("", found["Relation Name"])] += round(rows * found["Actual Loops"])
            self._count([inner for inner in found.values() if isinstance(inner, dict | list)])
