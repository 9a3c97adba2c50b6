-- name: lock_held_orders
-- Heads of held orders, locked in key order, after everything else.
SELECT h.id, h.hub_id, h.producer_id, h.session_id, h.single, h.status, h.holds, h.flow, h.flow_version, h.attributes, h.entered,
       h.entered_at, h.sla_at, h.created_at, h.changed_at, h.version
FROM held_order AS h
WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[])
ORDER BY h.id
FOR NO KEY UPDATE;

-- name: find_held_orders
-- Heads of held orders by id or by session, not locked.
SELECT h.id, h.hub_id, h.producer_id, h.session_id, h.flow, h.flow_version
FROM held_order AS h
WHERE h.org_id = :org_id AND (h.id = ANY(:ids::uuid[]) OR h.session_id = ANY(:session_ids::uuid[]))
ORDER BY h.id;

-- name: put_held_orders
-- New and changed heads.
INSERT INTO held_order AS h (org_id, id, hub_id, producer_id, session_id, single, status, holds, flow, flow_version, attributes, entered,
                             entered_at, sla_at, created_at, changed_at, version)
SELECT o.org_id, u.id, u.hub_id, u.producer_id, u.session_id, u.single, u.status, u.holds, u.flow, u.flow_version, u.attributes,
       u.entered, u.entered_at, u.sla_at, u.created_at, u.changed_at, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, hub_id uuid, producer_id uuid, session_id uuid, single boolean, status text, holds text, flow text,
          flow_version int, attributes jsonb, entered int, entered_at timestamptz, sla_at timestamptz, created_at timestamptz,
          changed_at timestamptz, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE
SET status = EXCLUDED.status, holds = EXCLUDED.holds, flow = EXCLUDED.flow, flow_version = EXCLUDED.flow_version,
    attributes = EXCLUDED.attributes, entered = EXCLUDED.entered, entered_at = EXCLUDED.entered_at, sla_at = EXCLUDED.sla_at,
    changed_at = EXCLUDED.changed_at, version = EXCLUDED.version
WHERE h.version < EXCLUDED.version
RETURNING h.id;

-- name: to_be_moved
-- The held orders that moves take next, in the order of their ids, by move: of each place as many as there may be of all (ADR 0015).
SELECT z.move_id, z.id
FROM (SELECT u.move_id, x.id, row_number() OVER (PARTITION BY u.move_id ORDER BY x.id) AS n
      FROM unnest(:move_ids::uuid[], :names::text[], :afters::uuid[]) AS u (move_id, name, after)
      JOIN unnest(:places_of::uuid[], :versions::int[], :statuses::text[]) AS p (move_id, version, status) ON p.move_id = u.move_id
      CROSS JOIN LATERAL (SELECT h.id
                          FROM held_order AS h
                          WHERE h.org_id = :org_id
                            AND (h.flow, h.flow_version, h.status, h.id) > (u.name, p.version, p.status, u.after)
                            AND (h.flow, h.flow_version, h.status) <= (u.name, p.version, p.status)
                          ORDER BY h.flow, h.flow_version, h.status, h.id
                          LIMIT :count) AS x) AS z
WHERE z.n <= :count
ORDER BY z.move_id, z.id;

-- name: flow_counts
-- How many held orders are in each status of each version of their flows, counted up to a number. The places are found one after the other, each as
-- the next in the index, so that nobody walks through everything that is in them.
WITH RECURSIVE place AS (
    (SELECT h.flow, h.flow_version, h.status
     FROM held_order AS h
     WHERE h.org_id = :org_id
     ORDER BY h.flow, h.flow_version, h.status
     LIMIT 1)
    UNION ALL
    SELECT x.flow, x.flow_version, x.status
    FROM place AS p
    CROSS JOIN LATERAL (SELECT h.flow, h.flow_version, h.status
                        FROM held_order AS h
                        WHERE h.org_id = :org_id AND (h.flow, h.flow_version, h.status) > (p.flow, p.flow_version, p.status)
                        ORDER BY h.flow, h.flow_version, h.status
                        LIMIT 1) AS x
)
SELECT p.flow AS name, p.flow_version AS version, p.status, c.count
FROM place AS p
CROSS JOIN LATERAL (SELECT count(*) AS count
                    FROM (SELECT h.id
                          FROM held_order AS h
                          WHERE h.org_id = :org_id
                            AND (h.flow, h.flow_version, h.status) >= (p.flow, p.flow_version, p.status)
                            AND (h.flow, h.flow_version, h.status) <= (p.flow, p.flow_version, p.status)
                          ORDER BY h.flow, h.flow_version, h.status, h.id
                          LIMIT :most) AS y) AS c
ORDER BY p.flow, p.flow_version, p.status;

