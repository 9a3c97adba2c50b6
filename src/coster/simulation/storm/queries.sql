-- name: oversold
-- Positions that promise more than there is, at this moment.
SELECT p.id, p.on_hand, p.held + p.committed AS promised
FROM position AS p
WHERE p.org_id = :org_id AND NOT p.unlimited AND p.held + p.committed > p.on_hand;

-- name: backends
-- The database's processes that serve connections of Coster.
SELECT a.pid FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
ORDER BY a.pid;

-- name: end_backend!
-- Ends one connection.
SELECT pg_terminate_backend(:pid::int);

-- name: cut_backends
-- Ends every second connection of Coster, whatever it is doing.
SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
  AND a.pid % 2 = 0;

-- name: commands
-- Every command that was answered, and how.
SELECT c.id, c.kind, c.outcome ? 'accepted' AS accepted, c.outcome #>> '{rejected,code}' AS code
FROM command AS c
WHERE c.org_id = :org_id;

-- name: orders
-- Every order with its status and what it was called.
SELECT o.id, o.status, o.reference FROM orders AS o WHERE o.org_id = :org_id;

-- name: traces
-- How many rows of ledger and events were caused by commands that were refused, or by none.
SELECT t.place, count(*) AS n, min(t.command_id::text) AS example
FROM (SELECT 'ledger' AS place, l.command_id FROM ledger AS l WHERE l.org_id = :org_id
      UNION ALL
      SELECT 'event', e.command_id FROM event AS e WHERE e.org_id = :org_id) AS t
LEFT JOIN command AS c ON c.org_id = :org_id AND c.id = t.command_id AND c.outcome ? 'accepted'
WHERE c.id IS NULL
GROUP BY t.place;

-- name: ledger
-- The ledger in the order of each position's entries.
SELECT l.position_id, l.seq, l.type, l.on_hand, l.held, l.committed, l.command_id
FROM ledger AS l
WHERE l.org_id = :org_id
ORDER BY l.position_id, l.seq;

-- name: positions
-- Every position as it is.
SELECT p.id, p.on_hand, p.held, p.committed, p.seq, p.unlimited FROM position AS p WHERE p.org_id = :org_id;

-- name: events
-- Every event in order, without its data.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.command_id
FROM event AS e
WHERE e.org_id = :org_id
ORDER BY e.seq;

-- name: deadlocks$
-- How many deadlocks this database has seen since it was started last.
SELECT d.deadlocks FROM pg_stat_database AS d WHERE d.datname = current_database();
