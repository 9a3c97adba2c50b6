-- name: supplied
-- What other platforms hold at Jean's: each order with its session's address, its status, and how much of which item.
SELECT s.id, s.session_iri, h.status, p.item_id, (l.held + l.committed + l.consumed)::bigint AS quantity
FROM supplied_order AS s
LEFT JOIN held_order AS h ON h.org_id = s.org_id AND h.id = s.id
LEFT JOIN pool_line AS l ON l.org_id = s.org_id AND l.pool_id = s.id
LEFT JOIN position AS p ON p.org_id = s.org_id AND p.id = l.position_id
WHERE s.org_id = :org_id
ORDER BY s.id, p.item_id;

-- name: linked
-- A hub's held orders with a supplier elsewhere, each with its session, its link, and how much of which product.
SELECT h.id, h.session_id, h.status, h.version, n.status AS session_status, k.state, k.remote, k.cause, k.acked_version,
       k.acked_standing, r.source, coalesce(l.held + l.committed + l.consumed, 0)::bigint AS quantity
FROM held_order AS h
JOIN supplier AS u ON u.org_id = h.org_id AND u.producer_id = h.producer_id
JOIN session AS n ON n.org_id = h.org_id AND n.id = h.session_id
LEFT JOIN link AS k ON k.org_id = h.org_id AND k.held_order_id = h.id
LEFT JOIN pool_line AS l ON l.org_id = h.org_id AND l.pool_id = h.id
LEFT JOIN position AS p ON p.org_id = h.org_id AND p.id = l.position_id
LEFT JOIN remote_item AS r ON r.org_id = h.org_id AND r.item_id = p.item_id
WHERE h.org_id = :org_id
ORDER BY h.id, r.source;

-- name: unsettled^
-- How much of a hub's work with suppliers is still to be done: links that wait or are behind, held orders whose session has not ended.
SELECT count(*) FILTER (WHERE k.state = 'open' OR k.wish <> '') AS links,
       count(*) FILTER (WHERE k.held_order_id IS NULL) AS unlinked,
       count(*) FILTER (WHERE k.state IN ('refused', 'blocked')) AS waiting_for_people,
       min(k.cause) FILTER (WHERE k.state <> 'done') AS cause
FROM held_order AS h
JOIN supplier AS u ON u.org_id = h.org_id AND u.producer_id = h.producer_id
LEFT JOIN link AS k ON k.org_id = h.org_id AND k.held_order_id = h.id
WHERE h.org_id = :org_id;

-- name: orders
-- Every order with its status, and how much of which item it has now.
SELECT o.id, o.status, l.item_id, sum(l.stock_quantity)::bigint AS quantity
FROM orders AS o
JOIN order_line AS l ON l.org_id = o.org_id AND l.order_id = o.id
WHERE o.org_id = :org_id
GROUP BY o.id, o.status, l.item_id
ORDER BY o.id, l.item_id;

-- name: secrets
-- Every id that is a shopper's, or made for one: customers, orders, remarks, the commands by which they came.
SELECT c.id FROM customer AS c WHERE c.org_id = :org_id
UNION
SELECT o.id FROM orders AS o WHERE o.org_id = :org_id AND o.customer_id IS NOT NULL
UNION
SELECT r.id FROM order_comment AS r WHERE r.org_id = :org_id
UNION
SELECT l.command_id FROM ledger AS l WHERE l.org_id = :org_id;

-- name: own
-- Every id that a platform may name to others: enterprises, items, sessions, held orders, connections.
SELECT e.id FROM enterprise AS e WHERE e.org_id = :org_id
UNION
SELECT i.id FROM item AS i WHERE i.org_id = :org_id
UNION
SELECT s.id FROM session AS s WHERE s.org_id = :org_id
UNION
SELECT h.id FROM held_order AS h WHERE h.org_id = :org_id;

-- name: oversold
-- Positions that promise more than there is, at this moment.
SELECT p.id, p.on_hand, p.held + p.committed AS promised
FROM position AS p
WHERE p.org_id = :org_id AND NOT p.unlimited AND p.held + p.committed > p.on_hand;

-- name: ledger
-- Every ledger entry, position by position.
SELECT l.position_id, l.seq, l.type, l.on_hand, l.held, l.committed, l.command_id
FROM ledger AS l
WHERE l.org_id = :org_id
ORDER BY l.position_id, l.seq;

-- name: positions
-- Every position as it is stored.
SELECT p.id, p.unlimited, p.seq, p.on_hand, p.held, p.committed FROM position AS p WHERE p.org_id = :org_id;

-- name: sequences
-- How many requests were made about each held order.
SELECT k.held_order_id, k.sequence FROM link AS k WHERE k.org_id = :org_id;

-- name: create_database$
-- The statement that makes a database as a copy of another.
SELECT format('CREATE DATABASE %I TEMPLATE %I STRATEGY FILE_COPY', :name::text, :template::text);
