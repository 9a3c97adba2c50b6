-- name: found!
-- An organisation without keys, in which the system acts.
WITH o AS (INSERT INTO org (org_id, name, created_at) VALUES (:org_id, :name, :at) RETURNING org_id)
INSERT INTO event_counter (org_id, n) SELECT o.org_id, 0 FROM o;

-- name: town_positions
-- All stock.
SELECT p.id, p.on_hand, p.held, p.committed FROM position AS p WHERE p.org_id = :org_id;

-- name: town_holds
-- All holds.
SELECT h.demand_id, h.demand_line, h.position_id, h.quantity, h.state FROM hold AS h WHERE h.org_id = :org_id;

-- name: town_news
-- What anything was told of after a number, with the last number.
SELECT e.entity, e.entity_id, max(e.seq) AS last
FROM event AS e
WHERE e.org_id = :org_id AND e.seq > :after
GROUP BY e.entity, e.entity_id;

-- name: town_orders
-- Orders with their statuses.
SELECT o.id, o.status FROM orders AS o WHERE o.org_id = :org_id AND o.id = ANY(:ids::uuid[]);

-- name: town_lines
-- Lines of orders, in order.
SELECT l.order_id, l.quantity, l.stock
FROM order_line AS l
WHERE l.org_id = :org_id AND l.order_id = ANY(:ids::uuid[])
ORDER BY l.order_id, l.line_no;

-- name: town_order_count$
-- How many orders are stored.
SELECT count(*) FROM orders AS o WHERE o.org_id = :org_id;

-- name: town_heads
-- Held orders with their statuses.
SELECT h.id, h.status FROM held_order AS h WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[]);

-- name: town_accounts
-- Lines of held orders.
SELECT l.pool_id, l.position_id, l.held, l.committed, l.consumed, l.surplus
FROM pool_line AS l
WHERE l.org_id = :org_id AND l.pool_id = ANY(:ids::uuid[]);
