-- name: profile
-- A company's billing profile, as one JSON text, if the caller may see the company; null where it has none.
SELECT (p.profile || jsonb_build_object('invoiceFrom', to_char(p.invoice_from, 'YYYY-MM')))::text AS profile
FROM companies c LEFT JOIN billing_profiles p ON p.company_id = c.id
WHERE c.id = :company_id AND :company IN (c.id, '*');

-- name: set_profile
-- Write a company's billing profile. Where no month is named it keeps the one that it has, or begins with the current month; what
-- was asked for a month before it can no longer be done.
WITH stored AS (
    INSERT INTO billing_profiles (company_id, profile, invoice_from, hold)
    SELECT id, :profile::jsonb, coalesce(:invoice_from::date, date_trunc('month', now() AT TIME ZONE time_zone)::date), :hold
    FROM companies WHERE id = :company_id AND :company IN (id, '*')
    ON CONFLICT (company_id) DO UPDATE SET profile = excluded.profile, hold = excluded.hold,
        invoice_from = coalesce(:invoice_from::date, billing_profiles.invoice_from), revision = billing_profiles.revision + 1
    RETURNING company_id, invoice_from
), withdrawn AS (
    UPDATE invoice_requests asked SET done_at = now() FROM stored
    WHERE asked.company_id = stored.company_id AND asked.month < stored.invoice_from AND asked.done_at IS NULL
)
SELECT to_char(invoice_from, 'YYYY-MM') AS invoice_from FROM stored;

-- name: seller
-- The seller, as one JSON text.
SELECT seller::text AS seller FROM seller;

-- name: set_seller
-- Write the seller; the chain of documents goes on.
INSERT INTO seller (seller) VALUES (:seller::jsonb)
ON CONFLICT (id) DO UPDATE SET seller = excluded.seller, revision = seller.revision + 1;

-- name: settled
-- An instant before which all transactions that are not over began; in a transaction of its own, before the snapshot.
SELECT settled();

-- name: account
-- All that decides whether and how a company's month is invoiced.
SELECT c.id, c.time_zone, p.revision, p.invoice_from, s.revision AS seller_revision, s.seller::text AS seller,
    (p.profile || jsonb_build_object('invoiceFrom', to_char(p.invoice_from, 'YYYY-MM')))::text AS profile,
    last.month AS last_closed, last.settled AS looked_until, now() AS now,
    (SELECT count(*) FROM (SELECT FROM campaigns WHERE company_id = c.id ORDER BY id LIMIT :many + 1) AS first_ones) > :many
        AS is_large
FROM companies c
LEFT JOIN billing_profiles p ON p.company_id = c.id
LEFT JOIN seller s ON true
LEFT JOIN LATERAL (
    SELECT month, settled FROM billing_months WHERE company_id = c.id ORDER BY month DESC LIMIT 1
) last ON true
WHERE c.id = :company_id AND :company IN (c.id, '*');

-- name: campaigns
-- The next campaigns of a company, in the order of their ids.
SELECT id FROM campaigns WHERE company_id = :company_id AND id > :after ORDER BY id LIMIT :size;

