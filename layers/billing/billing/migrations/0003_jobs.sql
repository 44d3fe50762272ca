-- What the hourly jobs did.
CREATE TABLE job_executions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    job_name text NOT NULL,
    scheduled_for timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    status text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
    result jsonb
);
CREATE INDEX ON job_executions (job_name, scheduled_for DESC);

-- The last hour that each job completed, where a run begins to fill what was missed; kept even if results are not.
CREATE TABLE job_progress (
    job_name text PRIMARY KEY,
    hour timestamptz NOT NULL
);

-- The campaigns that take seats, with the instants between which they do: midnight of the first day to midnight after the
-- last in the company's time zone. The job sees them with its own rights.
CREATE VIEW seat_campaigns WITH (security_invoker = true) AS
SELECT c.id, c.company_id, c.l2i_subscription_id, c.current_volunteers,
    coalesce(c.start_date::timestamp AT TIME ZONE companies.time_zone, '-infinity') AS starts_at,
    coalesce((c.end_date + 1)::timestamp AT TIME ZONE companies.time_zone, 'infinity') AS ends_at
FROM campaigns c JOIN companies ON companies.id = c.company_id
WHERE c.is_active AND c.status IN ('active', 'recruiting') AND c.current_volunteers > 0;
