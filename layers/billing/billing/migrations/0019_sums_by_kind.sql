-- Sums of usage as those of 0015, of the kinds that are asked for. The functions of 0015 with the same names serve code that runs
-- until the new code does, and go in a later release.

-- For each part and each of some kinds of usage: what was used of it.
CREATE FUNCTION usage_of_parts(campaign_ids text[], starts timestamptz[], ends timestamptz[], kinds text[],
    OUT part bigint, OUT kind text, OUT quantity numeric)
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
            WHERE campaign_id = wanted.campaign_id AND event_type = ANY (kinds)
                AND event_timestamp >= wanted.starts_at AND event_timestamp < wanted.ends_at
                AND id NOT IN (
                    SELECT corrects FROM billing_usage_records WHERE campaign_id = wanted.campaign_id AND corrects IS NOT NULL)
            GROUP BY event_type
            UNION ALL
            SELECT kind, sum(quantity) FROM campaign_activities
            WHERE campaign_id = wanted.campaign_id AND kind = 'volunteer_hours' AND kind = ANY (kinds)
                AND occurred_at >= wanted.starts_at AND occurred_at < wanted.ends_at
            GROUP BY kind
        ) AS used;
END $$;

-- For each campaign: an object of what was used of one kind on each of some days in a time zone; no row where nothing was.
CREATE FUNCTION usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    -- The days and the days after them, and when they begin: each record is looked up among these instants, since to ask for its
    -- local time takes longer than to read it.
    around date[] := ARRAY(SELECT day FROM unnest(days) AS day UNION SELECT day + 1 FROM unnest(days) AS day ORDER BY 1);
    edges timestamptz[] := ARRAY(SELECT midnight(day, zone) FROM unnest(around) AS day ORDER BY day);
    asked boolean[] := ARRAY(SELECT day = ANY (days) FROM unnest(around) AS day ORDER BY day);
BEGIN
    RETURN QUERY
        SELECT wanted.id, of_campaign.used
        FROM unnest(campaign_ids, kinds) AS wanted (id, kind)
        JOIN campaigns c ON c.id = wanted.id AND is_visible(c.company_id)
        CROSS JOIN LATERAL (
            SELECT json_object_agg(around[number], quantity) AS used
            FROM (
                SELECT number, sum(quantity) AS quantity
                FROM (
                    SELECT width_bucket(event_timestamp, edges) AS number, quantity FROM billing_usage_records
                    WHERE campaign_id = wanted.id AND event_type = wanted.kind
                        AND event_timestamp >= edges[1] AND event_timestamp < edges[cardinality(edges)]
                        AND id NOT IN (
                            SELECT corrects FROM billing_usage_records
                            WHERE campaign_id = wanted.id AND corrects IS NOT NULL)
                    OFFSET 0  -- or each record would be looked up twice
                ) AS used
                WHERE asked[number]
                GROUP BY number
            ) AS of_day
            HAVING count(*) > 0
        ) AS of_campaign;
END $$;

REVOKE EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[], text[]),
    usage_of_days(text[], text[], date[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_of_parts(text[], timestamptz[], timestamptz[], text[]),
    usage_of_days(text[], text[], date[], text) TO billing_app, billing_reader, billing_jobs;
