-- federation: statements for deciding (load_, lock_, put_) and for showing (get_, list_).

-- name: lock_peers
-- These connections, locked against other changes until the commit.
SELECT p.id, p.hub_id, p.name, p.url, p.auth, p.issuer, p.client_id, p.secret_key, p.secret_salt, p.secret_box, p.status,
       p.platform, p.protocol, p.ontology, p.enterprises, p.discovered_at, p.created_at, p.version
FROM peer AS p
WHERE p.org_id = :org_id AND p.id = ANY(:ids::uuid[])
ORDER BY p.id
FOR NO KEY UPDATE;

-- name: needed_peers
-- Which of these connections suppliers depend on.
SELECT DISTINCT s.peer_id
FROM supplier AS s
WHERE s.org_id = :org_id AND s.peer_id = ANY(:ids::uuid[]) AND s.status <> 'removed';

-- name: put_peers
-- Stores connections, new or changed; their secrets come in hexadecimal.
INSERT INTO peer AS p (org_id, id, hub_id, name, url, auth, issuer, client_id, secret_key, secret_salt, secret_box, status,
                       platform, protocol, ontology, enterprises, discovered_at, created_at, version)
SELECT o.org_id, u.id, u.hub_id, u.name, u.url, u.auth, u.issuer, u.client_id, u.secret_key, decode(u.secret_salt, 'hex'),
       decode(u.secret_box, 'hex'), u.status, u.platform, u.protocol, u.ontology, u.enterprises, u.discovered_at, u.created_at,
       u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, hub_id uuid, name text, url text, auth text, issuer text, client_id text, secret_key text, secret_salt text,
          secret_box text, status text, platform text, protocol text, ontology text, enterprises jsonb,
          discovered_at timestamptz, created_at timestamptz, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    name = EXCLUDED.name, url = EXCLUDED.url, auth = EXCLUDED.auth, issuer = EXCLUDED.issuer, client_id = EXCLUDED.client_id,
    secret_key = EXCLUDED.secret_key, secret_salt = EXCLUDED.secret_salt, secret_box = EXCLUDED.secret_box,
    status = EXCLUDED.status, platform = EXCLUDED.platform, protocol = EXCLUDED.protocol, ontology = EXCLUDED.ontology,
    enterprises = EXCLUDED.enterprises, discovered_at = EXCLUDED.discovered_at, version = EXCLUDED.version
RETURNING p.id;

-- name: lock_suppliers
-- Suppliers by the enterprise that stands for them, or by their own IRI, locked until the commit.
SELECT s.producer_id, s.peer_id, s.hub_id, s.enterprise_iri, s.name, s.status, s.policy, s.wait_seconds, s.currency,
       s.refresh_minutes, s.refresh_at, s.refreshed_at, s.changed_at, s.etag, s.failures, s.last_error, s.version
FROM supplier AS s
WHERE s.org_id = :org_id AND (s.producer_id = ANY(:ids::uuid[]) OR s.enterprise_iri = ANY(:iris::text[]))
ORDER BY s.producer_id
FOR NO KEY UPDATE;

-- name: put_suppliers
-- Stores suppliers, new or changed.
INSERT INTO supplier AS s (org_id, producer_id, peer_id, hub_id, enterprise_iri, name, status, policy, wait_seconds, currency,
                           refresh_minutes, refresh_at, refreshed_at, changed_at, etag, failures, last_error, version)
SELECT o.org_id, u.producer_id, u.peer_id, u.hub_id, u.enterprise_iri, u.name, u.status, u.policy, u.wait_seconds, u.currency,
       u.refresh_minutes, u.refresh_at, u.refreshed_at, u.changed_at, u.etag, u.failures, u.last_error, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (producer_id uuid, peer_id uuid, hub_id uuid, enterprise_iri text, name text, status text, policy text,
          wait_seconds int, currency text, refresh_minutes int, refresh_at timestamptz, refreshed_at timestamptz,
          changed_at timestamptz, etag text, failures int, last_error text, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, producer_id) DO UPDATE SET
    peer_id = EXCLUDED.peer_id, name = EXCLUDED.name, status = EXCLUDED.status, policy = EXCLUDED.policy,
    wait_seconds = EXCLUDED.wait_seconds, refresh_minutes = EXCLUDED.refresh_minutes, refresh_at = EXCLUDED.refresh_at,
    refreshed_at = EXCLUDED.refreshed_at, changed_at = EXCLUDED.changed_at, etag = EXCLUDED.etag,
    failures = EXCLUDED.failures, last_error = EXCLUDED.last_error, version = EXCLUDED.version
RETURNING s.producer_id;

-- name: known_items
-- What is known of the catalogues of these suppliers, for comparing.
SELECT r.producer_id, r.id, r.source AS product, r.offer, coalesce(r.offered ->> 'sku', '') AS sku,
       coalesce(r.offered ->> 'name', '') AS name, r.item_id, r.status, r.digest, r.gone_at, r.version
