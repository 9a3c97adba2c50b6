-- buying: statements for deciding (load_, lock_, put_) and for showing (list_).

-- name: load_centres
-- These cost centres as they are, without a lock.
SELECT c.id, c.enterprise_id, c.name, c.currency, c.levels, c.sellers, c.own_orders, c.active, c.version
FROM cost_centre AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[]);

-- name: lock_centres
-- These cost centres, locked against other changes until the commit.
SELECT c.id, c.enterprise_id, c.name, c.currency, c.levels, c.sellers, c.own_orders, c.active, c.version
FROM cost_centre AS c
WHERE c.org_id = :org_id AND c.id = ANY(:ids::uuid[])
ORDER BY c.id
FOR NO KEY UPDATE;

-- name: put_centres*!
-- Stores cost centres, new or changed; one never changes its enterprise.
INSERT INTO cost_centre AS c (org_id, id, enterprise_id, name, currency, levels, sellers, own_orders, active, version)
SELECT o.org_id, u.id, u.enterprise_id, u.name, u.currency, u.levels, u.sellers, u.own_orders, u.active, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, enterprise_id uuid, name text, currency text, levels jsonb, sellers uuid[], own_orders boolean, active boolean,
          version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    name = EXCLUDED.name, levels = EXCLUDED.levels, sellers = EXCLUDED.sellers, own_orders = EXCLUDED.own_orders,
    active = EXCLUDED.active, version = EXCLUDED.version
RETURNING c.id;

-- name: list_centres
-- Cost centres after an id; with a scope (null: all) those of its enterprises, and those that may be named in their shops.
SELECT c.id, c.enterprise_id, c.name, c.currency, c.levels, c.sellers, c.own_orders, c.active, c.version
FROM cost_centre AS c
WHERE c.org_id = :org_id
  AND (:after::uuid IS NULL OR c.id > :after)
  AND (:ids::uuid[] IS NULL OR c.id = ANY(:ids))
  AND (:enterprise_id::uuid IS NULL OR c.enterprise_id = :enterprise_id)
  AND (:scope::uuid[] IS NULL OR c.enterprise_id = ANY(:scope) OR c.sellers && :scope)
ORDER BY c.id
LIMIT :limit;
