-- Whose turn it is --------------------------------------------------------------------------------------------------

-- name: due_links
-- Links with something to do and nobody else who does it, looked for across organisations; those served longest ago first. A session that
-- goes on until another time is told to its suppliers. One that is
-- open and ended there has to be looked at too: whoever opened it may have died before he saw that nothing is left to be said.
SELECT l.org_id, l.held_order_id, s.peer_id
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
JOIN session AS x ON x.org_id = h.org_id AND x.id = h.session_id
JOIN supplier AS s ON s.org_id = l.org_id AND s.producer_id = l.producer_id
LEFT JOIN peer_health AS p ON p.org_id = s.org_id AND p.peer_id = s.peer_id
WHERE (l.state <> 'done' OR l.wish <> '')
  AND (l.holder IS NULL OR l.holder = :holder OR l.held_until <= :now)
  AND (l.wish <> ''
       OR ((l.next_at IS NULL OR l.next_at <= :now)
           AND (p.open_until IS NULL OR p.open_until <= :now)
           AND NOT (l.state = 'refused' AND l.refused_version = h.version)
           AND (l.acked_version < h.version OR l.sent IS NOT NULL OR l.look
                OR (h.holds = 'live' AND x.status = 'ended')
                OR (l.acked_standing = 'held' AND (l.acked ->> 'ends_at')::timestamptz <> x.amend_until)
                OR (l.state = 'open' AND l.acked_standing IN ('complete', 'cancelled'))
                OR (l.acked_standing <> 'cancelled' AND h.holds = 'none' AND x.amend_until <= :business))))
ORDER BY l.held_until NULLS FIRST, l.org_id, l.held_order_id
LIMIT :count;

-- name: claim_link$
-- Take a link's turn, if nobody else has it.
UPDATE link AS l SET holder = :holder, held_until = :until
WHERE l.org_id = :org_id AND l.held_order_id = :id AND (l.holder IS NULL OR l.holder = :holder OR l.held_until <= :now)
RETURNING l.held_order_id;

-- name: extend_link$
-- Keep a turn for longer, if it is still ours.
UPDATE link AS l SET held_until = :until
WHERE l.org_id = :org_id AND l.held_order_id = :id AND l.holder = :holder
RETURNING l.held_order_id;

-- name: release_link
-- Give a turn back; held_until stays as the time when it ended.
UPDATE link AS l SET holder = NULL, held_until = :now
WHERE l.org_id = :org_id AND l.held_order_id = :id AND l.holder = :holder
RETURNING l.held_order_id;

-- What a turn reads -------------------------------------------------------------------------------------------------

-- name: read_link^
-- A link with its held order as both are now, in one look: what each item comes to, up to which ledger entries, and what the items
-- are at the supplier.
SELECT l.held_order_id, l.producer_id, l.state, l.remote, l.sequence, l.acked, l.acked_at, l.sent, l.refusal, l.look, l.attempts,
       l.failing_since, l.next_at, l.cause, l.looked_at, l.drifts, l.alarmed_at, l.told, l.wish,
       h.version, h.holds, h.single, h.hub_id, h.session_id, x.status = 'ended' AS ended, x.opens_at, x.closes_at, x.amend_until, s.peer_id,
       s.enterprise_iri, p.failures, p.open_until, p.cause AS peer_cause,
       (SELECT json_agg(json_build_object('item_id', q.item_id, 'position_id', q.id, 'seq', q.seq,
                                          'quantity', k.held + k.committed + k.consumed, 'consumed', k.consumed))
        FROM pool_line AS k JOIN position AS q ON q.org_id = k.org_id AND q.id = k.position_id
        WHERE k.org_id = l.org_id AND k.pool_id = l.held_order_id) AS lines,
       (SELECT json_agg(json_build_object('item_id', r.item_id, 'product', r.product, 'offer', r.offer, 'numerator', r.numerator,
                                          'denominator', r.denominator, 'step', r.step, 'name', coalesce(r.offered ->> 'name', ''),
                                          'price', r.offered ->> 'price', 'currency', coalesce(r.offered ->> 'currency', '')))
        FROM pool_line AS k
        JOIN position AS q ON q.org_id = k.org_id AND q.id = k.position_id
        JOIN remote_item AS r ON r.org_id = q.org_id AND r.item_id = q.item_id
        WHERE k.org_id = l.org_id AND k.pool_id = l.held_order_id AND r.producer_id = l.producer_id) AS offered
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
JOIN session AS x ON x.org_id = h.org_id AND x.id = h.session_id
JOIN supplier AS s ON s.org_id = l.org_id AND s.producer_id = l.producer_id
LEFT JOIN peer_health AS p ON p.org_id = s.org_id AND p.peer_id = s.peer_id
WHERE l.org_id = :org_id AND l.held_order_id = :id;