FROM remote_item AS r
WHERE r.org_id = :org_id AND r.producer_id = ANY(:ids::uuid[])
ORDER BY r.producer_id, r.id;

-- name: lock_remote_items
-- These products, locked against other changes until the commit.
SELECT r.id, r.producer_id, r.item_id, r.status, r.proposed_id, r.fault, r.offered, r.digest, r.gone_at, r.told, r.version
FROM remote_item AS r
WHERE r.org_id = :org_id AND (r.id = ANY(:ids::uuid[]) OR r.item_id = ANY(:item_ids::uuid[]))
ORDER BY r.id
FOR NO KEY UPDATE;

-- name: producers_of
-- Whose these products are.
SELECT r.id, r.producer_id
FROM remote_item AS r
WHERE r.org_id = :org_id AND r.id = ANY(:ids::uuid[]);

-- name: load_candidates
-- Items of these suppliers that have one of the SKUs or names (in small letters, spaces for dashes), and whether they stand for a
-- product.
SELECT i.owner_id, i.id, i.sku, i.name,
       EXISTS (SELECT FROM remote_item AS r WHERE r.org_id = :org_id AND r.item_id = i.id) AS linked
FROM item AS i
WHERE i.org_id = :org_id AND i.owner_id = ANY(:ids::uuid[])
  AND (i.sku = ANY(:skus::text[]) OR regexp_replace(lower(i.name), '[-\s]+', ' ', 'g') = ANY(:names::text[]))
ORDER BY i.id;

-- name: listed_in
-- The sessions that have not ended and list these items.
SELECT l.item_id, l.session_id
FROM listing AS l
JOIN session AS s ON s.org_id = l.org_id AND s.id = l.session_id
WHERE l.org_id = :org_id AND l.item_id = ANY(:ids::uuid[]) AND s.status <> 'ended'
ORDER BY l.item_id, l.session_id;

-- name: held_on
-- The held orders that hold something of these items, and how much: the sum of their holds, since the lines of an item's accounts are
-- all that there ever were.
SELECT p.item_id, h.pool_id, sum(h.quantity)::bigint AS quantity
FROM position AS p
JOIN hold AS h ON h.org_id = p.org_id AND h.position_id = p.id
WHERE p.org_id = :org_id AND p.item_id = ANY(:ids::uuid[]) AND h.pool_id IS NOT NULL
GROUP BY p.item_id, h.pool_id
ORDER BY p.item_id, h.pool_id;

-- name: put_remote_items
-- Stores products, new or changed; those that lose their item come before those that get it.
INSERT INTO remote_item AS r (org_id, id, producer_id, item_id, status, proposed_id, fault, source, product, offer, numerator,
                              denominator, step, stock_kind, stock, offered, digest, gone_at, told, version)
SELECT o.org_id, u.id, u.producer_id, u.item_id, u.status, u.proposed_id, u.fault, u.source, u.product, u.offer, u.numerator,
       u.denominator, u.step, u.stock_kind, u.stock, u.offered, u.digest, u.gone_at, u.told, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, producer_id uuid, item_id uuid, status text, proposed_id uuid, fault text, source text, product text,
          offer text, numerator bigint, denominator bigint, step bigint, stock_kind text, stock bigint, offered jsonb,
          digest text, gone_at timestamptz, told int, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    item_id = EXCLUDED.item_id, status = EXCLUDED.status, proposed_id = EXCLUDED.proposed_id, fault = EXCLUDED.fault,
    source = EXCLUDED.source, product = EXCLUDED.product, offer = EXCLUDED.offer, numerator = EXCLUDED.numerator,
    denominator = EXCLUDED.denominator, step = EXCLUDED.step, stock_kind = EXCLUDED.stock_kind, stock = EXCLUDED.stock,
    offered = EXCLUDED.offered, digest = EXCLUDED.digest, gone_at = EXCLUDED.gone_at, told = EXCLUDED.told,
    version = EXCLUDED.version
RETURNING r.id;

-- name: list_peers
-- Connections after an id; with hubs (null: all) only theirs.
SELECT p.id, p.hub_id, p.name, p.url, p.auth, p.issuer, p.client_id, p.status, p.platform, p.protocol, p.ontology,
       p.enterprises, p.discovered_at, p.version
FROM peer AS p
WHERE p.org_id = :org_id
  AND (:after::uuid IS NULL OR p.id > :after)
  AND (:ids::uuid[] IS NULL OR p.id = ANY(:ids))
  AND (:hubs::uuid[] IS NULL OR p.hub_id = ANY(:hubs))
ORDER BY p.id
LIMIT :limit;

-- name: get_access
-- How platforms are spoken to, for these connections.
SELECT p.id AS peer_id, p.url, p.auth, p.issuer, p.client_id, p.secret_key, p.secret_salt, p.secret_box
FROM peer AS p
WHERE p.org_id = :org_id AND p.id = ANY(:ids::uuid[]) AND p.status = 'connected';

