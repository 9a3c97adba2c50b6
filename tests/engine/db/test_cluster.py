"""`coster db place`: on a server without Citus for real, and on one with functions that stand in for those of Citus.

There is no Citus for these tests. The stand-ins have the names and signatures of Citus 13 and 14, keep a record of their calls and
refuse what Citus refuses: a table before those that it refers to, and one that is placed already. What they cannot show, a cluster of
one's own can (COSTER_TEST_CITUS_URL); docs/operate/scale.md says what was found on one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from coster.engine.db import cluster, connect, faults, migrate
from coster.engine.db.embedded import EmbeddedServer
from tests.conftest import Databases

pytestmark = pytest.mark.database

STAND_INS = """
SET allow_system_table_mods = on;
INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (987654, 'citus', 10, 11, false, '13.2-1');
CREATE SCHEMA citus;
CREATE TYPE citus.distribution_type AS ENUM ('hash', 'range', 'append');
CREATE TABLE citus.calls (n serial, table_name regclass, distribution_column text, colocate_with text, kind text);
CREATE VIEW public.citus_tables AS SELECT c.table_name, c.kind AS citus_table_type FROM citus.calls AS c;
CREATE TABLE pg_catalog.pg_dist_node (nodeid int, groupid int, nodename text, nodeport int, noderole text, isactive boolean);
CREATE FUNCTION pg_catalog.citus_set_coordinator_host(host text, port int) RETURNS void LANGUAGE sql AS 'SELECT NULL::void';
CREATE FUNCTION citus.refuse(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE parent regclass;
BEGIN
    IF EXISTS (SELECT FROM citus.calls WHERE table_name = target) THEN
        RAISE EXCEPTION 'table "%" is already distributed', target;
    END IF;
    IF current_setting('citus.multi_shard_modify_mode', true) IS DISTINCT FROM 'sequential' THEN
        RAISE EXCEPTION 'cannot execute parallel DDL on table "%"', target;
    END IF;
    FOR parent IN SELECT confrelid FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND confrelid <> target LOOP
        IF NOT EXISTS (SELECT FROM citus.calls WHERE table_name = parent) THEN
            RAISE EXCEPTION 'referenced table "%" must be a distributed table or a reference table', parent;
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text,
    distribution_type citus.distribution_type DEFAULT 'hash', colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus.refuse($1);
    IF $4 <> 'none' AND NOT EXISTS (SELECT FROM citus.calls AS c WHERE c.table_name = $4::regclass) THEN
        RAISE EXCEPTION 'relation % is not distributed', $4;
    END IF;
    INSERT INTO citus.calls (table_name, distribution_column, colocate_with, kind) VALUES ($1, $2, $4, 'distributed');
END $$;
CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus.refuse($1);
    INSERT INTO citus.calls (table_name, kind) VALUES ($1, 'reference');
END $$;
"""
CALLS = "SELECT c.table_name::text, c.distribution_column, c.colocate_with, c.kind FROM citus.calls AS c ORDER BY c.n"
NAMES = [name for name, _ in cluster.declared()]


@pytest.fixture
async def target(pg_server: EmbeddedServer) -> AsyncIterator[dict[str, Any]]:
    """How to connect to an empty database of the embedded server, also where other tests have a cluster."""
    databases = Databases(pg_server)
    name = await databases.create()
    yield databases.server.connect_options(name)
    await databases.drop(name)


async def run(target: dict[str, Any], statements: str) -> list[Any]:
    """Carries out statements as the owner; the rows of a question."""
    conn = await asyncpg.connect(**target)
    try:
        if statements.startswith("SELECT"):
            return [tuple(row) for row in await conn.fetch(statements)]
        await conn.execute(statements)
        return []
    finally:
        await conn.close()


async def test_without_citus_it_says_what_is_missing_and_does_nothing(target: dict[str, Any]) -> None:
    """Not even a schema is made."""
    with pytest.raises(faults.NoCluster, match=r"no extension citus.*Nothing was changed"):
        await cluster.place(target)
    assert await run(target, "SELECT to_regnamespace('coster')::text") == [(None,)]


async def test_new_database_is_placed_by_its_migration(target: dict[str, Any]) -> None:
    """Every table as declared: org alone, all others beside it; nothing is left for afterwards, or astray."""
    await run(target, STAND_INS)
    done = await cluster.place(target)
    assert (done.citus, done.placed, done.before, done.astray) == ("13.2-1", [], NAMES, {})
    calls = await run(target, CALLS)
    assert [call[0].removeprefix("coster.").strip('"') for call in calls] == NAMES
    assert calls[0][1:] == ("org_id", "none", "distributed")
    assert {call[1:] for call in calls[1:]} == {("org_id", "coster.org", "distributed")}


async def test_database_that_was_plain_is_placed_in_the_order_of_its_references(
    target: dict[str, Any],
) -> None:
    """As after a restore; and once more changes nothing."""
    await migrate.upgrade(target)
    await run(target, STAND_INS)
    done = await cluster.place(target)
    assert (done.placed, done.before) == (NAMES, [])
    calls = await run(target, CALLS)
    again = await cluster.place(target)
    assert (again.placed, again.before, again.astray) == ([], NAMES, {})
    assert await run(target, CALLS) == calls


async def test_table_that_is_not_placed_is_told(target: dict[str, Any]) -> None:
    """One that no schema declares, and one that is kept otherwise than declared."""
    await run(target, STAND_INS)
    await cluster.place(target)
    await run(target, "CREATE TABLE coster.stray (x int)")
    await run(target, "UPDATE citus.calls SET kind = 'reference' WHERE table_name = 'coster.hold'::regclass")
    assert (await cluster.place(target)).astray == {"hold": "reference", "stray": "local"}


async def test_failure_leaves_nothing_placed(target: dict[str, Any]) -> None:
    """All or nothing: the transaction of all tables is one."""
    await migrate.upgrade(target)
    await run(target, STAND_INS)
    await run(
        target,
        "CREATE TABLE public.parent (id bigint PRIMARY KEY);"
        " ALTER TABLE coster.hold ADD COLUMN p bigint REFERENCES public.parent (id)",
    )
    with pytest.raises(asyncpg.RaiseError, match="must be a distributed table"):
        await cluster.place(target)
    assert await run(target, CALLS) == []


async def test_settings_of_the_cluster_are_made_and_missed(target: dict[str, Any]) -> None:
    """SET LOCAL is to reach the workers; what the server lacks for moves is told."""
    await run(target, STAND_INS)
    done = await cluster.place(target)
    assert done.lacking.keys() == {"max_prepared_transactions", "wal_level"}
    conn = await connect.connect(target)
    assert await conn.fetchval("SHOW citus.propagate_set_commands") == "local"
    assert await conn.fetchval("SHOW citus.override_table_visibility") == "off"
    await conn.close()


async def test_nodes_can_reach_each_other_as_the_role_of_an_organisation(target: dict[str, Any]) -> None:
    """On a cluster they log in under the role of the session; where there is none nobody can."""
    await migrate.upgrade(target)
    may = "SELECT rolcanlogin, rolpassword IS NULL FROM pg_authid WHERE rolname = 'coster_app'"
    await run(target, "ALTER ROLE coster_app NOLOGIN")
    await run(target, STAND_INS)
    await cluster.place(target)
    assert await run(target, may) == [(True, True)]
    # Roles are the whole server's, and other tests have it as well.
    await run(target, "ALTER ROLE coster_app NOLOGIN")


@pytest.mark.parametrize(("script", "mode"), [("SELECT 1", "force_generic_plan"), (STAND_INS, "auto")])
async def test_one_plan_for_all_values_is_for_plain_servers_only(
    target: dict[str, Any], script: str, mode: str
) -> None:
    """Citus cannot plan most statements without the organisation's number; it says «could not create distributed plan»."""
    await migrate.upgrade(target)
    await run(target, script)
    database = await connect.Database.open(target, min_size=1, max_size=1)
    async with database.write(1) as conn:
        assert await conn.fetchval("SHOW plan_cache_mode") == mode
    await database.close()


def test_every_table_is_declared() -> None:
    """What the schema files make is what they declare, once each."""
    made = re.findall(r"^CREATE TABLE coster\.(\w+)", migrate.initial_script(), re.MULTILINE)
    assert sorted(NAMES) == sorted(made)
    assert len(set(NAMES)) == len(NAMES) > 25
