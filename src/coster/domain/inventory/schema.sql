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
