-- name: take_turns
-- Whether this transaction is the only one that publishes; it is until it ends.
SELECT pg_try_advisory_xact_lock(hashtext('campaign billing: outbox')) AS mine;

-- name: unpublished
-- The oldest waiting event of each subject, in the order of the ids, without subjects of which one was refused just now.
SELECT id, company_id, type, subject, data, created_at FROM billing_events e
WHERE published_at IS NULL AND company_id || ' ' || subject <> ALL (:held::text[])
    AND NOT EXISTS (
        SELECT FROM billing_events o
        WHERE o.company_id = e.company_id AND o.subject = e.subject AND o.id < e.id AND o.published_at IS NULL)
ORDER BY id LIMIT :size;

-- name: published
-- The bus has taken these events.
UPDATE billing_events SET published_at = now() WHERE id = ANY (:ids::bigint[]);

-- name: waiting
-- How many events wait, at most ten thousand: where no bus was ever configured, all that there ever were do.
SELECT count(*) FROM (SELECT FROM billing_events WHERE published_at IS NULL ORDER BY id LIMIT 10000) AS waiting;

-- name: write
-- Events that a job has found, in their order.
INSERT INTO billing_events (company_id, type, subject, data)
SELECT company_id, type, subject, data FROM jsonb_to_recordset(:events::jsonb)
    AS event (company_id text, type text, subject text, data jsonb);
