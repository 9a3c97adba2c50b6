-- name: citus_version$
-- The version of Citus in this database; nothing where it is not.
SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname = 'citus';

-- name: workers
-- Where the workers of the cluster are, as the coordinator reaches them.
SELECT n.nodename AS host, n.nodeport AS port
FROM pg_catalog.pg_dist_node AS n
WHERE n.groupid <> 0 AND n.noderole = 'primary' AND n.isactive
ORDER BY n.nodeid;

-- name: creation$
-- The statement that copies a database.
SELECT format('CREATE DATABASE %I TEMPLATE %I STRATEGY FILE_COPY', :name::text, :template::text);

-- name: removal$
-- The statement that drops a database, whoever is connected.
SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', :name::text);

-- name: sealing$
-- The statement after which nobody connects to a database any more, so that it can be copied at any time; Citus's own worker as well.
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS false', :name::text);

-- name: shard_count$
-- The statement by which a database's tables get few shards: small tables are made and dropped much faster so.
SELECT format('ALTER DATABASE %I SET citus.shard_count = 4', :name::text);

-- name: local_settings$
-- The statement by which SET LOCAL reaches the workers; what is set for a database is not copied with it.
SELECT format('ALTER DATABASE %I SET citus.propagate_set_commands = %L', :name::text, 'local');

-- name: visible_types$
-- The statement by which new connections need not wait for the catalogue, as `coster db place` sets it.
SELECT format('ALTER DATABASE %I SET citus.override_table_visibility = off', :name::text);

-- name: end_connections!
-- Ends every connection to a database but our own, whatever it is doing.
SELECT pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = :name AND a.pid <> pg_backend_pid();

-- name: make_extension!
-- Citus in this database of this node.
CREATE EXTENSION IF NOT EXISTS citus;

-- name: be_coordinator!
-- This node tells the others where it is.
SELECT citus_set_coordinator_host(:host::text, :port::int);

-- name: add_node!
-- One more worker of this database.
SELECT citus_add_node(:host::text, :port::int);
