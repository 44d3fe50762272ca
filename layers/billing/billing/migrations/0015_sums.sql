-- Sums of usage, read from indexes alone (design §5). Row by row, row-level security would ask for the company of each record,
-- which no index of a summary has: these functions ask once whether the caller may see the campaign, and then read as the
-- owner. Only effective records count: those that were superseded are few, and are left out by their ids.

CREATE FUNCTION is_visible_campaign(campaign text) RETURNS boolean STABLE
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
RETURN EXISTS (SELECT FROM campaigns WHERE id = campaign AND is_visible(company_id));

-- For each kind of usage: what was used of it.
CREATE FUNCTION usage_in(campaign text, since timestamptz, until timestamptz, OUT kind text, OUT quantity numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT is_visible_campaign(campaign) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT event_type, sum(quantity) FROM billing_usage_records
        WHERE campaign_id = campaign AND event_type IN ('credit_usage', 'learner_served', 'session_completed')
            AND event_timestamp >= since AND event_timestamp < until
            AND id NOT IN (SELECT corrects FROM billing_usage_records WHERE campaign_id = campaign AND corrects IS NOT NULL)
        GROUP BY event_type
        UNION ALL
        SELECT kind, sum(quantity) FROM campaign_activities
        WHERE campaign_id = campaign AND kind = 'volunteer_hours' AND occurred_at >= since AND occurred_at < until
        GROUP BY kind;
END $$;

-- The seats of the hours: an hour's seats are the largest of its records, and those over `committed` the additional ones. An
-- hour is estimated where no run saw it when it was. No row where no hour has any.
CREATE FUNCTION seats_in(campaign text, since timestamptz, until timestamptz, committed numeric, OUT seat_hours numeric,
    OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric,
    OUT estimated_additional_seat_hours numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_visible_campaign(campaign) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT sum(seats), sum(greatest(seats - committed, 0)), max(seats),
            coalesce(sum(seats) FILTER (WHERE estimated), 0),
            coalesce(sum(greatest(seats - committed, 0)) FILTER (WHERE estimated), 0)
        FROM (
            SELECT max(quantity) AS seats, bool_and(id IN (
                    SELECT id FROM billing_usage_records
                    WHERE campaign_id = campaign AND event_type = 'seat_usage' AND metadata @> '{"estimated": true}'
                        AND event_timestamp >= since AND event_timestamp < until)) AS estimated
            FROM billing_usage_records
            WHERE campaign_id = campaign AND event_type = 'seat_usage'
                AND event_timestamp >= since AND event_timestamp < until
                AND id NOT IN (SELECT corrects FROM billing_usage_records WHERE campaign_id = campaign AND corrects IS NOT NULL)
            GROUP BY date_bin('1 hour', event_timestamp, timestamptz '2000-01-01 00:00Z')
        ) AS hour
        HAVING count(*) > 0;
END $$;

-- Who paid for the credits that were used: each grant, and none (null), which is overage.
CREATE FUNCTION credits_in(campaign text, since timestamptz, until timestamptz, OUT grant_id bigint, OUT credits numeric)
    RETURNS SETOF record STABLE LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT is_visible_campaign(campaign) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT grant_id, sum(credits) FROM credit_movements
        WHERE campaign_id = campaign AND occurred_at >= since AND occurred_at < until
            AND kind IN ('burned', 'overage', 'returned')
        GROUP BY grant_id;
END $$;

REVOKE EXECUTE ON FUNCTION is_visible_campaign(text), usage_in(text, timestamptz, timestamptz),
    seats_in(text, timestamptz, timestamptz, numeric), credits_in(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_visible_campaign(text), usage_in(text, timestamptz, timestamptz),
    seats_in(text, timestamptz, timestamptz, numeric), credits_in(text, timestamptz, timestamptz)
    TO billing_app, billing_reader, billing_jobs;
