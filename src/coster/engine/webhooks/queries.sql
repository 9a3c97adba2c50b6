-- What commands read and write --------------------------------------------------------------------------------------

-- name: lock_endpoints
-- These endpoints, locked against other commands and against the end of a delivery until the commit.
SELECT e.id, e.url, e.names, e.enterprise_id, e.status, e.seed_key, e.seed_salt, e.old_key, e.old_salt, e.old_until,
       e.failures, e.failing_since, e.retry_at, e.last_success_at, e.last_failure_at, e.last_error, e.created_at, e.version
FROM webhook_endpoint AS e
WHERE e.org_id = :org_id AND e.id = ANY(:ids::uuid[])
ORDER BY e.id
FOR NO KEY UPDATE;

-- name: last_number$
-- The number of the organisation's last event; a new endpoint is told of those after it.
SELECT c.n FROM event_counter AS c WHERE c.org_id = :org_id;

-- name: make_endpoints
-- Stores new endpoints, which nobody has called yet.
INSERT INTO webhook_endpoint AS e (org_id, id, url, names, enterprise_id, status, seed_key, seed_salt, old_key, old_salt,
                                   old_until, failures, failing_since, retry_at, last_error, created_at, version)
SELECT o.org_id, u.id, u.url, string_to_array(u.names, ','), u.enterprise_id, u.status, u.seed_key, u.seed_salt, u.old_key,
       u.old_salt, u.old_until, u.failures, u.failing_since, u.retry_at, '', u.created_at, u.version
FROM org AS o
CROSS JOIN unnest(:ids::uuid[], :urls::text[], :name_lists::text[], :enterprise_ids::uuid[], :statuses::text[],
                  :seed_keys::text[], :seed_salts::bytea[], :old_keys::text[], :old_salts::bytea[],
                  :old_untils::timestamptz[], :failures::int[], :failing_sinces::timestamptz[], :retry_ats::timestamptz[],
                  :created_ats::timestamptz[], :versions::int[])
    AS u (id, url, names, enterprise_id, status, seed_key, seed_salt, old_key, old_salt, old_until, failures, failing_since,
          retry_at, created_at, version)
WHERE o.org_id = :org_id
RETURNING e.id;

-- name: change_endpoints
-- Stores what commands change; when it was made and what was last answered stay.
UPDATE webhook_endpoint AS e
SET url = u.url, names = string_to_array(u.names, ','), enterprise_id = u.enterprise_id, status = u.status,
    seed_key = u.seed_key, seed_salt = u.seed_salt, old_key = u.old_key, old_salt = u.old_salt, old_until = u.old_until,
    failures = u.failures, failing_since = u.failing_since, retry_at = u.retry_at, version = u.version
FROM unnest(:ids::uuid[], :urls::text[], :name_lists::text[], :enterprise_ids::uuid[], :statuses::text[],
            :seed_keys::text[], :seed_salts::bytea[], :old_keys::text[], :old_salts::bytea[],
            :old_untils::timestamptz[], :failures::int[], :failing_sinces::timestamptz[], :retry_ats::timestamptz[],
            :versions::int[])
    AS u (id, url, names, enterprise_id, status, seed_key, seed_salt, old_key, old_salt, old_until, failures, failing_since,
          retry_at, version)
WHERE e.org_id = :org_id AND e.id = u.id
RETURNING e.id;

-- name: begin_cursors
-- New readers, who have each seen everything up to a number.
INSERT INTO relay_cursor AS c (org_id, reader, seq)
SELECT o.org_id, u.reader, u.seq
FROM org AS o CROSS JOIN unnest(:readers::text[], :seqs::bigint[]) AS u (reader, seq)
WHERE o.org_id = :org_id
RETURNING c.reader;

-- name: unpark
-- Everything kept for these endpoints begins again with its first attempt, but for what flows are making good just now.
UPDATE webhook_delivery AS d SET attempts = 0, parked = NULL, next_at = NULL
WHERE d.org_id = :org_id AND d.endpoint_id = ANY(:ids::uuid[]) AND d.gave_up_at IS NULL
RETURNING d.seq;