-- name: unconfirmed
-- Which of these held orders have a supplier elsewhere that has not said yes to all that is in them; those of single orders are told to
-- nobody, and what people have closed waits for nobody.
SELECT h.id
FROM held_order AS h
JOIN supplier AS s ON s.org_id = h.org_id AND s.producer_id = h.producer_id
LEFT JOIN link AS l ON l.org_id = h.org_id AND l.held_order_id = h.id
WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[]) AND h.holds = 'live' AND NOT h.single
  AND (l.held_order_id IS NULL OR (l.state <> 'done' AND (l.acked_version < h.version OR l.sent IS NOT NULL)));

-- name: holders
-- Who holds on a held order's account, how much, and what happened to it after these ledger entries, by which commands; with each
-- order's version in the same look.
SELECT w.demand_id AS order_id, w.demand_line AS line_no, w.position_id, q.item_id, w.quantity, w.state = 'committed' AS committed,
       w.since, o.version, g.entries
FROM hold AS w
JOIN orders AS o ON o.org_id = w.org_id AND o.id = w.demand_id
JOIN position AS q ON q.org_id = w.org_id AND q.id = w.position_id
JOIN pool_line AS k ON k.org_id = w.org_id AND k.position_id = w.position_id AND k.pool_id = w.pool_id
LEFT JOIN (SELECT e.position_id, e.demand_id,
                  json_agg(json_build_object('seq', e.seq, 'at', e.at, 'amount', e.held + e.committed, 'command_id', e.command_id,
                                             'placing', coalesce(c.kind IN ('orders.place', 'orders.copy'), false))
                           ORDER BY e.seq) AS entries
           FROM unnest(:position_ids::uuid[], :seqs::bigint[]) AS m (position_id, seq)
           JOIN ledger AS e ON e.org_id = :org_id AND e.position_id = m.position_id AND e.seq > m.seq
           LEFT JOIN command AS c ON c.org_id = :org_id AND c.id = e.command_id
           WHERE e.org_id = :org_id AND e.pool_id = :id
           GROUP BY e.position_id, e.demand_id) AS g ON g.position_id = w.position_id AND g.demand_id = w.demand_id
WHERE w.org_id = :org_id AND k.pool_id = :id AND w.policy <> 'remainder'
ORDER BY w.demand_id, w.demand_line, w.position_id;

-- name: shoppers_orders
-- What undoing must know of orders: their version, whether their checkout still runs, and how much each line is.
SELECT o.id, o.version, o.expires_at IS NOT NULL AS running,
       (SELECT json_agg(json_build_array(n.line_no, n.quantity, n.stock_quantity))
        FROM order_line AS n WHERE n.org_id = o.org_id AND n.order_id = o.id) AS lines
FROM orders AS o
WHERE o.org_id = :org_id AND o.id = ANY(:ids::uuid[]);

-- What a turn writes ------------------------------------------------------------------------------------------------

-- name: store_link$
-- A link as it is after a step, if the turn is still ours. What people wish is taken away where it is the wish that was heeded.
UPDATE link AS l
SET state = :state, remote = :remote, sequence = :sequence, acked_version = :acked_version, acked_standing = :acked_standing,
    acked = :acked, acked_at = :acked_at, sent = :sent, refused_version = :refused_version, refusal = :refusal, look = :look,
    attempts = :attempts, failing_since = :failing_since, next_at = :next_at, cause = :cause, looked_at = :looked_at, drifts = :drifts,
    held_until = :until, wish = CASE WHEN l.wish = :wish THEN '' ELSE l.wish END
