-- name: lock_records
-- Of two corrections of a record the second waits, and finds it superseded.
SELECT lock_usage_records(:record_ids::bigint[]);

-- name: correct_usage
-- Insert the corrections of records that no other supersedes: values that are not given are taken over. Of two corrections of
-- one record the first in the batch counts. Returns the numbers of those whose record the caller may see, and the ids inserted
-- by the records that they supersede.
WITH correction AS (
    SELECT * FROM jsonb_to_recordset(:corrections::jsonb) AS c (
        number integer, record_id bigint, event_id text, reason text, quantity numeric, event_timestamp timestamptz,
        metadata text)
), known AS (
    SELECT c.number, c.record_id, c.event_id, c.reason, r.company_id, r.campaign_id, r.subscription_id, r.event_type,
        coalesce(c.quantity, r.quantity) AS quantity, coalesce(c.event_timestamp, r.event_timestamp) AS event_timestamp,
        coalesce(c.metadata::jsonb, r.metadata) AS metadata
    FROM correction c JOIN billing_usage_records r ON r.id = c.record_id AND :company IN (r.company_id, '*')
), first AS (
    SELECT DISTINCT ON (record_id) * FROM known
    WHERE NOT EXISTS (SELECT FROM billing_usage_records s WHERE s.corrects = known.record_id)
    ORDER BY record_id, number
), inserted AS (
    INSERT INTO billing_usage_records (company_id, campaign_id, subscription_id, event_type, quantity, deduplication_key,
        event_id, event_timestamp, metadata, corrects, reason, recorded_by)
    SELECT company_id, campaign_id, subscription_id, event_type, quantity,
        usage_key(campaign_id, event_type, event_timestamp, convert_to(event_id, 'UTF8')),
        event_id, event_timestamp, metadata, record_id, reason, :recorded_by
    FROM first ORDER BY company_id, event_id
    ON CONFLICT DO NOTHING
    RETURNING id, corrects, event_id, deduplication_key
)
SELECT (SELECT json_agg(number) FROM known) AS known,
    (SELECT json_agg(json_build_array(first.number, i.id, i.deduplication_key))
        FROM inserted i JOIN first ON first.record_id = i.corrects AND first.event_id = i.event_id) AS inserted;

-- name: corrected_before
-- For each correction that was not inserted: the record that has its id, with the fields in which the two differ, or the
-- correction that superseded its record first.
WITH correction AS (
    SELECT c.*, r.company_id, r.quantity AS old_quantity, r.event_timestamp AS old_timestamp, r.metadata AS old_metadata
    FROM jsonb_to_recordset(:corrections::jsonb) AS c (
        number integer, record_id bigint, event_id text, reason text, quantity numeric, event_timestamp timestamptz,
        metadata text)
    JOIN billing_usage_records r ON r.id = c.record_id
)
SELECT json_agg(json_build_array(c.number, coalesce(named.id, first.id),
    coalesce(named.deduplication_key, first.deduplication_key),
    CASE WHEN named.id IS NULL THEN NULL ELSE array_remove(ARRAY[
        CASE WHEN named.corrects IS DISTINCT FROM c.record_id THEN 'usageRecordId' END,
        CASE WHEN named.quantity <> coalesce(c.quantity, c.old_quantity) THEN 'quantity' END,
        CASE WHEN named.event_timestamp <> coalesce(c.event_timestamp, c.old_timestamp) THEN 'timestamp' END,
        CASE WHEN named.metadata <> coalesce(c.metadata::jsonb, c.old_metadata) THEN 'metadata' END,
        CASE WHEN named.reason <> c.reason THEN 'reason' END], NULL) END)) AS records
FROM correction c
LEFT JOIN billing_usage_records named ON named.company_id = c.company_id AND named.event_id = c.event_id
LEFT JOIN billing_usage_records first ON first.corrects = c.record_id;
