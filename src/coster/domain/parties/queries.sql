-- parties: statements for deciding (load_, lock_, put_, delete_) and for showing (get_, list_).

-- name: load_enterprises
-- These enterprises as they are, without a lock: every order batch asks this.
SELECT e.id, e.name, e.kinds, e.currency, e.timezone, e.cart_minutes, e.hold_days_ahead, e.minimum_order, e.address, e.opening_hours,
       e.version
FROM enterprise AS e
WHERE e.org_id = :org_id AND e.id = ANY(:ids::uuid[]);

-- name: load_relations
-- All relations of these hubs, without a lock: every order batch asks this.
SELECT r.hub_id, r.producer_id, r.active, r.consolidation, r.aggregation, r.grant_policy, r.remainder, r.shortage,
       r.discount_over, r.discount_permille
FROM relation AS r
WHERE r.org_id = :org_id AND r.hub_id = ANY(:hub_ids::uuid[]);

-- name: load_customers
-- What orders need to know about these customers, without a lock.
SELECT c.id, c.seller_id, c.priority, c.erased
FROM customer AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: lock_enterprises
-- These enterprises, locked against other changes until the commit.
SELECT e.id, e.name, e.kinds, e.currency, e.timezone, e.cart_minutes, e.hold_days_ahead, e.minimum_order, e.address, e.opening_hours,
       e.version
FROM enterprise AS e
WHERE e.org_id = :org_id AND e.id = ANY(:ids::uuid[])
ORDER BY e.id
FOR NO KEY UPDATE;

-- name: put_enterprises
-- Stores enterprises, new or changed.
INSERT INTO enterprise AS e (org_id, id, name, kinds, currency, timezone, cart_minutes, hold_days_ahead, minimum_order,
                             address, opening_hours, version)
SELECT o.org_id, u.id, u.name, string_to_array(u.kinds, ','), u.currency, u.timezone, u.cart_minutes, u.hold_days_ahead,
       u.minimum_order, u.address, u.opening_hours, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :names::text[], :kinds::text[], :currencies::text[], :timezones::text[],
                  :cart_minutes::int[], :hold_days_ahead::int[], :minimum_orders::bigint[], :addresses::jsonb[], :opening_hours::jsonb[],
                  :versions::int[])
    AS u (id, name, kinds, currency, timezone, cart_minutes, hold_days_ahead, minimum_order, address, opening_hours, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    name = EXCLUDED.name, kinds = EXCLUDED.kinds, currency = EXCLUDED.currency, timezone = EXCLUDED.timezone,
    cart_minutes = EXCLUDED.cart_minutes, hold_days_ahead = EXCLUDED.hold_days_ahead, minimum_order = EXCLUDED.minimum_order, address = EXCLUDED.address,
    opening_hours = EXCLUDED.opening_hours, version = EXCLUDED.version
RETURNING e.id;

-- name: lock_relations
-- These relations, by pairs of hub and producer, locked against other changes until the commit.
SELECT r.hub_id, r.producer_id, r.active, r.consolidation, r.aggregation, r.grant_policy, r.remainder, r.shortage,
       r.discount_over, r.discount_permille, r.version
FROM relation AS r
JOIN unnest(:hub_ids::uuid[], :producer_ids::uuid[]) AS u (hub_id, producer_id)
    ON u.hub_id = r.hub_id AND u.producer_id = r.producer_id
WHERE r.org_id = :org_id
ORDER BY r.hub_id, r.producer_id
FOR NO KEY UPDATE OF r;

-- name: put_relations
-- Stores relations, new or changed.
INSERT INTO relation AS r (org_id, hub_id, producer_id, active, consolidation, aggregation, grant_policy, remainder,
                           shortage, discount_over, discount_permille, version)
SELECT o.org_id, u.hub_id, u.producer_id, u.active, u.consolidation, u.aggregation, u.grant_policy, u.remainder,
       u.shortage, u.discount_over, u.discount_permille, u.version
FROM org AS o
CROSS JOIN unnest(:hub_ids::uuid[], :producer_ids::uuid[], :actives::boolean[], :consolidations::text[],
                  :aggregations::text[], :grant_policies::text[], :remainders::text[], :shortages::text[],
                  :discount_overs::bigint[], :discount_permilles::int[], :versions::int[])
    AS u (hub_id, producer_id, active, consolidation, aggregation, grant_policy, remainder, shortage, discount_over,
          discount_permille, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, hub_id, producer_id) DO UPDATE SET
    active = EXCLUDED.active, consolidation = EXCLUDED.consolidation, aggregation = EXCLUDED.aggregation,
    grant_policy = EXCLUDED.grant_policy, remainder = EXCLUDED.remainder, shortage = EXCLUDED.shortage,
    discount_over = EXCLUDED.discount_over, discount_permille = EXCLUDED.discount_permille, version = EXCLUDED.version
RETURNING r.hub_id;

-- name: lock_customers
-- These customers, locked against other changes until the commit.
SELECT c.id, c.seller_id, c.category, c.priority, c.erased, c.version
FROM customer AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[])
ORDER BY c.id
FOR NO KEY UPDATE;

