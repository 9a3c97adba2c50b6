-- What whoever steps entities asks -----------------------------------------------------------------------------------

-- name: mark
-- The number of the organisation's flows as they are now; no row: nothing was ever published or pinned.
SELECT s.mark FROM flow_state AS s WHERE s.org_id = :org_id;

-- name: versions
-- What was published for one kind of entity, without the texts, which may be known already.
SELECT v.name, v.version, v.digest
FROM flow_version AS v
JOIN flow AS f ON f.org_id = v.org_id AND f.name = v.name
WHERE v.org_id = :org_id AND f.entity = :entity
ORDER BY v.name, v.version;

-- name: pins
-- On which versions new entities of one kind begin.
SELECT p.name, p.version, p.canary, p.share
FROM flow AS f
CROSS JOIN LATERAL (SELECT l.name, l.version, l.canary, l.share
                    FROM flow_pin AS l
                    WHERE l.org_id = :org_id AND l.name = f.name
                    ORDER BY l.n DESC
                    LIMIT 1) AS p
WHERE f.org_id = :org_id AND f.entity = :entity
ORDER BY p.name;

-- name: texts
-- Texts of published versions; of several that are the same one.
SELECT DISTINCT ON (v.digest) v.digest, v.text
FROM flow_version AS v
WHERE v.org_id = :org_id AND v.digest = ANY(:digests::text[])
ORDER BY v.digest;

-- What rooms that move entities read and write ------------------------------------------------------------------------

-- name: lock_moves
-- These moves of one kind of entity, locked until the commit.
SELECT m.id, m.name, m.entity, m.sources, m.to_version, m.mapping, m.undoes, m.state, m.after, m.moved, m.stayed, m.version
FROM flow_move AS m
WHERE m.org_id = :org_id AND m.entity = :entity AND m.id = ANY(:ids::uuid[])
ORDER BY m.id
FOR NO KEY UPDATE;

-- name: moved_page
-- What the moves that are undone did to the entities that come next, in the order of their ids.
SELECT u.id AS back_id, x.move_id, x.entity_id, x.from_version, x.from_status, x.to_version, x.to_status
FROM unnest(:ids::uuid[], :undoes::uuid[], :afters::uuid[]) AS u (id, undoes, after)
CROSS JOIN LATERAL (SELECT d.move_id, d.entity_id, d.from_version, d.from_status, d.to_version, d.to_status
                    FROM flow_moved AS d
                    WHERE d.org_id = :org_id AND d.move_id = u.undoes AND d.entity_id > u.after AND d.outcome = 'moved'
                    ORDER BY d.entity_id
                    LIMIT :count) AS x
ORDER BY u.id, x.entity_id;

-- name: insert_moved*!
-- Keeps what moves did to entities.
INSERT INTO flow_moved AS d (org_id, move_id, entity_id, from_version, from_status, to_version, to_status, outcome)
SELECT o.org_id, u.move_id, u.entity_id, u.from_version, u.from_status, u.to_version, u.to_status, u.outcome
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (move_id uuid, entity_id uuid, from_version int, from_status text, to_version int, to_status text, outcome text)
WHERE o.org_id = :org_id
RETURNING d.entity_id;

-- name: advance_moves*!
-- How far moves are, which are locked.
UPDATE flow_move AS m
SET state = u.state, after = u.after, moved = u.moved, stayed = u.stayed, version = u.version
FROM json_to_recordset(:rows::json) AS u (id uuid, state text, after uuid, moved bigint, stayed bigint, version int)
WHERE m.org_id = :org_id AND m.id = u.id
RETURNING m.id;

-- What commands on flows read and write -----------------------------------------------------------------------------

-- name: lock_flows
-- The organisation's own row: whoever changes its flows waits for whoever does so already.
SELECT o.org_id FROM org AS o WHERE o.org_id = :org_id ORDER BY o.org_id FOR NO KEY UPDATE;

-- name: heads
-- Every flow of which the organisation has written something.
SELECT f.name, f.entity, f.version FROM flow AS f WHERE f.org_id = :org_id ORDER BY f.name;

-- name: drafts
-- Every draft; those that are wanted with their texts.
SELECT d.name, d.version, d.revision, d.type, d.digest, d.based_on, d.actor, d.at, d.reason,
       CASE WHEN EXISTS (SELECT FROM unnest(:names::text[], :versions::int[]) AS u (name, version)
                         WHERE u.name = d.name AND u.version = d.version) THEN d.text ELSE '' END AS text
