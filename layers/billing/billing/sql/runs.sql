-- name: clock
-- The database's clock, which also stamps the activities.
SELECT clock_timestamp();

-- name: started
-- A run that has begun.
INSERT INTO job_executions (id, job_name, scheduled_for, started_at, status)
VALUES (:id, :job_name, :scheduled_for, :started_at, 'running');

-- name: ended
-- How a run ended, and what it did.
UPDATE job_executions SET ended_at = :ended_at, status = :status, result = :result::jsonb WHERE id = :id;

-- name: take_turns
-- Two runs of a job at once work in turns, a chunk each, and do not wait for each other's rows in the middle of one. A lock
-- that ends with its transaction keeps no connection of RDS Proxy.
SELECT pg_advisory_xact_lock(hashtext('campaign billing: ' || :job_name::text));

-- name: progress
-- The last hour that a job completed.
SELECT hour FROM job_progress WHERE job_name = :job_name;

-- name: completed
-- A job has completed an hour; a late delivery of an earlier hour does not set it back.
INSERT INTO job_progress (job_name, hour) VALUES (:job_name, :hour)
ON CONFLICT (job_name) DO UPDATE SET hour = greatest(job_progress.hour, excluded.hour);

-- name: last_event
-- The last event that there is.
SELECT coalesce(max(id), 0) FROM billing_events;

-- name: alerts_raised
-- How many alerts this transaction has raised since an event.
SELECT count(*) FROM billing_events
WHERE id > :after AND type IN ('credits.low', 'credits.depleted') AND xmin = pg_current_xact_id()::xid;
