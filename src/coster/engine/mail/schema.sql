-- engine/mail: letters to people that nobody has taken yet. Addresses are elsewhere, and looked up when a letter goes.

CREATE TABLE coster.mail (
    org_id     bigint      NOT NULL REFERENCES coster.org (org_id),
    id         uuid        NOT NULL,  -- follows from the command that wrote it; the Message-ID follows from it
    recipient  uuid        NOT NULL,  -- a key
    kind       text        NOT NULL,  -- which text
    words      jsonb       NOT NULL,  -- what fills it; nothing personal
    written_at timestamptz NOT NULL,
    attempts   integer     NOT NULL,
    next_at    timestamptz,           -- null: given up
    parked     text,                  -- why it was given up, in our own words
    PRIMARY KEY (org_id, id),
    CONSTRAINT mail_parked_rests CHECK ((parked IS NULL) = (next_at IS NOT NULL))
);
CREATE INDEX mail_due ON coster.mail (next_at) WHERE next_at IS NOT NULL;
SELECT coster.place_table('coster.mail', 'tenant');
SELECT coster.secure_table('coster.mail');
