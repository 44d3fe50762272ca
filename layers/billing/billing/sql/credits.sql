-- name: charge_activities
-- The uncharged activities of the next campaigns: one record for each campaign, kind and hour, and each activity points to
-- its own. The activities are locked, so that of two runs the second waits, then finds them charged. A record is named by
-- its first activity: that one is charged once only, so what comes late for the same hour makes a further record.
WITH due AS (
    SELECT id, company_id, credit_consumption_rate FROM campaigns c
    WHERE id > :after AND is_active AND pricing_model = 'credits' AND credit_consumption_rate IS NOT NULL
        AND EXISTS (SELECT FROM campaign_activities a
            WHERE a.campaign_id = c.id AND a.usage_record_id IS NULL AND a.recorded_at < :cutoff)
    ORDER BY id LIMIT :size
), activity AS (
    SELECT a.id, a.campaign_id, a.kind, a.quantity, due.company_id, due.credit_consumption_rate AS rate,
        date_bin('1 hour', a.occurred_at, timestamptz '2000-01-01 00:00Z') AS hour
    FROM campaign_activities a JOIN due ON due.id = a.campaign_id
    WHERE a.usage_record_id IS NULL AND a.recorded_at < :cutoff
    ORDER BY a.id FOR NO KEY UPDATE OF a
), charge AS (
    SELECT company_id, campaign_id, kind, hour, sum(quantity) * rate AS credits, count(*) AS activities, min(id) AS first_id
    FROM activity GROUP BY company_id, campaign_id, kind, hour, rate
), charged AS (
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, campaign_id, 'credit_usage', credits,
        campaign_id || '-credit_usage-' || to_char(hour AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') || '-'
            || left(encode(sha256('\x00'::bytea || convert_to(first_id, 'UTF8')), 'hex'), 32),
        hour, jsonb_build_object('source', 'track_credit_usage', 'kind', kind, 'activities', activities)
    FROM charge ORDER BY campaign_id, hour, kind
    RETURNING id, campaign_id, event_timestamp AS hour, metadata ->> 'kind' AS kind
), paired AS MATERIALIZED (
    -- Each has its partner, so the join need not be full; but the planner, where credits campaigns are few among many, takes
    -- both sides for one row, and of the joins that it may choose only those for a full one do not compare each with each.
    SELECT activity.id, charged.id AS usage_record_id FROM activity FULL JOIN charged USING (campaign_id, hour, kind)
), pointed AS (
    UPDATE campaign_activities SET usage_record_id = paired.usage_record_id
    FROM paired WHERE campaign_activities.id = paired.id
)
SELECT (SELECT count(*) FROM due) AS due, (SELECT count(*) FROM charged) AS charged, (SELECT max(id) FROM due) AS last;

-- name: next_campaign
-- The campaign that comes next in charge_activities.
SELECT id FROM campaigns c
WHERE id > :after AND is_active AND pricing_model = 'credits' AND credit_consumption_rate IS NOT NULL
    AND EXISTS (SELECT FROM campaign_activities a
        WHERE a.campaign_id = c.id AND a.usage_record_id IS NULL AND a.recorded_at < :cutoff)
ORDER BY id LIMIT 1;

-- name: alerts_raised
-- How many alerts this transaction has raised.
SELECT count(*) FROM billing_alerts WHERE published_at IS NULL AND xmin = pg_current_xact_id()::xid;

-- name: without_rate
-- Campaigns with activities to charge and no rate to charge them at.
SELECT id FROM campaigns c
WHERE is_active AND pricing_model = 'credits' AND credit_consumption_rate IS NULL
    AND EXISTS (SELECT FROM campaign_activities a
        WHERE a.campaign_id = c.id AND a.usage_record_id IS NULL AND a.recorded_at < :cutoff)
ORDER BY id;

-- name: cutoff
-- The instant that the run began, by the clock that stamps the activities.
SELECT clock_timestamp();

-- name: unpublished_alerts
-- The oldest alerts that wait after an id.
SELECT id, company_id, campaign_id, kind, detail, created_at FROM billing_alerts
WHERE published_at IS NULL AND id > :after ORDER BY id LIMIT :size;

-- name: published
-- The bus has taken these alerts.
UPDATE billing_alerts SET published_at = now() WHERE id = ANY (:ids::bigint[]);

-- name: top_up
-- Put a top-up on record; nothing if its id is there already.
INSERT INTO credit_top_ups (company_id, campaign_id, top_up_id, credits, note)
SELECT company_id, id, :top_up_id, :credits::numeric, :note FROM campaigns WHERE id = :campaign_id
ON CONFLICT (company_id, top_up_id) DO NOTHING
RETURNING id;

-- name: recorded_top_up
-- The top-up that has an id.
SELECT t.campaign_id, t.credits FROM credit_top_ups t
JOIN campaigns c ON c.company_id = t.company_id AND c.id = :campaign_id
WHERE t.top_up_id = :top_up_id;

-- name: raise_allocation
-- What was bought is added to the allocation, and by a trigger to the balance.
UPDATE campaigns SET credit_allocation = credit_allocation + :credits::numeric, updated_at = now() WHERE id = :campaign_id;

-- name: balance
-- What a campaign has bought and has left.
SELECT credit_allocation, credits_remaining FROM campaigns WHERE id = :campaign_id AND :company IN (company_id, '*');
