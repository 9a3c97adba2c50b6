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
