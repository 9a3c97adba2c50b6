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
