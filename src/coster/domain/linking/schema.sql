-- linking: what a held order is at its supplier on another platform, and what was refused there.

-- One row per held order with such a supplier; it has nothing in it that is about a shopper.
CREATE TABLE coster.link (
    org_id          bigint      NOT NULL,
    held_order_id   uuid        NOT NULL,
    producer_id     uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('open', 'refused', 'blocked', 'done')),
    remote          text        NOT NULL,  -- IRI of the order at the supplier; '' : not known
    sequence        bigint      NOT NULL,  -- of the last request; grows with each, so that a late one is known there
    acked_version   integer     NOT NULL,  -- version of the held order that the supplier holds; -1: it holds something else
    acked_standing  text        NOT NULL CHECK (acked_standing IN ('none', 'held', 'complete', 'cancelled')),
    acked           jsonb       NOT NULL,  -- the whole of it: lines, and up to which ledger entries they count
    acked_at        timestamptz,
    sent            jsonb,                 -- what was sent last, as long as nobody knows what came of it
    refused_version integer,               -- version of the held order that was refused
    refusal         jsonb,                 -- what the supplier would have taken instead
    look            boolean     NOT NULL,  -- to be asked before anything is sent
    attempts        integer     NOT NULL,  -- failures in a row
    failing_since   timestamptz,
    next_at         timestamptz,           -- nothing is tried before; null: at once
    cause           text        NOT NULL,  -- of the last failure or refusal, a code
    looked_at       timestamptz,           -- when both sides were last compared
    drifts          integer     NOT NULL,  -- how often they differed
    alarmed_at      timestamptz,           -- since when people know that it is not confirmed; null: nothing is wrong
    told            integer     NOT NULL,  -- events about it
    wish            text        NOT NULL CHECK (wish IN ('', 'open', 'retry', 'look', 'accept', 'close')),  -- of people, not heeded yet
    holder          uuid,                  -- the process whose turn it is
    held_until      timestamptz,           -- until when nobody else may
    PRIMARY KEY (org_id, held_order_id),
    FOREIGN KEY (org_id, held_order_id) REFERENCES coster.held_order (org_id, id),
    FOREIGN KEY (org_id, producer_id) REFERENCES coster.supplier (org_id, producer_id)
);
CREATE INDEX link_working ON coster.link (org_id, held_order_id) WHERE state <> 'done' OR wish <> '';
-- Those of which people must know, or have been told.
CREATE INDEX link_failing ON coster.link (org_id, held_order_id)
    WHERE alarmed_at IS NOT NULL OR (failing_since IS NOT NULL AND state <> 'done');
SELECT coster.place_table('coster.link', 'tenant');
SELECT coster.secure_table('coster.link');

-- Orders that were undone because a supplier refused or was silent: what whoever waits for the answer is told.
CREATE TABLE coster.link_refusal (
    org_id        bigint      NOT NULL,
    order_id      uuid        NOT NULL,
    held_order_id uuid        NOT NULL,
    version       integer     NOT NULL,  -- of the held order, when it was refused
    at            timestamptz NOT NULL,
    code          text        NOT NULL,
    remaining     jsonb       NOT NULL,  -- of each refused item, how much can still be had
    order_version integer     NOT NULL,  -- of the order, when it was to be taken back
    step          jsonb       NOT NULL,  -- how it is taken back
    commands      uuid[]      NOT NULL,  -- those that had made it grow since the supplier had last acknowledged something
    done          boolean     NOT NULL,  -- the order is taken back by now
    PRIMARY KEY (org_id, order_id, held_order_id, order_version),
    FOREIGN KEY (org_id, held_order_id) REFERENCES coster.link (org_id, held_order_id)
);
CREATE INDEX link_refusal_at ON coster.link_refusal (org_id, at);
SELECT coster.place_table('coster.link_refusal', 'tenant');
SELECT coster.secure_table('coster.link_refusal');

-- How peers answer; a row only where one does not.
CREATE TABLE coster.peer_health (
    org_id     bigint      NOT NULL,
    peer_id    uuid        NOT NULL,
    failures   integer     NOT NULL,  -- in a row, over all links
    open_until timestamptz,           -- its circuit is open until then: nothing is sent
    cause      text        NOT NULL,
    PRIMARY KEY (org_id, peer_id),
    FOREIGN KEY (org_id, peer_id) REFERENCES coster.peer (org_id, id)
);
SELECT coster.place_table('coster.peer_health', 'tenant');
SELECT coster.secure_table('coster.peer_health');
