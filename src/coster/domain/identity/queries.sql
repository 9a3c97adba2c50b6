-- identity: who may do what (authorise, authenticate), keys for deciding (lock_, insert_, revoke_) and for showing (list_).

-- name: authorise
-- The valid keys among these actors with their grants, one row a grant; every batch asks this.
SELECT k.id, k.expires_at, g.role, g.enterprise_id
FROM api_key AS k
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE k.org_id = :org_id AND g.org_id = :org_id AND k.id = ANY(:ids::uuid[]) AND k.revoked_at IS NULL;

-- name: authenticate
-- The valid key with this hash, one row a grant.
SELECT k.id, k.name, g.role, g.enterprise_id
FROM api_key AS k
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE k.org_id = :org_id AND g.org_id = :org_id AND k.secret_hash = :secret_hash AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > :at::timestamptz);

-- name: lock_keys
-- These keys with their grants, one row a grant, the keys locked against other changes until the commit.
SELECT k.id, k.expires_at, k.revoked_at, g.role, g.enterprise_id
FROM api_key AS k
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE k.org_id = :org_id AND g.org_id = :org_id AND k.id = ANY(:ids::uuid[])
ORDER BY k.id
FOR NO KEY UPDATE OF k;

-- name: lock_keys_and_owners
-- These keys and those of all owners that are not revoked, one row a grant, locked against other changes until the commit.
SELECT k.id, k.expires_at, k.revoked_at, g.role, g.enterprise_id
FROM api_key AS k
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE k.org_id = :org_id AND g.org_id = :org_id
  AND (k.id = ANY(:ids::uuid[]) OR (k.revoked_at IS NULL AND EXISTS (
    SELECT FROM api_grant AS o
    WHERE o.org_id = :org_id AND o.org_id = k.org_id AND o.key_id = k.id AND o.role = 'owner'
      AND o.enterprise_id = '00000000-0000-0000-0000-000000000000')))
ORDER BY k.id
FOR NO KEY UPDATE OF k;

-- name: insert_keys
-- Stores new keys.
INSERT INTO api_key AS k (org_id, id, name, secret_hash, hint, created_at, expires_at, revoked_at)
SELECT o.org_id, u.id, u.name, u.secret_hash, u.hint, u.created_at, u.expires_at, NULL
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :names::text[], :secret_hashes::bytea[], :hints::text[], :created_ats::timestamptz[],
                  :expires_ats::timestamptz[]) AS u (id, name, secret_hash, hint, created_at, expires_at)
WHERE o.org_id = :org_id
RETURNING k.id;

-- name: insert_grants
-- Stores the grants of new keys.
INSERT INTO api_grant AS g (org_id, key_id, role, enterprise_id)
SELECT o.org_id, u.key_id, u.role, u.enterprise_id
FROM org AS o
CROSS JOIN unnest(:key_ids::uuid[], :roles::text[], :enterprise_ids::uuid[]) AS u (key_id, role, enterprise_id)
WHERE o.org_id = :org_id
RETURNING g.key_id;

-- name: revoke_keys
-- Notes when keys were taken back.
UPDATE api_key AS k
SET revoked_at = u.revoked_at
FROM unnest(:ids::uuid[], :revoked_ats::timestamptz[]) AS u (id, revoked_at)
WHERE k.org_id = :org_id AND k.id = u.id
RETURNING k.id;

-- name: list_keys
-- Keys after an id, with their grants, never the hash; keys outside of the scope (null: all) are left out.
SELECT k.id, k.name, k.hint, k.created_at, k.expires_at, k.revoked_at,
       array_agg(g.role ORDER BY g.role, g.enterprise_id) AS roles,
       array_agg(g.enterprise_id ORDER BY g.role, g.enterprise_id) AS enterprise_ids
FROM api_key AS k
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE k.org_id = :org_id AND g.org_id = :org_id
  AND (:after::uuid IS NULL OR k.id > :after)
  AND (:key_id::uuid IS NULL OR k.id = :key_id)
GROUP BY k.org_id, k.id
HAVING :scope::uuid[] IS NULL OR bool_or(g.enterprise_id = ANY(:scope))
ORDER BY k.id
LIMIT :limit;

-- name: names_of_keys
-- What these keys are called, those within the scope (null: all).
SELECT k.id, k.name
FROM api_key AS k
WHERE k.org_id = :org_id AND k.id = ANY(:ids::uuid[])
  AND (:scope::uuid[] IS NULL
       OR EXISTS (SELECT FROM api_grant AS g WHERE g.org_id = k.org_id AND g.key_id = k.id AND g.enterprise_id = ANY(:scope)));

-- name: create_org$
-- Makes the organisation; gives its number, or nothing where it exists already.
INSERT INTO org AS o (org_id, name, created_at) VALUES (:org_id, :name, :at)
ON CONFLICT (org_id) DO NOTHING
RETURNING o.org_id;

-- name: create_event_counter!
-- Starts the organisation's sequence of events.
INSERT INTO event_counter AS c (org_id, n) VALUES (:org_id, 0) ON CONFLICT (org_id) DO NOTHING;

-- name: has_keys$
-- Whether anybody can get into the organisation.
SELECT EXISTS (SELECT FROM api_key AS k WHERE k.org_id = :org_id);

-- name: note_access
-- Notes whose personal data a request is about to show.
INSERT INTO person_access AS a (org_id, id, customer_id, at, key_id, operation, request_id)
SELECT o.org_id, :id, u.customer_id, :at, :key_id, :operation, :request_id
FROM org AS o
CROSS JOIN unnest(:customer_ids::uuid[]) AS u (customer_id)
WHERE o.org_id = :org_id
RETURNING a.customer_id;

-- name: list_access
-- Who saw whose personal data, latest first, before an entry; of one customer or one key, or of all (null).
SELECT a.id, a.customer_id, a.at, a.key_id, a.operation, a.request_id
FROM person_access AS a
WHERE a.org_id = :org_id
  AND (:before_id::uuid IS NULL OR (a.id, a.customer_id) < (:before_id, :before_customer_id::uuid))
  AND (:customer_id::uuid IS NULL OR a.customer_id = :customer_id)
  AND (:key_id::uuid IS NULL OR a.key_id = :key_id)
ORDER BY a.id DESC, a.customer_id DESC
LIMIT :limit;

-- name: forget_access!
-- Drops, across organisations, what is older than it shall be kept.
DELETE FROM person_access AS a WHERE a.at < :before::timestamptz;
