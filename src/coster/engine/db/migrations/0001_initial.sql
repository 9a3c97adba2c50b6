-- Written by `python -m coster.engine.db.migrate freeze`; change the files named here instead.

-- engine/db/roles.sql

-- The role under which every statement of an organisation runs. It owns nothing and cannot log in, so row-level security holds for it.
-- Roles belong to the whole server: another database may have made it, or be making it at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'coster_app') THEN
        CREATE ROLE coster_app NOLOGIN NOINHERIT NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

-- Whoever migrates must be able to SET ROLE to it. From version 16 on, having made a role is not enough; so it is tried, and granted if refused.
DO $$
BEGIN
    SET LOCAL ROLE coster_app;
    RESET ROLE;
EXCEPTION WHEN insufficient_privilege THEN
    GRANT coster_app TO CURRENT_USER;
END
$$;

-- engine/db/schema.sql

-- The schema, what every table is given, and the root of every organisation.
-- The schema itself is made before the first migration, because the migrations keep their version in it.
GRANT USAGE ON SCHEMA coster TO coster_app;

-- Placement on a Citus cluster (kind 'tenant': by org_id, together with org; 'reference': a copy on every node); on plain PostgreSQL nothing.
-- It is called right after CREATE TABLE and before any table that refers to it.
CREATE FUNCTION coster.place_table(target regclass, kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF kind NOT IN ('tenant', 'reference') THEN
        RAISE EXCEPTION 'place_table(%): the kind is tenant or reference, not %', target, kind;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    -- Otherwise DDL on a reference table forbids parallel DDL on others for the rest of the transaction.
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    IF kind = 'reference' THEN
        EXECUTE format('SELECT create_reference_table(%L)', target);
    ELSIF target = 'coster.org'::regclass THEN
        EXECUTE format('SELECT create_distributed_table(%L, ''org_id'', colocate_with => ''none'')', target);
    ELSE
        EXECUTE format('SELECT create_distributed_table(%L, ''org_id'', colocate_with => ''coster.org'')', target);
    END IF;
END
$$;

-- Row-level security: coster_app sees and makes rows of the organisation in coster.org_id only, and nothing at all without that setting.
-- The owner stays free of it (no FORCE): the owner is used by the system pool alone, whose work is across organisations, and by migrations.
CREATE FUNCTION coster.secure_table(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY own_organisation ON %s FOR ALL TO coster_app'
        ' USING (org_id = nullif(current_setting(''coster.org_id'', true), '''')::bigint)'
        ' WITH CHECK (org_id = nullif(current_setting(''coster.org_id'', true), '''')::bigint)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO coster_app', target);
END
$$;

-- One row an organisation. Every other table refers to it by org_id.
CREATE TABLE coster.org (
    org_id     bigint      PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT org_id_positive CHECK (org_id > 0)
);
SELECT coster.place_table('coster.org', 'tenant');
SELECT coster.secure_table('coster.org');

-- engine/outbox/schema.sql

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

-- engine/batch/schema.sql

-- engine/batch: every command that was answered, with its answer.

CREATE TABLE coster.command (
    org_id      bigint      NOT NULL,  -- rows come in through a join with org; a foreign key would lock its row once for each
    id          uuid        NOT NULL,  -- given by the caller (Idempotency-Key) or the edge
    kind        text        NOT NULL,  -- for example orders.place
    actor       uuid        NOT NULL,  -- the API key that asked; nil: the system
    at          timestamptz NOT NULL,  -- stamped when it came in
    fingerprint bytea       NOT NULL,  -- hash of the request; the same id with another body is refused
    reason      text        NOT NULL,  -- why, where a person gave a reason
    outcome     jsonb       NOT NULL,  -- {"accepted": …} or {"rejected": {"code", "message", "detail"}}
    PRIMARY KEY (org_id, id)
);
-- What an entity's flow refused, for its story: such refusals name the entity.
CREATE INDEX command_refused ON coster.command (org_id, (outcome -> 'rejected' -> 'detail' ->> 'entity_id'))
    WHERE outcome -> 'rejected' -> 'detail' ->> 'entity_id' IS NOT NULL;
SELECT coster.place_table('coster.command', 'tenant');
SELECT coster.secure_table('coster.command');
-- What was answered stays answered.
REVOKE UPDATE, DELETE ON TABLE coster.command FROM coster_app;

-- engine/flows/schema.sql

-- engine/flows: versions of flows, on which of them new entities begin, and who was moved from one to another.

-- One number an organisation, another one after every change of its flows: by it whoever has compiled them knows that nothing is new.
CREATE TABLE coster.flow_state (
    org_id bigint NOT NULL PRIMARY KEY REFERENCES coster.org (org_id),
    mark   bigint NOT NULL
);
SELECT coster.place_table('coster.flow_state', 'tenant');
SELECT coster.secure_table('coster.flow_state');

-- Flows that the organisation has written something of; what is shipped has no row until then.
CREATE TABLE coster.flow (
    org_id  bigint  NOT NULL REFERENCES coster.org (org_id),
    name    text    NOT NULL,
    entity  text    NOT NULL,
    version integer NOT NULL,  -- counts its events
    PRIMARY KEY (org_id, name)
);
SELECT coster.place_table('coster.flow', 'tenant');
SELECT coster.secure_table('coster.flow');

-- What is written and not yet published; only here a text is ever changed.
CREATE TABLE coster.flow_draft (
    org_id   bigint      NOT NULL,
    name     text        NOT NULL,
    version  integer     NOT NULL CHECK (version > 0),
    revision integer     NOT NULL,  -- 1, 2, 3 … as it is written again
    type     text        NOT NULL,
    text     text        NOT NULL,
    digest   text        NOT NULL,  -- SHA-256 of the text
    based_on integer,               -- the version that it follows; null: the first of its name
    actor    uuid        NOT NULL,
    at       timestamptz NOT NULL,
    reason   text        NOT NULL,
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name)
);
SELECT coster.place_table('coster.flow_draft', 'tenant');
SELECT coster.secure_table('coster.flow_draft');

CREATE TABLE coster.flow_version (
    org_id      bigint      NOT NULL,
    name        text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    type        text        NOT NULL,
    text        text        NOT NULL,
    digest      text        NOT NULL,
    based_on    integer,
    mapping     jsonb       NOT NULL,  -- statuses of what it follows to its own, where they differ
    author      uuid        NOT NULL,  -- who wrote the text last
    written_at  timestamptz NOT NULL,
    intent      text        NOT NULL,  -- why it was written
    actor       uuid        NOT NULL,  -- who published it
    at          timestamptz NOT NULL,
    reason      text        NOT NULL,  -- why it was published
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name)
);
SELECT coster.place_table('coster.flow_version', 'tenant');
SELECT coster.secure_table('coster.flow_version');
-- Nothing that was published is ever edited.
REVOKE UPDATE, DELETE ON TABLE coster.flow_version FROM coster_app;

