-- name: taken
-- Which of these references of channels have an order already: for each, the first entry from there on in the index of
-- references. Asked for in that order, because no other index has it; by equality alone the planner took any index of the
-- organisation while the table was young, and read all of its orders for each reference.
SELECT x.id, x.seller_id, x.channel, x.reference
FROM unnest(:channels::text[], :refs::text[]) AS u (channel, reference)
CROSS JOIN LATERAL (SELECT o.id, o.seller_id, o.channel, o.reference
                    FROM orders AS o
                    WHERE o.org_id = :org_id AND (o.channel, o.reference) >= (u.channel, u.reference)
                    ORDER BY o.channel, o.reference
                    LIMIT 1) AS x
WHERE x.channel = u.channel AND x.reference = u.reference;

-- name: firm
-- What of these orders is known before they are locked: seller, session and cost centre never change, the version of the flow hardly ever.
SELECT o.id, o.session_id, o.seller_id, o.type, o.flow, o.flow_version, o.checkout_version,
       o.attributes -> 'cost_centre' ->> 'id' AS cost_centre_id
FROM orders AS o
WHERE o.org_id = :org_id AND o.id = ANY(:ids::uuid[]);

-- name: lock_orders
-- Heads of orders, locked in key order.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM orders AS o
WHERE o.org_id = :org_id AND o.id = ANY(:ids::uuid[])
ORDER BY o.id
FOR NO KEY UPDATE;

-- name: lines_of
-- Lines of orders.
SELECT l.order_id, l.line_no, l.item_id, l.producer_id, l.unit, l.requested, l.quantity, l.stock_quantity, l.price_micros,
       l.gross, l.discount, l.order_share, l.basis_gross, l.basis_discount, l.basis_share, l.total, l.stock, l.fulfilment, l.note,
       l.ship_on, l.holds_from
FROM order_line AS l
WHERE l.org_id = :org_id AND l.order_id = ANY(:ids::uuid[])
ORDER BY l.order_id, l.line_no;

-- name: lines_shown
-- The same for people. In a session a line goes with the held order that it is part of: its holds are committed once that is owed, and gone
-- once the goods are; whatever else gives holds back says so in the line.
SELECT l.order_id, l.line_no, l.item_id, l.producer_id, l.unit, l.requested, l.quantity, l.stock_quantity, l.price_micros,
       l.gross, l.discount, l.order_share, l.basis_gross, l.basis_discount, l.basis_share, l.total,
       CASE WHEN l.stock <> 'held' OR l.quantity = 0 OR o.session_id IS NULL OR h.live > 0 THEN l.stock
            WHEN h.there > 0 THEN 'allocated'
            ELSE 'consumed' END AS stock,
       l.fulfilment, l.note, l.ship_on, l.holds_from
FROM orders AS o
JOIN order_line AS l ON l.org_id = o.org_id AND l.order_id = o.id
CROSS JOIN LATERAL (SELECT count(*) AS there, count(*) FILTER (WHERE w.state = 'live') AS live
                    FROM hold AS w
                    WHERE w.org_id = :org_id AND w.demand_id = l.order_id AND w.demand_line = l.line_no) AS h
WHERE o.org_id = :org_id AND o.id = ANY(:ids::uuid[])
ORDER BY l.order_id, l.line_no;

-- name: turns_of_held_orders
-- The events of held orders that say where their goods have gone, in order, among the latest of each: before them it grew and shrank with
-- every order of its session.
SELECT x.id, x.name, x.at, x.actor
FROM unnest(:ids::uuid[]) AS u (id)
CROSS JOIN LATERAL (SELECT e.entity_id AS id, e.name, e.at, e.actor, e.version, e.data -> 'sent_by' IS NULL AS own
                    FROM event AS e
                    WHERE e.org_id = :org_id AND e.entity_id = u.id AND e.entity = 'held_order'
                    ORDER BY e.version DESC
                    LIMIT 50) AS x
