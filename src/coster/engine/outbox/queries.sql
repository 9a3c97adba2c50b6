-- name: take_numbers*!
-- Moves the counter of events on; its row stays locked until the commit.
UPDATE event_counter AS c SET n = c.n + :count WHERE c.org_id = :org_id RETURNING c.n;

-- name: insert_events*!
-- Stores events under the numbers that were just taken, in order.
INSERT INTO event AS e (org_id, seq, name, entity, entity_id, version, at, actor, command_id, data)
SELECT c.org_id, c.n - :count + u.nth, u.name, u.entity, u.entity_id, u.version, u.at, u.actor, u.command_id, u.data
FROM event_counter AS c
CROSS JOIN json_to_recordset(:rows::json)
    AS u (nth int, name text, entity text, entity_id uuid, version int, at timestamptz, actor uuid, command_id uuid,
          data jsonb)
WHERE c.org_id = :org_id
RETURNING e.seq;

-- name: insert_alike$
-- Stores many events of one command and name under the numbers that were just taken, in order.
INSERT INTO event AS e (org_id, seq, name, entity, entity_id, version, at, actor, command_id, data)
SELECT c.org_id, c.n - :count + u.nth, :name::text, :entity::text, u.entity_id, u.version, :at::timestamptz, :actor::uuid,
       :command_id::uuid, u.data::jsonb
FROM event_counter AS c
CROSS JOIN unnest(:entity_ids::text::uuid[], :versions::text::int[], :datas::text[]) WITH ORDINALITY AS u (entity_id, version, data, nth)
WHERE c.org_id = :org_id
RETURNING e.version;

-- name: set_timers*!
-- Stores what is due later; a timer that is set again moves to its new time.
INSERT INTO timer AS t (org_id, id, due_at, kind, body, attempts)
SELECT o.org_id, u.id, u.due_at, u.kind, u.body, 0
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json) AS u (id uuid, due_at timestamptz, kind text, body jsonb)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, id) DO UPDATE SET due_at = EXCLUDED.due_at, kind = EXCLUDED.kind, body = EXCLUDED.body, attempts = 0,
                                       parked = NULL
RETURNING t.id;

-- name: delete_timers*!
-- Forgets timers that are no longer wanted.
DELETE FROM timer AS t
USING json_to_recordset(:rows::json) AS u (id uuid)
WHERE t.org_id = :org_id AND t.id = u.id
RETURNING t.id;

-- name: waiting_organisations
-- Looks across organisations: those with events that the reactions have not passed, timers that are due, or reactions to be run
-- again; and who holds the lease.
SELECT w.org_id, w.n, w.seq, w.holder, w.held_until, w.due, w.resumed
FROM (
    SELECT o.org_id, c.n, coalesce(r.seq, 0) AS seq, r.holder, r.held_until,
           coalesce((SELECT min(t.due_at) FROM timer AS t
                     WHERE t.org_id = o.org_id AND t.parked IS NULL) <= :now::timestamptz, false) AS due,
           EXISTS (SELECT FROM parked_reaction AS p WHERE p.org_id = o.org_id AND p.resumed) AS resumed
    FROM org AS o
    JOIN event_counter AS c ON c.org_id = o.org_id
    LEFT JOIN relay_cursor AS r ON r.org_id = o.org_id AND r.reader = :reader
) AS w
WHERE w.n > w.seq OR w.due OR w.resumed
ORDER BY w.org_id;

-- name: take_lease$
-- The cursor, if nobody else holds it (any more); from then on it is the holder's until the given time.
INSERT INTO relay_cursor AS r (org_id, reader, seq, holder, held_until)
SELECT o.org_id, :reader, 0, :holder::uuid, :until::timestamptz
FROM org AS o
WHERE o.org_id = :org_id
ON CONFLICT (org_id, reader) DO UPDATE SET holder = EXCLUDED.holder, held_until = EXCLUDED.held_until
WHERE r.holder IS NULL OR r.holder = EXCLUDED.holder OR r.held_until < :now::timestamptz
RETURNING r.seq;