-- name: causes
-- The closed months before one, from another on, and the campaigns for which something was recorded since the last closing that
-- alters what they are charged in them: usage, a correction, credits that moved, terms, dates, a subscription, volunteer hours,
-- a credit note. Usage counts in its month, and in all later ones where the campaign ever had a component with a cap; in a zone
-- where months begin at half past, also in that of its hour's first instant, to which an hour of seats belongs.
WITH closed AS (
    SELECT month, midnight(month, :zone) AS starts_at, midnight((month + interval '1 month')::date, :zone) AS ends_at
    FROM billing_months WHERE company_id = :company_id AND month >= :first AND month < :month
), used AS (
    SELECT campaign_id, event_timestamp AS instant FROM billing_usage_records
    WHERE company_id = :company_id AND created_at >= :since
    UNION ALL
    SELECT r.campaign_id, superseded.event_timestamp FROM billing_usage_records r
    JOIN billing_usage_records superseded ON superseded.id = r.corrects
    WHERE r.company_id = :company_id AND r.created_at >= :since
    UNION ALL
    SELECT campaign_id, occurred_at FROM credit_movements
    WHERE company_id = :company_id AND created_at >= :since AND kind IN ('overage', 'returned')
    UNION ALL
    SELECT campaign_id, occurred_at FROM activity_changes WHERE company_id = :company_id AND created_at >= :since
), cause AS (
    SELECT used.campaign_id, used.hour AS since, CASE WHEN EXISTS (
            SELECT FROM campaign_terms t WHERE t.campaign_id = used.campaign_id
                AND jsonb_path_exists(t.terms, '$.custom_pricing_terms.variableComponents[*].cap ? (@ != null)')
        ) THEN 'infinity' ELSE used.instant END AS until
    FROM (SELECT campaign_id, date_trunc('hour', instant, 'UTC') AS hour, max(instant) AS instant
        FROM used WHERE date_trunc('hour', instant, 'UTC') < (SELECT max(ends_at) FROM closed)
        GROUP BY campaign_id, hour) AS used
    UNION ALL
    SELECT campaign_id, CASE WHEN dates = '{}' THEN effective_from ELSE '-infinity' END, 'infinity' FROM campaign_terms
    WHERE company_id = :company_id AND created_at >= :since
    UNION ALL
    SELECT linked.campaign_id, s.effective_from, 'infinity' FROM subscription_terms s
    JOIN campaign_terms linked ON linked.terms ->> 'l2i_subscription_id' = s.subscription_id
    WHERE s.company_id = :company_id AND s.created_at >= :since
    UNION ALL
    SELECT l.campaign_id, midnight(l.month, :zone), midnight(l.month, :zone) FROM invoices i
    JOIN invoice_lines l ON l.number = i.number
    WHERE i.company_id = :company_id AND i.corrects IS NOT NULL AND i.issued_at >= :since AND l.campaign_id IS NOT NULL
)
SELECT DISTINCT closed.month, cause.campaign_id
FROM closed JOIN cause ON cause.since < closed.ends_at AND cause.until >= closed.starts_at
ORDER BY closed.month, cause.campaign_id;

-- name: invoiced
-- What all documents say of campaigns and months, by key and currency, and the uncredited documents that say it; as one JSON text.
SELECT json_agg(json_build_array(campaign_id, month, key, currency, amount, numbers))::text FROM (
    SELECT l.campaign_id, l.month, l.key, l.currency, sum(l.amount) AS amount,
        array_agg(DISTINCT l.number) FILTER (WHERE i.corrects IS NULL AND credit.number IS NULL) AS numbers
    FROM unnest(:campaign_ids::text[], :months::date[]) AS asked (campaign_id, month)
    JOIN invoice_lines l ON l.campaign_id = asked.campaign_id AND l.month = asked.month
    JOIN invoices i ON i.number = l.number
    LEFT JOIN invoices credit ON credit.corrects = i.number
    WHERE l.kind IN ('charge', 'adjustment', 'credit') AND l.key NOT LIKE 'manual:%'
    GROUP BY l.campaign_id, l.month, l.key, l.currency
) AS said;

-- name: first_taxes
-- For each month and currency how the first uncredited document that invoiced it is taxed, why no tax was due on it, and by which
-- VAT id it names the buyer.
SELECT first.month, first.currency, first.tax_category, first.tax_rate,
    jsonb_path_query_first(said.document, '$.taxes[*] ? (@.taxCategory == $category).taxReason',
        jsonb_build_object('category', first.tax_category)) #>> '{}' AS tax_reason,
    said.document #>> '{buyer,vatId}' AS vat_id
FROM (
    SELECT DISTINCT ON (l.month, l.currency) l.month, l.currency, l.tax_category, l.tax_rate, l.number
    FROM invoice_lines l JOIN invoices i ON i.number = l.number
    WHERE l.company_id = :company_id AND l.month = ANY (:months::date[]) AND l.kind IN ('charge', 'adjustment')
        AND i.corrects IS NULL AND NOT EXISTS (SELECT FROM invoices credit WHERE credit.corrects = i.number)
    ORDER BY l.month, l.currency, i.year, i.sequence, l.position
) AS first JOIN invoices said ON said.number = first.number
ORDER BY first.month;

