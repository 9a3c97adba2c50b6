-- The schema, what every table is given, and the root of every organisation.
-- The schema itself is made before the first migration, because the migrations keep their version in it.
GRANT USAGE ON SCHEMA coster TO coster_app;

-- Placement on a Citus cluster (kind 'tenant': by org_id, together with org; 'reference': a copy on every node); on plain PostgreSQL nothing.
-- It is called right after CREATE TABLE and before any table that refers to it.
CREATE FUNCTION coster.place_table(target regclass, kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF kind NOT IN ('tenant', 'reference') THEN
        RAISE EXCEPTION 'place_table(%): the kind is tenant or reference, not %', target, kind;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    -- Otherwise DDL on a reference table forbids parallel DDL on others for the rest of the transaction.
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    IF kind = 'reference' THEN
        EXECUTE format('SELECT create_reference_table(%L)', target);
    ELSIF target = 'coster.org'::regclass THEN
        EXECUTE format('SELECT create_distributed_table(%L, ''org_id'', colocate_with => ''none'')', target);
    ELSE
        EXECUTE format('SELECT create_distributed_table(%L, ''org_id'', colocate_with => ''coster.org'')', target);
    END IF;
END
$$;

-- Row-level security: coster_app sees and makes rows of the organisation in coster.org_id only, and nothing at all without that setting.
-- The owner stays free of it (no FORCE): the owner is used by the system pool alone, whose work is across organisations, and by migrations.
CREATE FUNCTION coster.secure_table(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY own_organisation ON %s FOR ALL TO coster_app'
        ' USING (org_id = nullif(current_setting(''coster.org_id'', true), '''')::bigint)'
        ' WITH CHECK (org_id = nullif(current_setting(''coster.org_id'', true), '''')::bigint)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO coster_app', target);
END
$$;

-- One row an organisation. Every other table refers to it by org_id.
CREATE TABLE coster.org (
    org_id     bigint      PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT org_id_positive CHECK (org_id > 0)
);
SELECT coster.place_table('coster.org', 'tenant');
SELECT coster.secure_table('coster.org');
