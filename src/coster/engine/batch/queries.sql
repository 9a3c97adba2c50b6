-- name: answered
-- What became of those of these commands that were answered before.
SELECT c.id, c.fingerprint, c.outcome
FROM command AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: remember*!
-- Keeps each command with its answer; a lost race on an id is a unique violation and re-runs the batch.
INSERT INTO command AS c (org_id, id, kind, actor, at, fingerprint, reason, outcome)
SELECT o.org_id, u.id, :kind, u.actor, u.at, decode(u.fingerprint, 'base64'), u.reason, u.outcome
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, actor uuid, at timestamptz, fingerprint text, reason text, outcome jsonb)
WHERE o.org_id = :org_id
RETURNING c.id;

-- name: verify_events_have_causes^
-- Events whose command is not remembered, or was refused.
SELECT count(*) AS broken, min(e.seq)::text AS example
FROM event AS e
LEFT JOIN command AS c ON c.org_id = e.org_id AND c.id = e.command_id AND c.outcome ? 'accepted'
WHERE e.org_id = :org_id AND c.id IS NULL;