-- name: flow_page
-- Held orders in these statuses of these versions of a flow, in the order of their ids: a page of each place, and the first of all of these.
SELECT x.id, x.version, x.status
FROM unnest(:versions::int[], :statuses::text[]) AS p (version, status)
CROSS JOIN LATERAL (SELECT h.id, h.flow_version AS version, h.status
                    FROM held_order AS h
                    WHERE h.org_id = :org_id
                      AND (h.flow, h.flow_version, h.status, h.id) > (:name, p.version, p.status, :after::uuid)
                      AND (h.flow, h.flow_version, h.status) <= (:name, p.version, p.status)
                    ORDER BY h.flow, h.flow_version, h.status, h.id
                    LIMIT :limit) AS x
ORDER BY x.id
LIMIT :limit;

-- name: events_by
-- The events of held orders, in order; what they say only of those that had come by an instant.
SELECT e.entity_id, e.version, e.at, CASE WHEN e.at <= :instant::timestamptz THEN e.data END AS data
FROM event AS e
WHERE e.org_id = :org_id AND e.entity_id = ANY(:ids::uuid[]) AND e.entity = 'held_order'
ORDER BY e.entity_id, e.version;

-- name: items_of_lines
-- What lines say of items.
SELECT i.id AS item_id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros, i.case_quantity
FROM item AS i
WHERE i.org_id = :org_id AND i.id = ANY(:ids::uuid[])
ORDER BY i.sku, i.id;

-- name: list_held_orders
-- Heads of held orders by id, with the terms between hub and producer, for either side; those alone that were there by an instant.
SELECT h.id, h.hub_id, h.producer_id, h.session_id, h.single, h.status, h.holds, h.flow, h.flow_version, h.attributes, h.entered_at,
       h.sla_at, h.created_at, h.changed_at, h.version,
       hub.name AS hub, producer.name AS producer, producer.currency, s.name AS session, s.closes_at, s.amend_until,
       coalesce(r.aggregation, 'by_item') AS aggregation, coalesce(r.discount_over, 0) AS discount_over,
       coalesce(r.discount_permille, 0) AS discount_permille
FROM held_order AS h
JOIN enterprise AS hub ON hub.org_id = h.org_id AND hub.id = h.hub_id
JOIN enterprise AS producer ON producer.org_id = h.org_id AND producer.id = h.producer_id
JOIN session AS s ON s.org_id = h.org_id AND s.id = h.session_id
LEFT JOIN relation AS r ON r.org_id = h.org_id AND r.hub_id = h.hub_id AND r.producer_id = h.producer_id
WHERE h.org_id = :org_id
  AND (:after::uuid IS NULL OR h.id > :after)
  AND (:ids::uuid[] IS NULL OR h.id = ANY(:ids))
  AND (:hub_id::uuid IS NULL OR h.hub_id = :hub_id)
  AND (:producer_id::uuid IS NULL OR h.producer_id = :producer_id)
  AND (:session_id::uuid IS NULL OR h.session_id = :session_id)
  AND (:status::text IS NULL OR h.status = :status)
  AND (:by::timestamptz IS NULL OR h.created_at <= :by)
  AND (:scope::uuid[] IS NULL OR h.hub_id = ANY(:scope) OR h.producer_id = ANY(:scope))
ORDER BY h.id
LIMIT :limit;

-- name: lines_of_held_orders
-- What held orders hold, item by item; several places of one item are one line.
SELECT l.pool_id AS held_order_id, i.id AS item_id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros,
       i.case_quantity, max(l.multiple)::bigint AS multiple,
       sum(l.held + l.committed + l.consumed)::bigint AS quantity, sum(l.surplus)::bigint AS surplus
FROM pool_line AS l
JOIN position AS p ON p.org_id = l.org_id AND p.id = l.position_id
JOIN item AS i ON i.org_id = p.org_id AND i.id = p.item_id
WHERE l.org_id = :org_id AND l.pool_id = ANY(:ids::uuid[])
GROUP BY l.pool_id, i.id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros, i.case_quantity
HAVING sum(l.held + l.committed + l.consumed) > 0
ORDER BY l.pool_id, i.sku, i.id;

-- name: discounts_of_held_orders
-- What the hub gave its shoppers off the goods of each held order: per item, in total, and naming nobody. Where the two reckon in
-- different currencies nothing can be said. The lines of orders without any discount, usually nearly all, are not looked at.
SELECT h.id AS held_order_id, l.item_id, sum(l.discount + l.order_share)::bigint AS discount
FROM held_order AS h
JOIN enterprise AS p ON p.org_id = h.org_id AND p.id = h.producer_id
JOIN orders AS o ON o.org_id = h.org_id AND o.session_id = h.session_id AND o.seller_id = h.hub_id AND o.status <> 'cancelled'
                    AND o.currency = p.currency AND o.line_discount + o.order_discount > 0
