-- The role under which every statement of an organisation runs. It owns nothing and cannot log in, so row-level security holds for it.
-- Roles belong to the whole server: another database may have made it, or be making it at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'coster_app') THEN
        CREATE ROLE coster_app NOLOGIN NOINHERIT NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

-- Whoever migrates must be able to SET ROLE to it. From version 16 on, having made a role is not enough; so it is tried, and granted if refused.
DO $$
BEGIN
    SET LOCAL ROLE coster_app;
    RESET ROLE;
EXCEPTION WHEN insufficient_privilege THEN
    GRANT coster_app TO CURRENT_USER;
END
$$;
