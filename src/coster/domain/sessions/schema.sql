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