-- name: make_heads_due
-- The first kept delivery of every entity of these endpoints is due.
UPDATE webhook_delivery AS d SET next_at = u.at
FROM unnest(:ids::uuid[], :ats::timestamptz[]) AS u (id, at)
WHERE d.org_id = :org_id AND d.endpoint_id = u.id AND d.parked IS NULL
  AND NOT EXISTS (SELECT FROM webhook_delivery AS b
                  WHERE b.org_id = d.org_id AND b.endpoint_id = d.endpoint_id AND b.entity_id = d.entity_id AND b.seq < d.seq)
RETURNING d.seq;

-- name: forget_deliveries
-- Deleted endpoints are owed nothing any more, but for what flows have to make good.
DELETE FROM webhook_delivery AS d
WHERE d.org_id = :org_id AND d.endpoint_id = ANY(:ids::uuid[]) AND d.gave_up_at IS NULL
RETURNING d.seq;

-- name: give_up_unread
-- What flows have sent to these endpoints, know how to make good, and nobody has tried yet, is given up as well.
INSERT INTO webhook_delivery AS d (org_id, endpoint_id, seq, entity_id, attempts, parked, gave_up_at)
SELECT w.org_id, w.id, e.seq, e.entity_id, 0, u.cause, u.at
FROM webhook_endpoint AS w
JOIN relay_cursor AS c ON c.org_id = w.org_id AND c.reader = w.id::text
JOIN event AS e ON e.org_id = w.org_id AND e.seq > c.seq
JOIN unnest(:ids::uuid[], :ats::timestamptz[], :causes::text[]) AS u (id, at, cause) ON u.id = w.id
WHERE w.org_id = :org_id AND e.data #>> '{on_failure,then}' <> ''
  AND (w.names = '{}' OR EXISTS (SELECT FROM unnest(w.names) AS n (name)
                                 WHERE e.name = n.name OR (right(n.name, 2) = '.*' AND starts_with(e.name, left(n.name, -1)))))
  AND (w.enterprise_id IS NULL OR e.data -> 'enterprises' @> to_jsonb(w.enterprise_id::text))
ON CONFLICT (org_id, endpoint_id, seq) DO NOTHING
RETURNING d.seq;

-- name: give_up
-- What these endpoints are owed by flows that know how to make it good is given up for that; what is given up already stays so.
UPDATE webhook_delivery AS d SET gave_up_at = u.instant, parked = u.cause, next_at = NULL
FROM event AS e
CROSS JOIN unnest(:ids::uuid[], :ats::timestamptz[], :causes::text[]) AS u (id, instant, cause)
WHERE d.org_id = :org_id AND e.org_id = :org_id AND d.endpoint_id = u.id AND d.gave_up_at IS NULL
  AND e.seq = d.seq AND e.data #>> '{on_failure,then}' <> ''
RETURNING d.seq;

-- name: forget_cursors
-- Deleted endpoints read no more.
DELETE FROM relay_cursor AS c WHERE c.org_id = :org_id AND c.reader = ANY(:readers::text[]) RETURNING c.reader;

-- Whose turn it is --------------------------------------------------------------------------------------------------

-- name: waiting_endpoints
-- Endpoints with something to send and nobody else who sends it, looked for across organisations; those served longest ago first.
SELECT e.org_id, e.id
FROM webhook_endpoint AS e
JOIN relay_cursor AS c ON c.org_id = e.org_id AND c.reader = e.id::text
JOIN event_counter AS k ON k.org_id = e.org_id
WHERE e.status = 'active'
  AND (e.retry_at IS NULL OR e.retry_at <= :now)
  AND (c.holder IS NULL OR c.holder = :holder OR c.held_until <= :now)
  AND (k.n > c.seq OR EXISTS (SELECT FROM webhook_delivery AS d
                              WHERE d.org_id = e.org_id AND d.endpoint_id = e.id AND d.next_at <= :now))
ORDER BY c.held_until NULLS FIRST, e.org_id, e.id
LIMIT :count;

