-- Sums of usage over many parts of time at once, read from indexes alone (design §5). Row by row, row-level security would ask for
-- the company of each record, which no index of a summary has: these functions look once at which campaigns the caller may see,
-- and then read as the owner. Only effective records count: those that were superseded are few, and are left out by their ids. A
-- part is a campaign and a span, numbered from 0 in the order of the arrays.

-- For each part and kind of usage: what was used of it.
CREATE FUNCTION usage_of_parts(campaign_ids text[], starts timestamptz[], ends timestamptz[], OUT part bigint, OUT kind text,
    OUT quantity numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT wanted.number - 1, used.kind, used.quantity
        FROM unnest(campaign_ids, starts, ends) WITH ORDINALITY AS wanted (campaign_id, starts_at, ends_at, number)
        JOIN campaigns c ON c.id = wanted.campaign_id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT event_type AS kind, sum(quantity) AS quantity FROM billing_usage_records
            WHERE campaign_id = wanted.campaign_id
                AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
                AND event_timestamp >= wanted.starts_at AND event_timestamp < wanted.ends_at
                AND id NOT IN (
                    SELECT corrects FROM billing_usage_records WHERE campaign_id = wanted.campaign_id AND corrects IS NOT NULL)
            GROUP BY event_type
            UNION ALL
            SELECT kind, sum(quantity) FROM campaign_activities
            WHERE campaign_id = wanted.campaign_id AND kind = 'volunteer_hours'
                AND occurred_at >= wanted.starts_at AND occurred_at < wanted.ends_at
            GROUP BY kind
        ) AS used;
END $$;

-- The seats of the hours: an hour's seats are the largest of its records, and those over `committed` the additional ones, in
-- `hours_above` hours. An hour is estimated where no run saw it when it was. No row where no hour has any.
CREATE FUNCTION seats_of_parts(campaign_ids text[], starts timestamptz[], ends timestamptz[], committed numeric[],
    OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric,
    OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT wanted.number - 1, used.*
        FROM unnest(campaign_ids, starts, ends, committed)
            WITH ORDINALITY AS wanted (campaign_id, starts_at, ends_at, committed, number)
        JOIN campaigns c ON c.id = wanted.campaign_id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT sum(seats), sum(greatest(seats - wanted.committed, 0)), max(seats),
                coalesce(sum(seats) FILTER (WHERE estimated), 0),
                coalesce(sum(greatest(seats - wanted.committed, 0)) FILTER (WHERE estimated), 0),
                count(*) FILTER (WHERE seats > wanted.committed)
            FROM (
                SELECT max(quantity) AS seats, bool_and(id IN (
                        SELECT id FROM billing_usage_records
                        WHERE campaign_id = wanted.campaign_id AND event_type = 'seat_usage'
                            AND metadata @> '{"estimated": true}'
                            AND event_timestamp >= wanted.starts_at AND event_timestamp < wanted.ends_at)) AS estimated
                FROM billing_usage_records
                WHERE campaign_id = wanted.campaign_id AND event_type = 'seat_usage'
                    AND event_timestamp >= wanted.starts_at AND event_timestamp < wanted.ends_at
                    AND id NOT IN (
                        SELECT corrects FROM billing_usage_records
                        WHERE campaign_id = wanted.campaign_id AND corrects IS NOT NULL)
                GROUP BY date_bin('1 hour', event_timestamp, timestamptz '2000-01-01 00:00Z')
            ) AS hour
            HAVING count(*) > 0
        ) AS used;
END $$;

-- Who paid for the credits that were used: each grant, and none (null), which is overage.
CREATE FUNCTION credits_of_parts(campaign_ids text[], starts timestamptz[], ends timestamptz[], OUT part bigint,
    OUT grant_id bigint, OUT credits numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT wanted.number - 1, used.grant_id, used.credits
        FROM unnest(campaign_ids, starts, ends) WITH ORDINALITY AS wanted (campaign_id, starts_at, ends_at, number)
        JOIN campaigns c ON c.id = wanted.campaign_id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT grant_id, sum(credits) AS credits FROM credit_movements
            WHERE campaign_id = wanted.campaign_id AND occurred_at >= wanted.starts_at AND occurred_at < wanted.ends_at
                AND kind IN ('burned', 'overage', 'returned')
            GROUP BY grant_id
        ) AS used;
END $$;

-- For each campaign and kind of usage: an object of what was used on each of some days in a time zone.
CREATE FUNCTION usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    since timestamptz := (SELECT min(day)::timestamp AT TIME ZONE zone FROM unnest(days) AS day);
    until timestamptz := (SELECT (max(day) + 1)::timestamp AT TIME ZONE zone FROM unnest(days) AS day);
BEGIN
    RETURN QUERY
        SELECT wanted.id, of_day.kind, json_object_agg(of_day.day, of_day.quantity)
        FROM unnest(campaign_ids) AS wanted (id)
        JOIN campaigns c ON c.id = wanted.id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT event_type AS kind, (event_timestamp AT TIME ZONE zone)::date AS day, sum(quantity) AS quantity
            FROM billing_usage_records
            WHERE campaign_id = wanted.id AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
                AND event_timestamp >= since AND event_timestamp < until
                AND (event_timestamp AT TIME ZONE zone)::date = ANY (days)
                AND id NOT IN (
                    SELECT corrects FROM billing_usage_records WHERE campaign_id = wanted.id AND corrects IS NOT NULL)
            GROUP BY event_type, day
        ) AS of_day
        GROUP BY wanted.id, of_day.kind;
END $$;

REVOKE EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[]),
    seats_of_parts(text[], timestamptz[], timestamptz[], numeric[]), credits_of_parts(text[], timestamptz[], timestamptz[]),
    usage_of_days(text[], date[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[]),
    seats_of_parts(text[], timestamptz[], timestamptz[], numeric[]), credits_of_parts(text[], timestamptz[], timestamptz[]),
    usage_of_days(text[], date[], text) TO billing_app, billing_reader, billing_jobs;
