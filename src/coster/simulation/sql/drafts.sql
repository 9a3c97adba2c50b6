-- name: ends
-- How everything ended: orders with their lines, held orders with theirs; each as one value that can be compared.
SELECT 'order' AS entity, o.id, o.status,
       (SELECT json_agg(json_build_array(l.quantity, l.stock) ORDER BY l.line_no)::text
        FROM order_line AS l WHERE l.org_id = o.org_id AND l.order_id = o.id) AS lines
FROM orders AS o
WHERE o.org_id = :org_id
UNION ALL
SELECT 'held_order', h.id, h.status,
       (SELECT json_agg(json_build_array(l.position_id, l.held, l.committed, l.consumed, l.surplus) ORDER BY l.position_id)::text
        FROM pool_line AS l WHERE l.org_id = h.org_id AND l.pool_id = h.id)
FROM held_order AS h
WHERE h.org_id = :org_id;

-- name: ways
-- What these went through, in order: the events with where each led to, and what was tried in vain with the reason.
SELECT w.entity_id, w.name, w.status, w.refused
FROM (SELECT e.entity_id, e.name, e.data ->> 'status' AS status, NULL::jsonb AS refused, e.at, e.seq AS nth
      FROM event AS e
      WHERE e.org_id = :org_id AND e.entity_id = ANY(:ids::uuid[])
      UNION ALL
      SELECT (c.outcome #>> '{rejected,detail,entity_id}')::uuid, c.kind, NULL, c.outcome -> 'rejected' -> 'detail', c.at, 0
      FROM command AS c
      WHERE c.org_id = :org_id AND c.outcome #>> '{rejected,detail,entity_id}' = ANY(:ids::uuid[]::text[])) AS w
ORDER BY w.entity_id, w.at, w.nth;

-- name: begun_on$
-- How many began on a version of a flow.
SELECT (SELECT count(*) FROM orders AS o WHERE o.org_id = :org_id AND o.flow = :flow AND o.flow_version = :version)
       + (SELECT count(*) FROM held_order AS h WHERE h.org_id = :org_id AND h.flow = :flow AND h.flow_version = :version);
