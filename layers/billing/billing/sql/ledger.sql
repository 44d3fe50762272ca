-- name: record_usage
-- Insert what is new of a batch; answer the numbers of the events whose campaign exists, and the ids inserted by their keys.
-- In one order for every caller (a caller's id first, since it decides alone), so that two batches with the same events
-- wait for each other and never deadlock.
WITH event AS (
    SELECT * FROM jsonb_to_recordset(:events::jsonb) AS e (
        number integer, campaign_id text, event_type text, quantity numeric, event_timestamp timestamptz,
        metadata text, event_id text, deduplication_key text)
), known AS (
    SELECT event.*, c.company_id, c.l2i_subscription_id
    FROM event JOIN campaigns c ON c.id = event.campaign_id AND :company IN (c.company_id, '*')
), inserted AS (
    INSERT INTO billing_usage_records (company_id, campaign_id, subscription_id, event_type, quantity,
        deduplication_key, event_id, event_timestamp, metadata)
    SELECT company_id, campaign_id, l2i_subscription_id, event_type, quantity,
        deduplication_key, event_id, event_timestamp, metadata::jsonb
    FROM known ORDER BY company_id, event_id, CASE WHEN event_id IS NULL THEN deduplication_key END, number
    ON CONFLICT DO NOTHING
    RETURNING id, deduplication_key
)
SELECT (SELECT json_agg(number) FROM known) AS known,
    (SELECT json_object_agg(deduplication_key, id) FROM inserted) AS inserted;

-- name: recorded_before
-- For each event that was not inserted: the record that has its name, the fields in which the two differ, and what supersedes
-- the record.
WITH event AS (
    SELECT e.*, c.company_id FROM jsonb_to_recordset(:events::jsonb) AS e (
        number integer, campaign_id text, event_type text, quantity numeric, event_timestamp timestamptz,
        metadata text, event_id text, deduplication_key text)
    JOIN campaigns c ON c.id = e.campaign_id
)
SELECT json_agg(json_build_array(event.number, r.id, r.deduplication_key, array_remove(ARRAY[
    CASE WHEN r.campaign_id <> event.campaign_id THEN 'campaignId' END,
    CASE WHEN r.event_type <> event.event_type THEN 'eventType' END,
    CASE WHEN r.quantity <> event.quantity THEN 'quantity' END,
    CASE WHEN r.event_timestamp <> event.event_timestamp THEN 'timestamp' END,
    CASE WHEN r.metadata <> event.metadata::jsonb THEN 'metadata' END], NULL),
    (SELECT s.id FROM billing_usage_records s WHERE s.corrects = r.id))) AS records
FROM event
JOIN LATERAL (
    SELECT * FROM billing_usage_records WHERE company_id = event.company_id AND event_id = event.event_id
    UNION ALL
    SELECT * FROM billing_usage_records WHERE event.event_id IS NULL AND deduplication_key = event.deduplication_key
) r ON true;
