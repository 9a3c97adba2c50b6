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
