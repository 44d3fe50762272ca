-- name: record_seats
-- One hour of the next campaigns in the order of their ids; a campaign and hour that has its record keeps it. Runs take turns,
-- so that nobody records it meanwhile; ON CONFLICT, which expects that at each row, would take a tenth of the time more.
WITH due AS (
    SELECT id, company_id, l2i_subscription_id, current_volunteers FROM seat_campaigns
    WHERE id > :after AND in_days(:hour::timestamptz, start_date, end_date, time_zone)
    ORDER BY id LIMIT :size
), recorded AS (
    INSERT INTO billing_usage_records
        (company_id, campaign_id, subscription_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, id, l2i_subscription_id, 'seat_usage', current_volunteers, id || :key_suffix, :hour, :metadata::jsonb
    FROM due
    WHERE NOT EXISTS (SELECT FROM billing_usage_records r WHERE r.deduplication_key = due.id || :key_suffix)
    ORDER BY id
    RETURNING id
), counted AS (
    SELECT (SELECT count(*) FROM due) AS due, (SELECT count(*) FROM recorded) AS recorded
)
SELECT due, recorded, due - recorded AS duplicates, (SELECT max(id) FROM due)::text AS last, due < :size AS done FROM counted;

-- name: next_seat_campaign
-- The campaign that comes next in record_seats; only its id, since what cannot be recorded may be its dates or its zone. The
-- parameters are those of record_seats.
SELECT id FROM seat_campaigns
WHERE id > :after AND :hour::timestamptz IS NOT NULL AND :key_suffix::text IS NOT NULL AND :metadata::text IS NOT NULL
ORDER BY id LIMIT 1;