-- Versions on which nothing new may begin any more; entities that are on them stay.
CREATE TABLE coster.flow_retired (
    org_id  bigint      NOT NULL,
    name    text        NOT NULL,
    version integer     NOT NULL,
    actor   uuid        NOT NULL,
    at      timestamptz NOT NULL,
    reason  text        NOT NULL,
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name, version) REFERENCES coster.flow_version (org_id, name, version)
);
SELECT coster.place_table('coster.flow_retired', 'tenant');
SELECT coster.secure_table('coster.flow_retired');
REVOKE UPDATE, DELETE ON TABLE coster.flow_retired FROM coster_app;

-- On which version new entities begin: of each name the row with the highest number counts, the others are history.
CREATE TABLE coster.flow_pin (
    org_id  bigint      NOT NULL,
    name    text        NOT NULL,
    n       integer     NOT NULL,  -- 1, 2, 3 … within the name
    version integer,               -- null: none of ours, so what is shipped under the name, or nothing
    canary  integer,               -- the version on which a share of them begins
    share   integer     NOT NULL CHECK (share BETWEEN 0 AND 1000),  -- thousandths of the new entities
    back    boolean     NOT NULL,  -- it took the pin before it back, so there is nothing of its own to take back
    actor   uuid        NOT NULL,
    at      timestamptz NOT NULL,
    reason  text        NOT NULL,
    PRIMARY KEY (org_id, name, n),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name),
    CONSTRAINT flow_pin_share CHECK ((canary IS NULL) = (share = 0))
);
SELECT coster.place_table('coster.flow_pin', 'tenant');
SELECT coster.secure_table('coster.flow_pin');
REVOKE UPDATE, DELETE ON TABLE coster.flow_pin FROM coster_app;

-- That entities go from versions to another one, or (undoes) back to where such a move took them from; the rooms carry it out, page by page.
CREATE TABLE coster.flow_move (
    org_id     bigint      NOT NULL,
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    entity     text        NOT NULL,
    sources    integer[]   NOT NULL,  -- the versions that are left
    to_version integer     NOT NULL,  -- of a move back the version that is left
    mapping    jsonb       NOT NULL,  -- statuses of the old versions to those of the new one, where they differ
    undoes     uuid,                  -- the move that is undone
    state      text        NOT NULL CHECK (state IN ('running', 'done')),
    after      uuid,                  -- entities up to this id are done
    moved      bigint      NOT NULL,
    stayed     bigint      NOT NULL,  -- could not be moved back, since they have gone on
    version    integer     NOT NULL,  -- counts its events
    actor      uuid        NOT NULL,
    at         timestamptz NOT NULL,
    reason     text        NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name),
    FOREIGN KEY (org_id, undoes) REFERENCES coster.flow_move (org_id, id)
);
-- Of a flow one move after the other.
CREATE UNIQUE INDEX flow_move_running ON coster.flow_move (org_id, name) WHERE state = 'running';
CREATE INDEX flow_move_name ON coster.flow_move (org_id, name, at, id);
CREATE INDEX flow_move_undoes ON coster.flow_move (org_id, undoes) WHERE undoes IS NOT NULL;
SELECT coster.place_table('coster.flow_move', 'tenant');
SELECT coster.secure_table('coster.flow_move');

-- What a move did to each entity; of a move back also who was left where it is, because it had gone on.
CREATE TABLE coster.flow_moved (
    org_id       bigint  NOT NULL,
    move_id      uuid    NOT NULL,
    entity_id    uuid    NOT NULL,
    from_version integer NOT NULL,
    from_status  text    NOT NULL,
    to_version   integer NOT NULL,
    to_status    text    NOT NULL,
    outcome      text    NOT NULL CHECK (outcome IN ('moved', 'gone_on')),
    PRIMARY KEY (org_id, move_id, entity_id),
    FOREIGN KEY (org_id, move_id) REFERENCES coster.flow_move (org_id, id)
);
SELECT coster.place_table('coster.flow_moved', 'tenant');
SELECT coster.secure_table('coster.flow_moved');
REVOKE UPDATE, DELETE ON TABLE coster.flow_moved FROM coster_app;

-- engine/webhooks/schema.sql

-- engine/webhooks: who is told of events, and what could not be told yet.