JOIN order_line AS l ON l.org_id = o.org_id AND l.order_id = o.id AND l.producer_id = h.producer_id
WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[]) AND NOT h.single
GROUP BY h.id, l.item_id
HAVING sum(l.discount + l.order_share) > 0;

-- name: discounts_of_single_orders
-- The same order by order, for hubs, producers and sessions that have one held order for each; which is whose follows from the ids.
SELECT o.seller_id AS hub_id, l.producer_id, o.session_id, o.id AS order_id, l.item_id,
       sum(l.discount + l.order_share)::bigint AS discount
FROM (SELECT DISTINCT h.hub_id, h.producer_id, h.session_id
      FROM held_order AS h
      WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[]) AND h.single) AS t
JOIN enterprise AS p ON p.org_id = :org_id AND p.id = t.producer_id
JOIN orders AS o ON o.org_id = :org_id AND o.session_id = t.session_id AND o.seller_id = t.hub_id AND o.status <> 'cancelled'
                    AND o.currency = p.currency AND o.line_discount + o.order_discount > 0
JOIN order_line AS l ON l.org_id = o.org_id AND l.order_id = o.id AND l.producer_id = t.producer_id
WHERE o.org_id = :org_id
GROUP BY o.seller_id, l.producer_id, o.session_id, o.id, l.item_id
HAVING sum(l.discount + l.order_share) > 0;

-- name: list_late
-- Held orders that are beyond the service level of their status, the longest first, for either side.
SELECT h.id, h.hub_id, h.producer_id, h.status, h.flow, h.flow_version, h.entered_at, h.sla_at
FROM held_order AS h
WHERE h.org_id = :org_id AND h.sla_at < :now::timestamptz
  AND (:after_at::timestamptz IS NULL OR (h.sla_at, h.id) > (:after_at, :after_id::uuid))
  AND (:scope::uuid[] IS NULL OR h.hub_id = ANY(:scope) OR h.producer_id = ANY(:scope))
ORDER BY h.sla_at, h.id
LIMIT :limit;

-- name: contributions
-- Which orders make up a held order; for its hub only.
SELECT w.demand_id AS order_id, w.demand_line AS line_no, p.item_id, i.name, i.stock_unit, w.quantity, w.policy, w.state
FROM hold AS w
JOIN position AS p ON p.org_id = w.org_id AND p.id = w.position_id
JOIN item AS i ON i.org_id = p.org_id AND i.id = p.item_id
JOIN pool_line AS l ON l.org_id = w.org_id AND l.position_id = w.position_id AND l.pool_id = w.pool_id
WHERE w.org_id = :org_id AND l.pool_id = :id
ORDER BY w.since, w.demand_id, w.demand_line
LIMIT :limit;

-- name: verify_head_for_every_pool^
-- Pools without a held order, and held orders whose status contradicts their holds.
SELECT count(*) AS broken, min(x.id) AS example
FROM (SELECT l.pool_id::text AS id
      FROM pool_line AS l LEFT JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.pool_id
      WHERE l.org_id = :org_id AND h.id IS NULL
      UNION ALL
      SELECT h.id::text
      FROM held_order AS h
      LEFT JOIN (SELECT l.pool_id, sum(l.held) AS held, sum(l.committed) AS committed
                 FROM pool_line AS l WHERE l.org_id = :org_id GROUP BY l.pool_id) AS t ON t.pool_id = h.id
      WHERE h.org_id = :org_id
        AND CASE h.holds WHEN 'live' THEN coalesce(t.held, 0) = 0 OR t.committed > 0
                         WHEN 'committed' THEN coalesce(t.committed, 0) = 0 OR t.held > 0
                         ELSE coalesce(t.held + t.committed, 0) > 0 END) AS x;

-- name: verify_one_per_session^
-- Hubs with two consolidated held orders for one producer and session.
SELECT count(*) AS broken, min(x.example) AS example
FROM (SELECT min(h.id::text) AS example
      FROM held_order AS h WHERE h.org_id = :org_id AND NOT h.single
      GROUP BY h.hub_id, h.producer_id, h.session_id HAVING count(*) > 1) AS x;

-- name: verify_ended_is_final^
-- Held orders that are still open an hour of business after their session ended: a supplier elsewhere has not said yes, or the relay is stuck.
SELECT count(*) AS broken, min(h.id::text) AS example
FROM held_order AS h
JOIN session AS s ON s.org_id = h.org_id AND s.id = h.session_id
WHERE h.org_id = :org_id AND h.holds = 'live' AND s.status = 'ended' AND h.changed_at < s.amend_until
  AND s.amend_until < :now::timestamptz - interval '1 hour';
