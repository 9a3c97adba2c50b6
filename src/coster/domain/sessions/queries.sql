-- name: share_sessions
-- Sessions with their hubs, locked against closing for as long as the caller's transaction runs. The sub-selects see the
-- statement's snapshot, the row itself may be newer when it had to wait; `read_version` <> `version` tells so.
SELECT s.id, s.coordinator_id, s.status, s.closes_at, s.amend_until, s.version,
       ARRAY(SELECT h.hub_id FROM session_hub AS h WHERE h.org_id = :org_id AND h.session_id = s.id) AS hubs,
       (SELECT r.version FROM session AS r WHERE r.org_id = :org_id AND r.id = s.id) AS read_version
FROM session AS s
WHERE s.org_id = :org_id AND s.id = ANY(:ids::uuid[])
ORDER BY s.id
FOR SHARE OF s;

-- name: listed
-- What these sessions list of these items, with a price of its own or none.
SELECT l.session_id, l.item_id, l.price_micros
FROM listing AS l
WHERE l.org_id = :org_id AND l.session_id = ANY(:session_ids::uuid[]) AND l.item_id = ANY(:item_ids::uuid[]);

-- name: lock_sessions
-- These sessions, locked against other changes (and against orders that are being placed) until the commit.
SELECT s.id, s.coordinator_id, s.name, s.status, s.opens_at, s.closes_at, s.amend_until, s.recurrence, s.series_id, s.version
FROM session AS s
WHERE s.org_id = :org_id AND s.id = ANY(:ids::uuid[])
ORDER BY s.id
FOR NO KEY UPDATE;

-- name: load_hubs
-- The hubs that sell in these sessions.
SELECT h.session_id, h.hub_id
FROM session_hub AS h
WHERE h.org_id = :org_id AND h.session_id = ANY(:ids::uuid[]);

-- name: load_listings
-- All that these sessions list.
SELECT l.session_id, l.item_id, l.price_micros
FROM listing AS l
WHERE l.org_id = :org_id AND l.session_id = ANY(:ids::uuid[]);

-- name: load_owners
-- Whose these items are.
SELECT i.id, i.owner_id FROM item AS i WHERE i.org_id = :org_id AND i.id = ANY(:ids::uuid[]);

-- name: load_last
-- When the latest session of each of these series opens.
SELECT s.series_id, max(s.opens_at) AS opens_at
FROM session AS s
WHERE s.org_id = :org_id AND s.series_id = ANY(:series_ids::uuid[])
GROUP BY s.series_id;

-- name: insert_sessions
-- Stores new sessions; an id that is taken by now is a unique violation and re-runs the batch.
INSERT INTO session AS s (org_id, id, coordinator_id, name, status, opens_at, closes_at, amend_until, recurrence, series_id,
                          version)
SELECT o.org_id, u.id, u.coordinator_id, u.name, u.status, u.opens_at, u.closes_at, u.amend_until, u.recurrence, u.series_id,
       u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :coordinator_ids::uuid[], :names::text[], :statuses::text[], :opens_ats::timestamptz[],
                  :closes_ats::timestamptz[], :amend_untils::timestamptz[], :recurrences::jsonb[], :series_ids::uuid[],
                  :versions::int[])
    AS u (id, coordinator_id, name, status, opens_at, closes_at, amend_until, recurrence, series_id, version)
WHERE o.org_id = :org_id
RETURNING s.id;

-- name: update_sessions
-- Stores changed sessions.
UPDATE session AS s SET
    coordinator_id = u.coordinator_id, name = u.name, status = u.status, opens_at = u.opens_at, closes_at = u.closes_at,
    amend_until = u.amend_until, recurrence = u.recurrence, series_id = u.series_id, version = u.version
FROM unnest(:ids::uuid[], :coordinator_ids::uuid[], :names::text[], :statuses::text[], :opens_ats::timestamptz[],
            :closes_ats::timestamptz[], :amend_untils::timestamptz[], :recurrences::jsonb[], :series_ids::uuid[],
            :versions::int[])
    AS u (id, coordinator_id, name, status, opens_at, closes_at, amend_until, recurrence, series_id, version)
WHERE s.org_id = :org_id AND s.id = u.id
RETURNING s.id;

-- name: delete_hubs
-- The hubs of these sessions are about to be stored anew.
DELETE FROM session_hub AS h WHERE h.org_id = :org_id AND h.session_id = ANY(:session_ids::uuid[]) RETURNING h.hub_id;

-- name: insert_hubs
-- Stores the hubs of sessions.
INSERT INTO session_hub AS h (org_id, session_id, hub_id)
SELECT o.org_id, u.session_id, u.hub_id
FROM org AS o
CROSS JOIN unnest(:session_ids::uuid[], :hub_ids::uuid[]) AS u (session_id, hub_id)
WHERE o.org_id = :org_id
RETURNING h.hub_id;

