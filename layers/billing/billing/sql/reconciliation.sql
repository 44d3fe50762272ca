-- Checks of a company's books (design §14): each counts what it compared, and lists what differs with both values.

-- name: company
-- The company, if the caller may see it, whether it has over a million records, and the result that the last run stored.
SELECT c.id, now() AS now, r.result::text AS result, coalesce(r.last_record, 0) AS last_record,
    (SELECT count(*) FROM (SELECT FROM billing_usage_records WHERE company_id = c.id LIMIT :many + 1) AS few) > :many
        AS is_large,
    p.company_id IS NOT NULL AND EXISTS (SELECT FROM seller) AS is_invoiced
FROM companies c
LEFT JOIN reconciliations r ON r.company_id = c.id
LEFT JOIN billing_profiles p ON p.company_id = c.id
WHERE c.id = :company_id AND :company IN (c.id, '*');

-- name: companies
-- The next companies of those that were checked before an instant or never, those checked longest ago first, from a place in
-- that order on.
SELECT id, checked_at FROM (
    SELECT c.id, coalesce(r.checked_at, 'epoch') AS checked_at
    FROM companies c LEFT JOIN reconciliations r ON r.company_id = c.id
) AS checked
WHERE checked_at < :until AND (checked_at, id) > (:checked_at, :after) ORDER BY checked_at, id LIMIT :size;

-- name: balances
-- What is left of each grant, and the balance of each campaign, follow from the movements; none is below zero.
WITH given AS (
    SELECT g.id, g.campaign_id, g.credits, g.moved, coalesce(sum(m.credits), 0) AS taken
    FROM credit_grants g LEFT JOIN credit_movements m ON m.grant_id = g.id
    WHERE g.company_id = :company_id GROUP BY g.id
), balance AS (
    SELECT c.id AS campaign_id, coalesce(c.credits_remaining, 0) AS found,
        coalesce((SELECT sum(credits - taken) FROM given WHERE given.campaign_id = c.id), 0) AS expected
    FROM campaigns c WHERE c.company_id = :company_id
), compared AS (
    SELECT campaign_id, id AS grant_id, json_build_object('grantId', id::text, 'campaignId', campaign_id) AS ids,
        'remaining' AS field,
        credits - taken AS expected, credits - moved AS found, taken < 0 OR taken > credits OR taken <> moved AS differs
    FROM given
    UNION ALL
    SELECT campaign_id, NULL, json_build_object('campaignId', campaign_id), 'creditsRemaining', expected, found,
        expected <> found OR found < 0
    FROM balance
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', ids,
        'field', field,
        'expected', trim_scale(expected)::text,
        'found', trim_scale(found)::text)
    FROM compared WHERE differs ORDER BY campaign_id, grant_id LIMIT :most) AS differences;

-- name: coverage
-- The movements of an effective credit record add up to its quantity, those of a superseded one to nothing.
WITH compared AS (
    SELECT r.id, r.campaign_id, CASE WHEN EXISTS (SELECT FROM billing_usage_records s WHERE s.corrects = r.id) THEN 0
        ELSE r.quantity END AS expected,
        coalesce((SELECT sum(credits) FROM credit_movements m WHERE m.record_id = r.id), 0) AS found
    FROM billing_usage_records r WHERE r.company_id = :company_id AND r.event_type = 'credit_usage'
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('usageRecordId', id::text, 'campaignId', campaign_id),
        'field', 'credits',
        'expected', trim_scale(expected)::text,
        'found', trim_scale(found)::text)
    FROM compared WHERE expected <> found ORDER BY id LIMIT :most) AS differences;

-- name: activities
-- The activities of a record, times the rate in its metadata, are its quantity; a record of the credit job has some.
WITH compared AS (
    SELECT r.id, r.campaign_id, r.quantity AS found, round(sum(a.quantity) * (r.metadata ->> 'rate')::numeric, 6) AS expected
    FROM campaign_activities a JOIN billing_usage_records r ON r.id = a.usage_record_id
    WHERE r.company_id = :company_id GROUP BY r.id
    UNION ALL
    SELECT id, campaign_id, quantity, 0 FROM billing_usage_records r
    WHERE company_id = :company_id AND event_type = 'credit_usage' AND event_id IS NULL AND corrects IS NULL
        AND metadata ->> 'source' = 'track_credit_usage' AND metadata ? 'rate'
        AND NOT EXISTS (SELECT FROM campaign_activities WHERE usage_record_id = r.id)
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('usageRecordId', id::text, 'campaignId', campaign_id),
        'field', 'quantity',
        'expected', trim_scale(expected)::text,
        'found', trim_scale(found)::text)
    FROM compared WHERE expected IS DISTINCT FROM found ORDER BY id LIMIT :most) AS differences;

