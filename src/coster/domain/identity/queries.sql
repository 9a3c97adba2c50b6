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

-- name: lock_platforms
-- These platforms, locked against other changes until the commit.
SELECT p.id, p.name, p.profile, p.events_url, p.version
FROM platform AS p
WHERE p.org_id = :org_id AND p.id = ANY(:ids::uuid[])
ORDER BY p.id
FOR NO KEY UPDATE;

-- name: load_identities
-- Whose these identities are, by triples of issuer, kind and value.
SELECT i.issuer, i.kind, i.value, i.key_id
FROM oidc_identity AS i
JOIN unnest(:issuers::text[], :kinds::text[], :values::text[]) AS u (issuer, kind, value)
    ON u.issuer = i.issuer AND u.kind = i.kind AND u.value = i.value
WHERE i.org_id = :org_id;

-- name: put_platforms
-- Stores platforms, new or changed.
INSERT INTO platform AS p (org_id, id, name, profile, events_url, version)
SELECT o.org_id, u.id, u.name, u.profile, u.events_url, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :names::text[], :profiles::text[], :events_urls::text[], :versions::int[])
    AS u (id, name, profile, events_url, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    name = EXCLUDED.name, profile = EXCLUDED.profile, events_url = EXCLUDED.events_url, version = EXCLUDED.version
RETURNING p.id;

-- name: put_platform_secrets
-- Stores with which token platforms are told of changes.
UPDATE platform AS p
SET secret_key = u.secret_key, secret_salt = u.secret_salt, secret_box = u.secret_box
FROM unnest(:ids::uuid[], :keys::text[], :salts::bytea[], :boxes::bytea[]) AS u (id, secret_key, secret_salt, secret_box)
WHERE p.org_id = :org_id AND p.id = u.id
RETURNING p.id;

-- name: list_listeners
-- Who wants to hear of changes at these enterprises, for each scope of reading that it has there.
SELECT p.id AS platform_id, g.enterprise_id, g.role AS scope, p.events_url, p.secret_key, p.secret_salt, p.secret_box
FROM platform AS p
JOIN api_key AS k ON k.org_id = p.org_id AND k.id = p.id
JOIN api_grant AS g ON g.org_id = p.org_id AND g.key_id = p.id
WHERE p.org_id = :org_id AND k.org_id = :org_id AND g.org_id = :org_id AND p.events_url <> '' AND k.revoked_at IS NULL
  AND g.enterprise_id = ANY(:enterprise_ids::uuid[]) AND g.role IN ('read_enterprise', 'read_products')
ORDER BY p.id, g.enterprise_id, g.role;

-- name: organisations_with_listeners
-- Across organisations: where anybody wants to hear of changes (or all of them), with the number of the latest event there.
SELECT c.org_id, c.n
FROM event_counter AS c
WHERE :every::boolean OR EXISTS (SELECT FROM platform AS p WHERE p.org_id = c.org_id AND p.events_url <> '');

-- name: delete_identities
-- Forgets by what these keys were known to issuers.
DELETE FROM oidc_identity AS i WHERE i.org_id = :org_id AND i.key_id = ANY(:key_ids::uuid[]) RETURNING i.key_id;

-- name: insert_identities
-- Stores by what keys are known to issuers.
INSERT INTO oidc_identity AS i (org_id, issuer, kind, value, key_id)
SELECT o.org_id, u.issuer, u.kind, u.value, u.key_id
FROM org AS o
CROSS JOIN unnest(:issuers::text[], :kinds::text[], :values::text[], :key_ids::uuid[]) AS u (issuer, kind, value, key_id)
WHERE o.org_id = :org_id
RETURNING i.key_id;

-- name: delete_grants
-- Takes grants away, by triples of key, role and enterprise.
DELETE FROM api_grant AS g
USING unnest(:key_ids::uuid[], :roles::text[], :enterprise_ids::uuid[]) AS u (key_id, role, enterprise_id)
WHERE g.org_id = :org_id AND g.key_id = u.key_id AND g.role = u.role AND g.enterprise_id = u.enterprise_id
RETURNING g.key_id;

-- name: find_identities
-- The valid keys of these identities with their grants, one row a grant.
SELECT i.kind, i.value, k.id, k.name, g.role, g.enterprise_id
FROM oidc_identity AS i
JOIN unnest(:kinds::text[], :values::text[]) AS u (kind, value) ON u.kind = i.kind AND u.value = i.value
JOIN api_key AS k ON k.org_id = i.org_id AND k.id = i.key_id
JOIN api_grant AS g ON g.org_id = k.org_id AND g.key_id = k.id
WHERE i.org_id = :org_id AND k.org_id = :org_id AND g.org_id = :org_id AND i.issuer = :issuer
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :at::timestamptz);

-- name: list_platforms
-- Platforms after an id, with the identities by which they are known.
SELECT p.id, p.name, p.profile, p.events_url, p.version, k.revoked_at,
       (SELECT json_agg(json_build_object('issuer', i.issuer, 'kind', i.kind, 'value', i.value) ORDER BY i.issuer, i.kind, i.value)
        FROM oidc_identity AS i WHERE i.org_id = :org_id AND i.key_id = p.id) AS identities
FROM platform AS p
JOIN api_key AS k ON k.org_id = p.org_id AND k.id = p.id
WHERE p.org_id = :org_id AND k.org_id = :org_id
  AND (:after::uuid IS NULL OR p.id > :after)
  AND (:platform_id::uuid IS NULL OR p.id = :platform_id)
ORDER BY p.id
LIMIT :limit;

-- name: list_permitted
-- Every platform that is not revoked (or one), with what an enterprise lets it do.
SELECT p.id AS platform_id, p.name, p.profile, p.events_url, p.version,
       ARRAY(SELECT g.role FROM api_grant AS g
             WHERE g.org_id = :org_id AND g.key_id = p.id AND g.enterprise_id = :enterprise_id
             ORDER BY g.role) AS roles
FROM platform AS p
JOIN api_key AS k ON k.org_id = p.org_id AND k.id = p.id
WHERE p.org_id = :org_id AND k.org_id = :org_id AND k.revoked_at IS NULL
  AND (:platform_id::uuid IS NULL OR p.id = :platform_id)
ORDER BY p.id;

-- name: load_contacts
-- Where the holders of these keys, which are locked or shown, are written to.
SELECT c.key_id, c.email, c.language, c.version
FROM key_contact AS c
WHERE c.org_id = :org_id AND c.key_id = ANY(:key_ids::uuid[]);

-- name: put_contacts*!
-- Stores where holders of keys are written to, new or changed.
INSERT INTO key_contact AS c (org_id, key_id, email, language, version)
SELECT o.org_id, u.key_id, u.email, u.language, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (key_id uuid, email text, language text, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, key_id) DO UPDATE SET
    email = EXCLUDED.email, language = EXCLUDED.language, version = EXCLUDED.version
RETURNING c.key_id;

-- name: find_addresses
-- Where the holders of those of these keys are written to that are valid and have an address.
SELECT c.key_id, c.email, c.language
FROM key_contact AS c
JOIN api_key AS k ON k.org_id = c.org_id AND k.id = c.key_id
WHERE c.org_id = :org_id AND k.org_id = :org_id AND c.key_id = ANY(:key_ids::uuid[]) AND c.email <> ''
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :at::timestamptz);