-- name: put_customers
-- Stores customers, new or changed; a customer never changes its seller.
INSERT INTO customer AS c (org_id, id, seller_id, category, priority, erased, version)
SELECT o.org_id, u.id, u.seller_id, u.category, u.priority, u.erased, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :seller_ids::uuid[], :categories::text[], :priorities::int[], :erased::boolean[],
                  :versions::int[]) AS u (id, seller_id, category, priority, erased, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    category = EXCLUDED.category, priority = EXCLUDED.priority, erased = EXCLUDED.erased, version = EXCLUDED.version
RETURNING c.id;

-- name: put_persons
-- Stores personal data, new or changed.
INSERT INTO person AS p (org_id, customer_id, name, email, phone, address)
SELECT o.org_id, u.customer_id, u.name, u.email, u.phone, u.address
FROM org AS o
CROSS JOIN unnest(:customer_ids::uuid[], :names::text[], :emails::text[], :phones::text[], :addresses::jsonb[])
    AS u (customer_id, name, email, phone, address)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, customer_id) DO UPDATE SET
    name = EXCLUDED.name, email = EXCLUDED.email, phone = EXCLUDED.phone, address = EXCLUDED.address
RETURNING p.customer_id;

-- name: delete_persons
-- Forgets personal data for good.
DELETE FROM person AS p WHERE p.org_id = :org_id AND p.customer_id = ANY(:customer_ids::uuid[]) RETURNING p.customer_id;

-- name: list_enterprises
-- Enterprises after an id; with a scope (null: all) only those in it and those that are in relation with them.
SELECT e.id, e.name, e.kinds, e.currency, e.timezone, e.cart_minutes, e.hold_days_ahead, e.minimum_order, e.address, e.opening_hours,
       e.version
FROM enterprise AS e
WHERE e.org_id = :org_id
  AND (:after::uuid IS NULL OR e.id > :after)
  AND (:ids::uuid[] IS NULL OR e.id = ANY(:ids))
  AND (:kind::text IS NULL OR :kind = ANY(e.kinds))
  AND (:scope::uuid[] IS NULL OR e.id = ANY(:scope) OR EXISTS (
      SELECT FROM relation AS r
      WHERE r.org_id = :org_id AND ((r.hub_id = ANY(:scope) AND r.producer_id = e.id)
                                    OR (r.producer_id = ANY(:scope) AND r.hub_id = e.id))))
ORDER BY e.id
LIMIT :limit;

-- name: list_enterprises_backwards
-- Enterprises before an id, the highest first; with a scope (null: all) only those in it and those that are in relation with them.
SELECT e.id, e.name, e.kinds, e.currency, e.timezone, e.cart_minutes, e.hold_days_ahead, e.minimum_order, e.address, e.opening_hours,
       e.version
