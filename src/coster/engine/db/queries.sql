-- Statements about the database itself; none of them belongs to an organisation.

-- name: lock_migrations!
-- One process migrates at a time; the lock goes with the session. (On Citus migrations run on the coordinator only, so one lock is enough.)
SELECT pg_advisory_lock(7305809265518501);

-- name: unlock_migrations!
-- Give the lock back at once, as the connection may live on.
SELECT pg_advisory_unlock(7305809265518501);

-- name: make_schema!
-- The schema is made before the first migration, because the migrations' version table lives in it.
CREATE SCHEMA IF NOT EXISTS coster;

-- name: has_version_table$
-- Whether alembic has ever run here.
SELECT to_regclass('coster.alembic_version') IS NOT NULL;

-- name: versions
-- The versions that alembic noted; one, when all is well.
SELECT version_num FROM coster.alembic_version ORDER BY version_num;

-- name: count_tables$
-- How many tables the schema has, alembic's own apart.
SELECT count(*)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version';

-- name: unusable_indexes
-- What an interrupted CREATE INDEX CONCURRENTLY leaves behind.
SELECT c.relname AS name
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND NOT i.indisvalid
ORDER BY c.relname;

-- name: has_database$
-- Whether the embedded server has our database already.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = :name);

-- name: create_database!
-- The database of an embedded server.
CREATE DATABASE coster;

-- name: plan_once!
-- For this session: one plan for all values of a statement's parameters; not where Citus is.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'citus');

-- name: nothing!
-- Ends an exchange with the server, and asks for nothing.
SELECT;

-- name: count_objects$
-- How many tables, views, sequences and functions of anybody's own the database has: 0 means that it is empty.
SELECT (
    SELECT count(*) FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
) + (
    SELECT count(*) FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'coster'
);

-- name: server_version$
-- The server's version as a number, for example 180006.
SELECT current_setting('server_version_num')::int;

-- name: catalog
-- All that the schema holds, one line a fact, in a fixed order: two databases with equal lines have equal schemas.
SELECT f.fact
FROM (
    SELECT format('column %s.%s %s %s %s default %s generated %s',
                  c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, a.attidentity,
                  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated) AS fact
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'coster'
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT format('relation %s kind %s security %s/%s options %s access %s',
                  c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relacl)
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'coster'
    UNION ALL
    SELECT format('constraint %s on %s: %s', k.conname, k.conrelid::regclass, pg_catalog.pg_get_constraintdef(k.oid))
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_namespace AS n ON n.oid = k.connamespace AND n.nspname = 'coster'
    UNION ALL
    SELECT format('index %s', i.indexdef) FROM pg_catalog.pg_indexes AS i WHERE i.schemaname = 'coster'
    UNION ALL
    SELECT format('policy %s on %s %s %s: %s / %s', p.policyname, p.tablename, p.cmd, p.roles, p.qual, p.with_check)
    FROM pg_catalog.pg_policies AS p WHERE p.schemaname = 'coster'
    UNION ALL
    SELECT format('function %s', pg_catalog.pg_get_functiondef(p.oid))
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'coster'
    WHERE p.prokind IN ('f', 'p')
    UNION ALL
    SELECT format('type %s: %s', t.typname, (
        SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid))
    FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace AND n.nspname = 'coster'
    WHERE t.typtype IN ('e', 'd')
    UNION ALL
    SELECT format('comment on %s: %s', pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
    FROM pg_catalog.pg_description AS d
    JOIN pg_catalog.pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'coster'
) AS f
ORDER BY f.fact COLLATE "C";

-- name: analyze!
-- Statistics for the planner; a restored database has none.
ANALYZE;

-- name: outgrown
-- Our tables that are four times as large as when they were last analysed, or never were; and the statement that mends it.
-- SKIP_LOCKED: whoever analyses a table already does it for all of us.
SELECT c.relname::text AS name, format('ANALYZE (SKIP_LOCKED) %I.%I', n.nspname, c.relname) AS statement
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint AS now) AS pages
WHERE n.nspname = 'coster' AND c.relkind = 'r' AND pages.now > 0
  AND (c.reltuples < 0 OR pages.now >= 4 * greatest(c.relpages, 1))
ORDER BY c.relname;

-- name: citus_version$
-- The version of Citus in this database; nothing where it is not there.
SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname = 'citus';

-- name: citus_on_offer$
-- The version of Citus that could be made in this database; nothing where the server has no such files.
SELECT a.default_version FROM pg_catalog.pg_available_extensions AS a WHERE a.name = 'citus';

-- name: our_tables
-- Every table of ours but the one that keeps the version.
SELECT c.relname::text AS name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
ORDER BY c.relname;

-- name: placements
-- How Citus keeps tables of ours; Citus has this view in the schema public.
SELECT c.relname::text AS name, p.citus_table_type AS kind
FROM public.citus_tables AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.table_name
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster'
ORDER BY c.relname;

-- name: place_table
-- Places one table on the cluster, after those that it refers to.
SELECT coster.place_table(:name::text::regclass, :kind);

-- name: local_settings$
-- The statement that makes SET LOCAL reach the workers, for this database.
SELECT format('ALTER DATABASE %I SET citus.propagate_set_commands = %L', current_database(), 'local');

-- name: visible_types$
-- The statement that spares this database's catalogue what hides shards in psql: it takes a second and more whenever a new connection
-- asks for a type that it does not know, and the driver does.
SELECT format('ALTER DATABASE %I SET citus.override_table_visibility = off', current_database());

-- name: role_logs_in!
-- Nodes of a cluster reach each other under the role of the session, so there it must be able to log in; it has no password.
ALTER ROLE coster_app LOGIN;

-- name: lacking_settings
-- The server's settings with which online moves of an organisation or commits over several nodes would not work.
SELECT s.name, s.setting
FROM pg_catalog.pg_settings AS s
WHERE (s.name = 'wal_level' AND s.setting <> 'logical') OR (s.name = 'max_prepared_transactions' AND s.setting = '0')
ORDER BY s.name;
