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
