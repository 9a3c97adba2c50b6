-- federation: connections to other platforms, the producers that supply from there, and what they offer.

CREATE TABLE coster.peer (
    org_id        bigint      NOT NULL,
    id            uuid        NOT NULL,
    hub_id        uuid        NOT NULL,  -- whose connection it is
    name          text        NOT NULL,
    url           text        NOT NULL,  -- where its API begins; '' once removed
    auth          text        NOT NULL CHECK (auth IN ('none', 'token', 'client')),
    issuer        text        NOT NULL,  -- of OIDC, where a client's credentials count
    client_id     text        NOT NULL,
    secret_key    text        NOT NULL,  -- which key of the settings opens the secret; '' : there is none
    secret_salt   bytea       NOT NULL,
    secret_box    bytea       NOT NULL,  -- useless without the key
    status        text        NOT NULL CHECK (status IN ('connected', 'removed')),
    platform      text        NOT NULL,  -- what it calls itself
    protocol      text        NOT NULL,
    ontology      text        NOT NULL,
    enterprises   jsonb       NOT NULL,  -- what it showed us when it was last asked
    discovered_at timestamptz,
    created_at    timestamptz NOT NULL,
    version       integer     NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id)
);
SELECT coster.place_table('coster.peer', 'tenant');
SELECT coster.secure_table('coster.peer');

CREATE TABLE coster.supplier (
    org_id          bigint      NOT NULL,
    producer_id     uuid        NOT NULL,  -- the enterprise of ours that stands for it
    peer_id         uuid        NOT NULL,
    hub_id          uuid        NOT NULL,  -- who set it up
    enterprise_iri  text        NOT NULL,
    name            text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    policy          text        NOT NULL CHECK (policy IN ('strict', 'optimistic')),
    wait_seconds    integer     NOT NULL CHECK (wait_seconds >= 0),
    currency        text        NOT NULL,
    refresh_minutes integer     NOT NULL CHECK (refresh_minutes > 0),
    refresh_at      timestamptz NOT NULL,  -- when its catalogue is read again
    refreshed_at    timestamptz,           -- when it was last read whole
    changed_at      timestamptz,           -- when something in it was last found changed
    etag            text        NOT NULL,
    failures        integer     NOT NULL,  -- in a row
    last_error      text        NOT NULL,  -- our own words
    version         integer     NOT NULL,
    PRIMARY KEY (org_id, producer_id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, hub_id) REFERENCES coster.enterprise (org_id, id),
    FOREIGN KEY (org_id, peer_id) REFERENCES coster.peer (org_id, id)
);
CREATE INDEX supplier_enterprise ON coster.supplier (org_id, enterprise_iri);
CREATE INDEX supplier_due ON coster.supplier (org_id, refresh_at) WHERE status = 'active';
SELECT coster.place_table('coster.supplier', 'tenant');
SELECT coster.secure_table('coster.supplier');

CREATE TABLE coster.remote_item (
    org_id       bigint  NOT NULL,
    id           uuid    NOT NULL,
    producer_id  uuid    NOT NULL,
    item_id      uuid,             -- the item of ours that stands for it; null unless linked
    status       text    NOT NULL CHECK (status IN ('linked', 'proposed', 'refused')),
    proposed_id  uuid,             -- the item that it might be, by its name
    fault        text    NOT NULL, -- why it cannot be sold here
    source       text    NOT NULL, -- the IRI of the product itself
    product      text    NOT NULL, -- the IRI of what is ordered: itself, or the case in which it comes
    offer        text    NOT NULL, -- the IRI of the offer of that
    numerator    bigint  NOT NULL CHECK (numerator > 0),   -- one that is ordered holds numerator/denominator of the item's stock unit
    denominator  bigint  NOT NULL CHECK (denominator > 0),
    step         bigint  NOT NULL CHECK (step > 0),        -- what is ordered is a multiple of this, thousandths of its unit
    stock_kind   text    NOT NULL CHECK (stock_kind IN ('limited', 'unlimited', 'unknown')),
    stock        bigint,           -- thousandths of the item's stock unit, where limited
    offered      jsonb   NOT NULL, -- all that the catalogue says of it
    digest       text    NOT NULL, -- of offered, to see what has changed
    gone_at      timestamptz,      -- since when it is no longer in the catalogue
    told         integer NOT NULL, -- events about it so far; what is imported and changed by the catalogue tells of none
    version      integer NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, producer_id, source),
    CONSTRAINT remote_item_linked CHECK ((status = 'linked') = (item_id IS NOT NULL)),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.supplier (org_id, producer_id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id)
);
CREATE UNIQUE INDEX remote_item_item ON coster.remote_item (org_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX remote_item_gone ON coster.remote_item (org_id, id) WHERE gone_at IS NOT NULL;
CREATE INDEX remote_item_open ON coster.remote_item (org_id, producer_id, status) WHERE status <> 'linked';
SELECT coster.place_table('coster.remote_item', 'tenant');
SELECT coster.secure_table('coster.remote_item');
