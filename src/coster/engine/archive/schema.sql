-- engine/archive: which rows were moved into which file; the rows themselves are there and nowhere else.

CREATE TABLE coster.archive_part (
    org_id     bigint      NOT NULL REFERENCES coster.org (org_id),
    number     integer     NOT NULL,  -- 1, 2, 3 … in the order in which they were written
    kind       text        NOT NULL CHECK (kind IN ('events', 'commands', 'ledger')),
    month      text        NOT NULL,  -- of its rows, for example 2026-05
    rows       bigint      NOT NULL CHECK (rows > 0),
    first      text        NOT NULL,  -- key of its first row: an event's number, a command's id, a position's id and the entry's number
    last       text        NOT NULL,
    latest     timestamptz NOT NULL,  -- the latest instant of its rows
    file       text        NOT NULL,  -- below the directory of the archive
    bytes      bigint      NOT NULL,
    sha256     text        NOT NULL,  -- of the file
    written_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, number)
);
SELECT coster.place_table('coster.archive_part', 'tenant');
SELECT coster.secure_table('coster.archive_part');
-- Requests move nothing; `coster db archive` does, as the owner.
REVOKE INSERT, UPDATE, DELETE ON TABLE coster.archive_part FROM coster_app;