WHERE l.org_id = :org_id AND l.held_order_id = :id AND l.holder = :holder
RETURNING l.held_order_id;

-- name: lock_acknowledged^
-- As of which version the supplier has acknowledged a held order; nothing more is acknowledged until the transaction ends.
SELECT l.acked_version
FROM link AS l
WHERE l.org_id = :org_id AND l.held_order_id = :id
ORDER BY l.held_order_id
FOR NO KEY UPDATE;

-- name: note_refusals
-- Orders that are about to be undone, for whoever waits for them. Who has said so first of this version of an order is who is followed:
-- one command carries it out, whoever sends it.
INSERT INTO link_refusal AS r (org_id, order_id, held_order_id, version, at, code, remaining, order_version, step, commands, done)
SELECT o.org_id, u.order_id, u.held_order_id, u.version, :at, u.code, u.remaining, u.order_version, u.step, u.commands, false
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (order_id uuid, held_order_id uuid, version int, code text, remaining jsonb,
                                                order_version int, step jsonb, commands uuid[])
WHERE o.org_id = :org_id
ORDER BY u.order_id
ON CONFLICT (org_id, order_id, held_order_id, order_version)
    DO UPDATE SET version = greatest(r.version, EXCLUDED.version), commands = r.commands || EXCLUDED.commands
RETURNING r.order_id, r.held_order_id, r.version, r.code, r.remaining, r.step, r.commands, r.done;

-- name: refusals_done
-- Orders that are taken back by now, as it was said of these versions of them.
UPDATE link_refusal AS r SET done = true
FROM unnest(:order_ids::uuid[], :versions::int[]) AS u (order_id, version)
WHERE r.org_id = :org_id AND r.held_order_id = :id AND r.order_id = u.order_id AND r.order_version = u.version
RETURNING r.order_id;

-- name: forget_these
-- Orders of which nothing was refused after all, as it was said of these versions of them.
DELETE FROM link_refusal AS r
USING unnest(:order_ids::uuid[], :versions::int[]) AS u (order_id, version)
WHERE r.org_id = :org_id AND r.held_order_id = :id AND r.order_id = u.order_id AND r.order_version = u.version AND NOT r.done
RETURNING r.order_id;

-- name: note_health
-- How a peer answers.
INSERT INTO peer_health AS p (org_id, peer_id, failures, open_until, cause)
SELECT o.org_id, :peer_id::uuid, :failures::int, :open_until::timestamptz, :cause::text FROM org AS o WHERE o.org_id = :org_id
ON CONFLICT (org_id, peer_id)
    DO UPDATE SET failures = EXCLUDED.failures, open_until = EXCLUDED.open_until, cause = EXCLUDED.cause
RETURNING p.peer_id;

-- name: forget_health
-- A peer answers again.
DELETE FROM peer_health AS p WHERE p.org_id = :org_id AND p.peer_id = :peer_id RETURNING p.peer_id;

-- What people and the machinery want of links -----------------------------------------------------------------------

-- name: open_links
-- Held orders with a supplier on another platform have their link; one that is there is looked at again.
INSERT INTO link AS l (org_id, held_order_id, producer_id, state, remote, sequence, acked_version, acked_standing, acked, look,
                       attempts, cause, drifts, told, wish)
SELECT h.org_id, h.id, h.producer_id, 'open', '', 0, 0, 'none', :nothing::jsonb, false, 0, '', 0, 0, 'open'
FROM held_order AS h
JOIN supplier AS s ON s.org_id = h.org_id AND s.producer_id = h.producer_id
WHERE h.org_id = :org_id AND h.id = ANY(:ids::uuid[])
ORDER BY h.id
ON CONFLICT (org_id, held_order_id) DO UPDATE SET wish = CASE WHEN l.wish = '' THEN 'open' ELSE l.wish END
RETURNING l.held_order_id;