-- name: open_adjustments
-- The adjustments that people made of which not all is invoiced, and how much is.
SELECT a.adjustment_id, a.campaign_id, c.name AS campaign_name, a.currency, a.amount, a.description,
    coalesce(said.amount, 0) AS invoiced
FROM adjustments a
LEFT JOIN campaigns c ON c.id = a.campaign_id
LEFT JOIN LATERAL (
    SELECT sum(amount) AS amount FROM invoice_lines
    WHERE company_id = a.company_id AND key = 'manual:' || a.adjustment_id AND key LIKE 'manual:%'
) said ON true
WHERE a.company_id = :company_id AND a.amount <> coalesce(said.amount, 0)
ORDER BY a.id;

-- name: credited_currencies
-- The currencies of a month's documents that are all credited.
SELECT i.currency FROM invoices i LEFT JOIN invoices credit ON credit.corrects = i.number
WHERE i.company_id = :company_id AND i.month = :month AND i.corrects IS NULL
GROUP BY i.currency HAVING bool_and(credit.number IS NOT NULL);

-- name: lock_profile
-- Lock a company's profile row by an update, which also tells everyone who read before that something is newer.
UPDATE billing_profiles SET revision = revision + 1 WHERE company_id = :company_id
RETURNING revision - 1 AS revision;

-- name: close_month
-- Close a month; `settled` is until when the closing has seen everything.
INSERT INTO billing_months (company_id, month, settled) VALUES (:company_id, :month, :settled);

-- name: lock_chain
-- The last link of the chain of documents, locked.
SELECT revision, seller ->> 'numberPrefix' AS prefix, seller ->> 'timeZone' AS time_zone, last_issued_on, last_sequence,
    last_sha256
FROM seller FOR UPDATE;

-- name: clock
-- The clock, read while the chain is locked.
SELECT clock_timestamp();

-- name: extend_chain
-- The last link is another.
UPDATE seller SET last_issued_on = :issued_on, last_sequence = :sequence, last_sha256 = :sha256;

-- name: insert_document
-- Store a document and its lines.
WITH issued AS (
    INSERT INTO invoices (number, company_id, year, sequence, kind, currency, month, issued_on, issued_at, document, line_count,
        sha256, previous_sha256, corrects, credit_id, reason, recorded_by)
    SELECT document ->> 'number', document ->> 'companyId', :year, :sequence, document ->> 'kind', document ->> 'currency',
        (document ->> 'month' || '-01')::date, (document ->> 'issuedOn')::date, :issued_at, document,
        jsonb_array_length(document -> 'lines'), document ->> 'sha256', document ->> 'previousSha256',
        document ->> 'corrects', :credit_id, :reason, document ->> 'recordedBy'
    FROM (SELECT :document::jsonb AS document) AS given
    RETURNING number, company_id, currency, document
)
INSERT INTO invoice_lines
    (number, position, company_id, campaign_id, key, kind, month, currency, amount, tax_category, tax_rate)
SELECT issued.number, line.position, issued.company_id, line.content ->> 'campaignId', line.content ->> 'key',
    line.content ->> 'kind', (line.content ->> 'month' || '-01')::date, issued.currency, (line.content ->> 'amount')::numeric,
    line.content ->> 'taxCategory', (line.content ->> 'taxRate')::numeric
FROM issued CROSS JOIN LATERAL jsonb_array_elements(issued.document -> 'lines') WITH ORDINALITY AS line (content, position);

-- name: document
-- A document as it was issued, as one JSON text with as many lines as asked for, and the number of its credit note.
SELECT i.number, i.company_id, i.line_count, credit.number AS credited_by, (i.document || jsonb_build_object('lines',
        CASE WHEN i.line_count <= :size AND :after = 0 THEN i.document -> 'lines'
            ELSE jsonb_path_query_array(i.document, '$.lines[$first to $last]',
                jsonb_build_object('first', :after::int, 'last', :after::int + :size::int - 1)) END))::text AS document
FROM invoices i LEFT JOIN invoices credit ON credit.corrects = i.number
WHERE i.number = :number AND :company IN (i.company_id, '*');

