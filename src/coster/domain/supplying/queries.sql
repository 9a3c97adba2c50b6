-- supplying: statements for deciding (load_, put_) and for showing (list_, find_).

-- name: load_counterparts
-- Those of these hubs that are known already.
SELECT c.id, c.platform_id, c.iri, c.name
FROM counterpart AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: load_bindings
-- Which orders these are.
SELECT b.id, b.order_id, b.platform_id, b.hub_id, b.producer_id, b.session_id, b.session_iri, b.created_at
FROM supplied_order AS b
WHERE b.org_id = :org_id AND b.id = ANY(:ids::uuid[]);

-- name: put_counterparts
-- New hubs of other platforms.
INSERT INTO counterpart AS c (org_id, id, platform_id, iri, name)
SELECT o.org_id, u.id, u.platform_id, u.iri, u.name
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (id uuid, platform_id uuid, iri text, name text)
WHERE o.org_id = :org_id
RETURNING c.id;

-- name: put_bindings
-- New orders of theirs, each before it holds anything.
INSERT INTO supplied_order AS b (org_id, id, order_id, platform_id, hub_id, producer_id, session_id, session_iri, created_at)
SELECT o.org_id, u.id, u.order_id, u.platform_id, u.hub_id, u.producer_id, u.session_id, u.session_iri, u.created_at
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, order_id uuid, platform_id uuid, hub_id uuid, producer_id uuid, session_id uuid, session_iri text,
          created_at timestamptz)
WHERE o.org_id = :org_id
RETURNING b.id;

-- name: find_binding^
-- One of these orders, where it was placed: of this producer, and of this platform (null: of any).
SELECT b.id, b.order_id, b.platform_id, b.hub_id, b.producer_id, b.session_id, b.session_iri, b.created_at,
       s.status AS session_status, o.currency, o.attributes -> 'supplied' ->> 'ends' AS ends
FROM supplied_order AS b
JOIN orders AS o ON o.org_id = b.org_id AND o.id = b.order_id
JOIN session AS s ON s.org_id = b.org_id AND s.id = b.session_id
WHERE b.org_id = :org_id AND b.id = :id AND b.producer_id = :producer_id
  AND (:platform_id::uuid IS NULL OR b.platform_id = :platform_id);

-- name: list_supplied
-- Which such orders there are, by id, forwards.
SELECT b.id
FROM supplied_order AS b
JOIN orders AS o ON o.org_id = b.org_id AND o.id = b.order_id
WHERE b.org_id = :org_id AND b.producer_id = :producer_id
  AND (:platform_id::uuid IS NULL OR b.platform_id = :platform_id)
  AND (:session_id::uuid IS NULL OR b.session_id = :session_id)
  AND (:session_iri::text IS NULL OR b.session_iri = :session_iri)
  AND (:after::uuid IS NULL OR b.id > :after)
ORDER BY b.id
LIMIT :limit;

-- name: list_supplied_backwards
-- The same from the end of the list.
SELECT b.id
FROM supplied_order AS b
JOIN orders AS o ON o.org_id = b.org_id AND o.id = b.order_id
WHERE b.org_id = :org_id AND b.producer_id = :producer_id
  AND (:platform_id::uuid IS NULL OR b.platform_id = :platform_id)
  AND (:session_id::uuid IS NULL OR b.session_id = :session_id)
  AND (:session_iri::text IS NULL OR b.session_iri = :session_iri)
  AND (:before::uuid IS NULL OR b.id < :before)
ORDER BY b.id DESC
LIMIT :limit;

-- name: supplied
-- Those of these orders that are of this producer and of this platform (null: of any), with everything around them but their lines.
SELECT b.id, b.order_id, b.hub_id, c.iri AS hub_iri, c.name AS hub_name, b.platform_id, b.producer_id, p.name AS producer_name,
       b.session_id, b.session_iri, s.status AS session_status, s.opens_at, s.closes_at, o.currency,
       o.attributes, o.placed_at, o.version AS order_version, h.status, h.holds, h.flow, h.flow_version,
       coalesce(h.version, 0) AS held_version
FROM supplied_order AS b
JOIN orders AS o ON o.org_id = b.org_id AND o.id = b.order_id
JOIN counterpart AS c ON c.org_id = b.org_id AND c.id = b.hub_id
JOIN enterprise AS p ON p.org_id = b.org_id AND p.id = b.producer_id
JOIN session AS s ON s.org_id = b.org_id AND s.id = b.session_id
LEFT JOIN held_order AS h ON h.org_id = b.org_id AND h.id = b.id
WHERE b.org_id = :org_id AND b.id = ANY(:ids::uuid[]) AND b.producer_id = :producer_id
  AND (:platform_id::uuid IS NULL OR b.platform_id = :platform_id);

