-- wholesale: the heads of held orders; their lines are pool lines under the same id.

CREATE TABLE coster.held_order (
    org_id       bigint      NOT NULL,
    id           uuid        NOT NULL,  -- the pool's id; follows from hub, producer, session (and order, where one each)
    hub_id       uuid        NOT NULL,
    producer_id  uuid        NOT NULL,
    session_id   uuid        NOT NULL,
    single       boolean     NOT NULL,  -- one per shopper's order
    status       text        NOT NULL CHECK (status IN ('Held', 'Complete', 'Fulfilled', 'Cancelled')),  -- of its flow
    flow_version integer     NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    version      integer     NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, session_id) REFERENCES coster.session (org_id, id)
);
CREATE INDEX held_order_session ON coster.held_order (org_id, session_id);
SELECT coster.place_table('coster.held_order', 'tenant');
SELECT coster.secure_table('coster.held_order');
