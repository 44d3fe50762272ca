-- name: unpublished
-- The oldest events that wait after an id.
SELECT id, company_id, type, subject, data, created_at FROM billing_events
WHERE published_at IS NULL AND id > :after ORDER BY id LIMIT :size;

-- name: published
-- The bus has taken these events.
UPDATE billing_events SET published_at = now() WHERE id = ANY (:ids::bigint[]);
