-- name: try_lock
-- One migration of a database at a time; held until the connection ends. It is tried, and not waited for: CREATE INDEX
-- CONCURRENTLY waits for every statement that runs, also for one that waits for this lock.
SELECT pg_try_advisory_lock(hashtext('campaign billing: migrations'));

-- name: roles
-- The server's roles: one that owns the tables, two for the API (to write and to read), one for the jobs. Safe to run again; nowhere have they a
-- password. Since Postgres 16 a user who is no superuser administers the roles that it made, and has to grant itself that it
-- may become them. On RDS all but the owner log in with a token, as members of rds_iam, and the master user must not
-- become them: whoever does is a member too, and its password no longer counts.
DO $$
DECLARE
    name text;
    iam boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam');
    membership text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH name IN ARRAY ARRAY['billing_owner', 'billing_app', 'billing_reader', 'billing_jobs'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I', name) || CASE name WHEN 'billing_owner' THEN '' ELSE ' LOGIN' END;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- made this very moment by a migration of another database of the server
            END;
        END IF;
        IF iam AND name <> 'billing_owner' THEN
            EXECUTE format('GRANT rds_iam TO %I', name);
        ELSIF NOT pg_has_role(name, membership) THEN
            EXECUTE format('GRANT %I TO %I', name, current_user);
        END IF;
    END LOOP;
    IF NOT pg_has_role('billing_owner', 'pg_monitor', 'MEMBER') THEN
        BEGIN
            GRANT pg_monitor TO billing_owner;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;  -- the pages of records are right without it, and slower while many arrive
        END;
    END IF;
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO billing_owner', current_database());
    GRANT CREATE, USAGE ON SCHEMA public TO billing_owner;
END $$;

-- name: own
-- What has been applied is remembered here, and what each file altered of what protects the books, null where it took it away;
-- the reconciliation looks whether it is as it was left. A table that is there is not locked: a reconciliation reads it for long.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    altered jsonb
);
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass AND attname = 'altered') THEN
        ALTER TABLE schema_migrations ADD altered jsonb;
    END IF;
END $$;
GRANT SELECT ON schema_migrations TO billing_app, billing_reader, billing_jobs;

-- name: adopt
-- Files that were applied before it was remembered what they altered: together they left what is in force now.
UPDATE schema_migrations
SET altered = CASE WHEN name = (SELECT max(name) FROM schema_migrations) THEN :in_force::jsonb ELSE '{}' END
WHERE altered IS NULL;

-- name: applied
-- What has been applied, with the checksum that the file had.
SELECT name, checksum FROM schema_migrations;

-- name: invalid_indexes
-- What a CREATE INDEX CONCURRENTLY that did not end has left behind: written at each insert, and used by no query.
SELECT c.oid::regclass::text AS name
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace AND c.relowner = 'billing_owner'::regrole;

-- name: last_runs
-- The last run of each job.
SELECT DISTINCT ON (job_name) job_name AS job, scheduled_for AS hour, status
FROM job_executions ORDER BY job_name, started_at DESC;

-- name: record
-- Remember a file that was applied.
INSERT INTO schema_migrations (name, checksum, altered) VALUES (:name, :checksum, :altered::jsonb);
