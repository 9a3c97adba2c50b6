-- name: oversold
-- Positions that promise more than there is, at this moment.
SELECT p.id, p.on_hand, p.held + p.committed AS promised
FROM position AS p
WHERE p.org_id = :org_id AND NOT p.unlimited AND p.held + p.committed > p.on_hand;

-- name: statuses
-- Every order with its status.
SELECT o.id, o.status FROM orders AS o WHERE o.org_id = :org_id;

-- name: deadlocks$
-- How many deadlocks this database has seen.
SELECT d.deadlocks FROM pg_stat_database AS d WHERE d.datname = current_database();
