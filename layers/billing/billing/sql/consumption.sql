-- Sums over parts of time, each of one campaign and numbered from 0 in the order of the arrays. They are returned as JSON texts.

-- name: sums
-- For each part and kind of usage, what was used in it; the seats of the hours in each part, and those over what is committed in it;
-- and who paid for the credits used in each part: grants, by their prices, and none, which is overage (a null price).
SELECT (
    SELECT json_agg(json_build_array(part, kind, quantity))
    FROM usage_of_parts(:total_ids::text[], :total_starts::timestamptz[], :total_ends::timestamptz[],
        ARRAY['credit_usage', 'learner_served', 'session_completed', 'volunteer_hours'])
)::text AS totals, (
    SELECT json_agg(json_build_array(part, seat_hours, additional_seat_hours, peak, estimated_seat_hours,
        estimated_additional_seat_hours, hours_above))
    FROM seats_of_parts(:seat_ids::text[], :seat_starts::timestamptz[], :seat_ends::timestamptz[], :committed::numeric[])
)::text AS seats, (
    SELECT json_agg(json_build_array(part, price_amount, price_credits, credits) ORDER BY part, first_grant) FROM (
        SELECT used.part, g.price_amount, g.price_credits, sum(used.credits) AS credits, min(g.id) AS first_grant
        FROM credits_of_parts(:credit_ids::text[], :credit_starts::timestamptz[], :credit_ends::timestamptz[]) AS used
        LEFT JOIN credit_grants g ON g.id = used.grant_id
        GROUP BY used.part, g.price_amount, g.price_credits
        HAVING sum(used.credits) <> 0
    ) AS paid
)::text AS movements;

-- name: learners
-- The learners that campaigns served between two instants.
SELECT json_object_agg((:campaign_ids::text[])[part + 1], quantity)::text
FROM usage_of_parts(:campaign_ids::text[], array_fill(:since::timestamptz, ARRAY[cardinality(:campaign_ids::text[])]),
    array_fill(:until::timestamptz, ARRAY[cardinality(:campaign_ids::text[])]), ARRAY['learner_served']);

-- name: used_later
-- The campaigns of a company that have usage from an instant on.
SELECT coalesce(json_agg(DISTINCT campaign_id), '[]') FROM billing_usage_records
WHERE company_id = :company_id AND event_timestamp >= :instant;
