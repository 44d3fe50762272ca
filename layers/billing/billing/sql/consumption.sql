-- Sums over parts of time, each of one campaign and numbered from 0 in the order of the arrays. Only effective records count:
-- those that were superseded are few, and are left out by their ids.

-- name: totals
-- For each part and kind of usage: what was used in it.
WITH part AS (
    SELECT campaign_id, starts_at, ends_at, number - 1 AS part
    FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[])
        WITH ORDINALITY AS t (campaign_id, starts_at, ends_at, number)
), superseded AS (
    SELECT corrects FROM billing_usage_records WHERE campaign_id = ANY (:campaign_ids::text[]) AND corrects IS NOT NULL
)
SELECT part.part, used.kind, used.quantity
FROM part CROSS JOIN LATERAL (
    SELECT event_type AS kind, sum(quantity) AS quantity FROM billing_usage_records r
    WHERE r.campaign_id = part.campaign_id AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
        AND event_timestamp >= part.starts_at AND event_timestamp < part.ends_at
        AND id NOT IN (SELECT corrects FROM superseded)
    GROUP BY event_type
    UNION ALL
    SELECT kind, sum(quantity) FROM campaign_activities a
    WHERE a.campaign_id = part.campaign_id AND kind = 'volunteer_hours'
        AND occurred_at >= part.starts_at AND occurred_at < part.ends_at
    GROUP BY kind
) AS used;

-- name: seats
-- The seats of the hours in each part. An hour's seats are the largest of its records; the seats over `committed` are the
-- additional ones. An hour is estimated where no run saw it when it was.
WITH part AS (
    SELECT campaign_id, starts_at, ends_at, committed, number - 1 AS part
    FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[], :committed::numeric[])
        WITH ORDINALITY AS t (campaign_id, starts_at, ends_at, committed, number)
), superseded AS (
    SELECT corrects FROM billing_usage_records WHERE campaign_id = ANY (:campaign_ids::text[]) AND corrects IS NOT NULL
), estimated AS (
    SELECT id FROM billing_usage_records
    WHERE campaign_id = ANY (:campaign_ids::text[]) AND event_type = 'seat_usage' AND metadata @> '{"estimated": true}'
        AND event_timestamp >= :start AND event_timestamp < :end
)
SELECT part.part, sum(seats) AS seat_hours, sum(greatest(seats - part.committed, 0)) AS additional_seat_hours,
    max(seats) AS peak,
    coalesce(sum(seats) FILTER (WHERE estimated), 0) AS estimated_seat_hours,
    coalesce(sum(greatest(seats - part.committed, 0)) FILTER (WHERE estimated), 0) AS estimated_additional_seat_hours
FROM part CROSS JOIN LATERAL (
    SELECT max(quantity) AS seats, bool_and(id IN (SELECT id FROM estimated)) AS estimated
    FROM billing_usage_records r
    WHERE r.campaign_id = part.campaign_id AND event_type = 'seat_usage'
        AND event_timestamp >= part.starts_at AND event_timestamp < part.ends_at
        AND id NOT IN (SELECT corrects FROM superseded)
    GROUP BY date_bin('1 hour', event_timestamp, timestamptz '2000-01-01 00:00Z')
) AS hour
GROUP BY part.part;

-- name: movements
-- Who paid for the credits used in each part: grants, by their prices, and none, which is overage (a null price).
WITH part AS (
    SELECT campaign_id, starts_at, ends_at, number - 1 AS part
    FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[])
        WITH ORDINALITY AS t (campaign_id, starts_at, ends_at, number)
)
SELECT part.part, g.price_amount, g.price_credits, sum(moved.credits) AS credits
FROM part CROSS JOIN LATERAL (
    SELECT grant_id, sum(credits) AS credits FROM credit_movements m
    WHERE m.campaign_id = part.campaign_id AND occurred_at >= part.starts_at AND occurred_at < part.ends_at
        AND kind IN ('burned', 'overage', 'returned')
    GROUP BY grant_id
) AS moved
LEFT JOIN credit_grants g ON g.id = moved.grant_id
GROUP BY part.part, g.price_amount, g.price_credits
HAVING sum(moved.credits) <> 0
ORDER BY part.part, min(g.id);

-- name: learners
-- The learners served in a campaign's life until an instant.
SELECT coalesce(sum(quantity), 0) FROM billing_usage_records
WHERE campaign_id = :campaign_id AND event_type = 'learner_served' AND event_timestamp < :until
    AND id NOT IN (SELECT corrects FROM billing_usage_records WHERE campaign_id = :campaign_id AND corrects IS NOT NULL);