FROM flow_draft AS d
WHERE d.org_id = :org_id
ORDER BY d.name, d.version;

-- name: known_versions
-- Every published version, without its text.
SELECT v.name, v.version, v.mapping, r.at IS NOT NULL AS retired
FROM flow_version AS v
LEFT JOIN flow_retired AS r ON r.org_id = v.org_id AND r.name = v.name AND r.version = v.version
WHERE v.org_id = :org_id
ORDER BY v.name, v.version;

-- name: current_pins
-- The last pin of each name.
SELECT p.name, p.n, p.version, p.canary, p.share, p.back
FROM flow AS f
CROSS JOIN LATERAL (SELECT l.name, l.n, l.version, l.canary, l.share, l.back
                    FROM flow_pin AS l
                    WHERE l.org_id = :org_id AND l.name = f.name
                    ORDER BY l.n DESC
                    LIMIT 1) AS p
WHERE f.org_id = :org_id
ORDER BY p.name;

-- name: moves_about
-- The moves that run, those of these ids, and those that undo one of them.
SELECT m.id, m.name, m.entity, m.sources, m.to_version, m.mapping, m.undoes, m.state, m.after, m.moved, m.stayed, m.version
FROM flow_move AS m
WHERE m.org_id = :org_id AND (m.state = 'running' OR m.id = ANY(:ids::uuid[]) OR m.undoes = ANY(:ids::uuid[]))
ORDER BY m.at, m.id;

-- name: set_mark*!
-- The organisation's flows are others than before.
INSERT INTO flow_state AS s (org_id, mark)
SELECT o.org_id, :mark::bigint FROM org AS o WHERE o.org_id = :org_id
ON CONFLICT (org_id) DO UPDATE SET mark = EXCLUDED.mark
RETURNING s.mark;

-- name: put_heads*!
-- Flows, with how many events they have.
INSERT INTO flow AS f (org_id, name, entity, version)
SELECT o.org_id, u.name, u.entity, u.version
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (name text, entity text, version int)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, name) DO UPDATE SET version = EXCLUDED.version
RETURNING f.name;

-- name: put_drafts*!
-- Drafts as they are written now.
INSERT INTO flow_draft AS d (org_id, name, version, revision, type, text, digest, based_on, actor, at, reason)
SELECT o.org_id, u.name, u.version, u.revision, u.type, u.text, u.digest, u.based_on, u.actor, u.at, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (name text, version int, revision int, type text, text text, digest text, based_on int, actor uuid,
          at timestamptz, reason text)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, name, version) DO UPDATE
SET revision = EXCLUDED.revision, type = EXCLUDED.type, text = EXCLUDED.text, digest = EXCLUDED.digest,
    based_on = EXCLUDED.based_on, actor = EXCLUDED.actor, at = EXCLUDED.at, reason = EXCLUDED.reason
RETURNING d.version;

-- name: delete_drafts*!
-- Drafts that were published or dropped.
DELETE FROM flow_draft AS d
USING json_to_recordset(:rows::json) AS u (name text, version int)
WHERE d.org_id = :org_id AND d.name = u.name AND d.version = u.version
RETURNING d.version;

-- name: insert_versions*!
-- Versions that are published, for good.
INSERT INTO flow_version AS v (org_id, name, version, type, text, digest, based_on, mapping, author, written_at, intent,
                               actor, at, reason)
SELECT o.org_id, u.name, u.version, u.type, u.text, u.digest, u.based_on, u.mapping, u.author, u.written_at, u.intent,
       u.actor, u.at, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (name text, version int, type text, text text, digest text, based_on int, mapping jsonb, author uuid,
          written_at timestamptz, intent text, actor uuid, at timestamptz, reason text)
WHERE o.org_id = :org_id
RETURNING v.version;

-- name: insert_retired*!
-- Versions on which nothing begins any more.
INSERT INTO flow_retired AS r (org_id, name, version, actor, at, reason)
SELECT o.org_id, u.name, u.version, u.actor, u.at, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (name text, version int, actor uuid, at timestamptz, reason text)
WHERE o.org_id = :org_id
RETURNING r.version;

-- name: insert_pins*!
-- Pins, each after the one before it.
INSERT INTO flow_pin AS p (org_id, name, n, version, canary, share, back, actor, at, reason)
SELECT o.org_id, u.name, u.n, u.version, u.canary, u.share, u.back, u.actor, u.at, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (name text, n int, version int, canary int, share int, back boolean, actor uuid, at timestamptz, reason text)
WHERE o.org_id = :org_id
RETURNING p.n;

