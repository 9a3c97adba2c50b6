-- name: load_locations
-- Locations by id.
SELECT l.id, l.enterprise_id, l.name, l.priority, l.active, l.version
FROM location AS l
WHERE l.org_id = :org_id AND l.id = ANY(:ids::uuid[]);

-- name: lock_locations
-- Locations that a batch may change.
SELECT l.id, l.enterprise_id, l.name, l.priority, l.active, l.version
FROM location AS l
WHERE l.org_id = :org_id AND l.id = ANY(:ids::uuid[])
ORDER BY l.id
FOR NO KEY UPDATE;

-- name: put_locations
-- Stores new and changed locations.
INSERT INTO location AS l (org_id, id, enterprise_id, name, priority, active, version)
SELECT o.org_id, u.id, u.enterprise_id, u.name, u.priority, u.active, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :enterprise_ids::uuid[], :names::text[], :priorities::int[], :actives::boolean[],
                  :versions::int[]) AS u (id, enterprise_id, name, priority, active, version)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE
SET name = EXCLUDED.name, priority = EXCLUDED.priority, active = EXCLUDED.active, version = EXCLUDED.version
RETURNING l.id;

-- name: lock_positions_of_items
-- All positions of these items, locked in key order; an inactive place is locked too (it may hold) but not drawn from.
SELECT p.id, p.item_id, p.location_id, p.lot, p.unlimited, p.on_hand, p.held, p.committed, p.seq, p.told, p.counted_at,
       coalesce(l.priority, 0) AS priority, coalesce(l.active, true) AS active
FROM position AS p
LEFT JOIN location AS l ON l.org_id = p.org_id AND l.id = p.location_id
WHERE p.org_id = :org_id AND p.item_id = ANY(:item_ids::uuid[])
ORDER BY p.id
FOR NO KEY UPDATE OF p;

-- name: lock_positions
-- Positions by id, locked in key order.
SELECT p.id, p.item_id, p.location_id, p.lot, p.unlimited, p.on_hand, p.held, p.committed, p.seq, p.told, p.counted_at
FROM position AS p
WHERE p.org_id = :org_id AND p.id = ANY(:ids::text::uuid[])
ORDER BY p.id
FOR NO KEY UPDATE;

-- name: later_changes
-- Changes of what is on hand after an instant, and what was carried forward after it.
SELECT g.position_id, g.at, g.on_hand, g.type = 'CARRIED' AS carried
FROM ledger AS g
WHERE g.org_id = :org_id AND g.position_id = ANY(:ids::uuid[]) AND g.at > :after AND (g.on_hand <> 0 OR g.type = 'CARRIED');

-- name: holds_of_demands
-- All holds of these demands, in the order in which they are to be given back.
SELECT h.demand_id, h.demand_line, h.position_id, h.pool_id, h.quantity, h.state, h.policy, h.expires_at, h.since, h.priority
FROM hold AS h
WHERE h.org_id = :org_id AND h.demand_id = ANY(:ids::uuid[])
ORDER BY h.demand_id, h.demand_line, h.position_id;

-- name: holds_on_positions
-- All holds on these positions, first come first.
SELECT h.demand_id, h.demand_line, h.position_id, h.pool_id, h.quantity, h.state, h.policy, h.expires_at, h.since, h.priority
FROM hold AS h
WHERE h.org_id = :org_id AND h.position_id = ANY(:ids::uuid[])
ORDER BY h.since, h.demand_id, h.demand_line;

-- name: pool_lines_of
-- What these pools hold.
SELECT l.pool_id, l.position_id, l.held, l.committed, l.consumed, l.surplus, l.multiple
FROM pool_line AS l
WHERE l.org_id = :org_id AND l.pool_id = ANY(:pool_ids::uuid[])
ORDER BY l.pool_id, l.position_id;

-- name: insert_positions*!
-- New positions; a lost race for one is a unique violation and re-runs the batch.
INSERT INTO position AS p (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told,
                              counted_at)
SELECT o.org_id, u.id, u.item_id, u.location_id, u.lot, u.unlimited, u.on_hand, u.held, u.committed, u.seq, u.told, u.counted_at
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, item_id uuid, location_id uuid, lot text, unlimited boolean, on_hand bigint, held bigint,
          committed bigint, seq bigint, told int, counted_at timestamptz)
WHERE o.org_id = :org_id
RETURNING p.id;

-- name: insert_counted$
-- New positions that come of counts, column by column: nothing of them is held yet. Those without an instant have the usual one.
INSERT INTO position AS p (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told,
                              counted_at)
