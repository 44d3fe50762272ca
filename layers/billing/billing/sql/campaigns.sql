-- name: campaign
-- A campaign with all that decides its charges; nothing if it does not exist or is another company's.
SELECT c.id, c.company_id, c.name, c.status, c.currency, c.pricing_model, c.start_date, c.end_date,
    c.budget_allocated, c.committed_seats, c.seat_price_per_month, c.credit_allocation, c.credit_price,
    c.iaas_metrics, c.custom_pricing_terms, c.bundle_allocation_percentage, companies.time_zone,
    s.id AS subscription_id, s.quantity AS subscription_quantity, s.status AS subscription_status,
    s.current_period_start, s.current_period_end, b.annual_price, b.currency AS bundle_currency
FROM campaigns c
JOIN companies ON companies.id = c.company_id
LEFT JOIN l2i_subscriptions s ON s.id = c.l2i_subscription_id
LEFT JOIN l2i_bundles b ON b.id = s.bundle_id
WHERE c.id = :campaign_id AND :company IN (c.company_id, '*');

-- name: totals
-- For each kind of usage: what was used before the period, and in it.
SELECT event_type AS kind,
    coalesce(sum(quantity) FILTER (WHERE event_timestamp < :start), 0) AS before,
    coalesce(sum(quantity) FILTER (WHERE event_timestamp >= :start), 0) AS within
FROM billing_usage_records
WHERE campaign_id = :campaign_id AND event_timestamp < :end
    AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
GROUP BY event_type
UNION ALL
SELECT kind, coalesce(sum(quantity) FILTER (WHERE occurred_at < :start), 0),
    coalesce(sum(quantity) FILTER (WHERE occurred_at >= :start), 0)
FROM campaign_activities
WHERE campaign_id = :campaign_id AND kind = 'volunteer_hours' AND occurred_at < :end
GROUP BY kind;

-- name: seats_by_slice
-- The seats of the hours in each slice of time: the slices begin at `starts`, the last one ends at `end`. An hour's seats
-- are the largest of its records; the seats over `committed` are the additional ones.
WITH hour AS (
    SELECT date_bin('1 hour', event_timestamp, timestamptz '2000-01-01 00:00Z') AS start, max(quantity) AS seats
    FROM billing_usage_records
    WHERE campaign_id = :campaign_id AND event_type = 'seat_usage'
        AND event_timestamp >= (:starts::timestamptz[])[1] AND event_timestamp < :end
    GROUP BY start
)
SELECT width_bucket(start, :starts::timestamptz[]) - 1 AS slice, sum(seats) AS seat_hours,
    sum(greatest(seats - :committed, 0)) AS additional_seat_hours, max(seats) AS peak
FROM hour GROUP BY slice;