CREATE TABLE coster.webhook_endpoint (
    org_id          bigint      NOT NULL REFERENCES coster.org (org_id),
    id              uuid        NOT NULL,
    url             text        NOT NULL,  -- empty once deleted
    names           text[]      NOT NULL,  -- 'order.placed', or 'order.*'; none: all
    enterprise_id   uuid,                  -- events of this enterprise only; null: all of the organisation
    status          text        NOT NULL CHECK (status IN ('active', 'paused', 'disabled', 'deleted')),
    seed_key        text        NOT NULL,  -- which key of the settings the secret follows from
    seed_salt       bytea       NOT NULL,  -- and this endpoint's part; useless without the key
    old_key         text,                  -- the seed before the last rotation, signed with as well
    old_salt        bytea,
    old_until       timestamptz,           -- until this instant
    failures        integer     NOT NULL,  -- in a row, over all entities
    failing_since   timestamptz,
    retry_at        timestamptz,           -- nothing is sent before; null: at once
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error      text        NOT NULL,  -- our own words, never the receiver's
    created_at      timestamptz NOT NULL,
    version         integer     NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX webhook_endpoint_active ON coster.webhook_endpoint (org_id, id) WHERE status = 'active';
SELECT coster.place_table('coster.webhook_endpoint', 'tenant');
SELECT coster.secure_table('coster.webhook_endpoint');

-- Of each entity the first row has a next_at or a parked cause; those behind it have neither and wait.
CREATE TABLE coster.webhook_delivery (
    org_id      bigint  NOT NULL,
    endpoint_id uuid    NOT NULL,
    seq         bigint  NOT NULL,
    entity_id   uuid    NOT NULL,
    attempts    integer NOT NULL,
    next_at     timestamptz,
    parked      text,  -- why it was given up, in our own words
    gave_up_at  timestamptz,  -- the flow that sent it is to make it good, since then; null: people decide
    PRIMARY KEY (org_id, endpoint_id, seq),
    FOREIGN KEY (org_id, endpoint_id) REFERENCES coster.webhook_endpoint (org_id, id),
    FOREIGN KEY (org_id, seq) REFERENCES coster.event (org_id, seq),
    CONSTRAINT webhook_delivery_parked_rests CHECK (parked IS NULL OR next_at IS NULL),
    CONSTRAINT webhook_delivery_given_up CHECK (gave_up_at IS NULL OR parked IS NOT NULL)
);
CREATE INDEX webhook_delivery_entity ON coster.webhook_delivery (org_id, endpoint_id, entity_id, seq);
-- For whoever asks whether an event may go.
CREATE INDEX webhook_delivery_event ON coster.webhook_delivery (org_id, seq);
CREATE INDEX webhook_delivery_due ON coster.webhook_delivery (org_id, endpoint_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_parked ON coster.webhook_delivery (org_id, seq, endpoint_id) WHERE parked IS NOT NULL;
CREATE INDEX webhook_delivery_given_up ON coster.webhook_delivery (org_id, seq, endpoint_id) WHERE gave_up_at IS NOT NULL;
SELECT coster.place_table('coster.webhook_delivery', 'tenant');
SELECT coster.secure_table('coster.webhook_delivery');

-- engine/archive/schema.sql

-- engine/archive: which rows were moved into which file; the rows themselves are there and nowhere else.

CREATE TABLE coster.archive_part (
    org_id     bigint      NOT NULL REFERENCES coster.org (org_id),
    number     integer     NOT NULL,  -- 1, 2, 3 … in the order in which they were written
    kind       text        NOT NULL CHECK (kind IN ('events', 'commands', 'ledger')),
    month      text        NOT NULL,  -- of its rows, for example 2026-05
    rows       bigint      NOT NULL CHECK (rows > 0),
    first      text        NOT NULL,  -- key of its first row: an event's number, a command's id, a position's id and the entry's number
    last       text        NOT NULL,
    latest     timestamptz NOT NULL,  -- the latest instant of its rows
    file       text        NOT NULL,  -- below the directory of the archive
    bytes      bigint      NOT NULL,
    sha256     text        NOT NULL,  -- of the file
    written_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, number)
);
SELECT coster.place_table('coster.archive_part', 'tenant');
SELECT coster.secure_table('coster.archive_part');
-- Requests move nothing; `coster db archive` does, as the owner.
REVOKE INSERT, UPDATE, DELETE ON TABLE coster.archive_part FROM coster_app;

-- engine/mail/schema.sql

-- engine/mail: letters to people that nobody has taken yet. Addresses are elsewhere, and looked up when a letter goes.

CREATE TABLE coster.mail (
    org_id     bigint      NOT NULL REFERENCES coster.org (org_id),
    id         uuid        NOT NULL,  -- follows from the command that wrote it; the Message-ID follows from it
    recipient  uuid        NOT NULL,  -- a key
    kind       text        NOT NULL,  -- which text
    words      jsonb       NOT NULL,  -- what fills it; nothing personal
    written_at timestamptz NOT NULL,
    attempts   integer     NOT NULL,
    next_at    timestamptz,           -- null: given up
    parked     text,                  -- why it was given up, in our own words
    PRIMARY KEY (org_id, id),
    CONSTRAINT mail_parked_rests CHECK ((parked IS NULL) = (next_at IS NOT NULL))
);
CREATE INDEX mail_due ON coster.mail (next_at) WHERE next_at IS NOT NULL;
SELECT coster.place_table('coster.mail', 'tenant');
SELECT coster.secure_table('coster.mail');

-- domain/identity/schema.sql

-- identity: API keys and their grants.

CREATE TABLE coster.api_key (
    org_id      bigint      NOT NULL REFERENCES coster.org (org_id),
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    secret_hash bytea       NOT NULL,  -- SHA-256 of 256 random bits; a slow hash would add nothing
    hint        text        NOT NULL,  -- the last four characters, to tell keys apart
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
SELECT coster.place_table('coster.api_key', 'tenant');
SELECT coster.secure_table('coster.api_key');

CREATE TABLE coster.api_grant (
    org_id        bigint NOT NULL,
    key_id        uuid   NOT NULL,
    role          text   NOT NULL CHECK (role IN ('owner', 'hub', 'producer', 'shop', 'picker', 'reader', 'approver',
                                                  'platform', 'read_enterprise', 'write_enterprise', 'read_products', 'write_products',
                                                  'read_orders', 'write_orders')),
    enterprise_id uuid   NOT NULL,  -- nil: the whole organisation
    PRIMARY KEY (org_id, key_id, role, enterprise_id),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.api_grant', 'tenant');
SELECT coster.secure_table('coster.api_grant');

-- Where the holder of a key is written to. Personal data, and nothing else.
CREATE TABLE coster.key_contact (
    org_id   bigint  NOT NULL,
    key_id   uuid    NOT NULL,
    email    text    NOT NULL,  -- '': nowhere
    language text    NOT NULL,  -- BCP 47
    version  integer NOT NULL,
    PRIMARY KEY (org_id, key_id),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.key_contact', 'tenant');
SELECT coster.secure_table('coster.key_contact');

-- Who saw which customer's personal data. Kept for a while (COSTER_ACCESS_DAYS), also when the person has been erased.
CREATE TABLE coster.person_access (
    org_id      bigint      NOT NULL REFERENCES coster.org (org_id),
    id          uuid        NOT NULL,  -- one for all that one request showed, in order of time
    customer_id uuid        NOT NULL,  -- token
    at          timestamptz NOT NULL,
    key_id      uuid        NOT NULL,
    operation   text        NOT NULL,
    request_id  text        NOT NULL,
    PRIMARY KEY (org_id, id, customer_id)
);
CREATE INDEX person_access_customer ON coster.person_access (org_id, customer_id, id);
SELECT coster.place_table('coster.person_access', 'tenant');
SELECT coster.secure_table('coster.person_access');
REVOKE UPDATE, DELETE ON TABLE coster.person_access FROM coster_app;

-- Other platforms that speak the standard of the Data Food Consortium: each is a key, with what is known of it besides.
CREATE TABLE coster.platform (
    org_id     bigint  NOT NULL,
    id         uuid    NOT NULL,  -- the key's
    name       text    NOT NULL,
    profile    text    NOT NULL,  -- the address under which the platform describes itself; '': none
    events_url text    NOT NULL,  -- where it is told that something has changed; '': nowhere
    secret_key text    NOT NULL DEFAULT '',  -- which key of the settings opens the token that it wants then; '': it wants none
    secret_salt bytea  NOT NULL DEFAULT '',
    secret_box bytea   NOT NULL DEFAULT '',
    version    integer NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.platform', 'tenant');
SELECT coster.secure_table('coster.platform');

-- Whom an issuer of tokens (OpenID Connect) means by what: an account or a client of its, and the key as which it acts here.
CREATE TABLE coster.oidc_identity (
    org_id bigint NOT NULL,
    issuer text   NOT NULL,
    kind   text   NOT NULL CHECK (kind IN ('client', 'email', 'subject')),
    value  text   NOT NULL,
    key_id uuid   NOT NULL,
    PRIMARY KEY (org_id, issuer, kind, value),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
CREATE INDEX oidc_identity_key ON coster.oidc_identity (org_id, key_id);
SELECT coster.place_table('coster.oidc_identity', 'tenant');
SELECT coster.secure_table('coster.oidc_identity');

-- domain/parties/schema.sql

-- parties: enterprises, who supplies whom under which terms, customers, and (apart) persons.

CREATE TABLE coster.enterprise (
    org_id       bigint  NOT NULL REFERENCES coster.org (org_id),
    id           uuid    NOT NULL,
    name         text    NOT NULL,
    kinds        text[]  NOT NULL,  -- producer, hub, retailer
    currency     text    NOT NULL,  -- ISO 4217
    timezone     text    NOT NULL,  -- IANA, for sessions and reports
    cart_minutes integer NOT NULL CHECK (cart_minutes BETWEEN 1 AND 10080),  -- how long a checkout may take
    hold_days_ahead integer CHECK (hold_days_ahead BETWEEN 0 AND 3660),  -- goods are taken so long before they shall go; null: at once
    minimum_order bigint NOT NULL,  -- minor units of the currency; 0: none
    address      jsonb   NOT NULL,  -- the enterprise's own, public address
    opening_hours jsonb  NOT NULL,  -- hours by day, holidays, special days, in its zone; {}: open day and night
    version      integer NOT NULL,
    PRIMARY KEY (org_id, id)
);
SELECT coster.place_table('coster.enterprise', 'tenant');
SELECT coster.secure_table('coster.enterprise');

-- What an enterprise tells the public of itself: a description, how to reach it, categories of its customers. Apart, since no order needs it.
CREATE TABLE coster.enterprise_profile (
    org_id        bigint  NOT NULL,
    enterprise_id uuid    NOT NULL,
    profile       jsonb   NOT NULL,
    version       integer NOT NULL,
    PRIMARY KEY (org_id, enterprise_id),
    FOREIGN KEY (org_id, enterprise_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.enterprise_profile', 'tenant');
SELECT coster.secure_table('coster.enterprise_profile');

CREATE TABLE coster.relation (
    org_id         bigint  NOT NULL,
    hub_id         uuid    NOT NULL,
    producer_id    uuid    NOT NULL,
    active         boolean NOT NULL,  -- a relation that ended sells nothing from that moment
    consolidation  text    NOT NULL CHECK (consolidation IN ('per_session', 'per_order')),
    aggregation    text    NOT NULL CHECK (aggregation IN ('by_item', 'by_weight')),
    grant_policy   text    NOT NULL CHECK (grant_policy IN ('refuse', 'partial')),
    remainder      text    NOT NULL CHECK (remainder IN ('loose', 'round_up', 'round_down')),
    shortage       text    NOT NULL CHECK (shortage IN ('first_come', 'pro_rata', 'priority')),
    discount_over  bigint  NOT NULL,  -- minor units; a held order worth more than this gets the discount; 0 with 0 ‰: none
    discount_permille integer NOT NULL CHECK (discount_permille BETWEEN 0 AND 1000),
    version        integer NOT NULL,
    PRIMARY KEY (org_id, hub_id, producer_id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.relation', 'tenant');
SELECT coster.secure_table('coster.relation');

CREATE TABLE coster.customer (
    org_id   bigint  NOT NULL,
    id       uuid    NOT NULL,  -- the token: random, says nothing about the person
    seller_id uuid   NOT NULL,  -- whose customer this is
    category text    NOT NULL,
    priority integer NOT NULL,  -- higher is served first where a shortage is shared out by priority
    erased   boolean NOT NULL,
    version  integer NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, seller_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.customer', 'tenant');
SELECT coster.secure_table('coster.customer');

-- Personal data, and nothing else.
CREATE TABLE coster.person (
    org_id      bigint NOT NULL,
    customer_id uuid   NOT NULL,
    name        text   NOT NULL,
    email       text   NOT NULL,
    phone       text   NOT NULL,
    address     jsonb  NOT NULL,
    PRIMARY KEY (org_id, customer_id),
    FOREIGN KEY (org_id, customer_id) REFERENCES coster.customer (org_id, id)
);
SELECT coster.place_table('coster.person', 'tenant');
SELECT coster.secure_table('coster.person');

-- domain/buying/schema.sql

-- buying: cost centres.

CREATE TABLE coster.cost_centre (
    org_id        bigint  NOT NULL,
    id            uuid    NOT NULL,
    enterprise_id uuid    NOT NULL,  -- who buys
    name          text    NOT NULL,
    currency      text    NOT NULL,  -- of the amounts in levels
    levels        jsonb   NOT NULL,  -- [{from_total, approvers}], amounts in minor units, each above the one before it
    sellers       uuid[]  NOT NULL,  -- whose orders may name it, besides the enterprise's own
    own_orders    boolean NOT NULL,  -- an approver may agree to an order of their own
    active        boolean NOT NULL,
    version       integer NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, enterprise_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.cost_centre', 'tenant');
SELECT coster.secure_table('coster.cost_centre');

-- domain/catalog/schema.sql

-- catalog: items, their sales units, the components of kits.

CREATE TABLE coster.item (
    org_id      bigint  NOT NULL,
    id          uuid    NOT NULL,
    owner_id    uuid    NOT NULL,  -- the producer or retailer whose item it is
    sku         text    NOT NULL,
    name        text    NOT NULL,
    product     text    NOT NULL,  -- items of one product are variants of it; '' : stands alone
    stock_unit  text    NOT NULL,  -- for example kg, piece
    weight_mg   bigint,            -- milligrams of one stock unit, for orders by weight
    price_micros bigint NOT NULL CHECK (price_micros >= 0),  -- per stock unit, in the owner's currency
    min_quantity      bigint NOT NULL CHECK (min_quantity >= 0),   -- thousandths of the stock unit
    max_quantity      bigint CHECK (max_quantity > 0),             -- null: none
    multiple_quantity bigint NOT NULL CHECK (multiple_quantity >= 1),
    case_quantity     bigint CHECK (case_quantity > 0),            -- a case, when the producer sells by the case
    tracked     boolean NOT NULL,  -- false: no inventory information, orders go through
    buyable     boolean NOT NULL,
    kit         boolean NOT NULL,
    version     integer NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, owner_id, sku),
    FOREIGN KEY (org_id, owner_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.item', 'tenant');
SELECT coster.secure_table('coster.item');

CREATE TABLE coster.sales_unit (
    org_id  bigint NOT NULL,
    item_id uuid   NOT NULL,
    code    text   NOT NULL,                   -- for example bunch, crate
    num     bigint NOT NULL CHECK (num > 0),   -- one sales unit is num/den stock units
    den     bigint NOT NULL CHECK (den > 0),
    price_micros bigint CHECK (price_micros >= 0),  -- per sales unit; null: the stock unit's price times num/den
    PRIMARY KEY (org_id, item_id, code),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
SELECT coster.place_table('coster.sales_unit', 'tenant');
SELECT coster.secure_table('coster.sales_unit');

CREATE TABLE coster.kit_component (
    org_id   bigint NOT NULL,
    kit_id   uuid   NOT NULL,
    item_id  uuid   NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),  -- thousandths of the component's stock unit in one kit
    PRIMARY KEY (org_id, kit_id, item_id),
    FOREIGN KEY (org_id, kit_id) REFERENCES coster.item (org_id, id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
SELECT coster.place_table('coster.kit_component', 'tenant');
SELECT coster.secure_table('coster.kit_component');

CREATE TABLE coster.item_details (
    org_id  bigint  NOT NULL,
    item_id uuid    NOT NULL,
    details jsonb   NOT NULL,  -- what the producer tells the public of the item; nothing is decided by it
    version integer NOT NULL,
    PRIMARY KEY (org_id, item_id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
SELECT coster.place_table('coster.item_details', 'tenant');
SELECT coster.secure_table('coster.item_details');

-- domain/inventory/schema.sql

-- inventory: locations, positions, the ledger, holds, and what pools hold.

CREATE TABLE coster.location (
    org_id        bigint  NOT NULL,
    id            uuid    NOT NULL,
    enterprise_id uuid    NOT NULL,
    name          text    NOT NULL,
    priority      integer NOT NULL,  -- lower is drawn from first
    active        boolean NOT NULL,
    version       integer NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, enterprise_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.location', 'tenant');
SELECT coster.secure_table('coster.location');

-- Stock of one item at one place (and of one lot). The CHECK is the second lock: no bug can oversell.
CREATE TABLE coster.position (
    org_id      bigint  NOT NULL,
    id          uuid    NOT NULL,  -- follows from item, location and lot
    item_id     uuid    NOT NULL,
    location_id uuid    NOT NULL,  -- nil where nobody keeps count (unlimited), so there is no foreign key
    lot         text    NOT NULL,  -- '' : not kept by lot
    unlimited   boolean NOT NULL,  -- no inventory information: holds are recorded and never refused
    on_hand     bigint  NOT NULL CHECK (on_hand >= 0),
    held        bigint  NOT NULL CHECK (held >= 0),
    committed   bigint  NOT NULL CHECK (committed >= 0),
    seq         bigint  NOT NULL,  -- ledger entries so far
    told        integer NOT NULL,  -- events about it so far; holds are told as the orders that they belong to
    counted_at  timestamptz,       -- instant of the latest count
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, item_id, location_id, lot),
    CONSTRAINT never_oversold CHECK (unlimited OR held + committed <= on_hand),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
ALTER TABLE coster.position SET (fillfactor = 50);
SELECT coster.place_table('coster.position', 'tenant');
SELECT coster.secure_table('coster.position');

-- Every change of a position, numbered 1, 2, 3 …; never updated, never deleted. What is old may be in files (engine/archive); then one
-- entry, CARRIED, stands for all before it, under the number of the last of them.
CREATE TABLE coster.ledger (
    org_id      bigint      NOT NULL,
    position_id uuid        NOT NULL,
    seq         bigint      NOT NULL,
    type        text        NOT NULL CHECK (type IN ('RECEIPT', 'COUNT', 'CORRECTION', 'DELTA', 'HOLD', 'RELEASE', 'COMMIT',
                                                     'SALE', 'RETURN', 'TRANSFER_OUT', 'TRANSFER_IN', 'CARRIED')),
    on_hand     bigint      NOT NULL,  -- change, thousandths of the stock unit
    held        bigint      NOT NULL,  -- change
    committed   bigint      NOT NULL,  -- change
    at          timestamptz NOT NULL,  -- as of when (a late count names an earlier instant than its command)
    command_id  uuid        NOT NULL,  -- the cause
    demand_id   uuid,                  -- whose hold, where it is one
    pool_id     uuid,                  -- the account that it counts for, where that is another's; null: the demand's own
    reason      text        NOT NULL,
    PRIMARY KEY (org_id, position_id, seq)
);
SELECT coster.place_table('coster.ledger', 'tenant');
SELECT coster.secure_table('coster.ledger');
-- What happened stays so: a mistake is corrected by another entry.
REVOKE UPDATE, DELETE ON TABLE coster.ledger FROM coster_app;

-- What somebody may count on. A released hold is a deleted row; the ledger remembers it.
CREATE TABLE coster.hold (
    org_id      bigint      NOT NULL,
    demand_id   uuid        NOT NULL,
    demand_line integer     NOT NULL,
    position_id uuid        NOT NULL,
    pool_id     uuid,                  -- the account that it counts for; null: its own
    quantity    bigint      NOT NULL CHECK (quantity > 0),
    state       text        NOT NULL CHECK (state IN ('live', 'committed')),
    policy      text        NOT NULL CHECK (policy IN ('cart', 'submitted', 'session', 'remainder')),
    expires_at  timestamptz,           -- cart: then it is released; others: null
    since       timestamptz NOT NULL,  -- first come, first served
    priority    integer     NOT NULL,
    PRIMARY KEY (org_id, demand_id, demand_line, position_id),
    FOREIGN KEY (org_id, position_id) REFERENCES coster.position (org_id, id)
);
-- With the account, because held orders that nobody has fetched yet may leave very many holds on one position.
CREATE INDEX hold_position ON coster.hold (org_id, position_id, pool_id);
SELECT coster.place_table('coster.hold', 'tenant');
SELECT coster.secure_table('coster.hold');

-- The sum of a pool's holds per position, kept in the same statement round as the holds.
CREATE TABLE coster.pool_line (
    org_id      bigint NOT NULL,
    pool_id     uuid   NOT NULL,
    position_id uuid   NOT NULL,
    held        bigint NOT NULL CHECK (held >= 0),
    committed   bigint NOT NULL CHECK (committed >= 0),
    consumed    bigint NOT NULL CHECK (consumed >= 0),  -- handed over
    surplus     bigint NOT NULL CHECK (surplus >= 0),  -- part of it that no demand wants: the rest of the last case
    multiple    bigint NOT NULL CHECK (multiple >= 1), -- the case in which it is held, as agreed when it began; 1: loose
    PRIMARY KEY (org_id, pool_id, position_id),
    CHECK (surplus <= held + committed + consumed),
    FOREIGN KEY (org_id, position_id) REFERENCES coster.position (org_id, id)
);
SELECT coster.place_table('coster.pool_line', 'tenant');
SELECT coster.secure_table('coster.pool_line');

-- domain/sessions/schema.sql

-- sessions: windows of sale, the hubs that sell in them, and what is listed.

CREATE TABLE coster.session (
    org_id         bigint      NOT NULL REFERENCES coster.org (org_id),
    id             uuid        NOT NULL,
    coordinator_id uuid        NOT NULL,  -- the hub that runs it
    name           text        NOT NULL,
    status         text        NOT NULL CHECK (status IN ('planned', 'open', 'closed', 'ended')),
    opens_at       timestamptz NOT NULL,
    closes_at      timestamptz NOT NULL,
    amend_until    timestamptz NOT NULL,  -- cancellations still shrink held orders until then; then they are completed
    recurrence     jsonb,                 -- {"rrule": …, "timezone": …}; null: once
    series_id      uuid,                  -- sessions that follow one another
    version        integer     NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK (opens_at < closes_at AND closes_at <= amend_until),
    FOREIGN KEY (org_id, coordinator_id) REFERENCES coster.enterprise (org_id, id)
);
CREATE INDEX session_coordinator ON coster.session (org_id, coordinator_id, opens_at, id);
CREATE INDEX session_amend ON coster.session (org_id, amend_until);
CREATE INDEX session_status ON coster.session (org_id, status, opens_at, id);
SELECT coster.place_table('coster.session', 'tenant');
SELECT coster.secure_table('coster.session');

CREATE TABLE coster.session_hub (
    org_id     bigint NOT NULL,
    session_id uuid   NOT NULL,
    hub_id     uuid   NOT NULL,
    PRIMARY KEY (org_id, session_id, hub_id),
    FOREIGN KEY (org_id, session_id) REFERENCES coster.session (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id)
);
CREATE INDEX session_hub_hub ON coster.session_hub (org_id, hub_id, session_id);
SELECT coster.place_table('coster.session_hub', 'tenant');
SELECT coster.secure_table('coster.session_hub');

CREATE TABLE coster.listing (
    org_id     bigint NOT NULL,
    session_id uuid   NOT NULL,
    item_id    uuid   NOT NULL,
    price_micros bigint CHECK (price_micros >= 0),  -- per stock unit, in the hub's currency; null: the item's
    PRIMARY KEY (org_id, session_id, item_id),
    FOREIGN KEY (org_id, session_id) REFERENCES coster.session (org_id, id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
SELECT coster.place_table('coster.listing', 'tenant');
SELECT coster.secure_table('coster.listing');

-- domain/orders/schema.sql

-- orders: the order, its lines, comments.

CREATE TABLE coster.orders (
    org_id       bigint      NOT NULL,
    id           uuid        NOT NULL,
    seller_id    uuid        NOT NULL,  -- the hub or retailer
    session_id   uuid,                  -- null: a plain retail order
    customer_id  uuid,                  -- token; null: a guest
    channel      text        NOT NULL,  -- the shop or platform that it came from
    reference    text        NOT NULL,  -- its reference there
    status       text        NOT NULL,  -- of its flow
    flow         text        NOT NULL,
    flow_version integer     NOT NULL,
    payment      text        NOT NULL CHECK (payment IN ('none', 'pending', 'review', 'authorised', 'part_captured', 'captured',
                                                         'refunding', 'refunded', 'failed')),
    currency     text        NOT NULL,
    gross        bigint      NOT NULL,  -- minor units: the lines before any discount
    line_discount  bigint    NOT NULL,  -- sum of the lines' own discounts
    order_discount bigint    NOT NULL,  -- the order's, shared out over the lines
    total        bigint      NOT NULL,
    priority     integer     NOT NULL,
    placed_at    timestamptz NOT NULL,
    expires_at   timestamptz,           -- end of checkout; null: completed or over
    version      integer     NOT NULL,
    type         text        NOT NULL,  -- '': a shopper's order; decides the flow on which it began
    holds        text        NOT NULL CHECK (holds IN ('none', 'live', 'committed')),  -- what its status says about its stock
    attributes   jsonb       NOT NULL,  -- small values that actions of its flow have set
    entered      integer     NOT NULL,  -- its version when it came into its status; timers of a status that was left do nothing
    entered_at   timestamptz NOT NULL,
    sla_at       timestamptz,           -- from when on it is beyond the service level of its status; null: there is none
    checkout     text,                  -- status of its checkout's own flow; null: it has none
    checkout_version integer,           -- of that flow
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, channel, reference),
    CHECK (total = gross - line_discount - order_discount AND total >= 0),
    CHECK ((checkout IS NULL) = (checkout_version IS NULL)),
    FOREIGN KEY (org_id, seller_id) REFERENCES coster.enterprise (org_id, id)
);
CREATE INDEX orders_seller ON coster.orders (org_id, seller_id, id);
CREATE INDEX orders_session ON coster.orders (org_id, session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX orders_customer ON coster.orders (org_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_late ON coster.orders (org_id, sla_at) WHERE sla_at IS NOT NULL;
CREATE INDEX orders_running ON coster.orders (org_id, session_id) WHERE expires_at IS NOT NULL;
-- Who is where on which version: moves between versions, pictures with counts.
CREATE INDEX orders_flow ON coster.orders (org_id, flow, flow_version, status, id);
-- The same of checkouts, whose flow follows from their orders' flow and type.
CREATE INDEX orders_checkout ON coster.orders (org_id, flow, flow_version, type, checkout_version, checkout, id)
    WHERE checkout IS NOT NULL;
SELECT coster.place_table('coster.orders', 'tenant');
SELECT coster.secure_table('coster.orders');

CREATE TABLE coster.order_line (
    org_id       bigint  NOT NULL,
    order_id     uuid    NOT NULL,
    line_no      integer NOT NULL,
    item_id      uuid    NOT NULL,
    producer_id  uuid    NOT NULL,
    unit         text    NOT NULL,  -- sales unit
    requested    bigint  NOT NULL,  -- thousandths of the sales unit, as asked for
    quantity     bigint  NOT NULL CHECK (quantity >= 0),  -- thousandths of the sales unit, as granted now; 0: nothing is left
    stock_quantity bigint NOT NULL CHECK (stock_quantity >= 0),  -- the same in thousandths of the stock unit
    price_micros bigint  NOT NULL,  -- per sales unit
    gross        bigint  NOT NULL,
    discount     bigint  NOT NULL,  -- the line's own
    order_share  bigint  NOT NULL,  -- its share of the order's discount
    basis_gross    bigint NOT NULL,  -- what the discounts were counted on; a line that shrinks and grows has them again to the cent
    basis_discount bigint NOT NULL,
    basis_share    bigint NOT NULL,
    total        bigint  NOT NULL,
    stock        text    NOT NULL CHECK (stock IN ('none', 'held', 'allocated', 'backordered', 'future', 'unavailable', 'consumed',
                                                   'untracked')),
    fulfilment   text    NOT NULL CHECK (fulfilment IN ('not_started', 'released', 'picking', 'packed', 'shipped', 'collected',
                                                        'delivered', 'short', 'returned', 'cancelled')),
    note         text    NOT NULL,  -- why the quantity is not the one asked for, in words
    ship_on      date,                 -- the day on which it shall go, in the seller's time zone; null: as soon as may be
    holds_from   timestamptz,          -- stock `future`: from when on goods are taken for it
    PRIMARY KEY (org_id, order_id, line_no),
    CHECK (total = gross - discount - order_share),
    FOREIGN KEY (org_id, order_id) REFERENCES coster.orders (org_id, id)
);
SELECT coster.place_table('coster.order_line', 'tenant');
SELECT coster.secure_table('coster.order_line');

CREATE TABLE coster.order_comment (
    org_id   bigint      NOT NULL,
    order_id uuid        NOT NULL,
    id       uuid        NOT NULL,
    at       timestamptz NOT NULL,
    actor    uuid        NOT NULL,
    text     text        NOT NULL,  -- may be personal: never leaves the seller
    PRIMARY KEY (org_id, order_id, id),
    FOREIGN KEY (org_id, order_id) REFERENCES coster.orders (org_id, id)
);
SELECT coster.place_table('coster.order_comment', 'tenant');
SELECT coster.secure_table('coster.order_comment');

-- Who is asked by name to agree to an order, while they are: what an approver's list is read from.
CREATE TABLE coster.order_approver (
    org_id   bigint NOT NULL,
    key_id   uuid   NOT NULL,
    order_id uuid   NOT NULL,
    PRIMARY KEY (org_id, key_id, order_id),
    FOREIGN KEY (org_id, order_id) REFERENCES coster.orders (org_id, id)
);
CREATE INDEX order_approver_order ON coster.order_approver (org_id, order_id);
SELECT coster.place_table('coster.order_approver', 'tenant');
SELECT coster.secure_table('coster.order_approver');

-- domain/wholesale/schema.sql

-- wholesale: the heads of held orders; their lines are pool lines under the same id.

CREATE TABLE coster.held_order (
    org_id       bigint      NOT NULL,
    id           uuid        NOT NULL,  -- the pool's id; follows from hub, producer, session (and order, where one each)
    hub_id       uuid        NOT NULL,
    producer_id  uuid        NOT NULL,
    session_id   uuid        NOT NULL,
    single       boolean     NOT NULL,  -- one per shopper's order
    status       text        NOT NULL,  -- of its flow
    holds        text        NOT NULL CHECK (holds IN ('none', 'live', 'committed')),  -- what its status says about its stock
    flow         text        NOT NULL,
    flow_version integer     NOT NULL,
    attributes   jsonb       NOT NULL,  -- small values that actions of its flow have set
    entered      integer     NOT NULL,  -- its version when it came into its status; timers of a status that was left do nothing
    entered_at   timestamptz NOT NULL,
    sla_at       timestamptz,           -- from when on it is beyond the service level of its status; null: there is none
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    version      integer     NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES coster.session (org_id, id)
);
CREATE INDEX held_order_session ON coster.held_order (org_id, session_id);
CREATE INDEX held_order_late ON coster.held_order (org_id, sla_at) WHERE sla_at IS NOT NULL;
-- Who is where on which version: moves between versions, pictures with counts.
CREATE INDEX held_order_flow ON coster.held_order (org_id, flow, flow_version, status, id);
SELECT coster.place_table('coster.held_order', 'tenant');
SELECT coster.secure_table('coster.held_order');

-- domain/supplying/schema.sql

-- supplying: hubs on other platforms, and which order of theirs is which.

CREATE TABLE coster.counterpart (
    org_id      bigint NOT NULL,
    id          uuid   NOT NULL,  -- the enterprise that stands for it here
    platform_id uuid   NOT NULL,  -- the key of its platform
    iri         text   NOT NULL,  -- what it is called there; empty: the platform itself
    name        text   NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, id) REFERENCES coster.enterprise (org_id, id)
);
CREATE INDEX counterpart_platform ON coster.counterpart (org_id, platform_id);
SELECT coster.place_table('coster.counterpart', 'tenant');
SELECT coster.secure_table('coster.counterpart');

CREATE TABLE coster.supplied_order (
    org_id      bigint      NOT NULL,
    id          uuid        NOT NULL,  -- of the held order, which exists as soon as something is held
    order_id    uuid        NOT NULL,  -- the one order behind it, as soon as it was placed
    platform_id uuid        NOT NULL,
    hub_id      uuid        NOT NULL,
    producer_id uuid        NOT NULL,
    session_id  uuid        NOT NULL,
    session_iri text        NOT NULL,  -- what the platform calls the session; empty: nothing that lasts
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.counterpart (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES coster.session (org_id, id)
);
CREATE INDEX supplied_order_producer ON coster.supplied_order (org_id, producer_id, id);
CREATE INDEX supplied_order_platform ON coster.supplied_order (org_id, platform_id, producer_id, id);
CREATE INDEX supplied_order_of_session ON coster.supplied_order (org_id, session_id, producer_id);
CREATE INDEX supplied_order_session ON coster.supplied_order (org_id, session_iri) WHERE session_iri <> '';
SELECT coster.place_table('coster.supplied_order', 'tenant');
SELECT coster.secure_table('coster.supplied_order');

-- domain/federation/schema.sql

-- federation: connections to other platforms, the producers that supply from there, and what they offer.

CREATE TABLE coster.peer (
    org_id        bigint      NOT NULL,
    id            uuid        NOT NULL,
    hub_id        uuid        NOT NULL,  -- whose connection it is
    name          text        NOT NULL,
    url           text        NOT NULL,  -- where its API begins; '' once removed
    auth          text        NOT NULL CHECK (auth IN ('none', 'token', 'client')),
    issuer        text        NOT NULL,  -- of OIDC, where a client's credentials count
    client_id     text        NOT NULL,
    secret_key    text        NOT NULL,  -- which key of the settings opens the secret; '' : there is none
    secret_salt   bytea       NOT NULL,
    secret_box    bytea       NOT NULL,  -- useless without the key
    status        text        NOT NULL CHECK (status IN ('connected', 'removed')),
    platform      text        NOT NULL,  -- what it calls itself
    protocol      text        NOT NULL,
    ontology      text        NOT NULL,
    enterprises   jsonb       NOT NULL,  -- what it showed us when it was last asked
    discovered_at timestamptz,
    created_at    timestamptz NOT NULL,
    version       integer     NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.peer', 'tenant');
SELECT coster.secure_table('coster.peer');

CREATE TABLE coster.supplier (
    org_id          bigint      NOT NULL,
    producer_id     uuid        NOT NULL,  -- the enterprise of ours that stands for it
    peer_id         uuid        NOT NULL,
    hub_id          uuid        NOT NULL,  -- who set it up
    enterprise_iri  text        NOT NULL,
    name            text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    policy          text        NOT NULL CHECK (policy IN ('strict', 'optimistic')),
    wait_seconds    integer     NOT NULL CHECK (wait_seconds >= 0),
    currency        text        NOT NULL,
    refresh_minutes integer     NOT NULL CHECK (refresh_minutes > 0),
    refresh_at      timestamptz NOT NULL,  -- when its catalogue is read again
    refreshed_at    timestamptz,           -- when it was last read whole
    changed_at      timestamptz,           -- when something in it was last found changed
    etag            text        NOT NULL,
    failures        integer     NOT NULL,  -- in a row
    last_error      text        NOT NULL,  -- our own words
    version         integer     NOT NULL,
    PRIMARY KEY (org_id, producer_id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, peer_id) REFERENCES coster.peer (org_id, id)
);
CREATE INDEX supplier_enterprise ON coster.supplier (org_id, enterprise_iri);
CREATE INDEX supplier_due ON coster.supplier (org_id, refresh_at) WHERE status = 'active';
SELECT coster.place_table('coster.supplier', 'tenant');
SELECT coster.secure_table('coster.supplier');

CREATE TABLE coster.remote_item (
    org_id       bigint  NOT NULL,
    id           uuid    NOT NULL,
    producer_id  uuid    NOT NULL,
    item_id      uuid,             -- the item of ours that stands for it; null unless linked
    status       text    NOT NULL CHECK (status IN ('linked', 'proposed', 'refused')),
    proposed_id  uuid,             -- the item that it might be, by its name
    fault        text    NOT NULL, -- why it cannot be sold here
    source       text    NOT NULL, -- the IRI of the product itself
    product      text    NOT NULL, -- the IRI of what is ordered: itself, or the case in which it comes
    offer        text    NOT NULL, -- the IRI of the offer of that
    numerator    bigint  NOT NULL CHECK (numerator > 0),   -- one that is ordered holds numerator/denominator of the item's stock unit
    denominator  bigint  NOT NULL CHECK (denominator > 0),
    step         bigint  NOT NULL CHECK (step > 0),        -- what is ordered is a multiple of this, thousandths of its unit
    stock_kind   text    NOT NULL CHECK (stock_kind IN ('limited', 'unlimited', 'unknown')),
    stock        bigint,           -- thousandths of the item's stock unit, where limited
    offered      jsonb   NOT NULL, -- all that the catalogue says of it
    digest       text    NOT NULL, -- of offered, to see what has changed
    gone_at      timestamptz,      -- since when it is no longer in the catalogue
    told         integer NOT NULL, -- events about it so far; what is imported and changed by the catalogue tells of none
    version      integer NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, producer_id, source),
    CONSTRAINT remote_item_linked CHECK ((status = 'linked') = (item_id IS NOT NULL)),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.supplier (org_id, producer_id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
CREATE UNIQUE INDEX remote_item_item ON coster.remote_item (org_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX remote_item_gone ON coster.remote_item (org_id, id) WHERE gone_at IS NOT NULL;
CREATE INDEX remote_item_open ON coster.remote_item (org_id, producer_id, status) WHERE status <> 'linked';
SELECT coster.place_table('coster.remote_item', 'tenant');
SELECT coster.secure_table('coster.remote_item');

-- domain/linking/schema.sql

-- linking: what a held order is at its supplier on another platform, and what was refused there.

-- One row per held order with such a supplier; it has nothing in it that is about a shopper.
CREATE TABLE coster.link (
    org_id          bigint      NOT NULL,
    held_order_id   uuid        NOT NULL,
    producer_id     uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('open', 'refused', 'blocked', 'done')),
    remote          text        NOT NULL,  -- IRI of the order at the supplier; '' : not known
    sequence        bigint      NOT NULL,  -- of the last request; grows with each, so that a late one is known there
    acked_version   integer     NOT NULL,  -- version of the held order that the supplier holds; -1: it holds something else
    acked_standing  text        NOT NULL CHECK (acked_standing IN ('none', 'held', 'complete', 'cancelled')),
    acked           jsonb       NOT NULL,  -- the whole of it: lines, and up to which ledger entries they count
    acked_at        timestamptz,
    sent            jsonb,                 -- what was sent last, as long as nobody knows what came of it
    refused_version integer,               -- version of the held order that was refused
    refusal         jsonb,                 -- what the supplier would have taken instead
    look            boolean     NOT NULL,  -- to be asked before anything is sent
    attempts        integer     NOT NULL,  -- failures in a row
    failing_since   timestamptz,
    next_at         timestamptz,           -- nothing is tried before; null: at once
    cause           text        NOT NULL,  -- of the last failure or refusal, a code
    looked_at       timestamptz,           -- when both sides were last compared
    drifts          integer     NOT NULL,  -- how often they differed
    alarmed_at      timestamptz,           -- since when people know that it is not confirmed; null: nothing is wrong
    told            integer     NOT NULL,  -- events about it
    wish            text        NOT NULL CHECK (wish IN ('', 'open', 'retry', 'look', 'accept', 'close')),  -- of people, not heeded yet
    holder          uuid,                  -- the process whose turn it is
    held_until      timestamptz,           -- until when nobody else may
    PRIMARY KEY (org_id, held_order_id),
    FOREIGN KEY (org_id, held_order_id) REFERENCES coster.held_order (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.supplier (org_id, producer_id)
);
CREATE INDEX link_working ON coster.link (org_id, held_order_id) WHERE state <> 'done' OR wish <> '';
-- Those of which people must know, or have been told.
CREATE INDEX link_failing ON coster.link (org_id, held_order_id)
    WHERE alarmed_at IS NOT NULL OR (failing_since IS NOT NULL AND state <> 'done');
SELECT coster.place_table('coster.link', 'tenant');
SELECT coster.secure_table('coster.link');

-- Orders that were undone because a supplier refused or was silent: what whoever waits for the answer is told.
CREATE TABLE coster.link_refusal (
    org_id        bigint      NOT NULL,
    order_id      uuid        NOT NULL,
    held_order_id uuid        NOT NULL,
    version       integer     NOT NULL,  -- of the held order, when it was refused
    at            timestamptz NOT NULL,
    code          text        NOT NULL,
    remaining     jsonb       NOT NULL,  -- of each refused item, how much can still be had
    order_version integer     NOT NULL,  -- of the order, when it was to be taken back
    step          jsonb       NOT NULL,  -- how it is taken back
    commands      uuid[]      NOT NULL,  -- those that had made it grow since the supplier had last acknowledged something
    done          boolean     NOT NULL,  -- the order is taken back by now
    PRIMARY KEY (org_id, order_id, held_order_id, order_version),
    FOREIGN KEY (org_id, held_order_id) REFERENCES coster.link (org_id, held_order_id)
);
CREATE INDEX link_refusal_at ON coster.link_refusal (org_id, at);
SELECT coster.place_table('coster.link_refusal', 'tenant');
SELECT coster.secure_table('coster.link_refusal');

-- How peers answer; a row only where one does not.
CREATE TABLE coster.peer_health (
    org_id     bigint      NOT NULL,
    peer_id    uuid        NOT NULL,
    failures   integer     NOT NULL,  -- in a row, over all links
    open_until timestamptz,           -- its circuit is open until then: nothing is sent
    cause      text        NOT NULL,
    PRIMARY KEY (org_id, peer_id),
    FOREIGN KEY (org_id, peer_id) REFERENCES coster.peer (org_id, id)
);
SELECT coster.place_table('coster.peer_health', 'tenant');
SELECT coster.secure_table('coster.peer_health');
