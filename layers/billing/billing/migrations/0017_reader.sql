-- The role of the functions that only read: it sees what the API's role sees, and has no right to write anything.

GRANT USAGE ON SCHEMA public TO billing_reader;
GRANT EXECUTE ON FUNCTION settled() TO billing_reader;

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT table_name FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND grantee = 'billing_app' AND privilege_type = 'SELECT'
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO billing_reader', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'company' LOOP
        EXECUTE format('ALTER POLICY company ON %I TO billing_app, billing_reader', name);
    END LOOP;
END $$;