SELECT o.org_id, u.id, u.item_id, u.location_id, u.lot, false, u.on_hand, 0, 0, u.seq, u.told,
       coalesce(u.counted_at, :counted_at::timestamptz)
FROM org AS o
CROSS JOIN unnest(:ids::text::uuid[], :item_ids::text::uuid[], :location_ids::text::uuid[], :lots::text[],
                  :on_hands::text::bigint[], :seqs::text::bigint[], :tolds::text::int[], :counted_ats::text::timestamptz[])
    AS u (id, item_id, location_id, lot, on_hand, seq, told, counted_at)
WHERE o.org_id = :org_id
RETURNING p.seq;

-- name: update_positions*!
-- New balances. A position that somebody else has changed since it was locked has no next number, which no position may be without: then
-- the batch is run again.
UPDATE position AS p
SET on_hand = u.on_hand, held = u.held, committed = u.committed, seq = CASE WHEN p.seq = u.seen THEN u.seq END, told = u.told,
    counted_at = u.counted_at
FROM unnest(:ids::text::uuid[], :on_hands::text::bigint[], :helds::text::bigint[], :committeds::text::bigint[], :seqs::text::bigint[],
            :tolds::text::int[], :counted_ats::text::timestamptz[], :seen::text::bigint[])
    AS u (id, on_hand, held, committed, seq, told, counted_at, seen)
WHERE p.org_id = :org_id AND p.id = u.id
RETURNING p.id;

-- name: insert_entries*!
-- Ledger entries, in order.
INSERT INTO ledger AS g (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, demand_id, pool_id, reason)
SELECT o.org_id, u.position_id, u.seq, u.type, u.on_hand, u.held, u.committed, u.at, u.command_id, u.demand_id, u.pool_id, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (position_id uuid, seq bigint, type text, on_hand bigint, held bigint, committed bigint, at timestamptz,
          command_id uuid, demand_id uuid, pool_id uuid, reason text)
WHERE o.org_id = :org_id
RETURNING g.seq;

-- name: insert_counts$
-- Entries of counts, column by column: nothing is held or committed by them. Those without instant and cause have the usual ones.
INSERT INTO ledger AS g (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, demand_id, reason)
SELECT o.org_id, u.position_id, u.seq, 'COUNT', u.on_hand, 0, 0, coalesce(u.at, :at::timestamptz),
       coalesce(u.command_id, :command_id::uuid), NULL, u.reason
FROM org AS o
CROSS JOIN unnest(:position_ids::text::uuid[], :seqs::text::bigint[], :on_hands::text::bigint[], :ats::text::timestamptz[],
                  :command_ids::text::uuid[], :reasons::text[]) AS u (position_id, seq, on_hand, at, command_id, reason)
WHERE o.org_id = :org_id
RETURNING g.seq;

-- name: put_holds*!
-- New and changed holds.
INSERT INTO hold AS h (org_id, demand_id, demand_line, position_id, pool_id, quantity, state, policy, expires_at, since, priority)
SELECT o.org_id, u.demand_id, u.demand_line, u.position_id, u.pool_id, u.quantity, u.state, u.policy, u.expires_at, u.since,
       u.priority
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (demand_id uuid, demand_line int, position_id uuid, pool_id uuid, quantity bigint, state text, policy text,
          expires_at timestamptz, since timestamptz, priority int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, demand_id, demand_line, position_id) DO UPDATE
SET quantity = EXCLUDED.quantity, state = EXCLUDED.state, policy = EXCLUDED.policy, expires_at = EXCLUDED.expires_at
RETURNING h.demand_line;

-- name: delete_holds*!
-- Holds that are given up.
DELETE FROM hold AS h
USING json_to_recordset(:rows::json) AS u (demand_id uuid, demand_line int, position_id uuid)
WHERE h.org_id = :org_id AND h.demand_id = u.demand_id AND h.demand_line = u.demand_line AND h.position_id = u.position_id
RETURNING h.demand_line;

-- name: put_pool_lines*!
-- New and changed lines of pools.
INSERT INTO pool_line AS l (org_id, pool_id, position_id, held, committed, consumed, surplus, multiple)
SELECT o.org_id, u.pool_id, u.position_id, u.held, u.committed, u.consumed, u.surplus, u.multiple
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (pool_id uuid, position_id uuid, held bigint, committed bigint, consumed bigint, surplus bigint,
          multiple bigint)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, pool_id, position_id) DO UPDATE