-- name: lines_of_supplied
-- The lines of these orders in which something is left, with their items.
SELECT b.id, l.item_id, i.name, l.unit, l.quantity, l.price_micros
FROM supplied_order AS b
JOIN order_line AS l ON l.org_id = b.org_id AND l.order_id = b.order_id
JOIN item AS i ON i.org_id = l.org_id AND i.id = l.item_id
WHERE b.org_id = :org_id AND b.id = ANY(:ids::uuid[]) AND l.quantity > 0
ORDER BY b.id, l.line_no;

-- name: list_supplied_sessions
-- The sessions in which hubs of this platform (null: of any) order, with those of no order yet, the latest first, after one of them (null:
-- from the start): the latest of each hub, and of those the latest, in the order of the index of a hub's sessions (ADR 0015).
SELECT x.id, x.coordinator_id, x.status, x.opens_at, x.closes_at, b.session_iri, b.id AS held_order_id,
       coalesce(o.attributes -> 'supplied', '{}') AS notes
FROM (SELECT f.id, f.coordinator_id, f.status, f.opens_at, f.closes_at
      FROM counterpart AS c
      JOIN relation AS r ON r.org_id = c.org_id AND r.hub_id = c.id AND r.producer_id = :producer_id
      CROSS JOIN LATERAL (
          SELECT s.id, s.coordinator_id, s.status, s.opens_at, s.closes_at
          FROM session AS s
          WHERE s.org_id = :org_id AND s.coordinator_id = c.id
            AND (:after::uuid IS NULL
                 OR (s.opens_at, s.id) < ((SELECT p.opens_at FROM session AS p WHERE p.org_id = :org_id AND p.id = :after), :after))
          ORDER BY s.opens_at DESC, s.id DESC
          LIMIT :limit) AS f
      WHERE c.org_id = :org_id AND (:platform_id::uuid IS NULL OR c.platform_id = :platform_id)
      ORDER BY f.opens_at DESC, f.id DESC
      LIMIT :limit) AS x
LEFT JOIN supplied_order AS b ON b.org_id = :org_id AND b.session_id = x.id AND b.producer_id = :producer_id
LEFT JOIN orders AS o ON o.org_id = :org_id AND o.id = b.order_id
ORDER BY x.opens_at DESC, x.id DESC;

-- name: list_supplied_sessions_backwards
-- The same from the end of the list, before one of them.
SELECT x.id, x.coordinator_id, x.status, x.opens_at, x.closes_at, b.session_iri, b.id AS held_order_id,
       coalesce(o.attributes -> 'supplied', '{}') AS notes
FROM (SELECT f.id, f.coordinator_id, f.status, f.opens_at, f.closes_at
      FROM counterpart AS c
      JOIN relation AS r ON r.org_id = c.org_id AND r.hub_id = c.id AND r.producer_id = :producer_id
      CROSS JOIN LATERAL (
          SELECT s.id, s.coordinator_id, s.status, s.opens_at, s.closes_at
          FROM session AS s
          WHERE s.org_id = :org_id AND s.coordinator_id = c.id
            AND (:before::uuid IS NULL
                 OR (s.opens_at, s.id) > ((SELECT p.opens_at FROM session AS p WHERE p.org_id = :org_id AND p.id = :before), :before))
          ORDER BY s.opens_at ASC, s.id ASC
          LIMIT :limit) AS f
      WHERE c.org_id = :org_id AND (:platform_id::uuid IS NULL OR c.platform_id = :platform_id)
      ORDER BY f.opens_at ASC, f.id ASC
      LIMIT :limit) AS x
LEFT JOIN supplied_order AS b ON b.org_id = :org_id AND b.session_id = x.id AND b.producer_id = :producer_id
LEFT JOIN orders AS o ON o.org_id = :org_id AND o.id = b.order_id
ORDER BY x.opens_at ASC, x.id ASC;

-- name: find_supplied_session^
-- One of these sessions, of a hub of this platform (null: of any).
SELECT s.id, s.coordinator_id, s.status, s.opens_at, s.closes_at, b.session_iri, b.id AS held_order_id,
       coalesce(o.attributes -> 'supplied', '{}') AS notes
FROM session AS s
JOIN counterpart AS c ON c.org_id = s.org_id AND c.id = s.coordinator_id
JOIN relation AS r ON r.org_id = s.org_id AND r.hub_id = s.coordinator_id AND r.producer_id = :producer_id
LEFT JOIN supplied_order AS b ON b.org_id = s.org_id AND b.session_id = s.id AND b.producer_id = :producer_id
LEFT JOIN orders AS o ON o.org_id = s.org_id AND o.id = b.order_id
WHERE s.org_id = :org_id AND s.id = :id AND (:platform_id::uuid IS NULL OR c.platform_id = :platform_id);

-- name: verify_one_order^
-- Held orders of hubs on other platforms with holds of another order than the one behind them.
SELECT count(*) AS broken, min(b.id::text) AS example
FROM supplied_order AS b
WHERE b.org_id = :org_id
  AND EXISTS (SELECT FROM hold AS w
              WHERE w.org_id = :org_id AND w.pool_id = b.id AND w.demand_id <> b.order_id AND w.policy <> 'remainder');
