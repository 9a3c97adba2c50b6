-- catalog: statements for deciding (load_, lock_, put_, delete_) and for showing (get_, list_).

-- name: load_components
-- What these items are made of, where they are kits.
SELECT k.kit_id, k.item_id, k.quantity
FROM kit_component AS k
WHERE k.org_id = :org_id AND k.kit_id = ANY(:ids::uuid[])
ORDER BY k.kit_id, k.item_id;

-- name: load_items
-- These items as they are, with their sales units and components (null: none), without a lock: every order batch asks this.
SELECT i.id, i.owner_id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros, i.min_quantity, i.max_quantity,
       i.multiple_quantity, i.case_quantity, i.tracked, i.buyable,
       (SELECT json_agg(json_build_object('code', s.code, 'num', s.num, 'den', s.den, 'price_micros', s.price_micros)
                        ORDER BY s.code)
        FROM sales_unit AS s WHERE s.org_id = :org_id AND s.item_id = i.id) AS units,
       (SELECT json_agg(json_build_object('item_id', k.item_id, 'quantity', k.quantity) ORDER BY k.item_id)
        FROM kit_component AS k WHERE k.org_id = :org_id AND k.kit_id = i.id) AS components
FROM item AS i
WHERE i.org_id = :org_id AND i.id = ANY(:ids::uuid[]);

-- name: load_units
-- The sales units of these items.
SELECT s.item_id, s.code, s.num, s.den, s.price_micros
FROM sales_unit AS s
WHERE s.org_id = :org_id AND s.item_id = ANY(:ids::uuid[])
ORDER BY s.item_id, s.code;

-- name: load_owners
-- Whose these items are.
SELECT i.id, i.owner_id
FROM item AS i
WHERE i.org_id = :org_id AND i.id = ANY(:ids::text::uuid[]);

-- name: lock_items
-- These items, locked against other changes until the commit.
SELECT i.id, i.owner_id, i.sku, i.kit, i.version
FROM item AS i
WHERE i.org_id = :org_id AND i.id = ANY(:ids::uuid[])
ORDER BY i.id
FOR NO KEY UPDATE;

-- name: load_parts
-- Which of these items are kits of what, and which are parts of what.
SELECT k.kit_id, k.item_id FROM kit_component AS k WHERE k.org_id = :org_id AND k.kit_id = ANY(:ids::uuid[])
UNION
SELECT k.kit_id, k.item_id FROM kit_component AS k WHERE k.org_id = :org_id AND k.item_id = ANY(:ids::uuid[]);

-- name: load_skus
-- Which items have these SKUs of these owners.
SELECT i.id, i.owner_id, i.sku
FROM item AS i
JOIN unnest(:owner_ids::uuid[], :skus::text[]) AS u (owner_id, sku) ON u.owner_id = i.owner_id AND u.sku = i.sku
WHERE i.org_id = :org_id;

-- name: free_skus
-- Gives items SKUs that nobody else can have, for as long as the next statement needs.
UPDATE item AS i
SET sku = u.sku
FROM unnest(:ids::uuid[], :skus::text[]) AS u (id, sku)
WHERE i.org_id = :org_id AND i.id = u.id
RETURNING i.id;

-- name: put_items
-- Stores items, new or changed; an item never changes its owner.
INSERT INTO item AS i (org_id, id, owner_id, sku, name, product, stock_unit, weight_mg, price_micros, min_quantity, max_quantity,
                       multiple_quantity, case_quantity, tracked, buyable, kit, version)
