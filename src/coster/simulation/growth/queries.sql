-- A copy's id is the original's with the number of the copy as its last twelve digits; originals are drawn so that the rest is theirs alone.

-- name: quickly!
-- For this transaction: no fsync at the commit, and no foreign keys looked up for rows that are copies of good ones.
SELECT set_config('synchronous_commit', 'off', true), set_config('session_replication_role', 'replica', true);

-- name: copy_sessions
-- Sessions of the originals, with who sells in them and what.
WITH made AS (
    INSERT INTO session AS s (org_id, id, coordinator_id, name, status, opens_at, closes_at, amend_until, recurrence, series_id, version)
    SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.coordinator_id, x.name, x.status, x.opens_at,
           x.closes_at, x.amend_until, x.recurrence, x.series_id, x.version
    FROM session AS x CROSS JOIN generate_series(:first::int, :last::int) AS k (n)
    WHERE x.org_id = :org_id AND x.id = ANY(:sessions::uuid[])
    RETURNING s.id
), hubs AS (
    INSERT INTO session_hub AS h (org_id, session_id, hub_id)
    SELECT x.org_id, (left(x.session_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.hub_id
    FROM session_hub AS x CROSS JOIN generate_series(:first::int, :last::int) AS k (n)
    WHERE x.org_id = :org_id AND x.session_id = ANY(:sessions::uuid[])
    RETURNING h.session_id
), listed AS (
    INSERT INTO listing AS l (org_id, session_id, item_id, price_micros)
    SELECT x.org_id, (left(x.session_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.item_id, x.price_micros
    FROM listing AS x CROSS JOIN generate_series(:first::int, :last::int) AS k (n)
    WHERE x.org_id = :org_id AND x.session_id = ANY(:sessions::uuid[])
    RETURNING l.session_id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM hubs) + (SELECT count(*) FROM listed) AS rows;

-- name: copy_held_orders
-- Held orders of the originals' sessions, and what they hold.
WITH made AS (
    INSERT INTO held_order AS h (org_id, id, hub_id, producer_id, session_id, single, status, holds, flow, flow_version, attributes,
                                 entered, entered_at, sla_at, created_at, changed_at, version)
    SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.hub_id, x.producer_id,
           (left(x.session_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.single, x.status, x.holds, x.flow, x.flow_version,
           x.attributes, x.entered, x.entered_at, x.sla_at, x.created_at, x.changed_at, x.version
    FROM held_order AS x CROSS JOIN generate_series(:first::int, :last::int) AS k (n)
    WHERE x.org_id = :org_id AND x.session_id = ANY(:sessions::uuid[])
    RETURNING h.id
), holding AS (
    INSERT INTO pool_line AS l (org_id, pool_id, position_id, held, committed, consumed, surplus, multiple)
    SELECT x.org_id, (left(x.pool_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.position_id, x.held, x.committed, x.consumed,
           x.surplus, x.multiple
    FROM pool_line AS x
    JOIN held_order AS h ON h.org_id = x.org_id AND h.id = x.pool_id
    CROSS JOIN generate_series(:first::int, :last::int) AS k (n)
    WHERE x.org_id = :org_id AND h.org_id = :org_id AND h.session_id = ANY(:sessions::uuid[])
    RETURNING l.pool_id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM holding) AS rows;

-- name: copy_orders!
-- The heads of the copied orders.
INSERT INTO orders AS o (org_id, id, seller_id, session_id, customer_id, channel, reference, status, flow, flow_version, payment,
                         currency, gross, line_discount, order_discount, total, priority, placed_at, expires_at, version, type,
                         holds, attributes, entered, entered_at, sla_at, checkout, checkout_version)
SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.seller_id,
       (left(x.session_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.customer_id, x.channel, x.reference || '-' || k.n,
       x.status, x.flow, x.flow_version, x.payment, x.currency, x.gross, x.line_discount, x.order_discount, x.total, x.priority,
       x.placed_at, x.expires_at, x.version, x.type, x.holds, x.attributes, x.entered, x.entered_at, x.sla_at, x.checkout,
       x.checkout_version
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN orders AS x
WHERE x.org_id = :org_id AND x.id = ANY(:orders::uuid[]);

-- name: copy_lines!
-- The lines of the copied orders.
INSERT INTO order_line AS l (org_id, order_id, line_no, item_id, producer_id, unit, requested, quantity, stock_quantity, price_micros,
                             gross, discount, order_share, basis_gross, basis_discount, basis_share, total, stock, fulfilment, note)
SELECT x.org_id, (left(x.order_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.line_no, x.item_id, x.producer_id, x.unit,
       x.requested, x.quantity, x.stock_quantity, x.price_micros, x.gross, x.discount, x.order_share, x.basis_gross,
       x.basis_discount, x.basis_share, x.total, x.stock, x.fulfilment, x.note
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN order_line AS x
WHERE x.org_id = :org_id AND x.order_id = ANY(:orders::uuid[]);

-- name: copy_holds!
-- What the copied orders hold.
INSERT INTO hold AS h (org_id, demand_id, demand_line, position_id, pool_id, quantity, state, policy, expires_at, since, priority)
SELECT x.org_id, (left(x.demand_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.demand_line, x.position_id,
       (left(x.pool_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.quantity, x.state, x.policy, x.expires_at, x.since, x.priority
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN hold AS x
WHERE x.org_id = :org_id AND x.demand_id = ANY(:orders::uuid[]);

-- name: copy_entries!
-- The ledger of the originals' holds, numbered on from where each position stands.
INSERT INTO ledger AS g (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, demand_id, pool_id, reason)
SELECT x.org_id, x.position_id, p.seq + (k.n - :first::int) * x.many + x.place, x.type, x.on_hand, x.held, x.committed, x.at,
       (left(x.command_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid,
       (left(x.demand_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid,
       (left(x.pool_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.reason
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN (SELECT e.org_id, e.position_id, e.type, e.on_hand, e.held, e.committed, e.at, e.command_id, e.demand_id, e.pool_id,
                   e.reason,
                   row_number() OVER (PARTITION BY e.position_id ORDER BY e.seq) AS place,
                   count(*) OVER (PARTITION BY e.position_id) AS many
            FROM ledger AS e WHERE e.org_id = :org_id AND e.demand_id = ANY(:orders::uuid[])) AS x
JOIN position AS p ON p.org_id = x.org_id AND p.id = x.position_id
WHERE p.org_id = :org_id;

-- name: raise_positions!
-- Positions with what the copies hold; it runs after the ledger was copied, and before anything else is.
UPDATE position AS p
SET seq = p.seq + s.many * :copies::int, held = p.held + s.held * :copies::int, committed = p.committed + s.committed * :copies::int
FROM (SELECT e.position_id, count(*) AS many, sum(e.held)::bigint AS held, sum(e.committed)::bigint AS committed
      FROM ledger AS e WHERE e.org_id = :org_id AND e.demand_id = ANY(:orders::uuid[]) GROUP BY e.position_id) AS s
WHERE p.org_id = :org_id AND p.id = s.position_id;

-- name: copy_commands!
-- The commands that placed the originals.
INSERT INTO command AS c (org_id, id, kind, actor, at, fingerprint, reason, outcome)
SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.kind, x.actor, x.at, x.fingerprint, x.reason, x.outcome
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN command AS x
WHERE x.org_id = :org_id AND x.id = ANY(:commands::uuid[]);

-- name: copy_events!
-- What those commands caused, numbered on from the last event.
INSERT INTO event AS e (org_id, seq, name, entity, entity_id, version, at, actor, command_id, data)
SELECT x.org_id, c.n + (k.n - :first::int) * x.many + x.place, x.name, x.entity,
       (left(x.entity_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.version, x.at, x.actor,
       (left(x.command_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.data
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN (SELECT v.org_id, v.name, v.entity, v.entity_id, v.version, v.at, v.actor, v.command_id, v.data,
                   row_number() OVER (ORDER BY v.seq) AS place, count(*) OVER () AS many
            FROM event AS v WHERE v.org_id = :org_id AND v.command_id = ANY(:commands::uuid[])) AS x
JOIN event_counter AS c ON c.org_id = x.org_id
WHERE c.org_id = :org_id;

-- name: raise_counter!
-- The counter of events behind the last copy.
UPDATE event_counter AS c
SET n = (SELECT max(e.seq) FROM event AS e WHERE e.org_id = :org_id)
WHERE c.org_id = :org_id;

-- name: copy_item!
-- Items that are like one in all but their name.
INSERT INTO item AS i (org_id, id, owner_id, sku, name, product, stock_unit, weight_mg, price_micros, min_quantity, max_quantity,
                       multiple_quantity, case_quantity, tracked, buyable, kit, version)
SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.owner_id, x.sku || '-' || k.n, x.name || ' ' || k.n,
       x.product, x.stock_unit, x.weight_mg, x.price_micros, x.min_quantity, x.max_quantity, x.multiple_quantity, x.case_quantity,
       x.tracked, x.buyable, x.kit, x.version
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN item AS x
WHERE x.org_id = :org_id AND x.id = :item_id;

-- name: copy_sales_units!
-- The units in which those items are sold.
INSERT INTO sales_unit AS s (org_id, item_id, code, num, den, price_micros)
SELECT x.org_id, (left(x.item_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.code, x.num, x.den, x.price_micros
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN sales_unit AS x
WHERE x.org_id = :org_id AND x.item_id = :item_id;

-- name: copy_positions!
-- The stock of those items, at the same places.
INSERT INTO position AS p (org_id, id, item_id, location_id, lot, unlimited, on_hand, held, committed, seq, told, counted_at)
SELECT x.org_id, (left(x.id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, (left(x.item_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid,
       x.location_id, x.lot, x.unlimited, x.on_hand, x.held, x.committed, x.seq, 0, x.counted_at
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN position AS x
WHERE x.org_id = :org_id AND x.item_id = :item_id;

-- name: copy_receipts!
-- The ledger of each of those positions.
INSERT INTO ledger AS g (org_id, position_id, seq, type, on_hand, held, committed, at, command_id, demand_id, reason)
SELECT x.org_id, (left(x.position_id::text, 24) || lpad(to_hex(k.n), 12, '0'))::uuid, x.seq, x.type, x.on_hand, x.held, x.committed,
       x.at, x.command_id, x.demand_id, x.reason
FROM generate_series(:first::int, :last::int) AS k (n)
CROSS JOIN ledger AS x
JOIN position AS p ON p.org_id = x.org_id AND p.id = x.position_id
WHERE x.org_id = :org_id AND p.org_id = :org_id AND p.item_id = :item_id;

-- name: clean!
-- What copying leaves behind is cleaned away at once: it would else be done while something is measured.
VACUUM ANALYZE;

-- name: checkpoint!
-- What was copied is on disk, so that nothing of it is written while something is measured.
CHECKPOINT;

-- One session as the text of COPY, in which copying.py finds what differs -----------------------------------------------------

-- name: original_session
-- The session, every column as text.
SELECT x.org_id::text, x.id::text, x.coordinator_id::text, x.name::text, x.status::text, x.opens_at::text,
       x.closes_at::text, x.amend_until::text, x.recurrence::text, x.series_id::text, x.version::text
FROM session AS x
WHERE x.org_id = :org_id AND x.id = :session_id;

-- name: original_session_hub
-- Who sells in the session, every column as text.
SELECT x.org_id::text, x.session_id::text, x.hub_id::text
FROM session_hub AS x
WHERE x.org_id = :org_id AND x.session_id = :session_id;

-- name: original_listing
-- What is listed in the session, every column as text.
SELECT x.org_id::text, x.session_id::text, x.item_id::text, x.price_micros::text
FROM listing AS x
WHERE x.org_id = :org_id AND x.session_id = :session_id;

-- name: original_orders
-- The heads of its orders, every column as text.
SELECT x.org_id::text, x.id::text, x.seller_id::text, x.session_id::text, x.customer_id::text, x.channel::text,
       x.reference::text, x.status::text, x.flow::text, x.flow_version::text, x.payment::text, x.currency::text,
       x.gross::text, x.line_discount::text, x.order_discount::text, x.total::text, x.priority::text, x.placed_at::text,
       x.expires_at::text, x.version::text, x.type::text, x.holds::text, x.attributes::text, x.entered::text,
       x.entered_at::text, x.sla_at::text, x.checkout::text, x.checkout_version::text
FROM orders AS x
WHERE x.org_id = :org_id AND x.session_id = :session_id
ORDER BY x.id;

-- name: original_order_line
-- The lines of its orders, every column as text.
SELECT x.org_id::text, x.order_id::text, x.line_no::text, x.item_id::text, x.producer_id::text, x.unit::text,
       x.requested::text, x.quantity::text, x.stock_quantity::text, x.price_micros::text, x.gross::text, x.discount::text,
       x.order_share::text, x.basis_gross::text, x.basis_discount::text, x.basis_share::text, x.total::text, x.stock::text,
       x.fulfilment::text, x.note::text
FROM order_line AS x
WHERE x.org_id = :org_id AND x.order_id = ANY(:orders::uuid[])
ORDER BY x.order_id, x.line_no;

-- name: original_held_order
-- Its held orders, every column as text.
SELECT x.org_id::text, x.id::text, x.hub_id::text, x.producer_id::text, x.session_id::text, x.single::text, x.status::text,
       x.flow_version::text, x.holds::text, x.flow::text, x.attributes::text, x.entered::text, x.entered_at::text, x.sla_at::text,
       x.created_at::text, x.changed_at::text, x.version::text
FROM held_order AS x
WHERE x.org_id = :org_id AND x.session_id = :session_id;

-- name: original_pool_line
-- What its held orders held, every column as text.
SELECT x.org_id::text, x.pool_id::text, x.position_id::text, x.held::text, x.committed::text, x.consumed::text,
       x.surplus::text, x.multiple::text
FROM pool_line AS x
JOIN held_order AS h ON h.org_id = x.org_id AND h.id = x.pool_id
WHERE x.org_id = :org_id AND h.org_id = :org_id AND h.session_id = :session_id;

-- name: original_ledger
-- What its commands did to stock, every column as text.
SELECT x.org_id::text, x.position_id::text,
       '@p' || x.position_id || '#' || row_number() OVER (PARTITION BY x.position_id ORDER BY x.seq) AS seq, x.type::text,
       x.on_hand::text, x.held::text, x.committed::text, x.at::text, x.command_id::text, x.demand_id::text, x.pool_id::text,
       x.reason::text
FROM ledger AS x
WHERE x.org_id = :org_id AND x.command_id = ANY(:commands::uuid[])
ORDER BY x.position_id, x.seq;

-- name: original_command
-- Its commands with their answers, every column as text.
SELECT x.org_id::text, x.id::text, x.kind::text, x.actor::text, x.at::text, x.fingerprint::text, x.reason::text,
       x.outcome::text
FROM command AS x
WHERE x.org_id = :org_id AND x.id = ANY(:commands::uuid[])
ORDER BY x.id;

-- name: original_event
-- What its commands told, every column as text.
SELECT x.org_id::text, '@e' || row_number() OVER (ORDER BY x.seq) AS seq, x.name::text, x.entity::text, x.entity_id::text,
       x.version::text, x.at::text, x.actor::text, x.command_id::text, x.data::text
FROM event AS x
WHERE x.org_id = :org_id AND x.command_id = ANY(:commands::uuid[])
ORDER BY x.seq;

-- name: held_orders_of
-- The held orders of a session.
SELECT h.id FROM held_order AS h WHERE h.org_id = :org_id AND h.session_id = :session_id ORDER BY h.id;

-- name: forget_timers
-- Nothing is due: what timers would do has been done.
DELETE FROM timer AS t WHERE t.org_id = :org_id RETURNING t.id;

-- name: last_event$
-- The number of the last event.
SELECT c.n FROM event_counter AS c WHERE c.org_id = :org_id;

-- name: entries_of
-- How many entries these commands made at each position, what they changed on hand, and the number of the position's last one.
SELECT p.id AS position_id, p.seq AS last, count(*) AS many, sum(g.on_hand)::bigint AS on_hand
FROM ledger AS g
JOIN position AS p ON p.org_id = g.org_id AND p.id = g.position_id
WHERE g.org_id = :org_id AND p.org_id = :org_id AND g.command_id = ANY(:commands::uuid[])
GROUP BY p.id, p.seq;

-- name: settle_positions!
-- Positions behind so many copies: their last entries, and what is left on hand.
UPDATE position AS p
SET seq = u.seq, on_hand = p.on_hand + u.on_hand * :copies::int
FROM unnest(:ids::uuid[], :seqs::bigint[], :on_hands::bigint[]) AS u (id, seq, on_hand)
WHERE p.org_id = :org_id AND p.id = u.id;

-- name: settle_events!
-- The counter stands at the last event.
UPDATE event_counter AS c SET n = :last WHERE c.org_id = :org_id;

-- name: settle_readers!
-- The reactions have passed the last event.
INSERT INTO relay_cursor AS r (org_id, reader, seq) VALUES (:org_id, 'reactions', :last)
ON CONFLICT (org_id, reader) DO UPDATE SET seq = EXCLUDED.seq;

-- name: events_here^
-- Behind which number events are here, and the last one.
SELECT c.archived AS first, c.n AS last FROM event_counter AS c WHERE c.org_id = :org_id;

-- How large tables are -------------------------------------------------------------------------------------------------------

-- name: sizes
-- Bytes of each of our tables that holds anything: its rows, what is too long for them, its indexes; and about how many rows.
SELECT c.relname::text AS name, greatest(c.reltuples, 0)::bigint AS rows, pg_table_size(c.oid) - toast.bytes AS heap,
       toast.bytes AS toast, pg_indexes_size(c.oid) AS indexes
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes) AS toast
WHERE n.nspname = 'coster' AND c.relkind = 'r'
ORDER BY c.relname;

-- name: database_bytes$
-- Bytes of the whole database.
SELECT pg_database_size(current_database());

-- name: tables
-- Our tables with the statement that cleans each.
SELECT c.relname::text AS name, format('VACUUM (ANALYZE) coster.%I', c.relname) AS vacuum
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND c.relkind = 'r'
ORDER BY c.relname;
