-- name: lock_campaign
-- The campaign, locked, with what decides which instants its terms can change at.
SELECT c.id, c.company_id, c.is_active, companies.time_zone, clock_timestamp() AS now
FROM campaigns c JOIN companies ON companies.id = c.company_id
WHERE c.id = :campaign_id AND :company IN (c.company_id, '*') FOR NO KEY UPDATE OF c;

-- name: in_force
-- The terms in force at an instant, with the campaign's dates, as one JSON text.
SELECT (terms_in_force(c.id, :instant) || dates_of(c))::text AS terms FROM campaigns c WHERE c.id = :campaign_id;

-- name: record_change
-- Put a change on record; nothing if the caller's id names one already.
INSERT INTO campaign_terms
    (company_id, campaign_id, effective_from, terms, dates, reason, source, change_id, recorded_by)
VALUES (:company_id, :campaign_id, :effective_from, :terms::jsonb, :dates::jsonb, :reason, :source, :change_id, :recorded_by)
ON CONFLICT (company_id, change_id) DO NOTHING
RETURNING id;

-- name: named_change
-- The change that has the caller's id, and the members in which it differs.
SELECT t.id, array_remove(ARRAY[
    CASE WHEN t.campaign_id <> :campaign_id THEN 'campaignId' END,
    CASE WHEN t.effective_from <> :effective_from THEN 'effectiveFrom' END,
    CASE WHEN (t.terms - CASE WHEN t.terms ->> 'pricing_model' <> 'bundle' THEN ARRAY['l2i_subscription_id',
        'bundle_allocation_percentage'] ELSE '{}' END) || t.dates <> :terms::jsonb || :dates::jsonb THEN 'terms' END,
    CASE WHEN t.reason <> :reason THEN 'reason' END], NULL) AS differing
FROM campaign_terms t WHERE t.company_id = :company_id AND t.change_id = :change_id;

-- name: changes
-- All changes of a campaign's terms, past and scheduled, as one JSON text.
SELECT coalesce(json_agg(json_build_object('id', id, 'change_id', change_id, 'effective_from', effective_from,
    'terms', terms || dates, 'reason', reason, 'source', source, 'recorded_by', recorded_by, 'created_at', created_at)
    ORDER BY effective_from, id), '[]')::text AS changes
FROM campaign_terms WHERE campaign_id = :campaign_id;

-- name: closed_months
-- The closed months of a company from one on.
SELECT month FROM billing_months WHERE company_id = :company_id AND month >= :first ORDER BY month;

-- name: scheduled
-- The campaigns with a change that was dated ahead and has come into force since an hour. A change that was being recorded
-- when that hour's run looked is found by the next one: hence the day before.
SELECT DISTINCT campaign_id AS id FROM campaign_terms
WHERE effective_from > created_at AND effective_from <= :until
    AND effective_from > coalesce(:since::timestamptz - interval '1 day', '-infinity')
ORDER BY campaign_id;

-- name: put_in_force
-- Write the terms in force now to a campaign's row.
SELECT put_terms_in_force(:campaign_id, false);
