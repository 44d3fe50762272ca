-- name: company
-- The company, if the caller may see it, and the instant before which all that began is over. The pages that follow in this
-- transaction are read without sorting. A standby cannot tell which transactions are in flight.
SELECT time_zone, settled(), read_in_order(), pg_is_in_recovery() AS on_standby FROM companies
WHERE id = :company_id AND :company IN (id, '*');

-- name: snapshot
-- The snapshot of this moment: `xmax` is the first transaction that has not begun, in_flight says how far before it those are
-- that are not over. A statement of its own, after `settled` was read: whatever is in flight now either was so then, or began
-- later.
SELECT json_build_object('settled', :settled::timestamptz, 'xmax', xmax,
    'in_flight', ARRAY(SELECT xmax - xip::text::bigint FROM pg_snapshot_xip(snapshot) xip)) AS snapshot
FROM pg_current_snapshot() snapshot, CAST(pg_snapshot_xmax(snapshot)::text AS bigint) xmax;

-- name: first_pass
-- The next records of a period that a snapshot sees, by their instants. One JSON text, which the driver reads several times
-- faster than rows.
SELECT coalesce(json_agg(page), '[]') FROM (
    SELECT id, campaign_id, event_type, quantity::text, event_timestamp, created_at, deduplication_key, metadata,
        corrects, reason, recorded_by, (SELECT s.id FROM billing_usage_records s WHERE s.corrects = r.id) AS superseded_by,
        CASE WHEN event_type = 'credit_usage' THEN paid_by(id) END AS paid_by,
        octet_length(metadata::text) AS metadata_bytes, event_timestamp AS place
    FROM billing_usage_records r
    WHERE company_id = :company_id AND (event_timestamp, id) > (:after::timestamptz, :after_id::bigint)
        AND event_timestamp < :end AND was_committed(xmin, created_at, :settled, :xmax, :in_flight)
    ORDER BY event_timestamp, id LIMIT :size
) page;

-- name: later_pass
-- The next records of a period that a snapshot sees and the one before it did not, by their arrival.
SELECT coalesce(json_agg(page), '[]') FROM (
    SELECT id, campaign_id, event_type, quantity::text, event_timestamp, created_at, deduplication_key, metadata,
        corrects, reason, recorded_by, (SELECT s.id FROM billing_usage_records s WHERE s.corrects = r.id) AS superseded_by,
        CASE WHEN event_type = 'credit_usage' THEN paid_by(id) END AS paid_by,
        octet_length(metadata::text) AS metadata_bytes, created_at AS place
    FROM billing_usage_records r
    WHERE company_id = :company_id AND (created_at, id) > (:after::timestamptz, :after_id::bigint)
        AND event_timestamp >= :start AND event_timestamp < :end
        AND NOT was_committed(xmin, created_at, :seen_settled, :seen_xmax, :seen_in_flight)
        AND was_committed(xmin, created_at, :settled, :xmax, :in_flight)
    ORDER BY created_at, id LIMIT :size
) page;

-- name: arrived
-- A record of the period that a snapshot does not see, if there is one.
SELECT id FROM billing_usage_records
WHERE company_id = :company_id AND created_at >= :settled AND event_timestamp >= :start AND event_timestamp < :end
    AND NOT was_committed(xmin, created_at, :settled, :xmax, :in_flight)
ORDER BY created_at, id LIMIT 1;