WHERE x.own AND x.name = ANY(:names::text[])
ORDER BY x.at, x.id, x.version;

-- name: unfinished_of_sessions
-- Orders of sessions whose checkout is still running.
SELECT o.id
FROM orders AS o
WHERE o.org_id = :org_id AND o.session_id = ANY(:session_ids::uuid[]) AND o.expires_at IS NOT NULL
ORDER BY o.id;

-- name: to_be_moved
-- The orders that moves take next, in the order of their ids, by move: of each place as many as there may be of all (ADR 0015).
SELECT z.move_id, z.id
FROM (SELECT u.move_id, x.id, row_number() OVER (PARTITION BY u.move_id ORDER BY x.id) AS n
      FROM unnest(:move_ids::uuid[], :names::text[], :afters::uuid[]) AS u (move_id, name, after)
      JOIN unnest(:places_of::uuid[], :versions::int[], :statuses::text[]) AS p (move_id, version, status) ON p.move_id = u.move_id
      CROSS JOIN LATERAL (SELECT o.id
                          FROM orders AS o
                          WHERE o.org_id = :org_id
                            AND (o.flow, o.flow_version, o.status, o.id) > (u.name, p.version, p.status, u.after)
                            AND (o.flow, o.flow_version, o.status) <= (u.name, p.version, p.status)
                          ORDER BY o.flow, o.flow_version, o.status, o.id
                          LIMIT :count) AS x) AS z
WHERE z.n <= :count
ORDER BY z.move_id, z.id;