-- name: records
-- The next records that no caller's id names: those since the last run, and a thirtieth of the rest. One JSON text.
SELECT coalesce(json_agg(page), '[]')::text AS records FROM (
    SELECT id, campaign_id, event_type, quantity::text, event_timestamp, metadata, deduplication_key,
        (SELECT min(a.id) FROM campaign_activities a WHERE a.usage_record_id = r.id) AS first_activity
    FROM billing_usage_records r
    WHERE company_id = :company_id AND event_id IS NULL AND id > :after
        AND (id > :last_record OR id % 30 = :day)
    ORDER BY id LIMIT :size
) page;

-- name: corrections
-- A record is superseded once, by a later one of the same campaign and type.
WITH compared AS (
    SELECT c.id, c.corrects, r.id IS NULL OR c.campaign_id <> r.campaign_id OR c.event_type <> r.event_type AS is_foreign,
        c.corrects >= c.id AS is_cycle, count(*) OVER (PARTITION BY c.corrects) AS times,
        c.campaign_id || ' ' || c.event_type AS found, r.campaign_id || ' ' || r.event_type AS expected
    FROM billing_usage_records c LEFT JOIN billing_usage_records r ON r.id = c.corrects
    WHERE c.company_id = :company_id AND c.corrects IS NOT NULL
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('usageRecordId', id::text, 'corrects', corrects::text),
        'field', CASE WHEN times > 1 THEN 'supersededTimes' WHEN is_cycle THEN 'order' ELSE 'campaignAndType' END,
        'expected', CASE WHEN times > 1 THEN '1' WHEN is_cycle THEN 'a later record' ELSE expected END,
        'found', CASE WHEN times > 1 THEN times::text WHEN is_cycle THEN id::text ELSE found END)
    FROM compared WHERE is_foreign OR is_cycle OR times > 1 ORDER BY id LIMIT :most) AS differences;

-- name: shares
-- The shares of a subscription at each instant at which they change.
WITH link AS (
    SELECT v.terms ->> 'l2i_subscription_id' AS subscription_id, v.starts_at, v.ends_at,
        (v.terms ->> 'bundle_allocation_percentage')::numeric AS share
    FROM campaigns c JOIN campaign_versions v ON v.campaign_id = c.id
    WHERE c.company_id = :company_id AND v.terms ->> 'l2i_subscription_id' IS NOT NULL AND (v.terms ->> 'is_active')::boolean
), edge AS (
    SELECT subscription_id, starts_at AS instant, share FROM link
    UNION ALL
    SELECT subscription_id, ends_at, -share FROM link
), compared AS (
    SELECT subscription_id, instant, sum(sum(share)) OVER (PARTITION BY subscription_id ORDER BY instant) AS found
    FROM edge GROUP BY subscription_id, instant
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('subscriptionId', subscription_id),
        'field', 'shares at ' || instant,
        'expected', 'at most 1.001',
        'found', trim_scale(found)::text)
    FROM compared WHERE found > 1.001 ORDER BY subscription_id, instant LIMIT :most) AS differences;

-- name: links
-- What a campaign's own row says of its subscription, by which this is split, is what the terms in force say, by which it is
-- charged. The seat job writes terms that come into force to the row, so those of the last two hours may not be there yet.
WITH compared AS (
    SELECT c.id, linked.field, linked.found, linked.expected
    FROM campaigns c
    JOIN campaign_versions v ON v.campaign_id = c.id AND v.starts_at <= now() - interval '2 hours' AND v.ends_at > now()
    CROSS JOIN LATERAL (VALUES
        ('subscriptionId', c.l2i_subscription_id, v.terms ->> 'l2i_subscription_id'),
        ('allocationPercentage', trim_scale(c.bundle_allocation_percentage)::text,
            trim_scale((v.terms ->> 'bundle_allocation_percentage')::numeric)::text),
        ('isActive', c.is_active::text, v.terms ->> 'is_active')
    ) AS linked (field, found, expected)
    WHERE c.company_id = :company_id
        AND (c.l2i_subscription_id IS NOT NULL OR v.terms ->> 'l2i_subscription_id' IS NOT NULL)
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('campaignId', id),
        'field', field,
        'expected', coalesce(expected, 'none'),
        'found', coalesce(found, 'none'))
    FROM compared WHERE expected IS DISTINCT FROM found ORDER BY id, field LIMIT :most) AS differences;

-- name: subscriptions
-- The subscriptions of a company that have terms, and can be split.
SELECT id FROM l2i_subscriptions s
WHERE company_id = :company_id AND EXISTS (SELECT FROM subscription_terms WHERE subscription_id = s.id) ORDER BY id;

-- name: documents
-- The next documents of a company, with what the other columns of their rows and invoice_lines say of them, and, for the whole
-- chain, the document before each, whoever's it is.
SELECT i.year, i.sequence, i.document::text AS document, coalesce(l.lines, '[]')::text AS lines,
    json_build_object('number', i.number, 'companyId', i.company_id, 'kind', i.kind, 'currency', i.currency,
        'month', to_char(i.month, 'YYYY-MM'), 'issuedOn', i.issued_on, 'corrects', i.corrects, 'recordedBy', i.recorded_by,
        'sha256', i.sha256, 'previousSha256', i.previous_sha256, 'year', i.year, 'sequence', i.sequence,
        'lineCount', i.line_count, 'monthIsClosed', EXISTS (
            SELECT FROM billing_months WHERE company_id = i.company_id AND month = i.month))::text AS row,
    coalesce(before.year, 0) AS before_year, coalesce(before.sequence, 0) AS before_sequence, before.sha256 AS before_sha256