SET held = EXCLUDED.held, committed = EXCLUDED.committed, consumed = EXCLUDED.consumed, surplus = EXCLUDED.surplus
RETURNING l.pool_id;

-- name: commit_holds
-- The holds of pools that are now owed.
UPDATE hold AS h SET state = 'committed', expires_at = NULL
WHERE h.org_id = :org_id AND h.position_id = ANY(:position_ids::uuid[]) AND h.pool_id = ANY(:pool_ids::uuid[])
RETURNING h.demand_line;

-- name: consume_holds
-- The holds of pools whose goods have left.
DELETE FROM hold AS h
WHERE h.org_id = :org_id AND h.position_id = ANY(:position_ids::uuid[]) AND h.pool_id = ANY(:pool_ids::uuid[])
RETURNING h.demand_line;

-- name: list_positions
-- Stock by position id; whoever only buys from the owner sees what is available and no more (`mine` is false).
SELECT p.id, p.item_id, p.location_id, p.lot, p.unlimited, p.on_hand, p.held, p.committed, p.seq, p.counted_at,
       i.sku, i.name, i.stock_unit, i.owner_id, coalesce(l.name, '') AS location,
       (:scope::uuid[] IS NULL OR coalesce(l.enterprise_id, i.owner_id) = ANY(:scope)) AS mine
FROM position AS p
JOIN item AS i ON i.org_id = p.org_id AND i.id = p.item_id
LEFT JOIN location AS l ON l.org_id = p.org_id AND l.id = p.location_id
WHERE p.org_id = :org_id
  AND (:after::uuid IS NULL OR p.id > :after)
  AND (:ids::uuid[] IS NULL OR p.id = ANY(:ids))
  AND (:item_ids::uuid[] IS NULL OR p.item_id = ANY(:item_ids))
  AND (:location_ids::uuid[] IS NULL OR p.location_id = ANY(:location_ids))
  AND (:owner_id::uuid IS NULL OR i.owner_id = :owner_id)
  AND (:scope::uuid[] IS NULL OR coalesce(l.enterprise_id, i.owner_id) = ANY(:scope)
       OR EXISTS (SELECT 1 FROM relation AS r
                  WHERE r.org_id = p.org_id AND r.hub_id = ANY(:scope) AND r.producer_id = i.owner_id AND r.active))
ORDER BY p.id
LIMIT :limit;

-- name: list_positions_as_of
-- The same as it was known at an instant. A position's numbers are what they are now without what came later; what a late count said is
-- known since its command, not since the instant that it is of. `until` is the last entry that was known; without one it was not there.
SELECT p.id, p.item_id, p.location_id, p.lot, p.unlimited, p.on_hand - coalesce(s.on_hand, 0) AS on_hand,
       p.held - coalesce(s.held, 0) AS held, p.committed - coalesce(s.committed, 0) AS committed, u.until AS seq,
       i.sku, i.name, i.stock_unit, i.owner_id, coalesce(l.name, '') AS location,
       (:scope::uuid[] IS NULL OR coalesce(l.enterprise_id, i.owner_id) = ANY(:scope)) AS mine
FROM position AS p
CROSS JOIN LATERAL (SELECT g.seq AS until
                    FROM ledger AS g
                    LEFT JOIN command AS c ON c.org_id = g.org_id AND c.id = g.command_id AND g.type = 'COUNT'
                    WHERE g.org_id = :org_id AND g.position_id = p.id AND coalesce(c.at, g.at) <= :instant::timestamptz
                    ORDER BY g.seq DESC
                    LIMIT 1) AS u
LEFT JOIN LATERAL (SELECT sum(g.on_hand)::bigint AS on_hand, sum(g.held)::bigint AS held, sum(g.committed)::bigint AS committed
                   FROM ledger AS g
                   WHERE g.org_id = :org_id AND g.position_id = p.id AND g.seq > u.until) AS s ON true
JOIN item AS i ON i.org_id = p.org_id AND i.id = p.item_id
LEFT JOIN location AS l ON l.org_id = p.org_id AND l.id = p.location_id
WHERE p.org_id = :org_id
  AND (:after::uuid IS NULL OR p.id > :after)
  AND (:ids::uuid[] IS NULL OR p.id = ANY(:ids))
  AND (:item_ids::uuid[] IS NULL OR p.item_id = ANY(:item_ids))
  AND (:location_ids::uuid[] IS NULL OR p.location_id = ANY(:location_ids))
  AND (:owner_id::uuid IS NULL OR i.owner_id = :owner_id)
  AND (:scope::uuid[] IS NULL OR coalesce(l.enterprise_id, i.owner_id) = ANY(:scope)
       OR EXISTS (SELECT 1 FROM relation AS r
                  WHERE r.org_id = p.org_id AND r.hub_id = ANY(:scope) AND r.producer_id = i.owner_id AND r.active))
