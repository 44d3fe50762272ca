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

-- name: page
-- The next records of a period that a snapshot sees: on the first pass by their instants, on a later one, where there is a
-- snapshot that was seen before, by their arrival and without those that it saw. They come as the text of the response, one
-- object for each campaign, with the place of the last of them and whether there are more. No more of them than fit into
-- `bytes`, as the response is a text inside Lambda's own: in that a quote takes two bytes, and a character up to twelve.
WITH found AS (
    (SELECT r.*, event_timestamp AS place FROM billing_usage_records r
    WHERE :seen_settled::timestamptz IS NULL
        AND company_id = :company_id AND (event_timestamp, id) > (:after::timestamptz, :after_id::bigint)
        AND event_timestamp < :end AND was_committed(xmin, created_at, :settled, :xmax, :in_flight)
    ORDER BY event_timestamp, id LIMIT :size::integer + 1)
    UNION ALL
    (SELECT r.*, created_at AS place FROM billing_usage_records r
    WHERE :seen_settled IS NOT NULL
        AND company_id = :company_id AND (created_at, id) > (:after, :after_id)
        AND event_timestamp >= :start AND event_timestamp < :end
        AND NOT was_committed(xmin, created_at, :seen_settled, :seen_xmax, :seen_in_flight)
        AND was_committed(xmin, created_at, :settled, :xmax, :in_flight)
    ORDER BY created_at, id LIMIT :size + 1)
), written AS MATERIALIZED (
    SELECT campaign_id, place, id, format(
        '{"usageRecordId":"%s","eventType":"%s","billingEventType":"%s","quantity":"%s","eventTimestamp":"%s",'
        '"recordedAt":"%s","deduplicationKey":%s,"metadata":%s,"corrects":%s,"supersededBy":%s,"reason":%s,"recordedBy":%s,%s}',
        id, event_type, :billing_event_types::jsonb ->> event_type, quantity, instant_text(event_timestamp),
        instant_text(created_at), to_json(deduplication_key), metadata, coalesce(to_json(corrects::text)::text, 'null'),
        coalesce((SELECT to_json(s.id::text)::text FROM billing_usage_records s WHERE s.corrects = found.id), 'null'),
        coalesce(to_json(reason)::text, 'null'), coalesce(to_json(recorded_by)::text, 'null'),
        CASE WHEN event_type = 'credit_usage' THEN (
            SELECT format('"burned":%s,"overage":"%s"',
                coalesce(json_agg(json_build_object('grantId', grant_id::text, 'credits', credits::text) ORDER BY first)
                    FILTER (WHERE grant_id IS NOT NULL), '[]'),
                coalesce(max(credits::text) FILTER (WHERE grant_id IS NULL), '0.000000'))
            FROM (
                SELECT grant_id, sum(credits) AS credits, min(id) AS first FROM credit_movements
                WHERE record_id = found.id GROUP BY grant_id HAVING sum(credits) <> 0
            ) AS paid
        ) ELSE '"burned":null,"overage":null' END) AS record
    FROM found
), measured AS (
    SELECT *, row_number() OVER in_order AS number, sum(CASE
        WHEN octet_length(record) < 500 THEN 3 * octet_length(record)
        ELSE octet_length(to_json(record)::text) + 4 * (octet_length(record) - char_length(record)) END) OVER in_order AS bytes
    FROM written WINDOW in_order AS (ORDER BY place, id)
), page AS (
    SELECT * FROM measured WHERE number = 1 OR number <= :size AND bytes <= :bytes
), campaign AS (
    SELECT campaign_id, string_agg(record, ',' ORDER BY number) AS records FROM page GROUP BY campaign_id
)
SELECT (
    SELECT string_agg(concat('{"campaignId":', to_json(campaign_id), ',"events":[', records, ']}'), ',' ORDER BY campaign_id)
    FROM campaign) AS campaigns,
    (SELECT json_build_array(instant_text(place), id) FROM (SELECT * FROM page ORDER BY number DESC LIMIT 1) AS latest) AS last,
    (SELECT count(*) FROM page) < (SELECT count(*) FROM written) AS more;

-- name: arrived
-- A record of the period that a snapshot does not see, if there is one.
SELECT id FROM billing_usage_records
WHERE company_id = :company_id AND created_at >= :settled AND event_timestamp >= :start AND event_timestamp < :end
    AND NOT was_committed(xmin, created_at, :settled, :xmax, :in_flight)
ORDER BY created_at, id LIMIT 1;
