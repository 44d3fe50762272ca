-- name: page
-- The next records of a company's period after a position. It begins in the index, however far in; the text of each value
-- is what Postgres writes, which is several times as fast to fetch as typed values.
SELECT id::text, campaign_id::text, event_type, quantity::text, event_timestamp, deduplication_key, metadata
FROM billing_usage_records
WHERE company_id = :company_id AND event_timestamp < :end
    AND (event_timestamp, id) > (:after_timestamp::timestamptz, :after_id::bigint)
ORDER BY event_timestamp, id LIMIT :size

-- name: company
-- The company, if the caller may see it.
SELECT id, time_zone FROM companies WHERE id = :company_id AND :company IN (id, '*')