-- name: advance_cursor$
-- Everything up to the number is done; nothing comes back when somebody else holds the cursor by now.
UPDATE relay_cursor AS r SET seq = :seq
WHERE r.org_id = :org_id AND r.reader = :reader AND r.holder = :holder::uuid AND r.seq <= :seq
RETURNING r.seq;

-- name: release_lease
-- Gives the cursor back, if it is still the holder's.
UPDATE relay_cursor AS r SET holder = NULL, held_until = NULL
WHERE r.org_id = :org_id AND r.reader = :reader AND r.holder = :holder::uuid
RETURNING r.seq;

-- name: numbers^
-- The number of the organisation's latest event, everything up to which can be seen, and up to which events are in the archive.
SELECT c.n, c.archived FROM event_counter AS c WHERE c.org_id = :org_id;

-- name: read_named
-- Events of these names after one number and up to another, in order.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.at, e.actor, e.command_id, e.data
FROM event AS e
WHERE e.org_id = :org_id AND e.seq > :after AND e.seq <= :upto AND e.name = ANY(:names::text[])
ORDER BY e.seq
LIMIT :limit;

-- name: read_feed
-- Events after one number and up to another, in order, that pass the filters (null: all pass). An event with a list of
-- enterprises concerns those; one without concerns the organisation as a whole.
SELECT e.seq, e.name, e.entity, e.entity_id, e.version, e.at, e.actor, e.command_id, e.data
FROM event AS e
WHERE e.org_id = :org_id AND e.seq > :after AND e.seq <= :upto
  AND (:names::text[] IS NULL OR e.name = ANY(:names))
  AND (:entity::text IS NULL OR e.entity = :entity)
  AND (:entity_id::uuid IS NULL OR e.entity_id = :entity_id)
  AND (:enterprises::text[] IS NULL OR e.data -> 'enterprises' ?| :enterprises)
ORDER BY e.seq
LIMIT :limit;

-- name: park_reactions
-- Keeps reactions that failed, with what went wrong.
INSERT INTO parked_reaction AS p (org_id, seq, reaction, cause, resumed)
SELECT o.org_id, u.seq, u.reaction, u.cause, false
FROM org AS o
CROSS JOIN unnest(:seqs::bigint[], :reactions::text[], :causes::text[]) AS u (seq, reaction, cause)
WHERE o.org_id = :org_id
ON CONFLICT (org_id, seq, reaction) DO UPDATE SET cause = EXCLUDED.cause, resumed = false
RETURNING p.seq;

-- name: read_resumed
-- Parked reactions that are to be run again, with their events, in order.
SELECT p.reaction, e.seq, e.name, e.entity, e.entity_id, e.version, e.at, e.actor, e.command_id, e.data
FROM parked_reaction AS p
JOIN event AS e ON e.org_id = p.org_id AND e.seq = p.seq
WHERE p.org_id = :org_id AND p.resumed
ORDER BY p.seq, p.reaction
LIMIT :limit;

-- name: forget_reactions
-- Parked reactions that have run by now.
DELETE FROM parked_reaction AS p USING unnest(:seqs::bigint[], :reactions::text[]) AS u (seq, reaction)
WHERE p.org_id = :org_id AND p.seq = u.seq AND p.reaction = u.reaction
RETURNING p.seq;

-- name: due_timers
-- What is due by now, the earliest first.
SELECT t.id, t.due_at, t.kind, t.body, t.attempts
FROM timer AS t
WHERE t.org_id = :org_id AND t.parked IS NULL AND t.due_at <= :now::timestamptz
ORDER BY t.due_at, t.id
LIMIT :limit;