ORDER BY p.id
LIMIT :limit;

-- name: accounts_of
-- Who holds how much of a position: held orders, and whoever holds on no account but his own.
SELECT coalesce(h.pool_id, h.demand_id) AS account_id, h.pool_id IS NOT NULL AS pooled,
       coalesce(sum(h.quantity) FILTER (WHERE h.state = 'live'), 0)::bigint AS held,
       coalesce(sum(h.quantity) FILTER (WHERE h.state = 'committed'), 0)::bigint AS committed
FROM hold AS h
WHERE h.org_id = :org_id AND h.position_id = :position_id
GROUP BY 1, 2
ORDER BY 1;

-- name: accounts_since
-- What has changed for each account of a position behind an entry of its ledger.
SELECT coalesce(g.pool_id, g.demand_id) AS account_id, bool_or(g.pool_id IS NOT NULL OR g.type IN ('COMMIT', 'SALE')) AS pooled,
       sum(g.held)::bigint AS held, sum(g.committed)::bigint AS committed
FROM ledger AS g
WHERE g.org_id = :org_id AND g.position_id = :position_id AND g.seq > :until AND coalesce(g.pool_id, g.demand_id) IS NOT NULL
GROUP BY 1
ORDER BY 1;

-- name: ledger_kept_since
-- The latest instant of the entries that are in the archive; nothing where none are.
SELECT max(a.latest) AS latest FROM archive_part AS a WHERE a.org_id = :org_id AND a.kind = 'ledger';

-- name: availability
-- What can be had of items at places, for those who own the stock or whom its owner supplies: one row for each item, with its places as
-- text and the amounts there (null: nobody keeps count) in the order of places; a place with several lots comes once for each.
SELECT x.item_id, string_agg(x.location_id::text, ',' ORDER BY x.location_id) AS location_ids,
       array_agg(x.available ORDER BY x.location_id) AS available
FROM (SELECT p.item_id, p.location_id, CASE WHEN NOT p.unlimited THEN p.on_hand - p.held - p.committed END AS available
      FROM position AS p
      JOIN item AS i ON i.org_id = p.org_id AND i.id = p.item_id
      -- Both sides are told which items: else the planner may walk through all items of the organisation beside them.
      WHERE p.org_id = :org_id AND p.item_id = ANY(:item_ids::uuid[]) AND i.org_id = :org_id AND i.id = ANY(:item_ids)
        AND (:location_ids::uuid[] IS NULL OR p.location_id = ANY(:location_ids))
        AND (:scope::uuid[] IS NULL OR i.owner_id = ANY(:scope)
             OR EXISTS (SELECT 1 FROM location AS l
                        WHERE l.org_id = p.org_id AND l.id = p.location_id AND l.enterprise_id = ANY(:scope))
             OR EXISTS (SELECT 1 FROM relation AS r
                        WHERE r.org_id = p.org_id AND r.hub_id = ANY(:scope) AND r.producer_id = i.owner_id AND r.active))
      ORDER BY p.item_id, p.location_id
      LIMIT :limit) AS x
GROUP BY x.item_id
ORDER BY x.item_id;

-- name: list_entries
-- A position's ledger, newest first.
SELECT g.seq, g.type, g.on_hand, g.held, g.committed, g.at, g.command_id, g.reason
FROM ledger AS g
WHERE g.org_id = :org_id AND g.position_id = :position_id AND (:before::bigint IS NULL OR g.seq < :before)
ORDER BY g.seq DESC
LIMIT :limit;

-- name: list_locations
-- Places by id.
SELECT l.id, l.enterprise_id, l.name, l.priority, l.active, l.version
FROM location AS l
WHERE l.org_id = :org_id
  AND (:after::uuid IS NULL OR l.id > :after)
  AND (:ids::uuid[] IS NULL OR l.id = ANY(:ids))
  AND (:enterprise_id::uuid IS NULL OR l.enterprise_id = :enterprise_id)
  AND (:scope::uuid[] IS NULL OR l.enterprise_id = ANY(:scope))
ORDER BY l.id
LIMIT :limit;

