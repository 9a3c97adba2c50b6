-- engine/mail: letters written down, claimed, forgotten, and looked at by people.

-- name: put_mails*!
-- Writes letters down; one that is there already stays as it is.
INSERT INTO mail AS m (org_id, id, recipient, kind, words, written_at, attempts, next_at, parked)
SELECT o.org_id, u.id, u.recipient, u.kind, u.words, u.written_at, 0, u.written_at, NULL
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (id uuid, recipient uuid, kind text, words jsonb, written_at timestamptz)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO NOTHING
RETURNING m.id;

-- name: organisations_with_due
-- Looks across organisations: those with a letter that is to be carried.
SELECT DISTINCT m.org_id
FROM mail AS m
WHERE m.next_at IS NOT NULL AND m.next_at <= :now::timestamptz
ORDER BY m.org_id
LIMIT :limit;

-- name: claim_due
-- Takes letters, the oldest first, so that nobody else carries them until then.
WITH due AS (
    SELECT m.id
    FROM mail AS m
    WHERE m.org_id = :org_id AND m.next_at IS NOT NULL AND m.next_at <= :now::timestamptz
    ORDER BY m.id
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE mail AS m
SET next_at = :until::timestamptz
FROM due
WHERE m.org_id = :org_id AND m.id = due.id
RETURNING m.id, m.recipient, m.kind, m.words, m.written_at, m.attempts;

-- name: forget
-- Letters that were taken, or that have nobody to go to.
DELETE FROM mail AS m WHERE m.org_id = :org_id AND m.id = ANY(:ids::uuid[]) RETURNING m.id;

-- name: keep
-- A letter that was not taken: tried again later, or given up.
UPDATE mail AS m
SET attempts = :attempts, next_at = :next_at::timestamptz, parked = :parked
WHERE m.org_id = :org_id AND m.id = :id
RETURNING m.id;

-- name: list_parked
-- Letters that were given up, the oldest first.
SELECT m.id, m.recipient, m.kind, m.parked
FROM mail AS m
WHERE m.org_id = :org_id AND m.parked IS NOT NULL
ORDER BY m.written_at, m.id;

-- name: resume
-- Has letters carried again that were given up: these, or all of them (null).
UPDATE mail AS m
SET attempts = 0, next_at = :now::timestamptz, parked = NULL
WHERE m.org_id = :org_id AND m.parked IS NOT NULL AND (:ids::uuid[] IS NULL OR m.id = ANY(:ids))
RETURNING m.id;

-- name: skip
-- Letters that are given up and shall never be carried.
DELETE FROM mail AS m
WHERE m.org_id = :org_id AND m.parked IS NOT NULL AND m.id = ANY(:ids::uuid[])
RETURNING m.id, m.recipient, m.kind, m.parked;