SELECT o.org_id, u.id, u.owner_id, u.sku, u.name, u.product, u.stock_unit, u.weight_mg, u.price_micros, u.min_quantity,
       u.max_quantity, u.multiple_quantity, u.case_quantity, u.tracked, u.buyable, u.kit, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :owner_ids::uuid[], :skus::text[], :names::text[], :products::text[], :stock_units::text[],
                  :weights::bigint[], :prices::bigint[], :mins::bigint[], :maxes::bigint[], :multiples::bigint[],
                  :cases::bigint[], :tracked::boolean[], :buyable::boolean[], :kits::boolean[], :versions::int[])
    AS u (id, owner_id, sku, name, product, stock_unit, weight_mg, price_micros, min_quantity, max_quantity,
          multiple_quantity, case_quantity, tracked, buyable, kit, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET
    sku = EXCLUDED.sku, name = EXCLUDED.name, product = EXCLUDED.product, stock_unit = EXCLUDED.stock_unit,
    weight_mg = EXCLUDED.weight_mg, price_micros = EXCLUDED.price_micros, min_quantity = EXCLUDED.min_quantity,
    max_quantity = EXCLUDED.max_quantity, multiple_quantity = EXCLUDED.multiple_quantity,
    case_quantity = EXCLUDED.case_quantity, tracked = EXCLUDED.tracked, buyable = EXCLUDED.buyable, kit = EXCLUDED.kit,
    version = EXCLUDED.version
RETURNING i.id;

-- name: delete_units
-- Takes away the sales units of these items, before their new ones are stored.
DELETE FROM sales_unit AS s WHERE s.org_id = :org_id AND s.item_id = ANY(:ids::uuid[]) RETURNING s.item_id;

-- name: delete_components
-- Takes these kits apart, before their new components are stored.
DELETE FROM kit_component AS k WHERE k.org_id = :org_id AND k.kit_id = ANY(:ids::uuid[]) RETURNING k.kit_id;

-- name: insert_units
-- Stores sales units.
INSERT INTO sales_unit AS s (org_id, item_id, code, num, den, price_micros)
SELECT o.org_id, u.item_id, u.code, u.num, u.den, u.price_micros
FROM org AS o
CROSS JOIN unnest(:item_ids::uuid[], :codes::text[], :nums::bigint[], :dens::bigint[], :prices::bigint[])
    AS u (item_id, code, num, den, price_micros)
WHERE o.org_id = :org_id
RETURNING s.item_id;

-- name: insert_components
-- Stores the components of kits.
INSERT INTO kit_component AS k (org_id, kit_id, item_id, quantity)
SELECT o.org_id, u.kit_id, u.item_id, u.quantity
FROM org AS o
CROSS JOIN unnest(:kit_ids::uuid[], :item_ids::uuid[], :quantities::bigint[]) AS u (kit_id, item_id, quantity)
WHERE o.org_id = :org_id
RETURNING k.kit_id;

-- name: list_items
-- Items after an id; with owners (null: all) only theirs.
SELECT i.id, i.owner_id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros, i.min_quantity, i.max_quantity,
       i.multiple_quantity, i.case_quantity, i.tracked, i.buyable, i.version
FROM item AS i
WHERE i.org_id = :org_id
  AND (:after::uuid IS NULL OR i.id > :after)
  AND (:ids::uuid[] IS NULL OR i.id = ANY(:ids))
  AND (:owner_id::uuid IS NULL OR i.owner_id = :owner_id)
  AND (:sku::text IS NULL OR i.sku = :sku)
  AND (:buyable::boolean IS NULL OR i.buyable = :buyable)
  AND (:name::text IS NULL OR starts_with(lower(i.name), lower(:name)))
  AND (:product::text IS NULL OR i.product = :product)
  AND (:owners::uuid[] IS NULL OR i.owner_id = ANY(:owners))
ORDER BY i.id
LIMIT :limit;

-- name: list_items_backwards
-- Items before an id, the highest first; with owners (null: all) only theirs.
SELECT i.id, i.owner_id, i.sku, i.name, i.product, i.stock_unit, i.weight_mg, i.price_micros, i.min_quantity, i.max_quantity,
       i.multiple_quantity, i.case_quantity, i.tracked, i.buyable, i.version
FROM item AS i
WHERE i.org_id = :org_id
  AND (:before::uuid IS NULL OR i.id < :before)
  AND (:ids::uuid[] IS NULL OR i.id = ANY(:ids))
  AND (:owner_id::uuid IS NULL OR i.owner_id = :owner_id)
  AND (:sku::text IS NULL OR i.sku = :sku)
  AND (:buyable::boolean IS NULL OR i.buyable = :buyable)
  AND (:name::text IS NULL OR starts_with(lower(i.name), lower(:name)))
  AND (:product::text IS NULL OR i.product = :product)
  AND (:owners::uuid[] IS NULL OR i.owner_id = ANY(:owners))
ORDER BY i.id DESC
LIMIT :limit;

-- name: load_details
-- What is told of these items; of many nothing is.
SELECT d.item_id, d.details, d.version
FROM item_details AS d
WHERE d.org_id = :org_id AND d.item_id = ANY(:ids::uuid[]);

-- name: put_details
-- Stores what is told of items, new or changed.
INSERT INTO item_details AS d (org_id, item_id, details, version)
SELECT o.org_id, u.item_id, u.details, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (item_id uuid, details jsonb, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, item_id) DO UPDATE SET details = EXCLUDED.details, version = EXCLUDED.version
RETURNING d.item_id;
