-- identity: API keys and their grants.

CREATE TABLE coster.api_key (
    org_id      bigint      NOT NULL REFERENCES coster.org (org_id),
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    secret_hash bytea       NOT NULL,  -- SHA-256 of 256 random bits; a slow hash would add nothing
    hint        text        NOT NULL,  -- the last four characters, to tell keys apart
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
SELECT coster.place_table('coster.api_key', 'tenant');
SELECT coster.secure_table('coster.api_key');

CREATE TABLE coster.api_grant (
    org_id        bigint NOT NULL,
    key_id        uuid   NOT NULL,
    role          text   NOT NULL CHECK (role IN ('owner', 'hub', 'producer', 'shop', 'picker', 'reader')),
    enterprise_id uuid   NOT NULL,  -- nil: the whole organisation
    PRIMARY KEY (org_id, key_id, role, enterprise_id),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.api_grant', 'tenant');
SELECT coster.secure_table('coster.api_grant');

-- Who saw which customer's personal data. Kept for a while (COSTER_ACCESS_DAYS), also when the person has been erased.
CREATE TABLE coster.person_access (
    org_id      bigint      NOT NULL REFERENCES coster.org (org_id),
    id          uuid        NOT NULL,  -- one for all that one request showed, in order of time
    customer_id uuid        NOT NULL,  -- token
    at          timestamptz NOT NULL,
    key_id      uuid        NOT NULL,
    operation   text        NOT NULL,
    request_id  text        NOT NULL,
    PRIMARY KEY (org_id, id, customer_id)
);
CREATE INDEX person_access_customer ON coster.person_access (org_id, customer_id, id);
SELECT coster.place_table('coster.person_access', 'tenant');
SELECT coster.secure_table('coster.person_access');
REVOKE UPDATE, DELETE ON TABLE coster.person_access FROM coster_app;
