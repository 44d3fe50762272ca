-- What signals are read from beside statements, each for many campaigns at once.

-- name: company
-- A company, if the caller may see it.
SELECT id, name, time_zone FROM companies WHERE id = :company_id AND :company IN (id, '*');

-- name: campaign_ids
-- The campaigns of a company.
SELECT id FROM campaigns WHERE company_id = :company_id ORDER BY id;

-- name: campaigns
-- The campaigns of a company with what they are to cost, in the order of their ids.
SELECT id, status, budget_allocated FROM campaigns WHERE company_id = :company_id ORDER BY id;

-- name: companies
-- A page of all companies.
SELECT id, name, time_zone FROM companies WHERE id > :after ORDER BY id LIMIT :size;

-- name: grants
-- The grants of campaigns that are not booked as expired, in the order in which they burn; as one JSON text.
SELECT json_agg(json_build_array(campaign_id, id, source, credits::text, withdrawn::text, (credits - moved)::text, priority,
    expires_at) ORDER BY campaign_id, priority, expires_at NULLS LAST, id)::text
FROM credit_grants WHERE campaign_id = ANY (:campaign_ids::text[]) AND expired_at IS NULL;

-- name: supported
-- The learners that subscriptions of a company support in a year, for each one bought.
SELECT s.id AS subscription_id, b.learners_supported AS learners FROM l2i_subscriptions s
JOIN l2i_bundles b ON b.id = s.bundle_id WHERE s.id = ANY (:subscription_ids::text[]);

-- name: daily
-- What campaigns used on each of some days in their company's time zone, each of its own kind; as one JSON text.
SELECT json_object_agg(campaign_id, used)::text
FROM usage_of_days(:campaign_ids::text[], :kinds::text[], :days::date[], :zone);

-- name: first_days
-- The first day in a time zone on which campaigns used anything, as one JSON text. The first record of each kind is found by an
-- index; that of all kinds is not.
SELECT json_object_agg(id, day)::text FROM (
    SELECT ids.id, (min(first.event_timestamp) AT TIME ZONE :zone)::date AS day
    FROM unnest(:campaign_ids::text[]) AS ids (id)
    CROSS JOIN unnest(ARRAY['seat_usage', 'credit_usage', 'learner_served', 'session_completed']) AS kind
    CROSS JOIN LATERAL (
        SELECT event_timestamp FROM billing_usage_records r
        WHERE r.campaign_id = ids.id AND r.event_type = kind ORDER BY event_timestamp LIMIT 1
    ) AS first
    GROUP BY ids.id
) AS of_campaign;

-- name: month_state
-- Whether a company's month is closed.
SELECT EXISTS (SELECT FROM billing_months WHERE company_id = :company_id AND month = :month) AS closed;

-- name: bundles
-- The bundles on offer in a currency.
SELECT id, name, annual_price, currency, learners_supported FROM l2i_bundles WHERE currency = :currency ORDER BY id;

-- name: bought
-- The active subscriptions of a company with what they bought, and the learners that campaigns served in the period while they
-- were linked; `campaign_ids` are those that ever were.
WITH linked AS MATERIALIZED (
    SELECT s.id, v.campaign_id::text, greatest(v.starts_at, s.current_period_start) AS since,
        least(v.ends_at, s.current_period_end, :now::timestamptz) AS until, row_number() OVER () - 1 AS number
    FROM campaign_versions v JOIN l2i_subscriptions s ON s.id = v.terms ->> 'l2i_subscription_id'
    WHERE v.campaign_id = ANY (:campaign_ids::text[]) AND s.company_id = :company_id
), served AS (
    SELECT part.id, sum(used.quantity) AS learners
    FROM (
        SELECT array_agg(campaign_id ORDER BY number) AS ids, array_agg(since ORDER BY number) AS starts,
            array_agg(until ORDER BY number) AS ends
        FROM linked
    ) AS parts
    CROSS JOIN LATERAL usage_of_parts(parts.ids, parts.starts, parts.ends, ARRAY['learner_served']) AS used
    JOIN linked AS part ON part.number = used.part
    GROUP BY part.id
)
SELECT s.id, b.id AS bundle_id, b.name, b.annual_price, b.currency, b.learners_supported, s.quantity,
    s.current_period_start AS starts_at, s.current_period_end AS ends_at, coalesce(served.learners, 0) AS served
FROM l2i_subscriptions s JOIN l2i_bundles b ON b.id = s.bundle_id LEFT JOIN served ON served.id = s.id
WHERE s.company_id = :company_id AND s.status = 'active' ORDER BY s.id;

-- name: all_bundles
-- The bundles on offer.
SELECT id, name, annual_price, currency, learners_supported FROM l2i_bundles ORDER BY id;

-- name: all_companies
-- The companies that have campaigns, in the order of their ids.
SELECT id, name, time_zone FROM companies WHERE EXISTS (SELECT FROM campaigns WHERE company_id = companies.id) ORDER BY id;

-- name: crossed
-- The lines of capacity that a company's campaigns have crossed.
SELECT campaign_id, line FROM capacity_lines WHERE company_id = :company_id;

-- name: lock_company
-- Two runs at once look at a company one after the other.
SELECT pg_advisory_xact_lock(hashtext('campaign billing: signals of ' || :company_id::text));

-- name: arm
-- Lines that are to be announced again when they are crossed.
DELETE FROM capacity_lines USING unnest(:campaign_ids::text[], :lines::text[]) AS armed (id, line)
WHERE capacity_lines.campaign_id = armed.id AND capacity_lines.line = armed.line;

-- name: keep_crossed
-- Lines that have been crossed.
INSERT INTO capacity_lines (company_id, campaign_id, line)
SELECT :company_id, id, line FROM unnest(:campaign_ids::text[], :lines::text[]) AS crossed (id, line);

-- name: published_day
-- Whether a company's signals of a day are published.
SELECT EXISTS (
    SELECT FROM billing_events WHERE company_id = :company_id AND subject = :company_id
        AND type = 'pricing_signals.published' AND data ->> 'day' = :day) AS published;

-- name: open_opportunities
-- The opportunities of a company whose last event opened them.
SELECT subject, rule FROM (
    SELECT DISTINCT ON (subject, data ->> 'rule') subject, data ->> 'rule' AS rule, type FROM billing_events
    WHERE company_id = :company_id AND type IN ('opportunity.opened', 'opportunity.closed')
    ORDER BY subject, data ->> 'rule', id DESC
) AS last WHERE type = 'opportunity.opened';