-- name: insert_moves*!
-- Moves that begin; of a flow that has one already a unique violation re-runs the batch.
INSERT INTO flow_move AS m (org_id, id, name, entity, sources, to_version, mapping, undoes, state, moved, stayed, version,
                            actor, at, reason)
SELECT o.org_id, u.id, u.name, u.entity, string_to_array(u.sources, ',')::int[], u.to_version, u.mapping, u.undoes, 'running',
       0, 0, u.version, u.actor, u.at, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (id uuid, name text, entity text, sources text, to_version int, mapping jsonb, undoes uuid, version int,
          actor uuid, at timestamptz, reason text)
WHERE o.org_id = :org_id
RETURNING m.id;

-- What people ask ---------------------------------------------------------------------------------------------------

-- name: list_versions
-- Drafts and published versions of a name, without their texts but for the one that is wanted.
SELECT x.name, x.version, x.state, x.entity, x.type, x.digest, x.based_on, x.mapping, x.revision, x.author, x.written_at,
       x.intent, x.actor, x.at, x.reason, CASE WHEN x.version = :wanted::int THEN x.text ELSE '' END AS text
FROM (SELECT v.name, v.version, CASE WHEN r.at IS NULL THEN 'published' ELSE 'retired' END AS state, f.entity, v.type,
             v.digest, v.based_on, v.mapping, 0 AS revision, v.author, v.written_at, v.intent, v.actor, v.at, v.reason, v.text
      FROM flow_version AS v
      JOIN flow AS f ON f.org_id = v.org_id AND f.name = v.name
      LEFT JOIN flow_retired AS r ON r.org_id = v.org_id AND r.name = v.name AND r.version = v.version
      WHERE v.org_id = :org_id AND v.name = :name
      UNION ALL
      SELECT d.name, d.version, 'draft', f.entity, d.type, d.digest, d.based_on, '{}'::jsonb, d.revision, d.actor, d.at,
             d.reason, NULL::uuid, NULL::timestamptz, '', d.text
      FROM flow_draft AS d
      JOIN flow AS f ON f.org_id = d.org_id AND f.name = d.name
      WHERE d.org_id = :org_id AND d.name = :name) AS x
WHERE :only::int IS NULL OR x.version = :only
ORDER BY x.version DESC;

-- name: all_drafts
-- Which drafts there are.
SELECT d.name, d.version FROM flow_draft AS d WHERE d.org_id = :org_id ORDER BY d.name, d.version;

-- name: list_pins
-- Every pin of a name, the one that counts first.
SELECT p.n, p.version, p.canary, p.share, p.back, p.actor, p.at, p.reason
FROM flow_pin AS p
WHERE p.org_id = :org_id AND p.name = :name AND p.n < :before::int
ORDER BY p.n DESC
LIMIT :count;

-- name: list_moves
-- Moves, the latest first; of one name, or one of them.
SELECT m.id, m.name, m.entity, m.sources, m.to_version, m.mapping, m.undoes, b.id AS undone_by, m.state, m.moved, m.stayed,
       m.actor, m.at, m.reason
FROM flow_move AS m
LEFT JOIN flow_move AS b ON b.org_id = m.org_id AND b.undoes = m.id
WHERE m.org_id = :org_id AND (:only::uuid IS NULL OR m.id = :only) AND (:name::text IS NULL OR m.name = :name)
  AND (:before_at::timestamptz IS NULL OR (m.at, m.id) < (:before_at, :before_id::uuid))
ORDER BY m.at DESC, m.id DESC
LIMIT :count;

-- name: list_moved
-- What a move did to each entity, in the order of their ids.
SELECT d.entity_id, d.from_version, d.from_status, d.to_version, d.to_status, d.outcome
FROM flow_moved AS d
WHERE d.org_id = :org_id AND d.move_id = :move_id AND d.entity_id > :after
ORDER BY d.entity_id
LIMIT :count;

-- name: hidden
-- Looks across organisations: versions of theirs that have the name and number of one that is shipped, and hide it.
SELECT v.org_id, v.name, v.version
FROM flow_version AS v
JOIN unnest(:names::text[], :versions::int[]) AS u (name, version) ON u.name = v.name AND u.version = v.version
ORDER BY v.org_id, v.name, v.version;

-- name: pin_numbers
-- How many pins each name has.
SELECT p.name, max(p.n) AS n FROM flow_pin AS p WHERE p.org_id = :org_id GROUP BY p.name;