FROM enterprise AS e
WHERE e.org_id = :org_id
  AND (:before::uuid IS NULL OR e.id < :before)
  AND (:ids::uuid[] IS NULL OR e.id = ANY(:ids))
  AND (:kind::text IS NULL OR :kind = ANY(e.kinds))
  AND (:scope::uuid[] IS NULL OR e.id = ANY(:scope) OR EXISTS (
      SELECT FROM relation AS r
      WHERE r.org_id = :org_id AND ((r.hub_id = ANY(:scope) AND r.producer_id = e.id)
                                    OR (r.producer_id = ANY(:scope) AND r.hub_id = e.id))))
ORDER BY e.id DESC
LIMIT :limit;

-- name: list_relations
-- Relations after a pair of hub and producer; with a scope (null: all) only those of which either side is in it.
SELECT r.hub_id, r.producer_id, r.active, r.consolidation, r.aggregation, r.grant_policy, r.remainder, r.shortage,
       r.discount_over, r.discount_permille, r.version
FROM relation AS r
WHERE r.org_id = :org_id
  AND (:after_hub::uuid IS NULL OR (r.hub_id, r.producer_id) > (:after_hub, :after_producer::uuid))
  AND (:hub_id::uuid IS NULL OR r.hub_id = :hub_id)
  AND (:producer_id::uuid IS NULL OR r.producer_id = :producer_id)
  AND (:scope::uuid[] IS NULL OR r.hub_id = ANY(:scope) OR r.producer_id = ANY(:scope))
ORDER BY r.hub_id, r.producer_id
LIMIT :limit;

-- name: list_suppliers
-- Who supplies any of these hubs at present.
SELECT DISTINCT r.producer_id
FROM relation AS r
WHERE r.org_id = :org_id AND r.hub_id = ANY(:hub_ids::uuid[]) AND r.active;

-- name: list_customers
-- Customers after an id; personal data only of those whose seller is in `person_scope` (null: all).
SELECT c.id, c.seller_id, c.category, c.priority, c.erased, c.version,
       p.customer_id, p.name, p.email, p.phone, p.address
FROM customer AS c
LEFT JOIN person AS p ON p.org_id = c.org_id AND p.org_id = :org_id AND p.customer_id = c.id
    AND (:person_scope::uuid[] IS NULL OR c.seller_id = ANY(:person_scope))
WHERE c.org_id = :org_id
  AND (:after::uuid IS NULL OR c.id > :after)
  AND (:ids::uuid[] IS NULL OR c.id = ANY(:ids))
  AND (:seller_id::uuid IS NULL OR c.seller_id = :seller_id)
  AND (:scope::uuid[] IS NULL OR c.seller_id = ANY(:scope))
ORDER BY c.id
LIMIT :limit;

-- name: lock_profiles
-- What these enterprises tell of themselves, locked against other changes until the commit.
SELECT p.enterprise_id, p.profile, p.version
FROM enterprise_profile AS p
WHERE p.org_id = :org_id AND p.enterprise_id = ANY(:ids::uuid[])
ORDER BY p.enterprise_id
FOR NO KEY UPDATE;

-- name: put_profiles
-- Stores what enterprises tell of themselves, new or changed.
INSERT INTO enterprise_profile AS p (org_id, enterprise_id, profile, version)
SELECT o.org_id, u.enterprise_id, u.profile, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :profiles::jsonb[], :versions::int[]) AS u (enterprise_id, profile, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, enterprise_id) DO UPDATE SET profile = EXCLUDED.profile, version = EXCLUDED.version
RETURNING p.enterprise_id;

-- name: load_profiles
-- What these enterprises tell of themselves.
SELECT p.enterprise_id, p.profile, p.version
FROM enterprise_profile AS p
WHERE p.org_id = :org_id AND p.enterprise_id = ANY(:ids::uuid[]);