-- name: lock_links
-- Links that commands are about, with whose they are and what is wanted of them already; locked in key order.
SELECT l.held_order_id, l.producer_id, l.wish, l.state, l.refusal IS NOT NULL AS refused, l.alarmed_at, l.told, h.hub_id, h.session_id
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
WHERE l.org_id = :org_id AND l.held_order_id = ANY(:ids::uuid[])
ORDER BY l.held_order_id
FOR NO KEY UPDATE OF l;

-- name: put_wishes
-- What is wanted of links, how often they were told of, and since when people know that something is wrong.
UPDATE link AS l
SET wish = u.wish, told = u.told, alarmed_at = u.alarmed_at
FROM json_to_recordset(:rows::json) AS u (id uuid, wish text, told int, alarmed_at timestamptz)
WHERE l.org_id = :org_id AND l.held_order_id = u.id
RETURNING l.held_order_id;

-- name: to_be_compared
-- Links that were not compared with their supplier for a day (or at all), looked for across organisations: those that are not done, and
-- those of sessions that ended a short while ago, found by their sessions, since what was done long ago is many times more.
SELECT f.org_id, f.held_order_id
FROM (SELECT l.org_id, l.held_order_id, l.sequence, l.wish, l.looked_at, l.acked_at
      FROM link AS l
      WHERE l.state <> 'done'
      UNION ALL
      SELECT l.org_id, l.held_order_id, l.sequence, l.wish, l.looked_at, l.acked_at
      FROM org AS o
      JOIN session AS x ON x.org_id = o.org_id AND x.amend_until > :since
      JOIN held_order AS h ON h.org_id = x.org_id AND h.session_id = x.id
      JOIN link AS l ON l.org_id = h.org_id AND l.held_order_id = h.id
      WHERE l.state = 'done' AND l.acked_standing = 'complete') AS f
WHERE f.sequence > 0 AND f.wish = '' AND (f.looked_at IS NULL OR f.looked_at < :before) AND (f.acked_at IS NULL OR f.acked_at < :before)
ORDER BY f.org_id, f.held_order_id
LIMIT :count;

-- name: to_be_alarmed
-- Links that are not confirmed while their session is about to close, or for long; and those that were and are again. Looked for across
-- organisations.
SELECT l.org_id, l.held_order_id, l.alarmed_at IS NULL AS new, l.cause
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
JOIN session AS x ON x.org_id = h.org_id AND x.id = h.session_id
WHERE (l.alarmed_at IS NOT NULL OR (l.failing_since IS NOT NULL AND l.state <> 'done'))
  AND CASE WHEN l.alarmed_at IS NULL
           THEN l.state IN ('open', 'blocked', 'refused') AND l.failing_since IS NOT NULL
                AND (x.closes_at <= :closing OR l.failing_since <= :failing)
           ELSE l.state IN ('open', 'done') AND l.sent IS NULL AND l.attempts = 0 AND l.refusal IS NULL AND l.acked_version >= h.version END
ORDER BY l.org_id, l.held_order_id
LIMIT :count;

-- name: forget_refusals
-- What nobody waits for any more, across organisations: of each by the index of its instants.
DELETE FROM link_refusal AS r USING org AS o WHERE r.org_id = o.org_id AND r.at < :before RETURNING r.order_id;

-- Who waits ---------------------------------------------------------------------------------------------------------

-- name: standing_of_links
-- How links stand for those who wait for them.
SELECT l.held_order_id, l.acked_version, l.state, l.cause, l.next_at, p.open_until, s.policy, s.wait_seconds
FROM link AS l
JOIN supplier AS s ON s.org_id = l.org_id AND s.producer_id = l.producer_id
LEFT JOIN peer_health AS p ON p.org_id = s.org_id AND p.peer_id = s.peer_id
WHERE l.org_id = :org_id AND l.held_order_id = ANY(:ids::uuid[]);

-- name: refusals_of_orders
-- What was refused of these orders, the latest last.
SELECT r.order_id, r.held_order_id, r.version, r.code, r.remaining, r.step, r.commands, r.done
FROM link_refusal AS r
WHERE r.org_id = :org_id AND r.order_id = ANY(:ids::uuid[])
ORDER BY r.order_id, r.held_order_id, r.order_version;