-- name: claim$
-- Take an endpoint's turn, if nobody else has it; gives its cursor.
UPDATE relay_cursor AS c SET holder = :holder, held_until = :until
WHERE c.org_id = :org_id AND c.reader = :reader AND (c.holder IS NULL OR c.holder = :holder OR c.held_until <= :now)
RETURNING c.seq;

-- name: extend$
-- Keep a turn for longer, if it is still ours.
UPDATE relay_cursor AS c SET held_until = :until
WHERE c.org_id = :org_id AND c.reader = :reader AND c.holder = :holder
RETURNING c.seq;

-- name: release
-- Give a turn back; held_until stays as the time when it ended.
UPDATE relay_cursor AS c SET holder = NULL, held_until = :now
WHERE c.org_id = :org_id AND c.reader = :reader AND c.holder = :holder
RETURNING c.seq;

-- What a turn reads -------------------------------------------------------------------------------------------------

-- name: read_endpoint^
-- One endpoint as it is, with its cursor and the organisation's last event number.
SELECT e.id, e.url, e.names, e.enterprise_id, e.status, e.seed_key, e.seed_salt, e.old_key, e.old_salt, e.old_until,
       e.failures, e.failing_since, e.retry_at, e.last_success_at, e.last_failure_at, e.last_error, e.created_at, e.version,
       c.seq AS cursor, k.n AS last
FROM webhook_endpoint AS e
JOIN relay_cursor AS c ON c.org_id = e.org_id AND c.reader = :reader
JOIN event_counter AS k ON k.org_id = e.org_id
WHERE e.org_id = :org_id AND e.id = :id;

-- name: due_entities
-- Entities whose first kept delivery is due, the longest due first.
SELECT d.entity_id
FROM webhook_delivery AS d
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.next_at <= :now
ORDER BY d.next_at, d.seq
LIMIT :count;

-- name: kept_notes
-- What is kept for these entities, in the order of the events; what they say as text, for it is only passed on.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.at, e.data::text AS data, d.attempts
FROM webhook_delivery AS d
JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.entity_id = ANY(:entity_ids::uuid[])
ORDER BY d.seq
LIMIT :count;

-- name: fresh_notes
-- Events after the cursor that the endpoint asks for: by whole name, by beginning, or (neither given) all; of an enterprise, or all.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.at, e.data::text AS data
FROM event AS e
WHERE e.org_id = :org_id AND e.seq > :after AND e.seq <= :until
  AND (:everything::boolean OR e.name = ANY(:names::text[])
       OR EXISTS (SELECT FROM unnest(:beginnings::text[]) AS b (text) WHERE starts_with(e.name, b.text)))
  AND (:enterprise::jsonb IS NULL OR e.data -> 'enterprises' @> :enterprise)
ORDER BY e.seq
LIMIT :count;

-- name: entities_kept
-- Those of these entities that have something kept; what is new of them waits behind it.
SELECT DISTINCT d.entity_id
FROM webhook_delivery AS d
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.entity_id = ANY(:entity_ids::uuid[]);

-- How a turn ends ---------------------------------------------------------------------------------------------------

-- name: advance$
-- The cursor moves on, if the turn is still ours.
UPDATE relay_cursor AS c SET seq = :seq, held_until = :until
WHERE c.org_id = :org_id AND c.reader = :reader AND c.holder = :holder
RETURNING c.seq;

-- name: forget_delivered
-- What was delivered is kept no longer.
DELETE FROM webhook_delivery AS d
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.seq = ANY(:seqs::bigint[])
RETURNING d.seq;

