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
