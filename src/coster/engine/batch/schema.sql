-- engine/batch: every command that was answered, with its answer.

CREATE TABLE coster.command (
    org_id      bigint      NOT NULL,  -- rows come in through a join with org; a foreign key would lock its row once for each
    id          uuid        NOT NULL,  -- given by the caller (Idempotency-Key) or the edge
    kind        text        NOT NULL,  -- for example orders.place
    actor       uuid        NOT NULL,  -- the API key that asked; nil: the system
    at          timestamptz NOT NULL,  -- stamped when it came in
    fingerprint bytea       NOT NULL,  -- hash of the request; the same id with another body is refused
    reason      text        NOT NULL,  -- why, where a person gave a reason
    outcome     jsonb       NOT NULL,  -- {"accepted": …} or {"rejected": {"code", "message", "detail"}}
    PRIMARY KEY (org_id, id)
);
-- What an entity's flow refused, for its story: such refusals name the entity.
CREATE INDEX command_refused ON coster.command (org_id, (outcome -> 'rejected' -> 'detail' ->> 'entity_id'))
    WHERE outcome -> 'rejected' -> 'detail' ->> 'entity_id' IS NOT NULL;
SELECT coster.place_table('coster.command', 'tenant');
SELECT coster.secure_table('coster.command');
-- What was answered stays answered.
REVOKE UPDATE, DELETE ON TABLE coster.command FROM coster_app;
