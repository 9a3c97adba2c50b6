"""What a question really reads: each of its statements is carried out under EXPLAIN (ANALYZE) first, and rows are counted by table."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from coster.engine.db.connect import Connection


class Counted:
    """A connection for questions; `read` says how many rows of each table were looked at, whether they were wanted or not."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.read: Counter[str] = Counter()

    async def fetch(self, statement: str, *values: Any) -> Any:
        """Rows, as from the connection itself."""
        explained = await self._conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        [top] = explained if isinstance(explained, list) else msgspec.json.decode(explained)
        self._count(top["Plan"])
        return await self._conn.fetch(statement, *values)

    def _count(self, node: dict[str, Any]) -> None:
        if "Relation Name" in node:
            rows = (
                node["Actual Rows"]
                + node.get("Rows Removed by Filter", 0)
                + node.get("Rows Removed by Index Recheck", 0)
            )
            self.read[node["Relation Name"]] += round(rows * node["Actual Loops"])
        for inner in node.get("Plans", ()):
            self._count(inner)