-- name: pending_timers
-- When timers are due. Whoever asks has locked what they are about, so nobody sets or ends them meanwhile.
SELECT t.id, t.due_at FROM timer AS t WHERE t.org_id = :org_id AND t.id = ANY(:ids::uuid[]);

-- name: finish_timers
-- Forgets timers that were answered, unless they were set to another time meanwhile. Who moves one just now is not waited for:
-- sent again, its command is a repeat.
DELETE FROM timer AS t
WHERE t.org_id = :org_id AND t.id IN (
    SELECT d.id
    FROM timer AS d
    JOIN unnest(:ids::uuid[], :due_ats::timestamptz[]) AS u (id, due_at) ON u.id = d.id AND u.due_at = d.due_at
    WHERE d.org_id = :org_id
    ORDER BY d.id
    FOR UPDATE OF d SKIP LOCKED)
RETURNING t.id;

-- name: park_timers
-- Gives timers up for now, with what went wrong, unless they were set to another time meanwhile. What was refused has an answer, which
-- a repeat of its command would be given again; so refusals are counted below zero, and the next attempt is another command.
UPDATE timer AS t SET attempts = CASE WHEN u.refused THEN least(t.attempts, 0) - 1 ELSE greatest(t.attempts, 0) + :attempts END,
                      parked = u.cause
FROM unnest(:ids::uuid[], :due_ats::timestamptz[], :causes::text[], :refused::boolean[]) AS u (id, due_at, cause, refused)
WHERE t.org_id = :org_id AND t.id = u.id AND t.due_at = u.due_at AND t.parked IS NULL
RETURNING t.id;

-- name: list_parked
-- What was given up: reactions by their event, timers by their id.
SELECT 'reaction' AS what, p.seq::text AS key, p.reaction AS name, p.cause
FROM parked_reaction AS p
WHERE p.org_id = :org_id AND NOT p.resumed
UNION ALL
SELECT 'timer', t.id::text, t.kind, t.parked
FROM timer AS t
WHERE t.org_id = :org_id AND t.parked IS NOT NULL
ORDER BY what, key;

-- name: resume_reactions
-- Parked reactions are to be run again.
UPDATE parked_reaction AS p SET resumed = true WHERE p.org_id = :org_id AND NOT p.resumed RETURNING p.seq;

-- name: resume_timers
-- Parked timers are due again.
UPDATE timer AS t SET parked = NULL, attempts = least(t.attempts, 0) WHERE t.org_id = :org_id AND t.parked IS NOT NULL RETURNING t.id;

-- name: retry_reactions
-- These parked reactions are to be run again.
UPDATE parked_reaction AS p SET resumed = true
FROM unnest(:seqs::bigint[], :reactions::text[]) AS u (seq, reaction)
WHERE p.org_id = :org_id AND p.seq = u.seq AND p.reaction = u.reaction AND NOT p.resumed
RETURNING p.seq;

-- name: retry_timers
-- These parked timers are due again.
UPDATE timer AS t SET parked = NULL, attempts = least(t.attempts, 0)
WHERE t.org_id = :org_id AND t.id = ANY(:ids::uuid[]) AND t.parked IS NOT NULL
RETURNING t.id;

-- name: skip_reactions
-- Parked reactions that shall not be run.
DELETE FROM parked_reaction AS p USING unnest(:seqs::bigint[], :reactions::text[]) AS u (seq, reaction)
WHERE p.org_id = :org_id AND p.seq = u.seq AND p.reaction = u.reaction AND NOT p.resumed
RETURNING p.seq, p.reaction, p.cause;

-- name: skip_timers
-- Parked timers that shall not fire.
DELETE FROM timer AS t
WHERE t.org_id = :org_id AND t.id = ANY(:ids::uuid[]) AND t.parked IS NOT NULL
RETURNING t.id, t.kind, t.parked, t.body;