-- name: keep
-- What was not delivered is kept, or kept for another attempt.
INSERT INTO webhook_delivery AS d (org_id, endpoint_id, seq, entity_id, attempts, next_at, parked, gave_up_at)
SELECT o.org_id, :endpoint_id::uuid, u.seq, u.entity_id, u.attempts, u.next_at, u.parked, u.gave_up_at
FROM org AS o
CROSS JOIN unnest(:seqs::bigint[], :entity_ids::uuid[], :attempts::int[], :next_ats::timestamptz[], :parked::text[],
                  :gave_up_ats::timestamptz[])
    AS u (seq, entity_id, attempts, next_at, parked, gave_up_at)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, endpoint_id, seq)
    DO UPDATE SET attempts = EXCLUDED.attempts, next_at = EXCLUDED.next_at, parked = EXCLUDED.parked,
                  gave_up_at = EXCLUDED.gave_up_at
RETURNING d.seq;

-- name: promote
-- Where the first of an entity is delivered, the one behind it is due.
UPDATE webhook_delivery AS d SET next_at = :now
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.entity_id = ANY(:entity_ids::uuid[])
  AND d.next_at IS NULL AND d.parked IS NULL
  AND NOT EXISTS (SELECT FROM webhook_delivery AS b
                  WHERE b.org_id = d.org_id AND b.endpoint_id = d.endpoint_id AND b.entity_id = d.entity_id AND b.seq < d.seq)
RETURNING d.seq;

-- name: note_health
-- What the last answers said; the version stays, since nobody has decided anything.
UPDATE webhook_endpoint AS e
SET failures = :failures, failing_since = :failing_since, retry_at = :retry_at, last_success_at = :last_success_at,
    last_failure_at = :last_failure_at, last_error = :last_error
WHERE e.org_id = :org_id AND e.id = :id
RETURNING e.id;

-- What was given up ------------------------------------------------------------------------------------------------

-- name: given_up
-- Messages that their flows are to make good, looked for across organisations, in the order of the events.
SELECT d.org_id, d.endpoint_id, d.seq, d.entity_id, d.gave_up_at, d.parked AS cause, e.name, e.data::text AS data
FROM webhook_delivery AS d
JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
WHERE d.gave_up_at IS NOT NULL
ORDER BY d.org_id, d.seq, d.endpoint_id
LIMIT :count;

-- name: made_good
-- What its flow has made good is kept no longer.
DELETE FROM webhook_delivery AS d USING unnest(:seqs::bigint[], :ats::timestamptz[]) AS u (seq, at)
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.seq = u.seq AND d.gave_up_at = u.at
RETURNING d.seq;

-- name: leave_to_people
-- What its flow could not make good is parked, and says why.
UPDATE webhook_delivery AS d SET gave_up_at = NULL, parked = u.cause
FROM unnest(:seqs::bigint[], :ats::timestamptz[], :causes::text[]) AS u (seq, at, cause)
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.seq = u.seq AND d.gave_up_at = u.at
RETURNING d.seq;

-- name: list_parked
-- Messages that were given up and wait for people, in the order of the events.
SELECT d.seq::text AS key, d.endpoint_id::text AS name, e.name || ': ' || d.parked AS cause
FROM webhook_delivery AS d
JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
WHERE d.org_id = :org_id AND d.parked IS NOT NULL AND d.gave_up_at IS NULL
ORDER BY d.seq, d.endpoint_id;

-- name: lock_all_endpoints
-- Every endpoint of the organisation, locked against the end of deliveries.
SELECT e.id, e.status FROM webhook_endpoint AS e WHERE e.org_id = :org_id ORDER BY e.id FOR NO KEY UPDATE;

-- name: parked_of
-- Parked messages of these events.
SELECT d.seq::text AS key, d.endpoint_id::text AS name, e.name || ': ' || d.parked AS cause
FROM webhook_delivery AS d
JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
WHERE d.org_id = :org_id AND d.seq = ANY(:seqs::bigint[]) AND d.parked IS NOT NULL AND d.gave_up_at IS NULL
ORDER BY d.seq, d.endpoint_id;

-- name: try_again
-- What was given up, all or some, is due, as of when it happened: it is sent again from the first attempt; where the endpoint was deleted, its flow
-- makes good again.
UPDATE webhook_delivery AS d
SET attempts = 0,
    next_at = CASE WHEN e.status = 'deleted' THEN NULL ELSE v.at END,
    parked = CASE WHEN e.status = 'deleted' THEN 'the endpoint was deleted' END,
    gave_up_at = CASE WHEN e.status = 'deleted' THEN :now::timestamptz END
