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
