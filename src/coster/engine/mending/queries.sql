-- name: list_parked
-- What waits for people: messages and reactions by their event, timers by their id, each with what it is about; after one of them.
SELECT u.what, u.key, u.name, u.cause, u.event, u.entity, u.entity_id, u.at
FROM (
    SELECT 'reaction' AS what, p.seq::text AS key, p.reaction AS name, p.cause, e.name AS event, e.entity, e.entity_id, e.at
    FROM parked_reaction AS p
    JOIN event AS e ON e.org_id = p.org_id AND e.seq = p.seq
    WHERE p.org_id = :org_id AND NOT p.resumed
    UNION ALL
    SELECT 'timer', t.id::text, t.kind, t.parked, coalesce(t.body ->> 'trigger', t.kind), split_part(t.kind, '.', 1), NULL, t.due_at
    FROM timer AS t
    WHERE t.org_id = :org_id AND t.parked IS NOT NULL
    UNION ALL
    SELECT 'message', d.seq::text, d.endpoint_id::text, d.parked, e.name, e.entity, e.entity_id, e.at
    FROM webhook_delivery AS d
    JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
    WHERE d.org_id = :org_id AND d.parked IS NOT NULL AND d.gave_up_at IS NULL
) AS u
WHERE (u.what, u.key, u.name) > (:what, :key, :name)
ORDER BY u.what, u.key, u.name
LIMIT :limit;

-- name: lock_reactions
-- Parked reactions of these events, locked.
SELECT p.seq::text AS key, p.reaction AS name, p.cause
FROM parked_reaction AS p
WHERE p.org_id = :org_id AND NOT p.resumed AND p.seq = ANY(:seqs::bigint[])
ORDER BY p.seq, p.reaction
FOR NO KEY UPDATE;

-- name: lock_timers
-- Parked timers of these ids, locked.
SELECT t.id::text AS key, t.kind AS name, t.parked AS cause
FROM timer AS t
WHERE t.org_id = :org_id AND t.parked IS NOT NULL AND t.id = ANY(:ids::uuid[])
ORDER BY t.id
FOR NO KEY UPDATE;

-- name: list_skipped
-- What people have decided not to run, the latest first, before one of them.
SELECT s.what, s.key, s.name, s.at, s.cause, s.who, s.reason
FROM skipped AS s
WHERE s.org_id = :org_id
  AND (:at::timestamptz IS NULL OR (s.at, s.what, s.key, s.name) < (:at, :what::text, :key::text, :name::text))
ORDER BY s.at DESC, s.what DESC, s.key DESC, s.name DESC
LIMIT :limit;
