-- name: events_of
-- What happened to an entity, with the command behind each event; the command's kind and reason where it is still here.
SELECT e.seq, e.name, e.version, e.at, e.actor, e.data, coalesce(c.kind, '') AS kind, coalesce(c.reason, '') AS reason
FROM event AS e
LEFT JOIN command AS c ON c.org_id = e.org_id AND c.id = e.command_id
WHERE e.org_id = :org_id AND e.entity_id = :entity_id AND e.entity = :entity
ORDER BY e.version DESC
LIMIT :limit;

-- name: refused_of
-- What was asked of an entity and refused by its flow, the latest first.
SELECT c.id, c.kind, c.at, c.actor, c.reason, c.outcome -> 'rejected' ->> 'code' AS code,
       c.outcome -> 'rejected' ->> 'message' AS message, c.outcome -> 'rejected' -> 'detail' AS detail
FROM command AS c
WHERE c.org_id = :org_id AND c.outcome -> 'rejected' -> 'detail' ->> 'entity_id' = :entity_id::text
ORDER BY c.at DESC, c.id DESC
LIMIT :limit;

-- name: timers_of
-- Timers by id.
SELECT t.id, t.due_at, t.body, t.parked
FROM timer AS t
WHERE t.org_id = :org_id AND t.id = ANY(:ids::uuid[])
ORDER BY t.due_at, t.id;

-- name: late_orders$
-- Looks across organisations: how many orders are beyond the service level of their status.
SELECT count(*) FROM orders AS o WHERE o.sla_at < :now::timestamptz;

-- name: late_held_orders$
-- Looks across organisations: how many held orders are beyond the service level of their status.
SELECT count(*) FROM held_order AS h WHERE h.sla_at < :now::timestamptz;
