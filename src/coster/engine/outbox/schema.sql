-- engine/outbox: events, timers, and who has been told what.

-- The last number given to an event; its row lock makes numbers follow the order of commits, so a cursor misses nothing.
CREATE TABLE coster.event_counter (
    org_id   bigint NOT NULL PRIMARY KEY REFERENCES coster.org (org_id),
    n        bigint NOT NULL,
    archived bigint NOT NULL DEFAULT 0  -- events up to this number are in files (engine/archive)
);
SELECT coster.place_table('coster.event_counter', 'tenant');
SELECT coster.secure_table('coster.event_counter');

CREATE TABLE coster.event (
    org_id     bigint      NOT NULL,
    seq        bigint      NOT NULL,  -- 1, 2, 3 … within the organisation
    name       text        NOT NULL,  -- for example order.placed
    entity     text        NOT NULL,  -- for example order
    entity_id  uuid        NOT NULL,
    version    integer     NOT NULL,  -- 1, 2, 3 … within the entity
    at         timestamptz NOT NULL,  -- the command's instant
    actor      uuid        NOT NULL,
    command_id uuid        NOT NULL,  -- the cause
    data       jsonb       NOT NULL,
    PRIMARY KEY (org_id, seq)
);
CREATE UNIQUE INDEX event_entity ON coster.event (org_id, entity_id, version, entity);
SELECT coster.place_table('coster.event', 'tenant');
SELECT coster.secure_table('coster.event');
-- What happened stays so.
REVOKE UPDATE, DELETE ON TABLE coster.event FROM coster_app;

CREATE TABLE coster.timer (
    org_id   bigint      NOT NULL,
    id       uuid        NOT NULL,
    due_at   timestamptz NOT NULL,
    kind     text        NOT NULL,  -- the command to send
    body     jsonb       NOT NULL,
    attempts integer     NOT NULL,  -- below zero: it was refused so often
    parked   text,                  -- why it was given up; null: still due
    PRIMARY KEY (org_id, id)
);
CREATE INDEX timer_due ON coster.timer (org_id, due_at) WHERE parked IS NULL;
-- Seldom any, to be found among very many.
CREATE INDEX timer_parked ON coster.timer (org_id, id) WHERE parked IS NOT NULL;
SELECT coster.place_table('coster.timer', 'tenant');
SELECT coster.secure_table('coster.timer');

-- How far each reader of the event stream has come.
CREATE TABLE coster.relay_cursor (
    org_id     bigint NOT NULL,
    reader     text   NOT NULL,  -- 'reactions', or a webhook endpoint's id
    seq        bigint NOT NULL,  -- everything up to and including this number is done
    holder     uuid,             -- the process that reads now
    held_until timestamptz,      -- until when nobody else may
    PRIMARY KEY (org_id, reader)
);
SELECT coster.place_table('coster.relay_cursor', 'tenant');
SELECT coster.secure_table('coster.relay_cursor');

-- Reactions that were given up after several attempts, so that the stream could go on; they are run again when told to.
CREATE TABLE coster.parked_reaction (
    org_id   bigint  NOT NULL,
    seq      bigint  NOT NULL,  -- the event
    reaction text    NOT NULL,
    cause    text    NOT NULL,  -- what went wrong, for whoever looks after the machine
    resumed  boolean NOT NULL,  -- true: to be run again
    PRIMARY KEY (org_id, seq, reaction),
    FOREIGN KEY (org_id, seq) REFERENCES coster.event (org_id, seq)
);
SELECT coster.place_table('coster.parked_reaction', 'tenant');
SELECT coster.secure_table('coster.parked_reaction');

-- Reactions, timers, messages and letters that people have decided not to run or send, and why; what is written here stays so.
CREATE TABLE coster.skipped (
    org_id bigint      NOT NULL,
    what   text        NOT NULL CHECK (what IN ('reaction', 'timer', 'message', 'mail')),
    key    text        NOT NULL,  -- the event's number, or the timer's id
    name   text        NOT NULL,  -- of the reaction, the timer's kind, or the id of the endpoint that did not get it
    at     timestamptz NOT NULL,
    cause  text        NOT NULL,  -- for which it had been given up
    body   jsonb       NOT NULL,  -- what the timer would have sent; a reaction's event says it
    who    text        NOT NULL,  -- the user of the machine who decided
    reason text        NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (org_id, what, key, name, at)
);
SELECT coster.place_table('coster.skipped', 'tenant');
SELECT coster.secure_table('coster.skipped');
REVOKE UPDATE, DELETE ON TABLE coster.skipped FROM coster_app;