FROM webhook_endpoint AS e, event AS v
WHERE d.org_id = :org_id AND e.org_id = d.org_id AND e.id = d.endpoint_id AND v.org_id = d.org_id AND v.seq = d.seq
  AND d.parked IS NOT NULL AND d.gave_up_at IS NULL
  AND (:keys::text[] IS NULL OR d.seq || ' ' || d.endpoint_id = ANY(:keys))
RETURNING d.seq;

-- name: skip
-- Given-up messages that shall not be sent any more.
DELETE FROM webhook_delivery AS d USING unnest(:seqs::bigint[], :endpoint_ids::uuid[]) AS u (seq, endpoint_id)
WHERE d.org_id = :org_id AND d.seq = u.seq AND d.endpoint_id = u.endpoint_id AND d.parked IS NOT NULL AND d.gave_up_at IS NULL
RETURNING d.seq, d.endpoint_id, d.entity_id, d.parked;

-- name: make_next_due
-- Of these entities the first that is kept for an endpoint, and waits, is due, as of when it happened.
UPDATE webhook_delivery AS d SET next_at = v.at
FROM event AS v
CROSS JOIN unnest(:endpoint_ids::uuid[], :entity_ids::uuid[]) AS u (endpoint_id, entity_id)
WHERE d.org_id = :org_id AND d.endpoint_id = u.endpoint_id AND d.entity_id = u.entity_id
  AND v.org_id = d.org_id AND v.seq = d.seq
  AND d.next_at IS NULL AND d.parked IS NULL
  AND NOT EXISTS (SELECT FROM webhook_delivery AS b
                  WHERE b.org_id = d.org_id AND b.endpoint_id = d.endpoint_id AND b.entity_id = d.entity_id AND b.seq < d.seq)
RETURNING d.seq;

-- Questions ---------------------------------------------------------------------------------------------------------

-- name: list_endpoints
-- Endpoints with their health, of some enterprises or of all, after an id; or only one.
SELECT e.id, e.url, e.names, e.enterprise_id, e.status, e.failures, e.failing_since, e.retry_at, e.last_success_at,
       e.last_failure_at, e.last_error, e.created_at, e.version,
       coalesce((SELECT k.n FROM event_counter AS k WHERE k.org_id = e.org_id)
                - (SELECT c.seq FROM relay_cursor AS c WHERE c.org_id = e.org_id AND c.reader = e.id::text), 0) AS unread,
       (SELECT count(*) FROM webhook_delivery AS d
        WHERE d.org_id = e.org_id AND d.endpoint_id = e.id AND d.parked IS NULL) AS waiting,
       (SELECT count(*) FROM webhook_delivery AS d
        WHERE d.org_id = e.org_id AND d.endpoint_id = e.id AND d.parked IS NOT NULL) AS parked
FROM webhook_endpoint AS e
WHERE e.org_id = :org_id AND e.status <> 'deleted' AND e.id > :after
  AND (:enterprises::uuid[] IS NULL OR e.enterprise_id = ANY(:enterprises))
  AND (:only::uuid IS NULL OR e.id = :only)
ORDER BY e.id
LIMIT :count;

-- name: get_seed^
-- What an endpoint's secret follows from.
SELECT e.seed_key, e.seed_salt
FROM webhook_endpoint AS e
WHERE e.org_id = :org_id AND e.id = :id AND e.status <> 'deleted';

-- name: list_deliveries
-- Kept deliveries of an endpoint, either those parked or those that wait, after an event number.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.at, d.attempts, d.next_at, d.parked
FROM webhook_delivery AS d
JOIN event AS e ON e.org_id = d.org_id AND e.seq = d.seq
WHERE d.org_id = :org_id AND d.endpoint_id = :endpoint_id AND d.seq > :after AND (d.parked IS NOT NULL) = :parked
ORDER BY d.seq
LIMIT :count;
