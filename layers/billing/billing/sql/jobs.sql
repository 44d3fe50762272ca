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
SELECT pg_advisory_xact_lock(hashtext('campaign billing: ' || :job_name::text))

-- name: progress
-- The last hour that a job completed.
SELECT hour FROM job_progress WHERE job_name = :job_name;

-- name: completed
-- A job has completed an hour; a late delivery of an earlier hour does not set it back.
INSERT INTO job_progress (job_name, hour) VALUES (:job_name, :hour)
ON CONFLICT (job_name) DO UPDATE SET hour = greatest(job_progress.hour, excluded.hour);

-- name: charge_seats
-- One hour of the next campaigns in the order of their ids; a campaign and hour that has its record keeps it.
WITH due AS (
    SELECT id, company_id, l2i_subscription_id, current_volunteers FROM seat_campaigns
    WHERE id > :after AND :hour::timestamptz >= starts_at AND :hour < ends_at
    ORDER BY id LIMIT :size
), charged AS (
    INSERT INTO billing_usage_records
        (company_id, campaign_id, subscription_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, id, l2i_subscription_id, 'seat_usage', current_volunteers, id || :key_suffix, :hour, :metadata::jsonb
    FROM due ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING id
), counted AS (
    SELECT (SELECT count(*) FROM due) AS due, (SELECT count(*) FROM charged) AS charged
)
SELECT due, charged, due - charged AS duplicates, (SELECT max(id) FROM due) AS last FROM counted;

-- name: next_seat_campaign
-- The campaign that comes next in charge_seats.
SELECT id FROM seat_campaigns
WHERE id > :after AND :hour::timestamptz >= starts_at AND :hour < ends_at
ORDER BY id LIMIT 1;