-- name: accounts_of_orders
-- The held orders on whose account these orders hold goods of suppliers elsewhere, with their version now.
SELECT DISTINCT w.demand_id AS order_id, h.id AS held_order_id, h.version
FROM hold AS w
JOIN held_order AS h ON h.org_id = w.org_id AND h.id = w.pool_id
JOIN supplier AS s ON s.org_id = h.org_id AND s.producer_id = h.producer_id
WHERE w.org_id = :org_id AND w.demand_id = ANY(:ids::uuid[]);

-- name: remote_producers
-- The producers that are elsewhere.
SELECT s.producer_id FROM supplier AS s WHERE s.org_id = :org_id;

-- Questions ---------------------------------------------------------------------------------------------------------

-- name: list_links
-- Links by id, with what they belong to; of some hubs or of all. What is behind is among those that are at work: what
-- is done is at work again as soon as its held order has gone on.
SELECT l.held_order_id, h.hub_id, hub.name AS hub, l.producer_id, producer.name AS producer, h.session_id, x.name AS session,
       s.peer_id, l.state, l.remote AS "order", l.sequence, h.version, l.acked_version, l.acked_standing, l.acked, l.acked_at,
       l.acked_version < h.version OR l.sent IS NOT NULL AS behind, l.attempts, l.failing_since, l.next_at, l.cause, x.closes_at,
       x.amend_until, l.looked_at, l.drifts, l.alarmed_at, p.open_until AS circuit_open_until
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
JOIN session AS x ON x.org_id = h.org_id AND x.id = h.session_id
JOIN enterprise AS hub ON hub.org_id = h.org_id AND hub.id = h.hub_id
JOIN enterprise AS producer ON producer.org_id = l.org_id AND producer.id = l.producer_id
JOIN supplier AS s ON s.org_id = l.org_id AND s.producer_id = l.producer_id
LEFT JOIN peer_health AS p ON p.org_id = s.org_id AND p.peer_id = s.peer_id
WHERE l.org_id = :org_id
  AND (:after::uuid IS NULL OR l.held_order_id > :after)
  AND (:ids::uuid[] IS NULL OR l.held_order_id = ANY(:ids))
  AND (:session_id::uuid IS NULL OR h.session_id = :session_id)
  AND (:producer_id::uuid IS NULL OR l.producer_id = :producer_id)
  AND (:state::text IS NULL OR l.state = :state)
  AND (:behind::boolean IS NOT TRUE OR l.state <> 'done' OR l.wish <> '')
  AND (:behind::boolean IS NULL OR (l.acked_version < h.version OR l.sent IS NOT NULL) = :behind)
  AND (:scope::uuid[] IS NULL OR h.hub_id = ANY(:scope))
ORDER BY l.held_order_id
LIMIT :limit;

-- name: verify_link_for_every_held_order^
-- Held orders with a supplier elsewhere and something in them that have no link although the reactions have had a minute.
SELECT count(*) AS broken, min(h.id::text) AS example
FROM held_order AS h
JOIN supplier AS s ON s.org_id = h.org_id AND s.producer_id = h.producer_id
LEFT JOIN link AS l ON l.org_id = h.org_id AND l.held_order_id = h.id
WHERE h.org_id = :org_id AND h.holds <> 'none' AND l.held_order_id IS NULL AND h.changed_at < :now::timestamptz - interval '1 minute';

-- name: verify_done_is_confirmed^
-- Links that are done although the supplier has not acknowledged what their held order is.
SELECT count(*) AS broken, min(l.held_order_id::text) AS example
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
WHERE l.org_id = :org_id AND l.state = 'done' AND l.wish = '' AND l.acked_version < h.version AND h.holds <> 'none';

-- name: verify_ended_is_confirmed^
-- Held orders whose session ended an hour of business ago without the supplier's yes to the end.
SELECT count(*) AS broken, min(l.held_order_id::text) AS example
FROM link AS l
JOIN held_order AS h ON h.org_id = l.org_id AND h.id = l.held_order_id
JOIN session AS x ON x.org_id = h.org_id AND x.id = h.session_id
WHERE l.org_id = :org_id AND l.state <> 'done' AND h.holds = 'committed' AND x.amend_until < :now::timestamptz - interval '1 hour';