-- name: verify_never_oversold^
-- Positions that promise more than there is.
SELECT count(*) AS broken, min(p.id::text) AS example
FROM position AS p
WHERE p.org_id = :org_id AND NOT p.unlimited AND p.held + p.committed > p.on_hand;

-- name: verify_position_is_sum^
-- Positions that are not the sum of their ledger, or whose ledger has a gap; it begins with 1, or with what was carried forward.
SELECT count(*) AS broken, min(p.id::text) AS example
FROM position AS p
LEFT JOIN (SELECT g.position_id, sum(g.on_hand) AS on_hand, sum(g.held) AS held, sum(g.committed) AS committed,
                  count(*) AS n, min(g.seq) AS first, max(g.seq) AS last, count(*) FILTER (WHERE g.type = 'CARRIED') AS carried,
                  coalesce(min(g.seq) FILTER (WHERE g.type = 'CARRIED'), 1) AS begin
           FROM ledger AS g WHERE g.org_id = :org_id GROUP BY g.position_id) AS s ON s.position_id = p.id
WHERE p.org_id = :org_id
  AND ((p.on_hand, p.held, p.committed, p.seq, p.seq)
       IS DISTINCT FROM (coalesce(s.on_hand, 0), coalesce(s.held, 0), coalesce(s.committed, 0), coalesce(s.n + s.first - 1, 0),
                         coalesce(s.last, 0))
       OR s.first <> s.begin OR s.carried > 1);

-- name: verify_never_below_zero^
-- Ledger entries after which less was on hand than promised, or anything was below zero: at any instant, not only now.
SELECT count(*) AS broken, min(r.position_id::text) AS example
FROM (SELECT g.position_id,
             sum(g.on_hand) OVER w AS on_hand, sum(g.held) OVER w AS held, sum(g.committed) OVER w AS committed
      FROM ledger AS g WHERE g.org_id = :org_id
      WINDOW w AS (PARTITION BY g.position_id ORDER BY g.seq)) AS r
JOIN position AS p ON p.org_id = :org_id AND p.id = r.position_id
WHERE p.org_id = :org_id
  AND (r.held < 0 OR r.committed < 0 OR r.on_hand < 0 OR (NOT p.unlimited AND r.held + r.committed > r.on_hand));

-- name: verify_held_is_holds^
-- Positions whose held and committed are not the sum of their holds.
SELECT count(*) AS broken, min(p.id::text) AS example
FROM position AS p
LEFT JOIN (SELECT h.position_id, sum(h.quantity) FILTER (WHERE h.state = 'live') AS held,
                  sum(h.quantity) FILTER (WHERE h.state = 'committed') AS committed
           FROM hold AS h WHERE h.org_id = :org_id GROUP BY h.position_id) AS s ON s.position_id = p.id
WHERE p.org_id = :org_id
  AND (p.held, p.committed) IS DISTINCT FROM (coalesce(s.held, 0), coalesce(s.committed, 0));

-- name: verify_pool_is_holds^
-- Pool lines that are not the sum of their holds, or not in whole cases.
SELECT count(*) AS broken, min(l.pool_id::text) AS example
FROM pool_line AS l
LEFT JOIN (SELECT h.pool_id, h.position_id, sum(h.quantity) FILTER (WHERE h.state = 'live') AS held,
                  sum(h.quantity) FILTER (WHERE h.state = 'committed') AS committed,
                  sum(h.quantity) FILTER (WHERE h.policy = 'remainder') AS surplus
           FROM hold AS h WHERE h.org_id = :org_id AND h.pool_id IS NOT NULL
           GROUP BY h.pool_id, h.position_id) AS s ON s.pool_id = l.pool_id AND s.position_id = l.position_id
WHERE l.org_id = :org_id
  AND ((l.held, l.committed) IS DISTINCT FROM (coalesce(s.held, 0), coalesce(s.committed, 0))
       OR (l.consumed = 0 AND l.surplus <> coalesce(s.surplus, 0))
       OR l.held % l.multiple <> 0);

-- name: verify_holds_have_pools^
-- Holds on a pool's account for which the pool has no line.
SELECT count(*) AS broken, min(h.demand_id::text) AS example
FROM hold AS h
LEFT JOIN pool_line AS l ON l.org_id = h.org_id AND l.pool_id = h.pool_id AND l.position_id = h.position_id
WHERE h.org_id = :org_id AND h.pool_id IS NOT NULL AND l.pool_id IS NULL;
