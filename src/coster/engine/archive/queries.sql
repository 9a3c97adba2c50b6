-- How far --------------------------------------------------------------------------------------------------------------

-- name: event_counter^
-- The number of the last event, and up to which events are in the archive already.
SELECT c.n, c.archived FROM event_counter AS c WHERE c.org_id = :org_id;

-- name: event_obstacles
-- Who still needs the events behind a number: those who read on from there, kept deliveries, parked reactions.
SELECT r.reader AS who, e.status, r.seq AS upto
FROM relay_cursor AS r
LEFT JOIN webhook_endpoint AS e ON e.org_id = r.org_id AND e.id::text = r.reader
WHERE r.org_id = :org_id
UNION ALL
SELECT 'delivery to ' || d.endpoint_id, NULL, min(d.seq) - 1
FROM webhook_delivery AS d WHERE d.org_id = :org_id GROUP BY d.endpoint_id
UNION ALL
SELECT 'parked reaction ' || p.reaction, NULL, min(p.seq) - 1
FROM parked_reaction AS p WHERE p.org_id = :org_id GROUP BY p.reaction
ORDER BY upto, who;

-- name: events_next_to
-- The instants of the first events behind these numbers.
SELECT e.seq - 1 AS upto, e.at
FROM event AS e
WHERE e.org_id = :org_id AND e.seq = ANY(:nexts::bigint[]);

-- name: count_events
-- How many events could go, by month.
SELECT to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS rows
FROM event AS e
WHERE e.org_id = :org_id AND e.seq <= :upto AND e.at < :before::timestamptz
GROUP BY 1
ORDER BY 1;

-- name: count_commands
-- How many remembered commands could go, by month.
SELECT to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS rows
FROM command AS c
WHERE c.org_id = :org_id AND c.at < :before::timestamptz
GROUP BY 1
ORDER BY 1;

-- name: count_entries
-- How many entries of the ledger could go, by month; what was carried forward is none.
SELECT to_char(g.at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS rows
FROM ledger AS g
WHERE g.org_id = :org_id AND g.at < :before::timestamptz AND g.type <> 'CARRIED'
GROUP BY 1
ORDER BY 1;

-- name: earliest_kept$
-- The earliest instant of the events that are left.
SELECT min(e.at) FROM event AS e WHERE e.org_id = :org_id;

-- name: has_parked$
-- Whether a reaction waits to be run again.
SELECT EXISTS (SELECT FROM parked_reaction AS p WHERE p.org_id = :org_id);

-- Rows, as the lines of a part ---------------------------------------------------------------------------------------------

-- name: read_events
-- Events behind a number and up to another, in order; `line` is the row as JSON, from which it can be made again.
SELECT e.seq, e.at, row_to_json(e)::text AS line
FROM event AS e
WHERE e.org_id = :org_id AND e.seq > :after AND e.seq <= :upto
ORDER BY e.seq
LIMIT :limit;

-- name: read_commands
-- Commands from before an instant, behind an id, by id.
SELECT c.id, c.at, row_to_json(c)::text AS line
FROM command AS c
WHERE c.org_id = :org_id AND c.id > :after::uuid AND c.at < :before::timestamptz
ORDER BY c.id
LIMIT :limit;

-- name: read_beginnings
-- Positions behind an id, by id, each with its first entry, and the last one before which all are from before an instant.
SELECT p.id,
       (SELECT g.seq FROM ledger AS g WHERE g.org_id = p.org_id AND g.position_id = p.id ORDER BY g.seq LIMIT 1) AS first,
       coalesce((SELECT g.seq - 1 FROM ledger AS g
                 WHERE g.org_id = p.org_id AND g.position_id = p.id AND g.at >= :before::timestamptz
                 ORDER BY g.seq LIMIT 1), p.seq) AS upto
FROM position AS p
WHERE p.org_id = :org_id AND p.id > :after::uuid
ORDER BY p.id
LIMIT :limit;

-- name: read_entries
-- Entries of these positions, each up to a number, in order; `line` is the row as JSON.
SELECT g.position_id, g.seq, g.type, g.on_hand, g.held, g.committed, g.at, row_to_json(g)::text AS line
FROM ledger AS g
JOIN unnest(:ids::uuid[], :uptos::bigint[]) AS u (id, upto) ON g.position_id = u.id AND g.seq <= u.upto
WHERE g.org_id = :org_id
ORDER BY g.position_id, g.seq;

-- Parts ------------------------------------------------------------------------------------------------------------------

-- name: last_part$
-- The number of the organisation's latest part.
SELECT coalesce(max(a.number), 0) FROM archive_part AS a WHERE a.org_id = :org_id;

-- name: list_parts
-- An organisation's parts in order.
SELECT a.org_id AS organisation, a.number, a.kind, a.month, a.rows, a.first, a.last, a.latest, a.file, a.bytes, a.sha256,
       a.written_at
FROM archive_part AS a
WHERE a.org_id = :org_id
ORDER BY a.number;

-- name: note_part
-- A part that is on disk; a number that another process has taken meanwhile is a unique violation.
INSERT INTO archive_part AS a (org_id, number, kind, month, rows, first, last, latest, file, bytes, sha256, written_at)
VALUES (:org_id, :number, :kind, :month, :rows, :first, :last, :latest, :file, :bytes, :sha256, :written_at)
RETURNING a.number;

-- Removing what a part holds; each in the transaction that notes the part ---------------------------------------------------

-- name: remove_events!
-- Events behind a number and up to another.
DELETE FROM event AS e WHERE e.org_id = :org_id AND e.seq > :after AND e.seq <= :upto;

-- name: raise_archived!
-- From now on readers are told that events up to this number are in the archive. The counter is locked last, as everywhere.
UPDATE event_counter AS c SET archived = :upto WHERE c.org_id = :org_id AND c.archived < :upto;

-- name: remove_commands!
-- Commands by id.
DELETE FROM command AS c WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: remove_entries
-- Entries of these positions, each up to a number, and of which types they were.
DELETE FROM ledger AS g
USING unnest(:ids::uuid[], :uptos::bigint[]) AS u (id, upto)
WHERE g.org_id = :org_id AND g.position_id = u.id AND g.seq <= u.upto
RETURNING g.type;

-- name: carry_forward
-- What was removed comes to this: one entry in place of all of a position's, under the number of the last of them.
INSERT INTO ledger AS g (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, demand_id, reason)
SELECT o.org_id, u.position_id, u.seq, 'CARRIED', u.on_hand, u.held, u.committed, u.at, u.command_id, NULL::uuid, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (position_id uuid, seq bigint, on_hand bigint, held bigint, committed bigint, at timestamptz, command_id uuid, reason text)
WHERE o.org_id = :org_id
RETURNING g.seq;

-- name: clean_events!
-- What was removed makes room for what comes, and the planner learns what is left.
VACUUM (ANALYZE) event;

-- name: clean_commands!
-- What was removed makes room for what comes, and the planner learns what is left.
VACUUM (ANALYZE) command;

-- name: clean_ledger!
-- What was removed makes room for what comes, and the planner learns what is left.
VACUUM (ANALYZE) ledger;
