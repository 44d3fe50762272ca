-- What protects the books in the database itself (design §4, §14), as it is and as the migrations left it.

-- name: in_force
-- The owner's triggers, constraints, unique indexes, policies, row-level security and functions, as one JSON object: each by its
-- kind and name, with its definition, a function with the hash of it; a trigger, and a constraint with its own, also with whether
-- it is on.
WITH mine AS (
    SELECT oid, relname, relrowsecurity, relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relowner = 'billing_owner'::regrole AND relkind IN ('r', 'p')
        AND relname <> 'schema_migrations'
)
SELECT coalesce(json_object_agg(object, state), '{}')::text AS in_force FROM (
    SELECT 'trigger ' || relname || '.' || tgname AS object,
        CASE tgenabled WHEN 'A' THEN 'always on: ' WHEN 'O' THEN 'on: ' WHEN 'R' THEN 'on for replicas: ' ELSE 'off: ' END
            || pg_get_triggerdef(t.oid) AS state
    FROM mine JOIN pg_trigger t ON t.tgrelid = mine.oid AND NOT tgisinternal
    UNION ALL
    SELECT 'constraint ' || relname || '.' || conname, pg_get_constraintdef(k.oid)
        || CASE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = k.oid AND tgenabled <> 'O') THEN ', off' ELSE '' END
    FROM mine JOIN pg_constraint k ON k.conrelid = mine.oid AND contype <> 'n'
    UNION ALL
    SELECT 'constraint ' || typname || '.' || conname, pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_type d ON d.oid = k.contypid AND d.typowner = 'billing_owner'::regrole
    WHERE contype <> 'n'
    UNION ALL
    SELECT 'column ' || relname || '.' || attname, 'not null'
    FROM mine JOIN pg_attribute a ON a.attrelid = mine.oid AND attnotnull AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'index ' || indexrelid::regclass, CASE WHEN indisvalid THEN pg_get_indexdef(indexrelid) ELSE 'invalid' END
    FROM mine JOIN pg_index i ON i.indrelid = mine.oid AND indisunique
    UNION ALL
    SELECT 'row-level security ' || relname,
        CASE WHEN relrowsecurity THEN 'on' ELSE 'off' END || CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END
    FROM mine
    UNION ALL
    SELECT 'policy ' || tablename || '.' || policyname, concat(permissive, ' FOR ', cmd, ' TO ', array_to_string(roles, ', '),
        ' USING (' || qual || ')', ' WITH CHECK (' || with_check || ')')
    FROM mine JOIN pg_policies p ON p.tablename = relname AND p.schemaname = 'public'
    UNION ALL
    SELECT 'function ' || oid::regprocedure, encode(sha256(convert_to(pg_get_functiondef(oid), 'UTF8')), 'hex')
    FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner = 'billing_owner'::regrole AND prokind IN ('f', 'p')
) AS found;

-- name: left
-- The same as the migrations left it: what the last file that altered it made of it.
SELECT coalesce(json_object_agg(object, state), '{}')::text AS left_in_force FROM (
    SELECT DISTINCT ON (object) object, state
    FROM schema_migrations CROSS JOIN jsonb_each_text(altered) AS each (object, state)
    ORDER BY object, name COLLATE "C" DESC
) AS last
WHERE state IS NOT NULL;