-- name: documents
-- The documents of a company before a place, newest first, as JSON texts, without lines where there are many.
SELECT i.number, i.year, i.sequence, i.line_count, credit.number AS credited_by,
    (CASE WHEN i.line_count > :most THEN i.document - 'lines' ELSE i.document END)::text AS document
FROM invoices i LEFT JOIN invoices credit ON credit.corrects = i.number
WHERE i.company_id = :company_id AND (i.year, i.sequence) < (:year, :sequence)
    AND (:status::text IS NULL OR (credit.number IS NOT NULL) = (:status = 'credited'))
ORDER BY i.year DESC, i.sequence DESC LIMIT :size;

-- name: of_month
-- The uncredited documents of a month that take back no other, as JSON texts, without lines where there are many.
SELECT i.number, i.line_count, NULL AS credited_by,
    (CASE WHEN i.line_count > :most THEN i.document - 'lines' ELSE i.document END)::text AS document
FROM invoices i
WHERE i.company_id = :company_id AND i.month = :month AND i.corrects IS NULL
    AND NOT EXISTS (SELECT FROM invoices credit WHERE credit.corrects = i.number)
ORDER BY i.year, i.sequence;

-- name: credit_note_of
-- The credit note of a document, and that which has a caller's id.
SELECT number, corrects, credit_id FROM invoices
WHERE corrects = :number OR company_id = :company_id AND credit_id = :credit_id ORDER BY number;

-- name: add_adjustment
-- Put an adjustment on record; nothing if the caller's id names one already.
INSERT INTO adjustments (company_id, adjustment_id, campaign_id, currency, amount, description, reason, recorded_by)
VALUES (:company_id, :adjustment_id, :campaign_id, :currency, :amount, :description, :reason, :recorded_by)
ON CONFLICT (company_id, adjustment_id) DO NOTHING
RETURNING id;

-- name: adjustment
-- The adjustment that has a caller's id.
SELECT adjustment_id, campaign_id, currency, amount, description, reason, recorded_by, created_at
FROM adjustments WHERE company_id = :company_id AND adjustment_id = :adjustment_id;

-- name: campaign_currency
-- The currency of a company's campaign.
SELECT currency FROM campaigns WHERE id = :campaign_id AND company_id = :company_id;

-- name: company
-- The company, if the caller may see it.
SELECT id FROM companies WHERE id = :company_id AND :company IN (id, '*');

-- name: ask
-- Ask the next run of issue_invoices for something; what was asked and done before is asked anew.
INSERT INTO invoice_requests (company_id, month, kind, recorded_by) VALUES (:company_id, :month, :kind, :recorded_by)
ON CONFLICT (company_id, month, kind) DO UPDATE
SET recorded_by = excluded.recorded_by, requested_at = now(), done_at = NULL, result = NULL
WHERE invoice_requests.done_at IS NOT NULL;

-- name: preview_made
-- The preview that a run has made in the last day, as one JSON text.
SELECT result::text AS result FROM invoice_requests
WHERE company_id = :company_id AND month = :month AND kind = 'preview' AND done_at > now() - interval '1 day';

-- name: waiting
-- What companies wait for.
SELECT company_id, month, kind, recorded_by FROM invoice_requests WHERE done_at IS NULL ORDER BY company_id, month, kind;

-- name: answer
-- A request is done.
UPDATE invoice_requests SET done_at = now(), result = :result::jsonb
WHERE company_id = :company_id AND month = :month AND kind = :kind;

-- name: due
-- The next companies that have a month to close whose grace is over at an hour: the first one that is open.
SELECT p.company_id, due.month
FROM billing_profiles p
JOIN companies c ON c.id = p.company_id
CROSS JOIN LATERAL (
    SELECT greatest(p.invoice_from, (max(m.month) + interval '1 month')::date) AS month
    FROM billing_months m WHERE m.company_id = p.company_id
) due
WHERE p.company_id > :after AND NOT p.hold
    AND midnight((due.month + interval '1 month')::date, c.time_zone) + :grace_hours * interval '1 hour' <= :hour
ORDER BY p.company_id LIMIT :size;
