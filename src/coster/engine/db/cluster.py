"""A Citus cluster as the database: every table placed as its schema file declares it, and a look whether it is so.

The declarations are the calls of `coster.place_table` in the schema files, in the order in which tables refer to each other.
On a new database migrations make them by the way; on one that was filled by a plain PostgreSQL they are made here.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from coster.engine.db import connect, faults, migrate, sql

_SQL: Final = sql.load(__file__)
_DECLARED: Final = re.compile(
    r"^SELECT coster\.place_table\('coster\.(\w+)', '(tenant|reference)'\);$", re.MULTILINE
)
_KINDS: Final = {"tenant": "distributed", "reference": "reference"}

Kind = Literal["tenant", "reference"]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and done: the version of Citus, the tables placed now and those placed before, in order; tables that are
    not where they should be, each with how it is; and settings of the server that lack something."""

    citus: str
    placed: list[str]
    before: list[str]
    astray: dict[str, str]
    lacking: dict[str, str]


def declared() -> list[tuple[str, Kind]]:
    """Every table with its kind, each after those that it refers to."""
    return [
        (name, "reference" if kind == "reference" else "tenant")
        for path in migrate.schema_files()
        for name, kind in _DECLARED.findall(path.read_text("utf-8"))
    ]


async def place(target: connect.Target) -> Placement:
    """Migrate the database and place every table that is not placed yet; all of them or, where one fails, none.

    It can be repeated; what is placed is left alone. NoCluster where Citus is not there: then nothing is done at all.
    """
    conn = await connect.connect(target)
    try:
        version = await _version(conn)
    finally:
        await conn.close()
    await migrate.upgrade(target)
    conn = await connect.connect(target)
    try:
        await conn.execute(await _SQL.local_settings(conn))
        await conn.execute(await _SQL.visible_types(conn))
        await _SQL.role_logs_in(conn)
        found = await _placements(conn)
        missing = [(name, kind) for name, kind in declared() if name not in found]
        before = [name for name, _ in declared() if name in found]
        async with conn.transaction():
            # Each needs the one before it, so they go one by one.
            for name, kind in missing:
                await _SQL.place_table(conn, name=f"coster.{name}", kind=kind)
        return Placement(
            citus=version,
            placed=[name for name, _ in missing],
            before=before,
            astray=await _astray(conn),
            lacking={row["name"]: row["setting"] for row in await _SQL.lacking_settings(conn)},
        )
    finally:
        await conn.close()


async def _version(conn: connect.Connection) -> str:
    version = await _SQL.citus_version(conn)
    if version is not None:
        return str(version)
    offered = await _SQL.citus_on_offer(conn)
    how = (
        f"the server has its files (version {offered}): run CREATE EXTENSION citus on every node, and citus_add_node for each"
        " worker"
        if offered
        else "the server has no files of it either: install Citus on every node, put citus first into shared_preload_libraries,"
        " then run CREATE EXTENSION citus"
    )
    raise faults.NoCluster(
        f"this database has no extension citus, and {how}. Nothing was changed; one server needs no placing"
    )


async def _placements(conn: connect.Connection) -> dict[str, str]:
    """How Citus keeps our tables, by name; what is not named is a plain table on the coordinator."""
    return {row["name"]: row["kind"] for row in await _SQL.placements(conn)}


async def _astray(conn: connect.Connection) -> dict[str, str]:
    """The tables that are not kept as declared, or not declared at all, with how they are kept."""
    wanted = {name: _KINDS[kind] for name, kind in declared()}
    found = await _placements(conn)
    names = [row["name"] for row in await _SQL.our_tables(conn)]
    return {
        name: found.get(name, "local") for name in names if found.get(name) != wanted.get(name, "declared")
    }
