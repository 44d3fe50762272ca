-- name: record_activities
-- The next uncharged activities, in the order of campaigns and hours: one record for each campaign, kind and hour, and each
-- activity points to its own. Two runs at once lock the activities in one order, so that the second finds them charged. A
-- record is named by its first activity, which is charged only once: what comes late for the same hour makes a further record.
-- A chunk ends between two hours, unless one hour alone is larger; a campaign of which more is left is begun again.
WITH waiting AS MATERIALIZED (
    SELECT a.id, c.id AS campaign_id, date_bin('1 hour', a.occurred_at, timestamptz '2000-01-01 00:00Z') AS hour,
        row_number() OVER (ORDER BY c.id, a.occurred_at, a.id) AS place
    FROM credit_campaigns c CROSS JOIN LATERAL (
        SELECT id, occurred_at FROM campaign_activities
        WHERE campaign_id = c.id AND usage_record_id IS NULL AND recorded_at < :cutoff
        ORDER BY occurred_at, id LIMIT :size + 1
    ) AS a
    WHERE c.id > :after ORDER BY c.id, a.occurred_at, a.id LIMIT :size + 1
), beyond AS (
    SELECT campaign_id, hour FROM waiting WHERE place = :size + 1
), whole AS (
    SELECT id FROM waiting
    WHERE NOT EXISTS (SELECT FROM beyond)
        OR (campaign_id, hour) < (SELECT campaign_id, hour FROM beyond)
        OR place <= :size AND (SELECT (w.campaign_id, w.hour) FROM waiting w WHERE w.place = 1)
            = (SELECT (campaign_id, hour) FROM beyond)
), activity AS (
    SELECT a.id, a.campaign_id, a.kind, a.quantity,
        date_bin('1 hour', a.occurred_at, timestamptz '2000-01-01 00:00Z') AS hour
    FROM campaign_activities a JOIN whole ON whole.id = a.id
    WHERE a.usage_record_id IS NULL ORDER BY a.id FOR NO KEY UPDATE OF a
), used AS (
    SELECT campaign_id, kind, hour, sum(quantity) AS quantity, count(*) AS activities, min(id) AS first_id
    FROM activity GROUP BY campaign_id, kind, hour
), recorded AS (
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT c.company_id, campaign_id, 'credit_usage', quantity * rate,
        usage_key(campaign_id, 'credit_usage', hour, '\x00'::bytea || convert_to(first_id, 'UTF8')), hour,
        jsonb_build_object('source', 'track_credit_usage', 'kind', kind, 'activities', activities,
            'rate', trim_scale(rate)::text)
    FROM used JOIN campaigns c ON c.id = used.campaign_id
    LEFT JOIN LATERAL (
        -- The rate in force at the hour.
        SELECT (terms ->> 'credit_consumption_rate')::numeric AS rate FROM campaign_terms t
        WHERE t.campaign_id = used.campaign_id AND effective_from <= hour AND terms ? 'credit_consumption_rate'
        ORDER BY effective_from DESC, t.id DESC LIMIT 1
    ) AS in_force ON true
    ORDER BY used.campaign_id, hour, kind
    RETURNING id, campaign_id, event_timestamp AS hour, metadata ->> 'kind' AS kind
), paired AS MATERIALIZED (
    -- Each has its partner, so the join need not be full; but the planner, where credits campaigns are few among many, takes
    -- both sides for one row, and of the joins that it may choose only those for a full one do not compare each with each.
    SELECT activity.id, recorded.id AS usage_record_id FROM activity FULL JOIN recorded USING (campaign_id, hour, kind)
), pointed AS (
    UPDATE campaign_activities SET usage_record_id = paired.usage_record_id
    FROM paired WHERE campaign_activities.id = paired.id
), finished AS (
    SELECT DISTINCT campaign_id FROM waiting
    WHERE NOT EXISTS (SELECT FROM beyond) OR campaign_id < (SELECT campaign_id FROM beyond)
)
SELECT (SELECT count(*) FROM finished) AS due, (SELECT count(*) FROM recorded) AS recorded, 0 AS duplicates,
    (SELECT max(campaign_id)::text FROM finished) AS last, NOT EXISTS (SELECT FROM beyond) AS done;

-- name: next_credit_campaign
-- The campaign that comes next in record_activities.
SELECT id FROM credit_campaigns c
WHERE id > :after AND EXISTS (SELECT FROM campaign_activities a
    WHERE a.campaign_id = c.id AND a.usage_record_id IS NULL AND a.recorded_at < :cutoff)
ORDER BY id LIMIT 1;

-- name: without_rate
-- Campaigns with activities to charge and no rate to charge them at.
SELECT id FROM campaigns c
WHERE is_active AND pricing_model = 'credits' AND credit_consumption_rate IS NULL
    AND EXISTS (SELECT FROM campaign_activities a
        WHERE a.campaign_id = c.id AND a.usage_record_id IS NULL AND a.recorded_at < :cutoff)
ORDER BY id;

-- name: expire
-- Book grants whose time for late usage is over; how many were booked.
SELECT expire_grants(:expired_before, :size);