-- name: access_of_supplier^
-- How the platform of a supplier is spoken to, and what the supplier is called there.
SELECT p.id AS peer_id, p.url, p.auth, p.issuer, p.client_id, p.secret_key, p.secret_salt, p.secret_box, s.enterprise_iri, s.etag,
       s.currency, s.status
FROM supplier AS s
JOIN peer AS p ON p.org_id = s.org_id AND p.id = s.peer_id
WHERE s.org_id = :org_id AND s.producer_id = :producer_id;

-- name: list_suppliers
-- Suppliers after an id; with hubs (null: all) only theirs.
SELECT s.producer_id, s.peer_id, s.hub_id, s.enterprise_iri, s.name, s.status, s.policy, s.wait_seconds, s.currency,
       s.refresh_minutes, s.refresh_at, s.refreshed_at, s.changed_at, s.etag, s.failures, s.last_error, s.version
FROM supplier AS s
WHERE s.org_id = :org_id
  AND (:after::uuid IS NULL OR s.producer_id > :after)
  AND (:ids::uuid[] IS NULL OR s.producer_id = ANY(:ids))
  AND (:hubs::uuid[] IS NULL OR s.hub_id = ANY(:hubs))
ORDER BY s.producer_id
LIMIT :limit;

-- name: list_remote_items
-- Products of suppliers after an id; with hubs (null: all) only those of their suppliers.
SELECT r.id, r.producer_id, r.item_id, r.status, r.proposed_id, r.fault, r.offered, r.digest, r.gone_at, r.told, r.version,
       s.refreshed_at, i.name AS proposed_name
FROM remote_item AS r
JOIN supplier AS s ON s.org_id = r.org_id AND s.producer_id = r.producer_id
LEFT JOIN item AS i ON i.org_id = r.org_id AND i.id = r.proposed_id
WHERE r.org_id = :org_id
  AND (:after::uuid IS NULL OR r.id > :after)
  AND (:ids::uuid[] IS NULL OR r.id = ANY(:ids))
  AND (:producer_id::uuid IS NULL OR r.producer_id = :producer_id)
  AND (:status::text IS NULL OR r.status = :status)
  AND (:gone::boolean IS NULL OR (r.gone_at IS NOT NULL) = :gone)
  AND (:hubs::uuid[] IS NULL OR s.hub_id = ANY(:hubs))
ORDER BY r.id
LIMIT :limit;

-- name: remote_stock
-- What suppliers say of the stock of these items, and when their catalogue was last read.
SELECT r.item_id, r.stock_kind AS kind, r.stock AS amount, s.refreshed_at, r.gone_at IS NOT NULL AS gone
FROM remote_item AS r
JOIN supplier AS s ON s.org_id = r.org_id AND s.producer_id = r.producer_id
WHERE r.org_id = :org_id AND r.item_id = ANY(:ids::uuid[])
ORDER BY r.item_id;

-- name: ratios
-- How these items are ordered at their suppliers.
SELECT r.item_id, r.product, r.offer, r.numerator AS num, r.denominator AS den, r.step
FROM remote_item AS r
WHERE r.org_id = :org_id AND r.item_id = ANY(:ids::uuid[])
ORDER BY r.item_id;

-- name: products
-- What a supplier says of products that are ordered as they are.
SELECT r.source, r.offered
FROM remote_item AS r
WHERE r.org_id = :org_id AND r.producer_id = :producer_id AND r.source = ANY(:products::text[]) AND r.source = r.product;

-- name: hub_name$
-- What a hub is called.
SELECT e.name FROM enterprise AS e WHERE e.org_id = :org_id AND e.id = :hub_id;

-- name: organisations_with_due
-- Looks across organisations: those with a supplier whose catalogue is to be read.
SELECT DISTINCT s.org_id
FROM supplier AS s
WHERE s.status = 'active' AND s.refresh_at <= :now::timestamptz
ORDER BY s.org_id
LIMIT :limit;

-- name: claim_due
-- Takes the suppliers whose catalogue is to be read, so that nobody else reads it until then.
WITH due AS (
    SELECT s.producer_id
    FROM supplier AS s
    WHERE s.org_id = :org_id AND s.status = 'active' AND s.refresh_at <= :now::timestamptz
    ORDER BY s.producer_id
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE supplier AS s
SET refresh_at = :until::timestamptz
FROM due
WHERE s.org_id = :org_id AND s.producer_id = due.producer_id
RETURNING s.producer_id;

-- name: producers_elsewhere
-- Which of these producers are on another platform, with the hub that they supply; removed ones supply nobody.
SELECT s.hub_id, s.producer_id
FROM supplier AS s
WHERE s.org_id = :org_id AND s.producer_id = ANY(:ids::uuid[]) AND s.status <> 'removed';
