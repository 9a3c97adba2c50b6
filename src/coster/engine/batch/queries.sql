-- name: answered
-- What became of those of these commands that were answered before.
SELECT c.id, c.fingerprint, c.outcome
FROM command AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: remember
-- Keeps each command with its answer; a lost race on an id is a unique violation and re-runs the batch.
INSERT INTO command AS c (org_id, id, kind, actor, at, fingerprint, reason, outcome)
SELECT o.org_id, u.id, :kind, u.actor, u.at, u.fingerprint, u.reason, u.outcome
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :actors::uuid[], :ats::timestamptz[], :fingerprints::bytea[], :reasons::text[],
                  :outcomes::jsonb[]) AS u (id, actor, at, fingerprint, reason, outcome)
WHERE o.org_id = :org_id
RETURNING c.id;
