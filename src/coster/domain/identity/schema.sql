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
    role          text   NOT NULL CHECK (role IN ('owner', 'hub', 'producer', 'shop', 'picker', 'reader', 'approver',
                                                  'platform', 'read_enterprise', 'write_enterprise', 'read_products', 'write_products',
                                                  'read_orders', 'write_orders')),
    enterprise_id uuid   NOT NULL,  -- nil: the whole organisation
    PRIMARY KEY (org_id, key_id, role, enterprise_id),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.api_grant', 'tenant');
SELECT coster.secure_table('coster.api_grant');

-- Where the holder of a key is written to. Personal data, and nothing else.
CREATE TABLE coster.key_contact (
    org_id   bigint  NOT NULL,
    key_id   uuid    NOT NULL,
    email    text    NOT NULL,  -- '': nowhere
    language text    NOT NULL,  -- BCP 47
    version  integer NOT NULL,
    PRIMARY KEY (org_id, key_id),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.key_contact', 'tenant');
SELECT coster.secure_table('coster.key_contact');

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

-- Other platforms that speak the standard of the Data Food Consortium: each is a key, with what is known of it besides.
CREATE TABLE coster.platform (
    org_id     bigint  NOT NULL,
    id         uuid    NOT NULL,  -- the key's
    name       text    NOT NULL,
    profile    text    NOT NULL,  -- the address under which the platform describes itself; '': none
    events_url text    NOT NULL,  -- where it is told that something has changed; '': nowhere
    secret_key text    NOT NULL DEFAULT '',  -- which key of the settings opens the token that it wants then; '': it wants none
    secret_salt bytea  NOT NULL DEFAULT '',
    secret_box bytea   NOT NULL DEFAULT '',
    version    integer NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, id) REFERENCES coster.api_key (org_id, id)
);
SELECT coster.place_table('coster.platform', 'tenant');
SELECT coster.secure_table('coster.platform');

-- Whom an issuer of tokens (OpenID Connect) means by what: an account or a client of its, and the key as which it acts here.
CREATE TABLE coster.oidc_identity (
    org_id bigint NOT NULL,
    issuer text   NOT NULL,
    kind   text   NOT NULL CHECK (kind IN ('client', 'email', 'subject')),
    value  text   NOT NULL,
    key_id uuid   NOT NULL,
    PRIMARY KEY (org_id, issuer, kind, value),
    FOREIGN KEY (org_id, key_id) REFERENCES coster.api_key (org_id, id)
);
CREATE INDEX oidc_identity_key ON coster.oidc_identity (org_id, key_id);
SELECT coster.place_table('coster.oidc_identity', 'tenant');
SELECT coster.secure_table('coster.oidc_identity');
