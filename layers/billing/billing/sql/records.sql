-- name: page
-- The next records of a company's period after a position. Both bounds are found in the index, however far in.
SELECT id, campaign_id, event_type, quantity, event_timestamp, deduplication_key, metadata
FROM billing_usage_records
WHERE company_id = :company_id AND event_timestamp >= :start AND event_timestamp < :end
    AND (event_timestamp, id) > (:after_timestamp::timestamptz, :after_id::bigint)
ORDER BY event_timestamp, id LIMIT :size

-- name: company
-- The company, if the caller may see it.
SELECT id, time_zone FROM companies WHERE id = :company_id AND :company IN (id, '*')
