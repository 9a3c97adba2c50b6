-- engine/flows: versions of flows, on which of them new entities begin, and who was moved from one to another.

-- One number an organisation, another one after every change of its flows: by it whoever has compiled them knows that nothing is new.
CREATE TABLE coster.flow_state (
    org_id bigint NOT NULL PRIMARY KEY REFERENCES coster.org (org_id),
    mark   bigint NOT NULL
);
SELECT coster.place_table('coster.flow_state', 'tenant');
SELECT coster.secure_table('coster.flow_state');

-- Flows that the organisation has written something of; what is shipped has no row until then.
CREATE TABLE coster.flow (
    org_id  bigint  NOT NULL REFERENCES coster.org (org_id),
    name    text    NOT NULL,
    entity  text    NOT NULL,
    version integer NOT NULL,  -- counts its events
    PRIMARY KEY (org_id, name)
);
SELECT coster.place_table('coster.flow', 'tenant');
SELECT coster.secure_table('coster.flow');

-- What is written and not yet published; only here a text is ever changed.
CREATE TABLE coster.flow_draft (
    org_id   bigint      NOT NULL,
    name     text        NOT NULL,
    version  integer     NOT NULL CHECK (version > 0),
    revision integer     NOT NULL,  -- 1, 2, 3 … as it is written again
    type     text        NOT NULL,
    text     text        NOT NULL,
    digest   text        NOT NULL,  -- SHA-256 of the text
    based_on integer,               -- the version that it follows; null: the first of its name
    actor    uuid        NOT NULL,
    at       timestamptz NOT NULL,
    reason   text        NOT NULL,
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name)
);
SELECT coster.place_table('coster.flow_draft', 'tenant');
SELECT coster.secure_table('coster.flow_draft');

CREATE TABLE coster.flow_version (
    org_id      bigint      NOT NULL,
    name        text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    type        text        NOT NULL,
    text        text        NOT NULL,
    digest      text        NOT NULL,
    based_on    integer,
    mapping     jsonb       NOT NULL,  -- statuses of what it follows to its own, where they differ
    author      uuid        NOT NULL,  -- who wrote the text last
    written_at  timestamptz NOT NULL,
    intent      text        NOT NULL,  -- why it was written
    actor       uuid        NOT NULL,  -- who published it
    at          timestamptz NOT NULL,
    reason      text        NOT NULL,  -- why it was published
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name)
);
SELECT coster.place_table('coster.flow_version', 'tenant');
SELECT coster.secure_table('coster.flow_version');
-- Nothing that was published is ever edited.
REVOKE UPDATE, DELETE ON TABLE coster.flow_version FROM coster_app;

-- Versions on which nothing new may begin any more; entities that are on them stay.
CREATE TABLE coster.flow_retired (
    org_id  bigint      NOT NULL,
    name    text        NOT NULL,
    version integer     NOT NULL,
    actor   uuid        NOT NULL,
    at      timestamptz NOT NULL,
    reason  text        NOT NULL,
    PRIMARY KEY (org_id, name, version),
    FOREIGN KEY (org_id, name, version) REFERENCES coster.flow_version (org_id, name, version)
);
SELECT coster.place_table('coster.flow_retired', 'tenant');
SELECT coster.secure_table('coster.flow_retired');
REVOKE UPDATE, DELETE ON TABLE coster.flow_retired FROM coster_app;

-- On which version new entities begin: of each name the row with the highest number counts, the others are history.
CREATE TABLE coster.flow_pin (
    org_id  bigint      NOT NULL,
    name    text        NOT NULL,
    n       integer     NOT NULL,  -- 1, 2, 3 … within the name
    version integer,               -- null: none of ours, so what is shipped under the name, or nothing
    canary  integer,               -- the version on which a share of them begins
    share   integer     NOT NULL CHECK (share BETWEEN 0 AND 1000),  -- thousandths of the new entities
    back    boolean     NOT NULL,  -- it took the pin before it back, so there is nothing of its own to take back
    actor   uuid        NOT NULL,
    at      timestamptz NOT NULL,
    reason  text        NOT NULL,
    PRIMARY KEY (org_id, name, n),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name),
    CONSTRAINT flow_pin_share CHECK ((canary IS NULL) = (share = 0))
);
SELECT coster.place_table('coster.flow_pin', 'tenant');
SELECT coster.secure_table('coster.flow_pin');
REVOKE UPDATE, DELETE ON TABLE coster.flow_pin FROM coster_app;

-- That entities go from versions to another one, or (undoes) back to where such a move took them from; the rooms carry it out, page by page.
CREATE TABLE coster.flow_move (
    org_id     bigint      NOT NULL,
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    entity     text        NOT NULL,
    sources    integer[]   NOT NULL,  -- the versions that are left
    to_version integer     NOT NULL,  -- of a move back the version that is left
    mapping    jsonb       NOT NULL,  -- statuses of the old versions to those of the new one, where they differ
    undoes     uuid,                  -- the move that is undone
    state      text        NOT NULL CHECK (state IN ('running', 'done')),
    after      uuid,                  -- entities up to this id are done
    moved      bigint      NOT NULL,
    stayed     bigint      NOT NULL,  -- could not be moved back, since they have gone on
    version    integer     NOT NULL,  -- counts its events
    actor      uuid        NOT NULL,
    at         timestamptz NOT NULL,
    reason     text        NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, name) REFERENCES coster.flow (org_id, name),
    FOREIGN KEY (org_id, undoes) REFERENCES coster.flow_move (org_id, id)
);
-- Of a flow one move after the other.
CREATE UNIQUE INDEX flow_move_running ON coster.flow_move (org_id, name) WHERE state = 'running';
CREATE INDEX flow_move_name ON coster.flow_move (org_id, name, at, id);
CREATE INDEX flow_move_undoes ON coster.flow_move (org_id, undoes) WHERE undoes IS NOT NULL;
SELECT coster.place_table('coster.flow_move', 'tenant');
SELECT coster.secure_table('coster.flow_move');

-- What a move did to each entity; of a move back also who was left where it is, because it had gone on.
CREATE TABLE coster.flow_moved (
    org_id       bigint  NOT NULL,
    move_id      uuid    NOT NULL,
    entity_id    uuid    NOT NULL,
    from_version integer NOT NULL,
    from_status  text    NOT NULL,
    to_version   integer NOT NULL,
    to_status    text    NOT NULL,
    outcome      text    NOT NULL CHECK (outcome IN ('moved', 'gone_on')),
    PRIMARY KEY (org_id, move_id, entity_id),
    FOREIGN KEY (org_id, move_id) REFERENCES coster.flow_move (org_id, id)
);
SELECT coster.place_table('coster.flow_moved', 'tenant');
SELECT coster.secure_table('coster.flow_moved');
REVOKE UPDATE, DELETE ON TABLE coster.flow_moved FROM coster_app;
