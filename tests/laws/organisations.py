"""Organisations for the laws: copied whole in one round trip, and read whole in one statement."""

from __future__ import annotations

import functools
import json
from collections import Counter
from typing import Any, TypeAlias

from coster.domain.parties.rules import relation_id
from coster.engine.db.connect import Database
from tests.laws import ground

Rows: TypeAlias = "Counter[tuple[str, str]]"
"""Every row of an organisation without its org_id, as (table, JSON text)."""

_TABLES = """
SELECT c.relname AS name, array_agg(a.attname ORDER BY a.attnum) AS columns
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'coster'
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r'
GROUP BY c.relname
HAVING bool_or(a.attname = 'org_id')
"""
_REFERENCES = """
SELECT DISTINCT child.relname AS child, parent.relname AS parent
FROM pg_constraint AS k
JOIN pg_class AS child ON child.oid = k.conrelid
JOIN pg_class AS parent ON parent.oid = k.confrelid
WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
"""


class Organisations:
    """All organisations of one database; each example of a law gets new ones, so that none sees another's."""

    def __init__(self, database: Database, columns: dict[str, list[str]]) -> None:
        self.database = database
        self.columns = columns
        self.last = 1

    @classmethod
    async def of(cls, database: Database) -> Organisations:
        """The organisations of a database, with every table that belongs to one, parents first."""
        async with database.system() as conn:
            columns = {row["name"]: list(row["columns"]) for row in await conn.fetch(_TABLES)}
            pairs = [(row["child"], row["parent"]) for row in await conn.fetch(_REFERENCES)]
        ordered: dict[str, list[str]] = {}
        while len(ordered) < len(columns):
            waiting = {child for child, parent in pairs if parent not in ordered}
            ready = sorted(set(columns) - waiting - set(ordered))
            assert ready, f"tables refer to each other in a circle: {waiting}"
            ordered.update((name, columns[name]) for name in ready)
        return cls(database, ordered)

    def new(self) -> int:
        """The number of an organisation that was never used."""
        self.last += 1
        return self.last

    async def copy(self, source: int, times: int) -> list[int]:
        """So many new organisations that are row for row like the source."""
        made = [self.new() for _ in range(times)]
        statements = []
        for target in made:
            for table, columns in self.columns.items():
                names = ", ".join(f'"{name}"' for name in columns if name != "org_id")
                statements.append(
                    f"INSERT INTO {table} (org_id, {names}) SELECT {target}, {names} FROM {table} WHERE org_id = {source}"
                )
        async with self.database.system() as conn:
            await conn.execute(";".join(statements))
        return made

    async def rows(self, org_id: int) -> Rows:
        """Every row of the organisation."""
        union = " UNION ALL ".join(
            f"SELECT '{table}' AS name, (to_jsonb(x) - 'org_id')::text AS row FROM {table} AS x WHERE x.org_id = $1"
            for table in self.columns
        )
        async with self.database.system() as conn:
            found = await conn.fetch(union, org_id)
        return Counter((row["name"], neutral(org_id, row["row"])) for row in found)

    async def fetch(self, statement: str, *args: Any) -> list[dict[str, Any]]:
        """Rows as the owner of the tables sees them."""
        async with self.database.system() as conn:
            return [dict(row) for row in await conn.fetch(statement, *args)]


def neutral(org_id: int, text: str) -> str:
    """The text with the ids that follow from the organisation's number replaced; only relations have such ids."""
    if "relation" in text:
        for number, id_ in enumerate(_relation_ids(org_id)):
            text = text.replace(id_, f"relation {number}")
    return text


@functools.lru_cache(maxsize=8)
def _relation_ids(org_id: int) -> list[str]:
    return [
        str(relation_id(org_id, hub, producer))
        for hub in (*ground.ENTERPRISES, *ground.AWAY)
        for producer in (*ground.ENTERPRISES, *ground.ELSEWHERE)
    ]


def difference(before: Rows, after: Rows, *, but: frozenset[str] = frozenset()) -> list[str]:
    """What was taken away (-) and what came (+), the tables of `but` left out."""
    gone = [f"- {table} {_short(row)}" for table, row in before - after if table not in but]
    come = [f"+ {table} {_short(row)}" for table, row in after - before if table not in but]
    return sorted(gone + come, key=lambda line: line[2:])


def _short(row: str) -> str:
    return json.dumps(json.loads(row), separators=(",", ":"))[:900]