-- name: keep_skipped*!
-- Who decided that what was given up is not run, when and why.
INSERT INTO skipped AS s (org_id, what, key, name, at, cause, body, who, reason)
SELECT o.org_id, u.what, u.key, u.name, u.at, u.cause, u.body, u.who, u.reason
FROM org AS o
CROSS JOIN json_to_recordset(:rows::json)
    AS u (what text, key text, name text, at timestamptz, cause text, body jsonb, who text, reason text)
WHERE o.org_id = :org_id
RETURNING s.key;

-- name: list_skipped
-- What people have decided not to run, the latest first.
SELECT s.what, s.key, s.name, s.at, s.cause, s.who, s.reason
FROM skipped AS s
WHERE s.org_id = :org_id
ORDER BY s.at DESC, s.what, s.key, s.name
LIMIT :limit;

-- name: list_organisations
-- Looks across organisations: each with the instant of its latest event.
SELECT o.org_id, o.name,
       (SELECT e.at FROM event AS e WHERE e.org_id = o.org_id ORDER BY e.seq DESC LIMIT 1) AS latest
FROM org AS o
ORDER BY o.org_id;

-- name: verify_events_without_gap^
-- How many numbers are missing between 1 and the counter, or are beyond it, or in the archive and here; or in no part of the archive.
SELECT (c.n - c.archived - count(e.seq) + 2 * count(e.seq) FILTER (WHERE e.seq > c.n OR e.seq <= c.archived)
        + abs(c.archived - (SELECT coalesce(sum(a.rows), 0) FROM archive_part AS a
                            WHERE a.org_id = :org_id AND a.kind = 'events')))::bigint AS broken,
       'counter at ' || c.n || ', last event ' || coalesce(max(e.seq), 0) AS example
FROM event_counter AS c
LEFT JOIN event AS e ON e.org_id = c.org_id
WHERE c.org_id = :org_id
GROUP BY c.n, c.archived;

-- name: verify_entities_without_gap^
-- Entities whose events are not numbered from 1, or from where the archive ends, without a gap.
SELECT count(*) AS broken, min(x.entity || ' ' || x.entity_id) AS example
FROM (
    SELECT e.entity, e.entity_id, min(e.version) AS first, max(e.version) - min(e.version) + 1 - count(*) AS gap
    FROM event AS e
    WHERE e.org_id = :org_id
    GROUP BY e.entity, e.entity_id
) AS x
JOIN event_counter AS c ON c.org_id = :org_id
WHERE x.gap <> 0 OR (x.first <> 1 AND c.archived = 0);

-- name: verify_readers_not_ahead^
-- Readers that stand at a number which no event has.
SELECT count(*) AS broken, min(r.reader) AS example
FROM relay_cursor AS r
JOIN event_counter AS c ON c.org_id = r.org_id
WHERE r.org_id = :org_id AND r.seq > c.n;

-- name: verify_nothing_given_up^
-- Reactions and timers that failed several times and wait for somebody to look at them.
SELECT count(*) AS broken, min(g.name) AS example
FROM (
    SELECT p.reaction AS name FROM parked_reaction AS p WHERE p.org_id = :org_id
    UNION ALL
    SELECT t.kind FROM timer AS t WHERE t.org_id = :org_id AND t.parked IS NOT NULL
) AS g;

-- name: verify_timers_in_time^
-- Timers that are due since before an instant.
SELECT count(*) AS broken, min(t.kind || ' at ' || t.due_at) AS example
FROM timer AS t
WHERE t.org_id = :org_id AND t.parked IS NULL AND t.due_at < :before::timestamptz;

-- name: verify_reactions_in_time^
-- Events from before an instant that the reactions have not passed.
SELECT count(*) AS broken, min(e.name || ' ' || e.seq) AS example
FROM event AS e
WHERE e.org_id = :org_id AND e.at < :before::timestamptz
  AND e.seq > coalesce((SELECT r.seq FROM relay_cursor AS r WHERE r.org_id = :org_id AND r.reader = 'reactions'), 0);