-- name: delete_listings
-- What these sessions list is about to be stored anew.
DELETE FROM listing AS l WHERE l.org_id = :org_id AND l.session_id = ANY(:session_ids::uuid[]) RETURNING l.item_id;

-- name: insert_listings
-- Stores what sessions list.
INSERT INTO listing AS l (org_id, session_id, item_id, price_micros)
SELECT o.org_id, u.session_id, u.item_id, u.price_micros
FROM org AS o
CROSS JOIN unnest(:session_ids::uuid[], :item_ids::uuid[], :prices::bigint[]) AS u (session_id, item_id, price_micros)
WHERE o.org_id = :org_id
RETURNING l.item_id;

-- name: get_session^
-- One session with its hubs.
SELECT s.id, s.coordinator_id, s.name, s.status, s.opens_at, s.closes_at, s.amend_until, s.recurrence, s.series_id, s.version,
       ARRAY(SELECT h.hub_id FROM session_hub AS h
             WHERE h.org_id = :org_id AND h.session_id = s.id ORDER BY h.hub_id) AS hub_ids
FROM session AS s
WHERE s.org_id = :org_id AND s.id = :id;

-- name: list_sessions
-- Sessions with their hubs, the latest opening first: the latest of each status, and of those the latest. So one index, of status and
-- opening, leads to them, and none is read that is not shown (ADR 0015). A null place in the list is its start; open at an instant
-- means that the instant is in the window of sale, whatever the status says by now.
SELECT x.id, x.coordinator_id, x.name, x.status, x.opens_at, x.closes_at, x.amend_until, x.recurrence, x.series_id, x.version,
       ARRAY(SELECT h.hub_id FROM session_hub AS h
             WHERE h.org_id = :org_id AND h.session_id = x.id ORDER BY h.hub_id) AS hub_ids
FROM unnest(:statuses::text[]) AS u (status)
CROSS JOIN LATERAL (
    SELECT s.id, s.coordinator_id, s.name, s.status, s.opens_at, s.closes_at, s.amend_until, s.recurrence, s.series_id, s.version
    FROM session AS s
    WHERE s.org_id = :org_id AND s.status = u.status
      AND (:open_at::timestamptz IS NULL OR (s.opens_at <= :open_at AND s.closes_at > :open_at))
      AND (:after_opens_at::timestamptz IS NULL OR (s.opens_at, s.id) < (:after_opens_at, :after_id::uuid))
    ORDER BY s.opens_at DESC, s.id DESC
    LIMIT :limit) AS x
ORDER BY x.opens_at DESC, x.id DESC
LIMIT :limit;

-- name: list_sessions_of_hubs
-- The same of some hubs, and (where not null) as somebody sees it who may see some hubs only. Whether one begins with the latest
-- sessions or with those of the hubs, the planner decides by how many the hubs have.
SELECT x.id, x.coordinator_id, x.name, x.status, x.opens_at, x.closes_at, x.amend_until, x.recurrence, x.series_id, x.version,
       ARRAY(SELECT h.hub_id FROM session_hub AS h
             WHERE h.org_id = :org_id AND h.session_id = x.id ORDER BY h.hub_id) AS hub_ids
FROM unnest(:statuses::text[]) AS u (status)
CROSS JOIN LATERAL (
    SELECT s.id, s.coordinator_id, s.name, s.status, s.opens_at, s.closes_at, s.amend_until, s.recurrence, s.series_id, s.version
    FROM session AS s
    WHERE s.org_id = :org_id AND s.status = u.status
      AND s.id IN (SELECT w.session_id FROM session_hub AS w WHERE w.org_id = :org_id AND w.hub_id = ANY(:hub_ids::uuid[]))
      AND (:visible_to::uuid[] IS NULL OR EXISTS (
              SELECT FROM session_hub AS v WHERE v.org_id = :org_id AND v.session_id = s.id AND v.hub_id = ANY(:visible_to)))
      AND (:open_at::timestamptz IS NULL OR (s.opens_at <= :open_at AND s.closes_at > :open_at))
      AND (:after_opens_at::timestamptz IS NULL OR (s.opens_at, s.id) < (:after_opens_at, :after_id::uuid))
    ORDER BY s.opens_at DESC, s.id DESC
    LIMIT :limit) AS x
ORDER BY x.opens_at DESC, x.id DESC
LIMIT :limit;

-- name: list_listings
-- What a session lists, by item, with names and the price that holds.
SELECT l.session_id, l.item_id, i.name AS item_name, i.sku, i.stock_unit, i.owner_id AS producer_id,
       e.name AS producer_name, coalesce(l.price_micros, i.price_micros) AS price_micros,
       l.price_micros IS NOT NULL AS own_price
FROM listing AS l
JOIN item AS i ON i.org_id = l.org_id AND i.id = l.item_id
JOIN enterprise AS e ON e.org_id = i.org_id AND e.id = i.owner_id
WHERE l.org_id = :org_id AND l.session_id = :session_id AND (:after_id::uuid IS NULL OR l.item_id > :after_id)
ORDER BY l.item_id
LIMIT :limit;