FROM invoices i
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(company_id, campaign_id, key, kind, to_char(month, 'YYYY-MM'), currency, amount::text,
        tax_category, tax_rate::text) ORDER BY position) AS lines
    FROM invoice_lines WHERE number = i.number
) l ON true
LEFT JOIN LATERAL (
    SELECT year, sequence, sha256 FROM invoices
    WHERE :whole_chain AND (year, sequence) < (i.year, i.sequence) ORDER BY year DESC, sequence DESC LIMIT 1
) before ON true
WHERE i.company_id = :company_id AND (i.year, i.sequence) > (:year, :sequence) ORDER BY i.year, i.sequence LIMIT :size;

-- name: missing_documents
-- The documents that a company's lines and events speak of are there, and the company's.
WITH compared AS (
    SELECT said.number, i.company_id AS found
    FROM (
        SELECT number FROM invoice_lines WHERE company_id = :company_id
        UNION
        SELECT data ->> 'number' FROM billing_events
        WHERE company_id = :company_id AND type IN ('invoice.issued', 'invoice.credited')
    ) AS said
    LEFT JOIN invoices i ON i.number = said.number
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('invoiceId', number),
        'field', 'companyId',
        'expected', :company_id::text,
        'found', coalesce(found, 'none'))
    FROM compared WHERE found IS DISTINCT FROM :company_id ORDER BY number LIMIT :most) AS differences;

-- name: last_document
-- What the seller's row says of the last document of all, after which the next is numbered. It is looked at for the company
-- whose document that is; where there is none, for every company.
WITH compared AS (
    SELECT last.number, kept.field, kept.expected, kept.found
    FROM (SELECT) AS one
    LEFT JOIN seller ON true
    LEFT JOIN (
        SELECT number, company_id, issued_on, sequence, sha256 FROM invoices ORDER BY year DESC, sequence DESC LIMIT 1
    ) AS last ON true
    CROSS JOIN LATERAL (VALUES
        ('lastIssuedOn', last.issued_on::text, seller.last_issued_on::text),
        ('lastSequence', coalesce(last.sequence, 0)::text, coalesce(seller.last_sequence, 0)::text),
        ('lastSha256', last.sha256, seller.last_sha256)
    ) AS kept (field, expected, found)
    WHERE coalesce(last.company_id, :company_id) = :company_id
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('invoiceId', number),
        'field', field,
        'expected', coalesce(expected, 'none'),
        'found', coalesce(found, 'none'))
    FROM compared WHERE expected IS DISTINCT FROM found ORDER BY field LIMIT :most) AS differences;

-- name: adjustments
-- Manual adjustments of a company of which another amount is invoiced than was made, those that the next document carries
-- last: of them nothing is invoiced, or all of it is credited.
WITH made AS (
    SELECT 'manual:' || adjustment_id AS key, campaign_id, currency, amount FROM adjustments WHERE company_id = :company_id
), said AS (
    SELECT key, currency, sum(amount) AS amount FROM invoice_lines
    WHERE company_id = :company_id AND key LIKE 'manual:%' GROUP BY key, currency
)
SELECT made.campaign_id, key, currency, coalesce(made.amount, 0) AS amount, coalesce(said.amount, 0) AS invoiced,
    coalesce(said.amount, 0) = 0 AS is_open
FROM made FULL JOIN said USING (key, currency)
WHERE coalesce(made.amount, 0) <> coalesce(said.amount, 0)
ORDER BY is_open, key, currency LIMIT :most;

-- name: closed_months
-- The closed months of a company that are invoiced here.
SELECT month FROM billing_months WHERE company_id = :company_id AND month >= :first ORDER BY month;

-- name: outbox
-- Nothing waits in the outbox for over an hour.
WITH compared AS (
    SELECT id, type, created_at FROM billing_events WHERE company_id = :company_id AND published_at IS NULL
)
SELECT (SELECT count(*) FROM compared) AS compared, ARRAY(
    SELECT json_build_object('ids', json_build_object('eventId', id::text, 'type', type), 'field', 'createdAt',
        'expected', 'published within an hour', 'found', created_at::text)
    FROM compared WHERE created_at < now() - interval '1 hour' ORDER BY id LIMIT :most) AS differences;

-- name: store
-- Keep what a run found.
INSERT INTO reconciliations (company_id, checked_at, last_record, result)
VALUES (:company_id, :checked_at, :last_record, :result::jsonb)
ON CONFLICT (company_id) DO UPDATE
SET checked_at = excluded.checked_at, last_record = excluded.last_record, result = excluded.result;

-- name: results
-- What was last found of the next companies, in the order of their ids.
SELECT result::text AS result FROM reconciliations WHERE company_id > :after ORDER BY company_id LIMIT :size;
