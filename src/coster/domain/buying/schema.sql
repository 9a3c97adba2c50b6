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