-- name: checkouts_to_be_moved
-- The checkouts that moves may take next, by move, in the order of their orders' ids. An order's row does not name the flow of its
-- checkout: that follows from the order's own flow and type, so these are found first, each as the next in the index.
WITH RECURSIVE place AS (
    (SELECT o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
     FROM orders AS o
     WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
     ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
     LIMIT 1)
    UNION ALL
    SELECT x.flow, x.flow_version, x.type, x.checkout_version, x.checkout
    FROM place AS p
    CROSS JOIN LATERAL (SELECT o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
                        FROM orders AS o
                        WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
                          AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                            > (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                        ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
                        LIMIT 1) AS x
)
SELECT z.move_id, z.id
FROM (SELECT u.move_id, x.id, row_number() OVER (PARTITION BY u.move_id ORDER BY x.id) AS n
      FROM unnest(:move_ids::uuid[], :afters::uuid[]) AS u (move_id, after)
      JOIN unnest(:places_of::uuid[], :versions::int[], :statuses::text[]) AS w (move_id, version, status) ON w.move_id = u.move_id
      JOIN place AS p ON p.checkout_version = w.version AND p.checkout = w.status
      CROSS JOIN LATERAL (SELECT o.id
                          FROM orders AS o
                          WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
                            AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout, o.id)
                              > (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout, u.after)
                            AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                              <= (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                          ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout, o.id
                          LIMIT :count) AS x) AS z
WHERE z.n <= :count
ORDER BY z.move_id, z.id;

-- name: checkouts_entered
-- Since when the checkouts of orders are in their status, by what was told: the last event in which each came into another one. What flows
-- send themselves says nothing about it.
SELECT e.entity_id AS id, max(e.at) AS since
FROM event AS e
WHERE e.org_id = :org_id AND e.entity_id = ANY(:ids::uuid[]) AND e.entity = 'order' AND e.data -> 'sent_by' IS NULL
  AND (e.data -> 'flow' -> 'checkout' ->> 'from' <> e.data -> 'flow' -> 'checkout' ->> 'to'
       OR (e.name = 'order.checkout_moved' AND e.data -> 'flow' ->> 'from' <> e.data -> 'flow' ->> 'to'))
GROUP BY e.entity_id;

-- name: checkout_counts
-- How many checkouts are in each status of each version, counted up to a number, by the flow and the type of their orders, from which the
-- name of theirs follows. Found as `flow_counts` finds places.
WITH RECURSIVE place AS (
    (SELECT o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
     FROM orders AS o
     WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
     ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
     LIMIT 1)
    UNION ALL
    SELECT x.flow, x.flow_version, x.type, x.checkout_version, x.checkout
    FROM place AS p
    CROSS JOIN LATERAL (SELECT o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
                        FROM orders AS o
                        WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
                          AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                            > (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                        ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout
                        LIMIT 1) AS x
)
SELECT p.flow, p.flow_version, p.type, p.checkout_version AS version, p.checkout AS status, c.count
FROM place AS p
CROSS JOIN LATERAL (SELECT count(*) AS count
                    FROM (SELECT o.id
                          FROM orders AS o
                          WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
                            AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                              >= (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                            AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                              <= (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                          ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout, o.id
                          LIMIT :most) AS y) AS c
ORDER BY p.flow, p.flow_version, p.type, p.checkout_version, p.checkout;

-- name: checkout_page
-- Checkouts in these places, in the order of their orders' ids: a page of each place, and the first of all of these.
SELECT x.id, x.version, x.status
FROM unnest(:flows::text[], :flow_versions::int[], :types::text[], :versions::int[], :statuses::text[])
    AS p (flow, flow_version, type, checkout_version, checkout)
CROSS JOIN LATERAL (SELECT o.id, o.checkout_version AS version, o.checkout AS status
                    FROM orders AS o
                    WHERE o.org_id = :org_id AND o.checkout IS NOT NULL
                      AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout, o.id)
                        > (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout, :after::uuid)
                      AND (o.flow, o.flow_version, o.type, o.checkout_version, o.checkout)
                        <= (p.flow, p.flow_version, p.type, p.checkout_version, p.checkout)
                    ORDER BY o.flow, o.flow_version, o.type, o.checkout_version, o.checkout, o.id
                    LIMIT :limit) AS x
ORDER BY x.id
LIMIT :limit;

-- name: flow_counts
-- How many orders are in each status of each version of their flows, counted up to a number. The places are found one after the other, each as
-- the next in the index, so that nobody walks through everything that is in them.
WITH RECURSIVE place AS (
    (SELECT o.flow, o.flow_version, o.status
     FROM orders AS o
     WHERE o.org_id = :org_id
     ORDER BY o.flow, o.flow_version, o.status
     LIMIT 1)
    UNION ALL
    SELECT x.flow, x.flow_version, x.status
    FROM place AS p
    CROSS JOIN LATERAL (SELECT o.flow, o.flow_version, o.status
                        FROM orders AS o
                        WHERE o.org_id = :org_id AND (o.flow, o.flow_version, o.status) > (p.flow, p.flow_version, p.status)
                        ORDER BY o.flow, o.flow_version, o.status
                        LIMIT 1) AS x
)
SELECT p.flow AS name, p.flow_version AS version, p.status, c.count
FROM place AS p
CROSS JOIN LATERAL (SELECT count(*) AS count
                    FROM (SELECT o.id
                          FROM orders AS o
                          WHERE o.org_id = :org_id
                            AND (o.flow, o.flow_version, o.status) >= (p.flow, p.flow_version, p.status)
                            AND (o.flow, o.flow_version, o.status) <= (p.flow, p.flow_version, p.status)
                          ORDER BY o.flow, o.flow_version, o.status, o.id
                          LIMIT :most) AS y) AS c
ORDER BY p.flow, p.flow_version, p.status;

-- name: flow_page
-- Orders in these statuses of these versions of a flow, in the order of their ids: a page of each place, and the first of all of these.
SELECT x.id, x.version, x.status
FROM unnest(:versions::int[], :statuses::text[]) AS p (version, status)
CROSS JOIN LATERAL (SELECT o.id, o.flow_version AS version, o.status
                    FROM orders AS o
                    WHERE o.org_id = :org_id
                      AND (o.flow, o.flow_version, o.status, o.id) > (:name, p.version, p.status, :after::uuid)
                      AND (o.flow, o.flow_version, o.status) <= (:name, p.version, p.status)
                    ORDER BY o.flow, o.flow_version, o.status, o.id
                    LIMIT :limit) AS x
ORDER BY x.id
LIMIT :limit;

-- name: insert_orders*!
-- New orders; a lost race for a reference is a unique violation and re-runs the batch.
INSERT INTO orders AS x (org_id, id, seller_id, session_id, customer_id, channel, reference, status, flow, flow_version, payment,
                         currency, gross, line_discount, order_discount, total, priority, placed_at, expires_at, version, type,
                         holds, attributes, entered, entered_at, sla_at, checkout, checkout_version)
SELECT o.org_id, u.id, u.seller_id, u.session_id, u.customer_id, u.channel, u.reference, u.status, u.flow, u.flow_version,
       u.payment, u.currency, u.gross, u.line_discount, u.order_discount, u.total, u.priority, u.placed_at, u.expires_at, u.version,
       coalesce(u.type, ''), u.holds, coalesce(u.attributes, '{}'), u.entered, u.entered_at, u.sla_at, u.checkout, u.checkout_version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, seller_id uuid, session_id uuid, customer_id uuid, channel text, reference text, status text,
          flow text, flow_version int, payment text, currency text, gross bigint, line_discount bigint,
          order_discount bigint, total bigint, priority int, placed_at timestamptz, expires_at timestamptz,
          version int, type text, holds text, attributes jsonb, entered int, entered_at timestamptz, sla_at timestamptz,
          checkout text, checkout_version int)
WHERE o.org_id = :org_id
RETURNING x.id;

-- name: update_orders*!
-- New heads of orders, which are locked.
UPDATE orders AS x
SET status = u.status, payment = u.payment, gross = u.gross, line_discount = u.line_discount,
    order_discount = u.order_discount, total = u.total, expires_at = u.expires_at, version = u.version, holds = u.holds,
    attributes = coalesce(u.attributes, '{}'), flow_version = u.flow_version, entered = u.entered, entered_at = u.entered_at, sla_at = u.sla_at,
    checkout = u.checkout, checkout_version = u.checkout_version
FROM json_to_recordset(:rows::json)
    AS u (id uuid, status text, payment text, gross bigint, line_discount bigint, order_discount bigint, total bigint,
          expires_at timestamptz, version int, holds text, attributes jsonb, flow_version int, entered int,
          entered_at timestamptz, sla_at timestamptz, checkout text, checkout_version int)
WHERE x.org_id = :org_id AND x.id = u.id
RETURNING x.id;

-- name: put_lines*!
-- New and changed lines.
INSERT INTO order_line AS l (org_id, order_id, line_no, item_id, producer_id, unit, requested, quantity, stock_quantity,
                             price_micros, gross, discount, order_share, basis_gross, basis_discount, basis_share, total,
                             stock, fulfilment, note, ship_on, holds_from)
SELECT o.org_id, u.order_id, u.line_no, u.item_id, u.producer_id, u.unit, u.requested, u.quantity, u.stock_quantity,
       u.price_micros, u.gross, u.discount, u.order_share, u.basis_gross, u.basis_discount, u.basis_share, u.total, u.stock,
       u.fulfilment, u.note, u.ship_on, u.holds_from
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (order_id uuid, line_no int, item_id uuid, producer_id uuid, unit text, requested bigint, quantity bigint,
          stock_quantity bigint, price_micros bigint, gross bigint, discount bigint, order_share bigint, basis_gross bigint,
          basis_discount bigint, basis_share bigint, total bigint,
          stock text, fulfilment text, note text, ship_on date, holds_from timestamptz)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, order_id, line_no) DO UPDATE
SET requested = EXCLUDED.requested, quantity = EXCLUDED.quantity, stock_quantity = EXCLUDED.stock_quantity, gross = EXCLUDED.gross,
    discount = EXCLUDED.discount, order_share = EXCLUDED.order_share, basis_gross = EXCLUDED.basis_gross,
    basis_discount = EXCLUDED.basis_discount, basis_share = EXCLUDED.basis_share, total = EXCLUDED.total, stock = EXCLUDED.stock,
    fulfilment = EXCLUDED.fulfilment, note = EXCLUDED.note, ship_on = EXCLUDED.ship_on, holds_from = EXCLUDED.holds_from
RETURNING l.line_no;

-- name: insert_comments*!
-- Remarks on orders.
INSERT INTO order_comment AS c (org_id, order_id, id, at, actor, text)
SELECT o.org_id, u.order_id, u.id, u.at, u.actor, u.text
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (order_id uuid, id uuid, at timestamptz, actor uuid, text text)
WHERE o.org_id = :org_id
RETURNING c.id;

-- name: drop_approvers
-- Nobody is asked for these orders by name any more.
DELETE FROM order_approver AS a WHERE a.org_id = :org_id AND a.order_id = ANY(:order_ids::uuid[]) RETURNING a.order_id;

-- name: insert_approvers
-- Who is asked for which order, by name.
INSERT INTO order_approver AS a (org_id, key_id, order_id)
SELECT o.org_id, u.key_id, u.order_id
FROM org AS o
CROSS JOIN unnest(:key_ids::uuid[], :order_ids::uuid[]) AS u (key_id, order_id)
WHERE o.org_id = :org_id
RETURNING a.order_id;

-- name: list_approvals
-- Orders that wait for a key by name, newest first, as long as it may approve where they are bought (scope null: everywhere): read along
-- the key's own rows, however many orders there are.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM order_approver AS a
JOIN orders AS o ON o.org_id = a.org_id AND o.id = a.order_id
WHERE a.org_id = :org_id AND o.org_id = :org_id AND a.key_id = :key_id
  AND (:before::uuid IS NULL OR a.order_id < :before)
  AND (:scope::text[] IS NULL OR coalesce(o.attributes -> 'cost_centre' ->> 'enterprise_id', o.seller_id::text) = ANY(:scope))
ORDER BY a.order_id DESC
LIMIT :limit;

-- name: list_orders
-- Heads of orders, newest first (ids sort by time): of the whole organisation, by id, or by reference.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM orders AS o
WHERE o.org_id = :org_id
  AND (:before::uuid IS NULL OR o.id < :before)
  AND (:ids::uuid[] IS NULL OR o.id = ANY(:ids))
  AND (:sellers::uuid[] IS NULL OR o.seller_id = ANY(:sellers))
  AND (:session_id::uuid IS NULL OR o.session_id = :session_id)
  AND (:customer_id::uuid IS NULL OR o.customer_id = :customer_id)
  AND (:status::text IS NULL OR o.status = :status)
  AND (:channel::text IS NULL OR o.channel = :channel)
  AND (:reference::text IS NULL OR o.reference = :reference)
ORDER BY o.id DESC
LIMIT :limit;

-- name: list_orders_placed_by
-- Heads of orders that were placed by an instant, as they are now, newest first.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM orders AS o
WHERE o.org_id = :org_id AND o.placed_at <= :instant::timestamptz
  AND (:before::uuid IS NULL OR o.id < :before)
  AND (:ids::uuid[] IS NULL OR o.id = ANY(:ids))
  AND (:sellers::uuid[] IS NULL OR o.seller_id = ANY(:sellers))
  AND (:session_id::uuid IS NULL OR o.session_id = :session_id)
  AND (:customer_id::uuid IS NULL OR o.customer_id = :customer_id)
  AND (:channel::text IS NULL OR o.channel = :channel)
  AND (:reference::text IS NULL OR o.reference = :reference)
ORDER BY o.id DESC
LIMIT :limit;

-- name: events_by
-- The events of orders, in order; what they say only of those that had come by an instant. Attributes are in no event: each command's answer
-- about an order has them.
SELECT e.entity_id, e.name, e.version, e.at, CASE WHEN e.at <= :instant::timestamptz THEN e.data END AS data,
       CASE WHEN c.outcome -> 'accepted' ->> 'id' = e.entity_id::text
            THEN coalesce(c.outcome -> 'accepted' -> 'attributes', '{}'::jsonb) END AS attributes
FROM event AS e
LEFT JOIN command AS c ON c.org_id = e.org_id AND c.id = e.command_id AND e.at <= :instant
WHERE e.org_id = :org_id AND e.entity_id = ANY(:ids::uuid[]) AND e.entity = 'order'
ORDER BY e.entity_id, e.version;

-- name: events_kept_since
-- The latest instant of the events that are in the archive; nothing where none are.
SELECT max(a.latest) AS latest FROM archive_part AS a WHERE a.org_id = :org_id AND a.kind = 'events';

-- name: list_orders_of_sellers
-- The same of some sellers: the newest of each, and of those the newest. Each seller's are asked for as a range and in the order of
-- the index of sellers, which no other index has. By equality the planner walks through the orders of everybody, newest first, where
-- most are the seller's; and those that came since the statistics were taken may all be somebody else's (ADR 0015).
SELECT x.id, x.seller_id, x.session_id, x.customer_id, x.channel, x.reference, x.status, x.flow, x.flow_version, x.payment,
       x.currency, x.gross, x.line_discount, x.order_discount, x.total, x.priority, x.placed_at, x.expires_at, x.version,
       x.type, x.holds, x.attributes, x.entered, x.entered_at, x.sla_at, x.checkout, x.checkout_version
FROM unnest(:sellers::uuid[]) AS u (seller_id)
CROSS JOIN LATERAL (
    SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
           o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
           o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
    FROM orders AS o
    WHERE o.org_id = :org_id AND o.seller_id >= u.seller_id
      AND (o.seller_id, o.id) < (u.seller_id, coalesce(:before::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      AND (:status::text IS NULL OR o.status = :status)
      AND (:channel::text IS NULL OR o.channel = :channel)
    ORDER BY o.seller_id DESC, o.id DESC
    LIMIT :limit) AS x
ORDER BY x.id DESC
LIMIT :limit;

-- name: list_orders_of_session
-- The same of one session, in the order of the index of sessions.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM orders AS o
WHERE o.org_id = :org_id AND o.session_id IS NOT NULL AND o.session_id >= :session_id::uuid
  AND (o.session_id, o.id) < (:session_id, coalesce(:before::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  AND (:sellers::uuid[] IS NULL OR o.seller_id = ANY(:sellers))
  AND (:customer_id::uuid IS NULL OR o.customer_id = :customer_id)
  AND (:status::text IS NULL OR o.status = :status)
  AND (:channel::text IS NULL OR o.channel = :channel)
ORDER BY o.session_id DESC, o.id DESC
LIMIT :limit;

-- name: list_orders_of_customer
-- The same of one shopper, in the order of the index of shoppers.
SELECT o.id, o.seller_id, o.session_id, o.customer_id, o.channel, o.reference, o.status, o.flow, o.flow_version, o.payment,
       o.currency, o.gross, o.line_discount, o.order_discount, o.total, o.priority, o.placed_at, o.expires_at, o.version,
       o.type, o.holds, o.attributes, o.entered, o.entered_at, o.sla_at, o.checkout, o.checkout_version
FROM orders AS o
WHERE o.org_id = :org_id AND o.customer_id IS NOT NULL AND o.customer_id >= :customer_id::uuid
  AND (o.customer_id, o.id) < (:customer_id, coalesce(:before::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  AND (:sellers::uuid[] IS NULL OR o.seller_id = ANY(:sellers))
  AND (:status::text IS NULL OR o.status = :status)
  AND (:channel::text IS NULL OR o.channel = :channel)
ORDER BY o.customer_id DESC, o.id DESC
LIMIT :limit;

-- name: session_of_order^
-- Whether the session of an order still takes orders.
SELECT s.id, s.coordinator_id, s.status, s.closes_at, s.amend_until
FROM session AS s
WHERE s.org_id = :org_id AND s.id = :id;

-- name: list_late
-- Orders that are beyond the service level of their status, the longest first.
SELECT o.id, o.seller_id, o.status, o.flow, o.flow_version, o.entered_at, o.sla_at
FROM orders AS o
WHERE o.org_id = :org_id AND o.sla_at < :now::timestamptz
  AND (:after_at::timestamptz IS NULL OR (o.sla_at, o.id) > (:after_at, :after_id::uuid))
  AND (:sellers::uuid[] IS NULL OR o.seller_id = ANY(:sellers))
ORDER BY o.sla_at, o.id
LIMIT :limit;

-- name: list_comments
-- Remarks on an order, oldest first.
SELECT c.id, c.at, c.actor, c.text
FROM order_comment AS c
WHERE c.org_id = :org_id AND c.order_id = :order_id
ORDER BY c.at, c.id;

-- name: verify_total_is_sum^
-- Orders whose amounts are not the sums of their lines'.
SELECT count(*) AS broken, min(o.id::text) AS example
FROM orders AS o
LEFT JOIN (SELECT l.order_id, sum(l.gross) AS gross, sum(l.discount) AS discount, sum(l.order_share) AS share,
                  sum(l.total) AS total
           FROM order_line AS l WHERE l.org_id = :org_id GROUP BY l.order_id) AS s ON s.order_id = o.id
WHERE o.org_id = :org_id
  AND (o.gross, o.line_discount, o.order_discount, o.total)
      IS DISTINCT FROM (coalesce(s.gross, 0), coalesce(s.discount, 0), coalesce(s.share, 0), coalesce(s.total, 0));

-- name: verify_none_is_held^
-- Orders that owe nothing, the cancelled ones for example, and still hold stock.
SELECT count(*) AS broken, min(o.id::text) AS example
FROM orders AS o
WHERE o.org_id = :org_id AND o.holds = 'none'
  AND EXISTS (SELECT 1 FROM hold AS h WHERE h.org_id = o.org_id AND h.demand_id = o.id);

-- name: verify_lines_are_held^
-- Lines (of plain items) that say `held` and hold another quantity, unless their goods have left.
SELECT count(*) AS broken, min(l.order_id::text) AS example
FROM order_line AS l
JOIN item AS i ON i.org_id = l.org_id AND i.id = l.item_id AND NOT i.kit
LEFT JOIN (SELECT h.demand_id, h.demand_line, sum(h.quantity) AS quantity
           FROM hold AS h WHERE h.org_id = :org_id GROUP BY h.demand_id, h.demand_line) AS s
       ON s.demand_id = l.order_id AND s.demand_line = l.line_no
WHERE l.org_id = :org_id AND l.stock = 'held' AND s.quantity IS DISTINCT FROM l.stock_quantity
  AND NOT (s.quantity IS NULL
           AND EXISTS (SELECT 1
                       FROM held_order AS h
                       JOIN orders AS o ON o.org_id = h.org_id AND o.id = l.order_id
                       JOIN pool_line AS c ON c.org_id = h.org_id AND c.pool_id = h.id AND c.consumed > 0
                       WHERE h.org_id = l.org_id AND h.hub_id = o.seller_id AND h.producer_id = l.producer_id
                         AND h.session_id = o.session_id));

-- name: verify_orders_are_told^
-- Orders of which no event tells that they were placed; events of the archive are no longer here.
SELECT count(*) AS broken, min(o.id::text) AS example
FROM orders AS o
LEFT JOIN event AS e ON e.org_id = o.org_id AND e.entity_id = o.id AND e.version = 1 AND e.name = 'order.placed'
WHERE o.org_id = :org_id AND e.seq IS NULL
  AND o.placed_at > coalesce((SELECT max(a.latest) FROM archive_part AS a WHERE a.org_id = :org_id AND a.kind = 'events'),
                             '-infinity');
