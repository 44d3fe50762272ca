-- Sums of usage over many parts of time at once, read from indexes alone (design §5). Row by row, row-level security would ask for
-- the company of each record, which no index of a summary has: these functions look once at which campaigns the caller may see,
-- and then read as the owner. Only effective records count: those that were superseded are few, and are left out by their ids. A
-- part is a campaign and a span, numbered from 0 in the order of the arrays. Their plans are the same for one part and for
-- thousands, so they are made once: to plan a query takes as long as to sum up a month.

-- For each part and kind of usage: what was used of it.
CREATE FUNCTION usage_of_parts(campaign_ids text[], starts timestamptz[], ends timestamptz[], OUT part bigint, OUT kind text,
    OUT quantity numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
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
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT wanted.number - 1, used.*
        FROM unnest(campaign_ids, starts, ends, committed)
            WITH ORDINALITY AS wanted (campaign_id, starts_at, ends_at, committed, number)
        JOIN campaigns c ON c.id = wanted.campaign_id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT sum(seats), sum(greatest(seats - wanted.committed, 0.000000)), max(seats),
                coalesce(sum(seats) FILTER (WHERE estimated), 0.000000),
                coalesce(sum(greatest(seats - wanted.committed, 0.000000)) FILTER (WHERE estimated), 0.000000),
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
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
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
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    -- The days and the days after them, and when they begin: each record is looked up among these instants, since to ask for its
    -- local time takes longer than to read it.
    around date[] := ARRAY(SELECT day FROM unnest(days) AS day UNION SELECT day + 1 FROM unnest(days) AS day ORDER BY 1);
    edges timestamptz[] := ARRAY(SELECT midnight(day, zone) FROM unnest(around) AS day ORDER BY day);
BEGIN
    RETURN QUERY
        SELECT wanted.id, of_kind.kind, of_kind.used
        FROM unnest(campaign_ids) AS wanted (id)
        JOIN campaigns c ON c.id = wanted.id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT kind, json_object_agg(around[number], quantity) AS used
            FROM (
                SELECT event_type AS kind, width_bucket(event_timestamp, edges) AS number, sum(quantity) AS quantity
                FROM billing_usage_records
                WHERE campaign_id = wanted.id AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
                    AND event_timestamp >= edges[1] AND event_timestamp < edges[cardinality(edges)]
                    AND id NOT IN (
                        SELECT corrects FROM billing_usage_records WHERE campaign_id = wanted.id AND corrects IS NOT NULL)
                GROUP BY event_type, number
            ) AS of_day
            WHERE around[number] = ANY (days)
            GROUP BY kind
        ) AS of_kind;
END $$;

REVOKE EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[]),
    seats_of_parts(text[], timestamptz[], timestamptz[], numeric[]), credits_of_parts(text[], timestamptz[], timestamptz[]),
    usage_of_days(text[], date[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[]),
    seats_of_parts(text[], timestamptz[], timestamptz[], numeric[]), credits_of_parts(text[], timestamptz[], timestamptz[]),
    usage_of_days(text[], date[], text) TO billing_app, billing_reader, billing_jobs;
