-- The tables as the migrations make them, in one piece: to read, not to run. `make schema` writes it,
-- and a test holds it true.

CREATE SCHEMA public;

COMMENT ON SCHEMA public IS 'standard public schema';

CREATE DOMAIN public.currency_code AS text
	CONSTRAINT currency_code_check CHECK ((VALUE ~ '^[A-Z]{3}$'::text));

CREATE DOMAIN public.iana_time_zone AS text
	CONSTRAINT iana_time_zone_check CHECK (((VALUE ~ '^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$'::text) AND (timezone(VALUE, '2000-01-01 00:00:00+00'::timestamp with time zone) IS NOT NULL)));

CREATE DOMAIN public.identifier AS text COLLATE pg_catalog."C"
	CONSTRAINT identifier_check CHECK (((VALUE <> ''::text) AND (VALUE <> '*'::text)));

CREATE DOMAIN public.non_negative AS numeric
	CONSTRAINT non_negative_check CHECK (((VALUE >= (0)::numeric) AND (VALUE < 'Infinity'::numeric)));

CREATE FUNCTION public.add_grants() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    touched text[];
BEGIN
    SELECT array_agg(DISTINCT campaign_id::text) INTO touched FROM granted;
    IF touched IS NOT NULL THEN
        PERFORM lock_campaigns(touched);
        PERFORM settle_credits(touched);
        INSERT INTO billing_events (company_id, type, subject, data)
        SELECT company_id, 'credits.granted', campaign_id, jsonb_build_object('campaignId', campaign_id, 'grantId', id::text,
            'credits', trim_scale(credits)::text, 'amount', trim_scale(amount)::text, 'source', source,
            'expiresAt', expires_at, 'recordedBy', recorded_by)
        FROM granted g
        WHERE source <> 'allocation' OR EXISTS (SELECT FROM credit_grants e WHERE e.campaign_id = g.campaign_id AND e.id < g.id)
        ORDER BY id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.announce_correction() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO billing_events (company_id, type, subject, data)
    VALUES (NEW.company_id, 'usage.corrected', NEW.id::text, jsonb_build_object('campaignId', NEW.campaign_id,
        'usageRecordId', NEW.id::text, 'corrects', NEW.corrects::text, 'eventType', NEW.event_type,
        'quantity', trim_scale(NEW.quantity)::text, 'recordedBy', NEW.recorded_by));
    RETURN NULL;
END $$;

CREATE FUNCTION public.announce_crossings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO billing_events (company_id, type, subject, data)
    SELECT NEW.company_id, crossing.type, NEW.id, jsonb_build_object('campaignId', NEW.id,
        'creditAllocation', trim_scale(NEW.credits_granted)::text, 'creditsRemaining', trim_scale(NEW.credits_remaining)::text)
    FROM (VALUES
        (1, 'credits.low', OLD.credits_remaining >= OLD.credits_granted / 10 AND NEW.credits_remaining < NEW.credits_granted / 10),
        (2, 'credits.depleted', OLD.credits_remaining > 0 AND NEW.credits_remaining = 0)
    ) AS crossing (place, type, crossed)
    WHERE crossing.crossed ORDER BY place;
    RETURN NULL;
END $$;

CREATE FUNCTION public.announce_document() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO billing_events (company_id, type, subject, data)
    VALUES (NEW.company_id, CASE WHEN NEW.corrects IS NULL THEN 'invoice.issued' ELSE 'invoice.credited' END,
        coalesce(NEW.corrects, NEW.number), jsonb_build_object('invoiceId', coalesce(NEW.corrects, NEW.number),
            'number', NEW.number, 'kind', NEW.kind, 'month', to_char(NEW.month, 'YYYY-MM'), 'currency', NEW.currency,
            'totalAmount', NEW.document ->> 'totalAmount', 'corrects', NEW.corrects));
    RETURN NULL;
END $$;

CREATE FUNCTION public.announce_reconciliation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO billing_events (company_id, type, subject, data)
    SELECT NEW.company_id, 'reconciliation.failed', NEW.company_id, jsonb_build_object('companyId', NEW.company_id,
        'differences', (SELECT jsonb_object_agg(failed ->> 'check', jsonb_array_length(failed -> 'differences'))
            FROM jsonb_array_elements(NEW.result -> 'checks') AS failed WHERE failed -> 'differences' <> '[]'));
    RETURN NULL;
END $$;

CREATE FUNCTION public.apply_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    campaign campaigns;
    version record;
    fault text;
BEGIN
    SELECT r.* INTO campaign FROM campaigns c, jsonb_populate_record(c, recorded_dates(c.id)) r WHERE c.id = NEW.campaign_id;
    FOR version IN
        SELECT starts_at, terms FROM campaign_versions
        WHERE campaign_id = NEW.campaign_id AND ends_at > CASE WHEN NEW.dates = '{}' THEN NEW.effective_from ELSE '-infinity' END
        ORDER BY starts_at
    LOOP
        -- What the columns of campaigns refuse by themselves is refused here too, before the instant has come.
        PERFORM jsonb_populate_record(campaign, version.terms);
        fault := terms_fault(version.terms, campaign);
        IF fault IS NOT NULL THEN
            RAISE EXCEPTION 'the terms of campaign % from % cannot be charged by: %', NEW.campaign_id, version.starts_at, fault
                USING ERRCODE = 'check_violation', CONSTRAINT = 'terms_in_force';
        END IF;
    END LOOP;
    PERFORM put_terms_in_force(NEW.campaign_id, touch => NEW.source <> 'platform');
    IF NEW.terms ?| ARRAY['l2i_subscription_id', 'bundle_allocation_percentage', 'is_active', 'pricing_model'] THEN
        PERFORM check_link_currency(NEW.campaign_id);
        PERFORM check_shares(subscription, NEW.campaign_id, NEW.effective_from) FROM (
            SELECT DISTINCT terms ->> 'l2i_subscription_id' AS subscription FROM campaign_versions
            WHERE campaign_id = NEW.campaign_id AND ends_at > NEW.effective_from
                AND terms ->> 'l2i_subscription_id' IS NOT NULL
            ORDER BY subscription) AS linked;
    END IF;
    INSERT INTO billing_events (company_id, type, subject, data)
    VALUES (NEW.company_id, CASE NEW.source WHEN 'link' THEN 'link.changed' ELSE 'terms.changed' END, NEW.campaign_id,
        jsonb_build_object('campaignId', NEW.campaign_id, 'changeId', NEW.id::text, 'source', NEW.source,
            'effectiveFrom', nullif(NEW.effective_from, '-infinity'), 'recordedBy', NEW.recorded_by,
            'changed', to_jsonb(ARRAY(SELECT jsonb_object_keys(NEW.terms || NEW.dates)))));
    RETURN NULL;
END $$;

CREATE FUNCTION public.begin_credits() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM inserted WHERE credit_allocation > 0 AND coalesce(credit_price, budget_allocated) IS NULL) THEN
        RAISE EXCEPTION 'credits without a price: credit_allocation needs credit_price or budget_allocated'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credits_have_a_price';
    END IF;
    INSERT INTO credit_grants (company_id, campaign_id, credits, amount, price_amount, price_credits, source, recorded_by)
    SELECT company_id, id, credit_allocation, coalesce(credit_price * credit_allocation, budget_allocated),
        coalesce(credit_price, budget_allocated), CASE WHEN credit_price IS NULL THEN credit_allocation ELSE 1 END,
        'allocation', writer()
    FROM inserted WHERE credit_allocation > 0 ORDER BY id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.begin_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
BEGIN
    INSERT INTO campaign_terms (company_id, campaign_id, effective_from, terms, dates, source, recorded_by)
    SELECT c.company_id, c.id, '-infinity', terms_of(c), dates_of(c), 'platform', writer()
    FROM inserted JOIN campaigns c ON c.id = inserted.id ORDER BY c.id;
    PERFORM check_shares(l2i_subscription_id, id, '-infinity') FROM (
        SELECT l2i_subscription_id, id FROM inserted WHERE l2i_subscription_id IS NOT NULL AND is_active
        ORDER BY l2i_subscription_id, id) AS linked;
    RETURN NULL;
END $$;

CREATE FUNCTION public.burn_credits(record_ids bigint[], campaign_ids text[], instants timestamp with time zone[], quantities numeric[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    grants bigint[]; owners text[]; expiries timestamptz[]; remaining numeric[];
    moved_records integer[] := '{}'; moved_grants bigint[] := '{}'; moved_credits numeric[] := '{}';
    grant_count integer; first integer := 1; n integer; g integer; needed numeric; taken numeric;
BEGIN
    SELECT array_agg(id), array_agg(campaign_id), array_agg(coalesce(expires_at, 'infinity')), array_agg(left_of_it), count(*)
    INTO grants, owners, expiries, remaining, grant_count
    FROM (SELECT id, campaign_id::text AS campaign_id, expires_at, credits - moved AS left_of_it FROM credit_grants
        WHERE campaign_id = ANY (campaign_ids) AND moved < credits
        ORDER BY campaign_id, priority, expires_at NULLS LAST, id) AS in_order;
    FOR n IN 1 .. cardinality(record_ids) LOOP
        needed := quantities[n];
        WHILE first <= grant_count AND (owners[first] < campaign_ids[n] COLLATE "C"
                OR owners[first] = campaign_ids[n] AND remaining[first] = 0) LOOP
            first := first + 1;
        END LOOP;
        g := first;
        WHILE needed > 0 AND g <= grant_count AND owners[g] = campaign_ids[n] LOOP
            IF remaining[g] > 0 AND expiries[g] > instants[n] THEN
                taken := least(needed, remaining[g]);
                remaining[g] := remaining[g] - taken;
                needed := needed - taken;
                moved_records := array_append(moved_records, n);
                moved_grants := array_append(moved_grants, grants[g]);
                moved_credits := array_append(moved_credits, taken);
            END IF;
            g := g + 1;
        END LOOP;
        IF needed > 0 THEN
            moved_records := array_append(moved_records, n);
            moved_grants := array_append(moved_grants, NULL);
            moved_credits := array_append(moved_credits, needed);
        END IF;
    END LOOP;
    INSERT INTO credit_movements (company_id, campaign_id, grant_id, record_id, occurred_at, kind, credits)
    SELECT c.company_id, c.id, moved.grant_id, record_ids[moved.n], instants[moved.n],
        CASE WHEN moved.grant_id IS NULL THEN 'overage' ELSE 'burned' END, moved.credits
    FROM unnest(moved_records, moved_grants, moved_credits) WITH ORDINALITY AS moved (n, grant_id, credits, place)
    JOIN campaigns c ON c.id = campaign_ids[moved.n]
    ORDER BY moved.place;
END $$;

CREATE FUNCTION public.change_allocation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    difference numeric := coalesce(NEW.credit_allocation, 0) - coalesce(OLD.credit_allocation, 0);
    price_amount numeric;
    price_credits numeric;
    last_grant record;
    taken numeric;
BEGIN
    IF difference > 0 THEN
        SELECT amount, credits INTO price_amount, price_credits FROM list_price(NEW.id, clock_timestamp());
        IF price_amount IS NULL THEN
            price_amount := NEW.budget_allocated;
            price_credits := NEW.credit_allocation;
        END IF;
        IF price_amount IS NULL THEN
            RAISE EXCEPTION 'credits without a price: credit_allocation needs credit_price or budget_allocated'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'credits_have_a_price';
        END IF;
        INSERT INTO credit_grants
            (company_id, campaign_id, credits, amount, price_amount, price_credits, source, recorded_by)
        VALUES (NEW.company_id, NEW.id, difference, difference * price_amount / price_credits,
            price_amount, price_credits, 'allocation', writer());
    ELSIF difference < 0 THEN
        FOR last_grant IN
            SELECT id, credits - moved AS remaining FROM credit_grants
            WHERE campaign_id = NEW.id AND source = 'allocation' AND moved < credits ORDER BY id DESC
        LOOP
            EXIT WHEN difference = 0;
            taken := least(last_grant.remaining, -difference);
            difference := difference + taken;
            INSERT INTO credit_movements (company_id, campaign_id, grant_id, occurred_at, kind, credits)
            VALUES (NEW.company_id, NEW.id, last_grant.id, now(), 'withdrawn', taken);
        END LOOP;
        IF difference < 0 THEN
            RAISE EXCEPTION 'the allocation of campaign % cannot be lowered by % more: so much of it is used', NEW.id, -difference
                USING ERRCODE = 'check_violation', CONSTRAINT = 'used_credits_stay';
        END IF;
        PERFORM settle_credits(ARRAY[NEW.id::text]);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.check_correction() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_usage_records r WHERE r.id = NEW.corrects
            AND r.company_id = NEW.company_id AND r.campaign_id = NEW.campaign_id AND r.event_type = NEW.event_type)
    THEN
        RAISE EXCEPTION 'record % is not one of the campaign and type of its correction', NEW.corrects
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'a_correction_is_of_the_same_kind';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.check_link_currency(campaign text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    currencies text[];
BEGIN
    SELECT array_agg(DISTINCT currency) INTO currencies FROM (
        SELECT c.currency::text FROM campaigns c JOIN campaign_versions v ON v.campaign_id = c.id
        WHERE c.id = campaign AND v.terms ->> 'pricing_model' <> 'bundle'
        UNION
        SELECT s.terms ->> 'currency' FROM campaign_versions v
        JOIN subscription_terms s ON s.subscription_id = v.terms ->> 'l2i_subscription_id'
        WHERE v.campaign_id = campaign AND s.terms ->> 'currency' IS NOT NULL) AS charged (currency);
    IF cardinality(currencies) > 1 THEN
        RAISE EXCEPTION 'campaign % would be charged in %', campaign, array_to_string(currencies, ' and ')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_currency_of_a_campaign';
    END IF;
END $$;

CREATE FUNCTION public.check_shares(subscription text, campaign text, since timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    taken numeric;
BEGIN
    PERFORM FROM l2i_subscriptions WHERE id = subscription FOR NO KEY UPDATE;
    WITH link AS (
        SELECT v.campaign_id, greatest(v.starts_at, since) AS starts_at, v.ends_at,
            coalesce((v.terms ->> 'bundle_allocation_percentage')::numeric, 0) AS share
        FROM campaign_versions v
        WHERE v.campaign_id IN (SELECT t.campaign_id FROM campaign_terms t WHERE t.terms ->> 'l2i_subscription_id' = subscription)
            AND v.terms ->> 'l2i_subscription_id' = subscription AND (v.terms ->> 'is_active')::boolean AND v.ends_at > since
    ), edge AS (
        SELECT starts_at AS instant, share FROM link UNION ALL SELECT ends_at, -share FROM link
    ), total AS (
        SELECT instant, sum(sum(share)) OVER (ORDER BY instant) AS share FROM edge GROUP BY instant
    )
    SELECT max(total.share) INTO taken FROM total
    JOIN link ON link.campaign_id = campaign AND total.instant >= link.starts_at AND total.instant < link.ends_at;
    IF taken > 1.001 THEN
        RAISE EXCEPTION 'the shares of subscription % would add up to % %%', subscription, trim_scale(taken * 100)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_of_a_subscription';
    END IF;
END $$;

CREATE FUNCTION public.credits_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT grant_id bigint, OUT credits numeric) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE TABLE public.campaigns (
    id public.identifier DEFAULT (gen_random_uuid())::text NOT NULL,
    company_id public.identifier NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    start_date date,
    end_date date,
    currency public.currency_code,
    pricing_model text NOT NULL,
    budget_allocated public.non_negative,
    target_volunteers integer,
    current_volunteers integer DEFAULT 0 NOT NULL,
    target_beneficiaries integer,
    current_beneficiaries integer DEFAULT 0 NOT NULL,
    committed_seats public.non_negative,
    seat_price_per_month public.non_negative,
    credit_allocation public.non_negative,
    credits_remaining numeric,
    credit_consumption_rate public.non_negative,
    credit_price public.non_negative,
    iaas_metrics jsonb,
    l2i_subscription_id public.identifier,
    bundle_allocation_percentage numeric(5,4),
    custom_pricing_terms jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    credits_granted numeric,
    CONSTRAINT balance_is_not_negative CHECK ((credits_remaining >= (0)::numeric)),
    CONSTRAINT campaigns_bundle_allocation_percentage_check CHECK (((bundle_allocation_percentage > (0)::numeric) AND (bundle_allocation_percentage <= (1)::numeric))),
    CONSTRAINT campaigns_check CHECK ((start_date <= end_date)),
    CONSTRAINT campaigns_credits_granted_check CHECK ((credits_granted >= (0)::numeric)),
    CONSTRAINT campaigns_credits_remaining_check CHECK ((abs(credits_remaining) < 'Infinity'::numeric)),
    CONSTRAINT campaigns_current_beneficiaries_check CHECK ((current_beneficiaries >= 0)),
    CONSTRAINT campaigns_current_volunteers_check CHECK ((current_volunteers >= 0)),
    CONSTRAINT campaigns_end_date_check CHECK (((end_date >= '1970-01-01'::date) AND (end_date <= '2199-12-31'::date))),
    CONSTRAINT campaigns_pricing_model_check CHECK ((pricing_model = ANY (ARRAY['seats'::text, 'credits'::text, 'bundle'::text, 'iaas'::text, 'custom'::text]))),
    CONSTRAINT campaigns_start_date_check CHECK (((start_date >= '1970-01-01'::date) AND (start_date <= '2199-12-31'::date))),
    CONSTRAINT campaigns_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'planned'::text, 'recruiting'::text, 'active'::text, 'paused'::text, 'completed'::text, 'closed'::text]))),
    CONSTRAINT campaigns_target_beneficiaries_check CHECK ((target_beneficiaries >= 0)),
    CONSTRAINT campaigns_target_volunteers_check CHECK ((target_volunteers >= 0)),
    CONSTRAINT credits_terms CHECK (((pricing_model <> 'credits'::text) OR ((credit_allocation IS NOT NULL) AND ((credit_price IS NOT NULL) OR ((budget_allocated IS NOT NULL) AND ((credit_allocation)::numeric > (0)::numeric)))))),
    CONSTRAINT only_bundle_campaigns_are_linked CHECK (((l2i_subscription_id IS NULL) OR (pricing_model = 'bundle'::text))),
    CONSTRAINT only_bundle_campaigns_take_the_bundles_currency CHECK (((currency IS NOT NULL) OR (pricing_model = 'bundle'::text))),
    CONSTRAINT seats_terms CHECK (((pricing_model <> 'seats'::text) OR (seat_price_per_month IS NOT NULL)))
);

CREATE FUNCTION public.dates_of(campaign public.campaigns) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN jsonb_build_object('start_date', (campaign).start_date, 'end_date', (campaign).end_date);

CREATE FUNCTION public.differing(new_values jsonb, old_values jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT COALESCE(jsonb_object_agg(jsonb_each.key, jsonb_each.value), '{}'::jsonb) AS "coalesce" FROM jsonb_each(differing.new_values) jsonb_each(key, value) WHERE (jsonb_each.value IS DISTINCT FROM (differing.old_values -> jsonb_each.key)));

CREATE FUNCTION public.elements(list jsonb) RETURNS SETOF jsonb
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT element.value AS element
    FROM jsonb_array_elements(
         CASE
             WHEN (elements.list IS NULL) THEN '[]'::jsonb
             WHEN (jsonb_typeof(elements.list) = 'array'::text) THEN elements.list
             ELSE '[null]'::jsonb
         END) element(value);
END;

CREATE FUNCTION public.end_link_with_bundle() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.terms ? 'pricing_model' AND NEW.terms ->> 'pricing_model' <> 'bundle' THEN
        NEW.terms := NEW.terms || '{"l2i_subscription_id": null, "bundle_allocation_percentage": null}';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.enter_transaction(as_role text, company text, seconds integer) RETURNS SETOF void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM set_config('billing.company_id', company, true), set_config('timezone', 'UTC', true),
        set_config('statement_timeout', seconds * 900 || 'ms', true);
    IF current_setting('server_version_num')::integer >= 170000 THEN
        PERFORM set_config('transaction_timeout', seconds || 's', true);
    END IF;
    PERFORM set_config('role', as_role, true);
END $$;

CREATE FUNCTION public.expire_grants(expired_before timestamp with time zone, size integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    due bigint[];
    touched text[];
BEGIN
    SELECT array_agg(id), array_agg(DISTINCT campaign_id) INTO due, touched FROM (
        SELECT id, campaign_id::text AS campaign_id FROM credit_grants
        WHERE expires_at <= expired_before AND expired_at IS NULL ORDER BY expires_at, id LIMIT size) AS chosen;
    IF due IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lock_campaigns(touched);
    -- Another run may have booked some of them while this one waited for the locks.
    SELECT array_agg(id) INTO due FROM credit_grants WHERE id = ANY (due) AND expired_at IS NULL;
    INSERT INTO billing_events (company_id, type, subject, data)
    SELECT company_id, 'credits.expired', campaign_id, jsonb_build_object('campaignId', campaign_id, 'grantId', id::text,
        'credits', trim_scale(credits - moved)::text, 'expiresAt', expires_at)
    FROM credit_grants WHERE id = ANY (due) AND moved < credits ORDER BY id;
    INSERT INTO credit_movements (company_id, campaign_id, grant_id, occurred_at, kind, credits)
    SELECT company_id, campaign_id, id, expires_at, 'expired', credits - moved
    FROM credit_grants WHERE id = ANY (due) AND moved < credits ORDER BY id;
    UPDATE credit_grants SET expired_at = now() WHERE id = ANY (due);
    PERFORM settle_credits(touched);
    RETURN coalesce(cardinality(due), 0);
END $$;

CREATE FUNCTION public.midnight(day date, zone text) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT min(reading.candidate) AS min FROM (VALUES (((midnight.day)::timestamp without time zone AT TIME ZONE midnight.zone)), ((((midnight.day)::timestamp without time zone - (((((midnight.day - 1) + '12:00:00'::time without time zone) AT TIME ZONE midnight.zone) AT TIME ZONE midnight.zone) - ((((midnight.day - 1) + '12:00:00'::time without time zone) AT TIME ZONE midnight.zone) AT TIME ZONE 'UTC'::text))) AT TIME ZONE 'UTC'::text))) reading(candidate) WHERE (((reading.candidate AT TIME ZONE midnight.zone))::date >= midnight.day));

CREATE FUNCTION public.in_days(instant timestamp with time zone, first_day date, last_day date, zone text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (CASE WHEN ((first_day IS NULL) OR (first_day < (((instant AT TIME ZONE 'UTC'::text))::date - 2))) THEN true WHEN (first_day > (((instant AT TIME ZONE 'UTC'::text))::date + 2)) THEN false ELSE (instant >= public.midnight(first_day, zone)) END AND CASE WHEN ((last_day IS NULL) OR (last_day > (((instant AT TIME ZONE 'UTC'::text))::date + 2))) THEN true WHEN (last_day < (((instant AT TIME ZONE 'UTC'::text))::date - 2)) THEN false ELSE (instant < public.midnight((last_day + 1), zone)) END);

CREATE FUNCTION public.instant_text(instant timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    RETURN replace(to_char((instant AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text), '.000000Z'::text, 'Z'::text);

CREATE FUNCTION public.is_amount(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(((jsonb_typeof(value) = ANY (ARRAY['number'::text, 'string'::text])) AND ((value #>> '{}'::text[]) ~ '^[0-9]{1,20}(\.[0-9]{1,20})?$'::text)), false);

CREATE FUNCTION public.is_day(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(((jsonb_typeof(value) = 'string'::text) AND ((value #>> '{}'::text[]) ~ '^(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$'::text) AND (to_char(((make_date((substr((value #>> '{}'::text[]), 1, 4))::integer, (substr((value #>> '{}'::text[]), 6, 2))::integer, 1) + ((substr((value #>> '{}'::text[]), 9, 2))::integer - 1)))::timestamp with time zone, 'YYYY-MM-DD'::text) = (value #>> '{}'::text[]))), false);

CREATE FUNCTION public.is_name(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(((jsonb_typeof(value) = 'string'::text) AND ((value #>> '{}'::text[]) <> ''::text)), false);

CREATE FUNCTION public.is_custom_terms(terms jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (COALESCE((jsonb_typeof(terms) = 'object'::text), false) AND (terms ?| ARRAY['fixedFee'::text, 'variableComponents'::text, 'milestonePayments'::text]) AND ((COALESCE((terms -> 'fixedFee'::text), 'null'::jsonb) = 'null'::jsonb) OR public.is_amount((terms -> 'fixedFee'::text))) AND (COALESCE((terms -> 'fixedFeeInterval'::text), '"once"'::jsonb) = ANY (ARRAY['"once"'::jsonb, '"month"'::jsonb, '"quarter"'::jsonb, '"year"'::jsonb])) AND (NOT (EXISTS (SELECT FROM public.elements((is_custom_terms.terms -> 'variableComponents'::text)) component(component) GROUP BY (component.component ->> 'name'::text) HAVING ((count(*) > 1) OR (NOT bool_and(((jsonb_typeof(component.component) = 'object'::text) AND public.is_name((component.component -> 'name'::text)) AND COALESCE(((component.component ->> 'unit'::text) = ANY (ARRAY['session'::text, 'learner'::text, 'credit'::text, 'seat_month'::text, 'hour'::text])), false) AND public.is_amount((component.component -> 'rate'::text)) AND ((COALESCE((component.component -> 'cap'::text), 'null'::jsonb) = 'null'::jsonb) OR public.is_amount((component.component -> 'cap'::text)))))))))) AND (NOT (EXISTS (SELECT FROM public.elements((is_custom_terms.terms -> 'milestonePayments'::text)) milestone(milestone) GROUP BY COALESCE((milestone.milestone ->> 'name'::text), (milestone.milestone ->> 'milestone'::text), (milestone.milestone ->> 'description'::text), (milestone.milestone ->> 'dueDate'::text)) HAVING ((count(*) > 1) OR (NOT bool_and(((jsonb_typeof(milestone.milestone) = 'object'::text) AND public.is_amount((milestone.milestone -> 'amount'::text)) AND public.is_day((milestone.milestone -> 'dueDate'::text)) AND (((milestone.milestone -> 'name'::text) IS NULL) OR public.is_name((milestone.milestone -> 'name'::text))) AND (((milestone.milestone -> 'milestone'::text) IS NULL) OR public.is_name((milestone.milestone -> 'milestone'::text))) AND (((milestone.milestone -> 'description'::text) IS NULL) OR public.is_name((milestone.milestone -> 'description'::text)))))))))));

CREATE FUNCTION public.is_iaas_terms(terms jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (COALESCE((jsonb_typeof(terms) = 'object'::text), false) AND public.is_amount((terms -> 'pricePerLearner'::text)) AND ((COALESCE((terms -> 'learnersCommitted'::text), 'null'::jsonb) = 'null'::jsonb) OR public.is_amount((terms -> 'learnersCommitted'::text))) AND (NOT (EXISTS (SELECT FROM public.elements((is_iaas_terms.terms -> 'outcomeThresholds'::text)) outcome(outcome) WHERE ((NOT (public.is_name((outcome.outcome -> 'name'::text)) AND public.is_amount((outcome.outcome -> 'threshold'::text)) AND ((COALESCE((outcome.outcome -> 'measured'::text), 'null'::jsonb) = 'null'::jsonb) OR public.is_amount((outcome.outcome -> 'measured'::text))))) OR (jsonb_typeof(outcome.outcome) <> 'object'::text))))));

CREATE FUNCTION public.is_visible(company public.identifier) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (current_setting('billing.company_id'::text, true) = ANY (ARRAY[(company)::text, '*'::text]));

CREATE FUNCTION public.keep_balance() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.credits_remaining := CASE WHEN NEW.credit_allocation IS NOT NULL THEN 0 END;
        NEW.credits_granted := NEW.credits_remaining;
    ELSE
        NEW.credits_remaining := CASE WHEN NEW.credit_allocation IS NOT NULL THEN coalesce(OLD.credits_remaining, 0)
            ELSE OLD.credits_remaining END;
        NEW.credits_granted := CASE WHEN NEW.credit_allocation IS NOT NULL THEN coalesce(OLD.credits_granted, 0)
            ELSE OLD.credits_granted END;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.keep_charged_activity() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND OLD.usage_record_id IS NULL THEN
        NEW.usage_record_id := NULL;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR (NEW.id, NEW.campaign_id, NEW.kind, NEW.quantity, NEW.occurred_at)
        IS DISTINCT FROM (OLD.id, OLD.campaign_id, OLD.kind, OLD.quantity, OLD.occurred_at)
    THEN
        RAISE EXCEPTION 'activity % is charged: correct its usage record instead', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'charged_activities_stay';
    END IF;
    NEW.usage_record_id := OLD.usage_record_id;
    RETURN NEW;
END $$;

CREATE FUNCTION public.keep_currency() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_usage_records WHERE campaign_id = NEW.id)
        OR EXISTS (SELECT FROM credit_grants WHERE campaign_id = NEW.id)
        OR EXISTS (SELECT FROM invoice_lines WHERE campaign_id = NEW.id) THEN
        RAISE EXCEPTION 'campaign % is charged in %: a campaign has one currency for its life', NEW.id, OLD.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_currency_of_a_campaign';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.keep_invoice_from() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_months WHERE company_id = NEW.company_id) THEN
        RAISE EXCEPTION 'company % has closed months: invoiceFrom stays %', NEW.company_id, to_char(OLD.invoice_from, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_from_stays';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.keep_time_zone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE billing_profiles SET revision = revision + 1 WHERE company_id = NEW.id;
    IF EXISTS (SELECT FROM billing_months WHERE company_id = NEW.id) THEN
        RAISE EXCEPTION 'company % has closed months: its time zone stays %', NEW.id, OLD.time_zone
            USING ERRCODE = 'check_violation', CONSTRAINT = 'time_zone_stays';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.latest_effective_instant(instant timestamp with time zone, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN GREATEST(date_trunc('hour'::text, instant, 'UTC'::text), public.midnight(((instant AT TIME ZONE zone))::date, zone));

CREATE AGGREGATE public.merge_terms(jsonb) (
    SFUNC = jsonb_concat,
    STYPE = jsonb,
    INITCOND = '{}',
    PARALLEL = safe
);

CREATE TABLE public.campaign_terms (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    terms jsonb NOT NULL,
    dates jsonb DEFAULT '{}'::jsonb NOT NULL,
    reason text,
    source text NOT NULL,
    change_id text COLLATE pg_catalog."C",
    recorded_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT campaign_terms_dates_check CHECK ((jsonb_typeof(dates) = 'object'::text)),
    CONSTRAINT campaign_terms_effective_from_check CHECK ((effective_from < 'infinity'::timestamp with time zone)),
    CONSTRAINT campaign_terms_source_check CHECK ((source = ANY (ARRAY['platform'::text, 'set_terms'::text, 'link'::text]))),
    CONSTRAINT campaign_terms_terms_check CHECK ((jsonb_typeof(terms) = 'object'::text))
);

CREATE FUNCTION public.terms_in_force(campaign text, instant timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN (SELECT public.merge_terms(campaign_terms.terms ORDER BY campaign_terms.effective_from, campaign_terms.id) AS merge_terms FROM public.campaign_terms WHERE (((campaign_terms.campaign_id)::text = terms_in_force.campaign) AND (campaign_terms.effective_from <= terms_in_force.instant)));

CREATE TABLE public.credit_grants (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    grant_id text COLLATE pg_catalog."C",
    credits numeric NOT NULL,
    amount public.non_negative NOT NULL,
    price_amount public.non_negative NOT NULL,
    price_credits numeric NOT NULL,
    at_list_price boolean DEFAULT true NOT NULL,
    priority smallint DEFAULT 100 NOT NULL,
    expires_at timestamp with time zone,
    source text NOT NULL,
    note text,
    recorded_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    moved numeric DEFAULT 0 NOT NULL,
    withdrawn numeric DEFAULT 0 NOT NULL,
    expired_at timestamp with time zone,
    CONSTRAINT a_grant_burns_no_more_than_its_credits CHECK (((moved >= (0)::numeric) AND (moved <= credits))),
    CONSTRAINT credit_grants_credits_check CHECK (((credits > (0)::numeric) AND (credits < 'Infinity'::numeric))),
    CONSTRAINT credit_grants_expires_at_check CHECK ((expires_at < 'infinity'::timestamp with time zone)),
    CONSTRAINT credit_grants_price_credits_check CHECK (((price_credits > (0)::numeric) AND (price_credits < 'Infinity'::numeric))),
    CONSTRAINT credit_grants_priority_check CHECK (((priority >= 0) AND (priority <= 1000))),
    CONSTRAINT credit_grants_source_check CHECK ((source = ANY (ARRAY['allocation'::text, 'purchase'::text, 'promotion'::text]))),
    CONSTRAINT credit_grants_withdrawn_check CHECK ((withdrawn >= (0)::numeric))
);

CREATE FUNCTION public.list_price(campaign text, instant timestamp with time zone, OUT amount numeric, OUT credits numeric) RETURNS record
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT price.amount,
     price.credits
    FROM ( SELECT ((public.terms_in_force(list_price.campaign, list_price.instant) ->> 'credit_price'::text))::numeric AS amount,
             (1)::numeric AS credits,
             1 AS choice
         UNION ALL
         ( SELECT credit_grants.price_amount,
             credit_grants.price_credits,
             2
            FROM public.credit_grants
           WHERE ((credit_grants.campaign_id)::text = list_price.campaign)
           ORDER BY credit_grants.id
          LIMIT 1)) price
   WHERE (price.amount IS NOT NULL)
   ORDER BY price.choice
  LIMIT 1;
END;

CREATE FUNCTION public.lock_campaigns(campaign_ids text[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT FROM campaigns WHERE id = ANY (campaign_ids) ORDER BY id FOR NO KEY UPDATE
$$;

CREATE FUNCTION public.lock_usage_records(record_ids bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT FROM billing_usage_records WHERE id = ANY (record_ids) ORDER BY id FOR NO KEY UPDATE
$$;

CREATE FUNCTION public.move_credits() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE credit_grants g SET moved = g.moved + sums.credits, withdrawn = g.withdrawn + sums.withdrawn
    FROM (
        SELECT grant_id, sum(credits) AS credits, coalesce(sum(credits) FILTER (WHERE kind = 'withdrawn'), 0) AS withdrawn
        FROM moved WHERE grant_id IS NOT NULL GROUP BY grant_id
    ) AS sums
    WHERE g.id = sums.grant_id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.note_activities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO activity_changes (company_id, campaign_id, occurred_at)
    SELECT c.company_id, c.id, max(changed.occurred_at)
    FROM changed JOIN campaigns c ON c.id = changed.campaign_id
    WHERE changed.kind = 'volunteer_hours'
        AND EXISTS (SELECT FROM campaign_terms t WHERE t.campaign_id = c.id AND t.terms ->> 'pricing_model' = 'custom')
    GROUP BY c.id, date_trunc('hour', changed.occurred_at, 'UTC');
    RETURN NULL;
END $$;

CREATE FUNCTION public.note_changed_activity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO activity_changes (company_id, campaign_id, occurred_at)
    SELECT DISTINCT c.company_id, c.id, changed.occurred_at
    FROM (VALUES (OLD.campaign_id, OLD.kind, OLD.occurred_at), (NEW.campaign_id, NEW.kind, NEW.occurred_at))
        AS changed (campaign_id, kind, occurred_at)
    JOIN campaigns c ON c.id = changed.campaign_id
    WHERE changed.kind = 'volunteer_hours';
    RETURN NULL;
END $$;

CREATE FUNCTION public.put_terms_in_force(campaign text, touch boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM set_config('billing.in_force', campaign, true);
    UPDATE campaigns c SET
        (status, is_active, pricing_model, committed_seats, seat_price_per_month, credit_price, credit_consumption_rate,
            iaas_metrics, custom_pricing_terms, l2i_subscription_id, bundle_allocation_percentage, start_date, end_date)
        = (SELECT r.status, r.is_active, r.pricing_model, r.committed_seats, r.seat_price_per_month, r.credit_price,
                r.credit_consumption_rate, r.iaas_metrics, r.custom_pricing_terms, r.l2i_subscription_id,
                r.bundle_allocation_percentage, r.start_date, r.end_date
            FROM jsonb_populate_record(c, terms_in_force(c.id, clock_timestamp()) || recorded_dates(c.id)) r),
        updated_at = greatest(now(), c.updated_at + interval '1 microsecond')
    WHERE c.id = campaign AND (touch
        OR terms_of(c) || dates_of(c) <> terms_in_force(c.id, clock_timestamp()) || recorded_dates(c.id));
    PERFORM set_config('billing.in_force', '', true);
END $$;

CREATE FUNCTION public.read_in_order() RETURNS text
    LANGUAGE sql
    RETURN set_config('enable_sort'::text, 'off'::text, true);

CREATE FUNCTION public.record_subscription() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    bundle l2i_bundles;
    was jsonb := '{}';
    new_terms jsonb;
    effective timestamptz := NEW.current_period_start;
BEGIN
    SELECT * INTO bundle FROM l2i_bundles WHERE id = NEW.bundle_id;
    new_terms := jsonb_build_object('bundle_id', NEW.bundle_id, 'quantity', NEW.quantity,
        'period_start', NEW.current_period_start, 'period_end', NEW.current_period_end,
        'annual_price', bundle.annual_price, 'currency', bundle.currency);
    IF TG_OP = 'UPDATE' THEN
        was := jsonb_build_object('bundle_id', OLD.bundle_id, 'quantity', OLD.quantity,
            'period_start', OLD.current_period_start, 'period_end', OLD.current_period_end);
        IF NEW.current_period_start = OLD.current_period_start THEN
            effective := date_trunc('hour', clock_timestamp(), 'UTC');
            IF NEW.bundle_id = OLD.bundle_id THEN
                new_terms := new_terms - ARRAY['annual_price', 'currency'];
            END IF;
        ELSIF NEW.current_period_start < OLD.current_period_start THEN
            -- The start that the row had was a mistake, or is put off no longer: from there on, too, the row holds as it is.
            INSERT INTO subscription_terms (company_id, subscription_id, effective_from, terms, recorded_by)
            VALUES (NEW.company_id, NEW.id, OLD.current_period_start, new_terms, writer());
            was := '{}';
        END IF;
    END IF;
    INSERT INTO subscription_terms (company_id, subscription_id, effective_from, terms, recorded_by)
    VALUES (NEW.company_id, NEW.id, effective, differing(new_terms, was), writer());
    PERFORM check_link_currency(campaign_id) FROM (
        SELECT DISTINCT campaign_id FROM campaign_terms WHERE terms ->> 'l2i_subscription_id' = NEW.id) AS linked;
    RETURN NULL;
END $$;

CREATE FUNCTION public.record_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    instant timestamptz := clock_timestamp();
    new_terms jsonb := differing(differing(terms_of(NEW), terms_of(OLD)), terms_in_force(NEW.id, instant));
    new_dates jsonb := differing(differing(dates_of(NEW), dates_of(OLD)), recorded_dates(NEW.id));
BEGIN
    IF new_terms <> '{}' OR new_dates <> '{}' THEN
        INSERT INTO campaign_terms (company_id, campaign_id, effective_from, terms, dates, source, recorded_by)
        SELECT NEW.company_id, NEW.id,
            CASE WHEN new_terms = '{}' THEN '-infinity' ELSE latest_effective_instant(instant, time_zone) END,
            new_terms, new_dates, 'platform', writer()
        FROM companies WHERE id = NEW.company_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.recorded_dates(campaign text) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN (SELECT public.merge_terms(campaign_terms.dates ORDER BY campaign_terms.id) AS merge_terms FROM public.campaign_terms WHERE ((campaign_terms.campaign_id)::text = recorded_dates.campaign));

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION public.refuse_change_of_grant() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    as_made credit_grants := OLD;
BEGIN
    as_made.moved := NEW.moved;
    as_made.withdrawn := NEW.withdrawn;
    as_made.expired_at := NEW.expired_at;
    IF as_made IS DISTINCT FROM NEW OR current_user <> 'billing_owner' THEN
        RAISE EXCEPTION 'credit_grants is append-only: UPDATE is refused' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.refuse_deletion() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    owner_is_there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1)', TG_ARGV[0])
        INTO owner_is_there USING to_jsonb(OLD) ->> TG_ARGV[1];
    IF owner_is_there THEN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $_$;

CREATE FUNCTION public.refuse_stale_campaign() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.updated_at < OLD.updated_at THEN
        RAISE EXCEPTION 'campaign % was changed at %: read it again, then write', OLD.id, OLD.updated_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stale_campaign';
    END IF;
    IF NEW.updated_at = OLD.updated_at AND (terms_of(NEW) <> terms_of(OLD) OR dates_of(NEW) <> dates_of(OLD)) THEN
        NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
    END IF;
    -- A change of model away from bundle ends the link.
    IF NEW.pricing_model <> 'bundle' AND OLD.pricing_model = 'bundle' THEN
        NEW.l2i_subscription_id := NULL;
        NEW.bundle_allocation_percentage := NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.seats_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], committed numeric[], OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.settle_credits(campaign_ids text[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    UPDATE campaigns c SET credits_remaining = granted.remaining, credits_granted = granted.credits
    FROM (
        SELECT campaign_id, sum(credits - moved) AS remaining,
            coalesce(sum(credits - withdrawn) FILTER (WHERE expired_at IS NULL), 0) AS credits
        FROM credit_grants WHERE campaign_id = ANY (campaign_ids) GROUP BY campaign_id
    ) AS granted
    WHERE c.id = granted.campaign_id
        AND (c.credits_remaining, c.credits_granted) IS DISTINCT FROM (granted.remaining, granted.credits)
$$;

CREATE FUNCTION public.settled() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN (SELECT COALESCE(CASE WHEN pg_has_role('pg_read_all_stats'::name, 'USAGE'::text) THEN (min(pg_stat_activity.xact_start) - '00:00:05'::interval) ELSE NULL::timestamp with time zone END, (now() - '00:15:00'::interval)) AS "coalesce" FROM pg_stat_activity WHERE ((pg_stat_activity.datname = current_database()) AND (pg_stat_activity.backend_type <> 'autovacuum worker'::text)));

CREATE TABLE public.billing_usage_records (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    subscription_id public.identifier,
    event_type text NOT NULL,
    quantity numeric(20,6) NOT NULL,
    deduplication_key text NOT NULL COLLATE pg_catalog."C",
    event_id text COLLATE pg_catalog."C",
    event_timestamp timestamp with time zone NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    corrects bigint,
    reason text,
    recorded_by text,
    CONSTRAINT a_correction_says_why CHECK ((((corrects IS NULL) = (reason IS NULL)) AND ((corrects IS NULL) = (recorded_by IS NULL)))),
    CONSTRAINT billing_usage_records_event_timestamp_check CHECK (((event_timestamp >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND (event_timestamp < 'infinity'::timestamp with time zone))),
    CONSTRAINT billing_usage_records_event_type_check CHECK ((event_type = ANY (ARRAY['seat_usage'::text, 'credit_usage'::text, 'learner_served'::text, 'session_completed'::text]))),
    CONSTRAINT billing_usage_records_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT billing_usage_records_quantity_check CHECK (((quantity >= (0)::numeric) AND (quantity < ('1000000000000'::bigint)::numeric)))
);

CREATE FUNCTION public.take_over_credits(correction public.billing_usage_records) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    superseded billing_usage_records;
    held record;
    owed record;
    overage numeric;
    excess numeric;
    kept numeric;
    freed numeric;
    paid numeric;
    given_back jsonb[] := '{}';
    back jsonb;
    taken_over jsonb[] := '{}';
    burned_at bigint;
    grant_of_it credit_grants;
BEGIN
    SELECT * INTO superseded FROM billing_usage_records WHERE id = correction.corrects;
    SELECT coalesce(sum(credits), 0) INTO overage FROM credit_movements WHERE record_id = superseded.id AND grant_id IS NULL;
    excess := greatest(superseded.quantity - correction.quantity, 0);
    kept := overage - least(overage, excess);
    excess := excess - least(overage, excess);

    FOR held IN
        SELECT id, grant_id, credits, coalesce(burned_by, id) AS burned_by FROM credit_movements
        WHERE record_id = superseded.id AND kind = 'burned' ORDER BY id DESC
    LOOP
        freed := least(held.credits, excess);
        excess := excess - freed;
        IF freed > 0 THEN
            given_back := given_back || jsonb_build_object('grant', held.grant_id, 'credits', freed, 'burned_by', held.burned_by);
        END IF;
        IF held.credits > freed THEN
            taken_over := jsonb_build_object('grant', held.grant_id, 'credits', held.credits - freed, 'burned_by', held.burned_by)
                || taken_over;
        END IF;
    END LOOP;

    INSERT INTO credit_movements (company_id, campaign_id, grant_id, record_id, occurred_at, kind, credits)
    SELECT company_id, campaign_id, grant_id, record_id, superseded.event_timestamp, 'returned', -sum(credits)
    FROM credit_movements WHERE record_id = superseded.id
    GROUP BY company_id, campaign_id, grant_id, record_id HAVING sum(credits) <> 0 ORDER BY grant_id;

    INSERT INTO credit_movements (company_id, campaign_id, grant_id, record_id, occurred_at, kind, credits, burned_by)
    SELECT correction.company_id, correction.campaign_id, (movement ->> 'grant')::bigint, correction.id,
        correction.event_timestamp, 'burned', (movement ->> 'credits')::numeric, (movement ->> 'burned_by')::bigint
    FROM unnest(taken_over) WITH ORDINALITY AS t (movement, place) ORDER BY place;
    IF kept > 0 THEN
        INSERT INTO credit_movements (company_id, campaign_id, record_id, occurred_at, kind, credits)
        VALUES (correction.company_id, correction.campaign_id, correction.id, correction.event_timestamp, 'overage', kept);
    END IF;
    IF correction.quantity > superseded.quantity THEN
        PERFORM burn_credits(ARRAY[correction.id], ARRAY[correction.campaign_id::text], ARRAY[correction.event_timestamp],
            ARRAY[correction.quantity - superseded.quantity]);
    END IF;

    FOREACH back IN ARRAY given_back LOOP
        SELECT * INTO grant_of_it FROM credit_grants WHERE id = (back ->> 'grant')::bigint;
        freed := (back ->> 'credits')::numeric;
        burned_at := (back ->> 'burned_by')::bigint;
        FOR owed IN
            SELECT m.record_id, m.occurred_at, sum(m.credits) AS credits FROM credit_movements m
            WHERE m.campaign_id = correction.campaign_id AND m.grant_id IS NULL
            GROUP BY m.record_id, m.occurred_at
            HAVING sum(m.credits) > 0 AND min(m.id) > burned_at
                AND (grant_of_it.expires_at IS NULL OR grant_of_it.expires_at > m.occurred_at)
            ORDER BY min(m.id)
        LOOP
            EXIT WHEN freed = 0;
            paid := least(freed, owed.credits);
            freed := freed - paid;
            INSERT INTO credit_movements (company_id, campaign_id, grant_id, record_id, occurred_at, kind, credits, burned_by)
            VALUES (correction.company_id, correction.campaign_id, NULL, owed.record_id, owed.occurred_at, 'returned', -paid, NULL),
                (correction.company_id, correction.campaign_id, grant_of_it.id, owed.record_id, owed.occurred_at, 'burned', paid, NULL);
        END LOOP;
        IF freed > 0 AND grant_of_it.expired_at IS NOT NULL THEN
            INSERT INTO credit_movements (company_id, campaign_id, grant_id, occurred_at, kind, credits)
            VALUES (correction.company_id, correction.campaign_id, grant_of_it.id, grant_of_it.expires_at, 'expired', freed);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION public.terms_fault(terms jsonb, campaign public.campaigns) RETURNS text
    LANGUAGE sql STABLE
    RETURN CASE WHEN COALESCE(((terms ->> 'status'::text) <> ALL (ARRAY['draft'::text, 'planned'::text, 'recruiting'::text, 'active'::text, 'paused'::text, 'completed'::text, 'closed'::text])), true) THEN 'the status is not one of a campaign'::text WHEN COALESCE((jsonb_typeof((terms -> 'is_active'::text)) <> 'boolean'::text), true) THEN 'is_active is neither true nor false'::text WHEN (((terms ->> 'l2i_subscription_id'::text) IS NOT NULL) AND ((terms ->> 'pricing_model'::text) <> 'bundle'::text)) THEN 'only campaigns of the bundle model are linked'::text WHEN COALESCE(((((terms ->> 'bundle_allocation_percentage'::text))::numeric < 0.0001) OR (((terms ->> 'bundle_allocation_percentage'::text))::numeric > (1)::numeric)), false) THEN 'the share is not above 0 and at most 1'::text WHEN (((terms ->> 'pricing_model'::text) <> 'bundle'::text) AND ((campaign).currency IS NULL)) THEN 'the campaign has no currency'::text ELSE CASE (terms ->> 'pricing_model'::text) WHEN 'seats'::text THEN CASE WHEN ((terms ->> 'seat_price_per_month'::text) IS NULL) THEN 'the seats model needs seat_price_per_month'::text ELSE NULL::text END WHEN 'credits'::text THEN CASE WHEN ((campaign).credit_allocation IS NULL) THEN 'the credits model needs credit_allocation'::text WHEN (((terms ->> 'credit_price'::text) IS NULL) AND (((campaign).budget_allocated IS NULL) OR (((campaign).credit_allocation)::numeric = (0)::numeric))) THEN 'the credits model needs credit_price, or a budget for its credits'::text ELSE NULL::text END WHEN 'iaas'::text THEN CASE WHEN (NOT public.is_iaas_terms((terms -> 'iaas_metrics'::text))) THEN 'the iaas model needs iaas_metrics of its form'::text ELSE NULL::text END WHEN 'custom'::text THEN CASE WHEN (NOT public.is_custom_terms((terms -> 'custom_pricing_terms'::text))) THEN 'the custom model needs custom_pricing_terms of its form'::text WHEN ((COALESCE(((terms -> 'custom_pricing_terms'::text) -> 'fixedFee'::text), 'null'::jsonb) <> 'null'::jsonb) AND ((campaign).start_date IS NULL)) THEN 'a fixed fee needs start_date'::text ELSE NULL::text END WHEN 'bundle'::text THEN NULL::text ELSE 'the pricing model is not one of the five'::text END END;

CREATE FUNCTION public.terms_of(campaign public.campaigns) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN jsonb_build_object('status', (campaign).status, 'is_active', (campaign).is_active, 'pricing_model', (campaign).pricing_model, 'committed_seats', (campaign).committed_seats, 'seat_price_per_month', (campaign).seat_price_per_month, 'credit_price', (campaign).credit_price, 'credit_consumption_rate', (campaign).credit_consumption_rate, 'iaas_metrics', (campaign).iaas_metrics, 'custom_pricing_terms', (campaign).custom_pricing_terms, 'l2i_subscription_id', (campaign).l2i_subscription_id, 'bundle_allocation_percentage', (campaign).bundle_allocation_percentage);

CREATE FUNCTION public.usage_key(campaign text, event_type text, instant timestamp with time zone, identity bytea) RETURNS text
    LANGUAGE sql STABLE
    RETURN ((((((campaign || '-'::text) || event_type) || '-'::text) || to_char((instant AT TIME ZONE 'UTC'::text), 'YYYYMMDDHH24MISS'::text)) || '-'::text) || "left"(encode(sha256(identity), 'hex'::text), 32));

CREATE FUNCTION public.usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT kind text, OUT quantity numeric) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], kinds text[], OUT part bigint, OUT kind text, OUT quantity numeric) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.use_credits() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    record_ids bigint[]; campaign_ids text[]; instants timestamptz[]; quantities numeric[];
    touched text[];
    correction billing_usage_records;
BEGIN
    SELECT array_agg(DISTINCT campaign_id::text) INTO touched FROM recorded WHERE event_type = 'credit_usage';
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    IF (SELECT max(id) FROM recorded)
        > coalesce(pg_sequence_last_value(pg_get_serial_sequence('billing_usage_records', 'id')::regclass), 0)
    THEN
        RAISE EXCEPTION 'usage records cannot be loaded where they burn credits: restore the schema with the data'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM lock_campaigns(touched);
    SELECT array_agg(id), array_agg(campaign_id), array_agg(event_timestamp), array_agg(quantity)
    INTO record_ids, campaign_ids, instants, quantities
    FROM (SELECT id, campaign_id::text AS campaign_id, event_timestamp, quantity FROM recorded
        WHERE event_type = 'credit_usage' AND corrects IS NULL AND quantity > 0
        ORDER BY campaign_id, event_timestamp, id) AS in_order;
    IF record_ids IS NOT NULL THEN
        PERFORM burn_credits(record_ids, campaign_ids, instants, quantities);
    END IF;
    FOR correction IN
        SELECT r.* FROM billing_usage_records r JOIN recorded USING (id)
        WHERE recorded.event_type = 'credit_usage' AND recorded.corrects IS NOT NULL
        ORDER BY r.campaign_id, r.event_timestamp, r.id
    LOOP
        PERFORM take_over_credits(correction);
    END LOOP;
    PERFORM settle_credits(touched);
    RETURN NULL;
END $$;

CREATE FUNCTION public.was_committed(inserter xid, began timestamp with time zone, settled timestamp with time zone, xmax bigint, in_flight bigint[]) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((began < settled) OR ((age(inserter) > age((((xmax)::text)::xid8)::xid)) AND (((age(inserter))::bigint - age((((xmax)::text)::xid8)::xid)) <> ALL (in_flight))));

CREATE FUNCTION public.writer() RETURNS text
    LANGUAGE sql STABLE
    RETURN COALESCE(NULLIF(current_setting('role'::text, true), 'none'::text), (SESSION_USER)::text);

CREATE TABLE public.activity_changes (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.activity_changes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.activity_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.adjustments (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    adjustment_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id public.identifier,
    currency public.currency_code NOT NULL,
    amount numeric NOT NULL,
    description text NOT NULL,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT adjustments_amount_check CHECK (((amount <> (0)::numeric) AND (abs(amount) < 'Infinity'::numeric)))
);

ALTER TABLE public.adjustments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.adjustments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.billing_events (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    type text NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    data jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    published_at timestamp with time zone,
    CONSTRAINT billing_events_data_check CHECK ((jsonb_typeof(data) = 'object'::text)),
    CONSTRAINT billing_events_type_check CHECK ((type ~ '^[a-z_]+\.[a-z_]+$'::text))
);

ALTER TABLE public.billing_events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.billing_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.billing_months (
    company_id public.identifier NOT NULL,
    month date NOT NULL,
    closed_at timestamp with time zone DEFAULT now() NOT NULL,
    settled timestamp with time zone DEFAULT (now() - '00:15:00'::interval) NOT NULL,
    CONSTRAINT billing_months_month_check CHECK ((month = (date_trunc('month'::text, (month)::timestamp with time zone))::date))
);

CREATE TABLE public.billing_profiles (
    company_id public.identifier NOT NULL,
    profile jsonb NOT NULL,
    invoice_from date NOT NULL,
    hold boolean NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    CONSTRAINT billing_profiles_invoice_from_check CHECK ((invoice_from = (date_trunc('month'::text, (invoice_from)::timestamp with time zone))::date)),
    CONSTRAINT billing_profiles_profile_check CHECK ((jsonb_typeof(profile) = 'object'::text))
);

ALTER TABLE public.billing_usage_records ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.billing_usage_records_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.campaign_activities (
    id public.identifier DEFAULT (gen_random_uuid())::text NOT NULL,
    campaign_id public.identifier NOT NULL,
    kind text NOT NULL,
    quantity public.non_negative NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    usage_record_id bigint,
    CONSTRAINT campaign_activities_kind_check CHECK ((kind = ANY (ARRAY['volunteer_hours'::text, 'session'::text, 'evidence'::text])))
);

ALTER TABLE public.campaign_terms ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.campaign_terms_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.campaign_versions WITH (security_invoker='true') AS
 SELECT campaign_id,
    effective_from AS starts_at,
    ends_at,
    terms
   FROM ( SELECT campaign_terms.campaign_id,
            campaign_terms.effective_from,
            public.merge_terms(campaign_terms.terms) OVER history AS terms,
            lead(campaign_terms.effective_from, 1, 'infinity'::timestamp with time zone) OVER history AS ends_at
           FROM public.campaign_terms
          WINDOW history AS (PARTITION BY campaign_terms.campaign_id ORDER BY campaign_terms.effective_from, campaign_terms.id ROWS UNBOUNDED PRECEDING)) fold
  WHERE (effective_from < ends_at);

CREATE TABLE public.capacity_lines (
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    line text NOT NULL,
    crossed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT capacity_lines_line_check CHECK ((line = ANY (ARRAY['near'::text, 'at'::text, 'over'::text])))
);

CREATE TABLE public.companies (
    id public.identifier DEFAULT (gen_random_uuid())::text NOT NULL,
    name text NOT NULL,
    time_zone public.iana_time_zone DEFAULT 'UTC'::text NOT NULL
);

CREATE VIEW public.credit_campaigns WITH (security_invoker='true') AS
 SELECT id,
    company_id
   FROM public.campaigns
  WHERE (is_active AND (pricing_model = 'credits'::text) AND (credit_consumption_rate IS NOT NULL));

ALTER TABLE public.credit_grants ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.credit_grants_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.credit_movements (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier NOT NULL,
    grant_id bigint,
    record_id bigint,
    occurred_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    credits numeric NOT NULL,
    burned_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credit_movements_check CHECK (((credits <> (0)::numeric) AND ((credits < (0)::numeric) = (kind = 'returned'::text)))),
    CONSTRAINT credit_movements_check1 CHECK (((record_id IS NULL) = (kind = ANY (ARRAY['expired'::text, 'withdrawn'::text])))),
    CONSTRAINT credit_movements_check2 CHECK (((grant_id IS NOT NULL) OR (kind = ANY (ARRAY['overage'::text, 'returned'::text])))),
    CONSTRAINT credit_movements_check3 CHECK (((grant_id IS NULL) OR (kind <> 'overage'::text))),
    CONSTRAINT credit_movements_kind_check CHECK ((kind = ANY (ARRAY['burned'::text, 'overage'::text, 'returned'::text, 'expired'::text, 'withdrawn'::text])))
);

ALTER TABLE public.credit_movements ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.credit_movements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.invoice_lines (
    number text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    company_id public.identifier NOT NULL,
    campaign_id public.identifier,
    key text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    month date NOT NULL,
    currency public.currency_code NOT NULL,
    amount numeric NOT NULL,
    tax_category text,
    tax_rate numeric,
    CONSTRAINT invoice_lines_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'adjustment'::text, 'manual'::text, 'credit'::text, 'covered'::text]))),
    CONSTRAINT invoice_lines_month_check CHECK ((month = (date_trunc('month'::text, (month)::timestamp with time zone))::date)),
    CONSTRAINT invoice_lines_position_check CHECK (("position" > 0))
);

CREATE TABLE public.invoice_requests (
    company_id public.identifier NOT NULL,
    month date NOT NULL,
    kind text NOT NULL,
    recorded_by text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    done_at timestamp with time zone,
    result jsonb,
    CONSTRAINT invoice_requests_kind_check CHECK ((kind = ANY (ARRAY['issue'::text, 'preview'::text]))),
    CONSTRAINT invoice_requests_month_check CHECK ((month = (date_trunc('month'::text, (month)::timestamp with time zone))::date))
);

CREATE TABLE public.invoices (
    number text NOT NULL COLLATE pg_catalog."C",
    company_id public.identifier NOT NULL,
    year integer NOT NULL,
    sequence integer NOT NULL,
    kind text NOT NULL,
    currency public.currency_code NOT NULL,
    month date NOT NULL,
    issued_on date NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    document jsonb NOT NULL,
    line_count integer NOT NULL,
    sha256 text NOT NULL,
    previous_sha256 text,
    corrects text COLLATE pg_catalog."C",
    credit_id text COLLATE pg_catalog."C",
    reason text,
    recorded_by text NOT NULL,
    CONSTRAINT invoices_check CHECK ((((corrects IS NULL) = (credit_id IS NULL)) AND ((corrects IS NULL) = (reason IS NULL)))),
    CONSTRAINT invoices_check1 CHECK (((corrects IS NULL) OR (kind = 'credit_note'::text))),
    CONSTRAINT invoices_document_check CHECK ((jsonb_typeof(document) = 'object'::text)),
    CONSTRAINT invoices_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'credit_note'::text]))),
    CONSTRAINT invoices_month_check CHECK ((month = (date_trunc('month'::text, (month)::timestamp with time zone))::date)),
    CONSTRAINT invoices_sequence_check CHECK ((sequence > 0))
);

CREATE TABLE public.job_executions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_name text NOT NULL,
    scheduled_for timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    status text NOT NULL,
    result jsonb,
    CONSTRAINT job_executions_status_check CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text])))
);

CREATE TABLE public.job_progress (
    job_name text NOT NULL,
    hour timestamp with time zone NOT NULL
);

CREATE TABLE public.l2i_bundles (
    id public.identifier DEFAULT (gen_random_uuid())::text NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    annual_price public.non_negative NOT NULL,
    currency public.currency_code NOT NULL,
    learners_supported integer,
    CONSTRAINT l2i_bundles_learners_supported_check CHECK ((learners_supported >= 0))
);

CREATE TABLE public.l2i_subscriptions (
    id public.identifier DEFAULT (gen_random_uuid())::text NOT NULL,
    company_id public.identifier NOT NULL,
    bundle_id public.identifier NOT NULL,
    quantity integer DEFAULT 1 NOT NULL,
    current_period_start timestamp with time zone NOT NULL,
    current_period_end timestamp with time zone NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    program_allocation jsonb,
    CONSTRAINT l2i_subscriptions_check CHECK ((current_period_start < current_period_end)),
    CONSTRAINT l2i_subscriptions_quantity_check CHECK ((quantity >= 0)),
    CONSTRAINT l2i_subscriptions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'trialing'::text, 'past_due'::text, 'canceled'::text, 'unpaid'::text])))
);

CREATE TABLE public.reconciliations (
    company_id public.identifier NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    last_record bigint NOT NULL,
    result jsonb NOT NULL,
    CONSTRAINT reconciliations_result_check CHECK ((jsonb_typeof(result) = 'object'::text))
);

CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    altered jsonb
);

CREATE VIEW public.seat_campaigns WITH (security_invoker='true') AS
 SELECT c.id,
    c.company_id,
    c.l2i_subscription_id,
    c.current_volunteers,
    c.start_date,
    c.end_date,
    companies.time_zone
   FROM (public.campaigns c
     JOIN public.companies ON (((companies.id)::text = (c.company_id)::text)))
  WHERE (c.is_active AND (c.status = ANY (ARRAY['active'::text, 'recruiting'::text])) AND (c.current_volunteers > 0));

CREATE TABLE public.seller (
    id boolean DEFAULT true NOT NULL,
    seller jsonb NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    last_issued_on date,
    last_sequence integer DEFAULT 0 NOT NULL,
    last_sha256 text,
    CONSTRAINT seller_id_check CHECK (id),
    CONSTRAINT seller_seller_check CHECK ((jsonb_typeof(seller) = 'object'::text))
);

CREATE TABLE public.subscription_terms (
    id bigint NOT NULL,
    company_id public.identifier NOT NULL,
    subscription_id public.identifier NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    terms jsonb NOT NULL,
    recorded_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT subscription_terms_effective_from_check CHECK ((effective_from < 'infinity'::timestamp with time zone)),
    CONSTRAINT subscription_terms_terms_check CHECK ((jsonb_typeof(terms) = 'object'::text))
);

ALTER TABLE public.subscription_terms ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscription_terms_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.subscription_versions WITH (security_invoker='true') AS
 SELECT subscription_id,
    effective_from AS starts_at,
    ends_at,
    terms
   FROM ( SELECT subscription_terms.subscription_id,
            subscription_terms.effective_from,
            public.merge_terms(subscription_terms.terms) OVER history AS terms,
            lead(subscription_terms.effective_from, 1, 'infinity'::timestamp with time zone) OVER history AS ends_at
           FROM public.subscription_terms
          WINDOW history AS (PARTITION BY subscription_terms.subscription_id ORDER BY subscription_terms.effective_from, subscription_terms.id ROWS UNBOUNDED PRECEDING)) fold
  WHERE (effective_from < ends_at);

CREATE TABLE public.time_zones (
    name text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.activity_changes
    ADD CONSTRAINT activity_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_company_id_adjustment_id_key UNIQUE (company_id, adjustment_id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billing_events
    ADD CONSTRAINT billing_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billing_months
    ADD CONSTRAINT billing_months_pkey PRIMARY KEY (company_id, month);

ALTER TABLE ONLY public.billing_profiles
    ADD CONSTRAINT billing_profiles_pkey PRIMARY KEY (company_id);

ALTER TABLE ONLY public.billing_usage_records
    ADD CONSTRAINT billing_usage_records_deduplication_key_key UNIQUE (deduplication_key);

ALTER TABLE ONLY public.billing_usage_records
    ADD CONSTRAINT billing_usage_records_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.campaign_activities
    ADD CONSTRAINT campaign_activities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.campaign_terms
    ADD CONSTRAINT campaign_terms_company_id_change_id_key UNIQUE (company_id, change_id);

ALTER TABLE ONLY public.campaign_terms
    ADD CONSTRAINT campaign_terms_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_id_company_id_key UNIQUE (id, company_id);

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.capacity_lines
    ADD CONSTRAINT capacity_lines_pkey PRIMARY KEY (campaign_id, line);

ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_company_id_grant_id_key UNIQUE (company_id, grant_id);

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_id_campaign_id_key UNIQUE (id, campaign_id);

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_movements
    ADD CONSTRAINT credit_movements_pkey PRIMARY KEY (id);

ALTER TABLE public.campaigns
    ADD CONSTRAINT custom_terms CHECK (((pricing_model <> 'custom'::text) OR (public.is_custom_terms(custom_pricing_terms) AND ((COALESCE((custom_pricing_terms -> 'fixedFee'::text), 'null'::jsonb) = 'null'::jsonb) OR (start_date IS NOT NULL))))) NOT VALID;

ALTER TABLE public.campaigns
    ADD CONSTRAINT iaas_terms CHECK (((pricing_model <> 'iaas'::text) OR public.is_iaas_terms(iaas_metrics))) NOT VALID;

ALTER TABLE public.campaigns
    ADD CONSTRAINT id_fits_a_path CHECK (((id)::text ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$'::text)) NOT VALID;

ALTER TABLE public.companies
    ADD CONSTRAINT id_fits_a_path CHECK (((id)::text ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$'::text)) NOT VALID;

ALTER TABLE public.l2i_bundles
    ADD CONSTRAINT id_fits_a_path CHECK (((id)::text ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$'::text)) NOT VALID;

ALTER TABLE public.l2i_subscriptions
    ADD CONSTRAINT id_fits_a_path CHECK (((id)::text ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$'::text)) NOT VALID;

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_pkey PRIMARY KEY (number, "position");

ALTER TABLE ONLY public.invoice_requests
    ADD CONSTRAINT invoice_requests_pkey PRIMARY KEY (company_id, month, kind);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_company_id_credit_id_key UNIQUE (company_id, credit_id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_corrects_key UNIQUE (corrects);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_previous_sha256_key UNIQUE (previous_sha256);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_sha256_key UNIQUE (sha256);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_year_sequence_key UNIQUE (year, sequence);

ALTER TABLE ONLY public.job_executions
    ADD CONSTRAINT job_executions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.job_progress
    ADD CONSTRAINT job_progress_pkey PRIMARY KEY (job_name);

ALTER TABLE ONLY public.l2i_bundles
    ADD CONSTRAINT l2i_bundles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.l2i_bundles
    ADD CONSTRAINT l2i_bundles_sku_key UNIQUE (sku);

ALTER TABLE ONLY public.l2i_subscriptions
    ADD CONSTRAINT l2i_subscriptions_id_company_id_key UNIQUE (id, company_id);

ALTER TABLE ONLY public.l2i_subscriptions
    ADD CONSTRAINT l2i_subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE public.campaign_activities
    ADD CONSTRAINT occurs_within_what_can_be_charged CHECK (((occurred_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (occurred_at < '2200-01-01 00:00:00+00'::timestamp with time zone))) NOT VALID;

ALTER TABLE public.l2i_subscriptions
    ADD CONSTRAINT period_is_finite CHECK (((current_period_start >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (current_period_end <= '2200-01-02 00:00:00+00'::timestamp with time zone))) NOT VALID;

ALTER TABLE ONLY public.reconciliations
    ADD CONSTRAINT reconciliations_pkey PRIMARY KEY (company_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.seller
    ADD CONSTRAINT seller_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.subscription_terms
    ADD CONSTRAINT subscription_terms_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.time_zones
    ADD CONSTRAINT time_zones_pkey PRIMARY KEY (name);

CREATE INDEX activity_changes_arrival ON public.activity_changes USING btree (company_id, created_at);

CREATE INDEX activity_changes_campaign_id_idx ON public.activity_changes USING btree (campaign_id);

CREATE INDEX adjustments_campaign_id_idx ON public.adjustments USING btree (campaign_id) WHERE (campaign_id IS NOT NULL);

CREATE INDEX billing_events_of_company ON public.billing_events USING btree (company_id, id);

CREATE INDEX billing_events_signals ON public.billing_events USING btree (company_id, subject, id) WHERE (type = ANY (ARRAY['opportunity.opened'::text, 'opportunity.closed'::text, 'pricing_signals.published'::text]));

CREATE INDEX billing_events_unpublished ON public.billing_events USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX billing_events_unpublished_of_subject ON public.billing_events USING btree (company_id, subject, id) WHERE (published_at IS NULL);

CREATE INDEX billing_usage_records_arrival ON public.billing_usage_records USING btree (company_id, created_at, id);

CREATE INDEX billing_usage_records_corrections ON public.billing_usage_records USING btree (campaign_id) INCLUDE (corrects) WHERE (corrects IS NOT NULL);

CREATE UNIQUE INDEX billing_usage_records_corrects ON public.billing_usage_records USING btree (corrects) WHERE (corrects IS NOT NULL);

CREATE INDEX billing_usage_records_estimated ON public.billing_usage_records USING btree (campaign_id, event_timestamp) WHERE ((event_type = 'seat_usage'::text) AND (metadata @> '{"estimated": true}'::jsonb));

CREATE UNIQUE INDEX billing_usage_records_event_id ON public.billing_usage_records USING btree (company_id, event_id) WHERE (event_id IS NOT NULL);

CREATE INDEX billing_usage_records_invoice ON public.billing_usage_records USING btree (company_id, event_timestamp, id);

CREATE INDEX billing_usage_records_summary ON public.billing_usage_records USING btree (campaign_id, event_type, event_timestamp) INCLUDE (quantity, id);

CREATE INDEX campaign_activities_summary ON public.campaign_activities USING btree (campaign_id, kind, occurred_at) INCLUDE (quantity);

CREATE INDEX campaign_activities_uncharged ON public.campaign_activities USING btree (campaign_id, occurred_at, id) WHERE (usage_record_id IS NULL);

CREATE INDEX campaign_activities_usage_record_id_idx ON public.campaign_activities USING btree (usage_record_id) WHERE (usage_record_id IS NOT NULL);

CREATE INDEX campaign_terms_arrival ON public.campaign_terms USING btree (company_id, created_at);

CREATE INDEX campaign_terms_history ON public.campaign_terms USING btree (campaign_id, effective_from, id);

CREATE INDEX campaign_terms_scheduled ON public.campaign_terms USING btree (effective_from) WHERE (effective_from > created_at);

CREATE INDEX campaign_terms_subscription ON public.campaign_terms USING btree (((terms ->> 'l2i_subscription_id'::text))) WHERE ((terms ->> 'l2i_subscription_id'::text) IS NOT NULL);

CREATE INDEX campaigns_company_id_idx ON public.campaigns USING btree (company_id);

CREATE INDEX campaigns_l2i_subscription_id_idx ON public.campaigns USING btree (l2i_subscription_id) WHERE (l2i_subscription_id IS NOT NULL);

CREATE INDEX credit_grants_expiring ON public.credit_grants USING btree (expires_at) WHERE ((expired_at IS NULL) AND (expires_at IS NOT NULL));

CREATE INDEX credit_grants_of_campaign ON public.credit_grants USING btree (campaign_id, priority, expires_at, id);

CREATE INDEX credit_job_campaigns ON public.campaigns USING btree (id) WHERE (is_active AND (pricing_model = 'credits'::text));

CREATE INDEX credit_movements_arrival ON public.credit_movements USING btree (company_id, created_at) INCLUDE (campaign_id, occurred_at) WHERE (kind = ANY (ARRAY['overage'::text, 'returned'::text]));

CREATE INDEX credit_movements_of_grant ON public.credit_movements USING btree (grant_id) WHERE (grant_id IS NOT NULL);

CREATE INDEX credit_movements_of_record ON public.credit_movements USING btree (record_id) WHERE (record_id IS NOT NULL);

CREATE INDEX credit_movements_overage ON public.credit_movements USING btree (campaign_id, record_id) WHERE (grant_id IS NULL);

CREATE INDEX credit_movements_summary ON public.credit_movements USING btree (campaign_id, occurred_at) INCLUDE (grant_id, credits, kind);

CREATE INDEX invoice_lines_manual ON public.invoice_lines USING btree (company_id, key) INCLUDE (amount) WHERE (key ~~ 'manual:%'::text);

CREATE INDEX invoice_lines_of_campaign ON public.invoice_lines USING btree (campaign_id, month, key) INCLUDE (currency, amount, number, kind);

CREATE INDEX invoice_lines_of_month ON public.invoice_lines USING btree (company_id, month, currency);

CREATE INDEX invoice_requests_waiting ON public.invoice_requests USING btree (company_id, month) WHERE (done_at IS NULL);

CREATE INDEX invoices_of_company ON public.invoices USING btree (company_id, year, sequence);

CREATE INDEX invoices_of_month ON public.invoices USING btree (company_id, month, currency);

CREATE INDEX job_executions_job_name_scheduled_for_idx ON public.job_executions USING btree (job_name, scheduled_for DESC);

CREATE INDEX l2i_subscriptions_company_id_idx ON public.l2i_subscriptions USING btree (company_id);

CREATE INDEX seat_job_campaigns ON public.campaigns USING btree (id) WHERE (is_active AND (status = ANY (ARRAY['active'::text, 'recruiting'::text])) AND (current_volunteers > 0));

CREATE INDEX subscription_terms_arrival ON public.subscription_terms USING btree (company_id, created_at);

CREATE INDEX subscription_terms_history ON public.subscription_terms USING btree (subscription_id, effective_from, id);

CREATE TRIGGER add_grants AFTER INSERT ON public.credit_grants REFERENCING NEW TABLE AS granted FOR EACH STATEMENT EXECUTE FUNCTION public.add_grants();

CREATE TRIGGER announce_correction AFTER INSERT ON public.billing_usage_records FOR EACH ROW WHEN ((new.corrects IS NOT NULL)) EXECUTE FUNCTION public.announce_correction();

CREATE TRIGGER announce_crossings AFTER UPDATE OF credits_remaining ON public.campaigns FOR EACH ROW WHEN (((new.credits_remaining IS DISTINCT FROM old.credits_remaining) AND ((new.credits_remaining < (new.credits_granted / (10)::numeric)) OR (new.credits_remaining = (0)::numeric)))) EXECUTE FUNCTION public.announce_crossings();

CREATE TRIGGER announce_document AFTER INSERT ON public.invoices FOR EACH ROW EXECUTE FUNCTION public.announce_document();

CREATE TRIGGER announce_reconciliation AFTER INSERT OR UPDATE ON public.reconciliations FOR EACH ROW WHEN (((new.result -> 'ok'::text) = 'false'::jsonb)) EXECUTE FUNCTION public.announce_reconciliation();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.adjustments FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.adjustments ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.billing_months FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.billing_months ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.billing_usage_records FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.billing_usage_records ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON public.campaign_terms FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.campaign_terms ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE TRUNCATE ON public.credit_grants FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.credit_grants ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.credit_movements FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.credit_movements ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.invoice_lines ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.invoices FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.invoices ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON public.subscription_terms FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE public.subscription_terms ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only_columns BEFORE UPDATE ON public.credit_grants FOR EACH ROW EXECUTE FUNCTION public.refuse_change_of_grant();

ALTER TABLE public.credit_grants ENABLE ALWAYS TRIGGER append_only_columns;

CREATE TRIGGER append_only_rows BEFORE DELETE ON public.campaign_terms FOR EACH ROW EXECUTE FUNCTION public.refuse_deletion('campaigns', 'campaign_id');

ALTER TABLE public.campaign_terms ENABLE ALWAYS TRIGGER append_only_rows;

CREATE TRIGGER append_only_rows BEFORE DELETE ON public.credit_grants FOR EACH ROW EXECUTE FUNCTION public.refuse_deletion('campaigns', 'campaign_id');

ALTER TABLE public.credit_grants ENABLE ALWAYS TRIGGER append_only_rows;

CREATE TRIGGER append_only_rows BEFORE DELETE ON public.subscription_terms FOR EACH ROW EXECUTE FUNCTION public.refuse_deletion('l2i_subscriptions', 'subscription_id');

ALTER TABLE public.subscription_terms ENABLE ALWAYS TRIGGER append_only_rows;

CREATE TRIGGER apply_terms AFTER INSERT ON public.campaign_terms FOR EACH ROW WHEN (((new.effective_from > '-infinity'::timestamp with time zone) OR (new.terms = '{}'::jsonb))) EXECUTE FUNCTION public.apply_terms();

CREATE TRIGGER begin_credits AFTER INSERT ON public.campaigns REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION public.begin_credits();

CREATE TRIGGER begin_terms AFTER INSERT ON public.campaigns REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION public.begin_terms();

CREATE TRIGGER check_correction BEFORE INSERT ON public.billing_usage_records FOR EACH ROW WHEN ((new.corrects IS NOT NULL)) EXECUTE FUNCTION public.check_correction();

CREATE TRIGGER end_link_with_bundle BEFORE INSERT ON public.campaign_terms FOR EACH ROW WHEN ((new.effective_from > '-infinity'::timestamp with time zone)) EXECUTE FUNCTION public.end_link_with_bundle();

CREATE TRIGGER keep_balance BEFORE INSERT OR UPDATE OF credits_remaining, credits_granted, credit_allocation ON public.campaigns FOR EACH ROW WHEN ((CURRENT_USER <> 'billing_owner'::name)) EXECUTE FUNCTION public.keep_balance();

CREATE TRIGGER keep_charged BEFORE UPDATE ON public.campaign_activities FOR EACH ROW WHEN (((old.usage_record_id IS NOT NULL) OR ((new.usage_record_id IS NOT NULL) AND (CURRENT_USER <> ALL (ARRAY['billing_jobs'::name, 'billing_owner'::name]))))) EXECUTE FUNCTION public.keep_charged_activity();

CREATE TRIGGER keep_charged_from_deletion BEFORE DELETE ON public.campaign_activities FOR EACH ROW WHEN ((old.usage_record_id IS NOT NULL)) EXECUTE FUNCTION public.keep_charged_activity();

CREATE TRIGGER keep_currency BEFORE UPDATE OF currency ON public.campaigns FOR EACH ROW WHEN (((new.currency)::text IS DISTINCT FROM (old.currency)::text)) EXECUTE FUNCTION public.keep_currency();

CREATE TRIGGER keep_invoice_from BEFORE UPDATE OF invoice_from ON public.billing_profiles FOR EACH ROW WHEN ((new.invoice_from <> old.invoice_from)) EXECUTE FUNCTION public.keep_invoice_from();

CREATE TRIGGER keep_time_zone BEFORE UPDATE OF time_zone ON public.companies FOR EACH ROW WHEN (((new.time_zone)::text <> (old.time_zone)::text)) EXECUTE FUNCTION public.keep_time_zone();

CREATE TRIGGER keep_uncharged BEFORE INSERT ON public.campaign_activities FOR EACH ROW WHEN ((new.usage_record_id IS NOT NULL)) EXECUTE FUNCTION public.keep_charged_activity();

CREATE TRIGGER move_credits AFTER INSERT ON public.credit_movements REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION public.move_credits();

CREATE TRIGGER note_changed_activity AFTER UPDATE OF campaign_id, kind, quantity, occurred_at ON public.campaign_activities FOR EACH ROW WHEN ((((old.campaign_id)::text IS DISTINCT FROM (new.campaign_id)::text) OR (old.kind IS DISTINCT FROM new.kind) OR ((old.quantity)::numeric IS DISTINCT FROM (new.quantity)::numeric) OR (old.occurred_at IS DISTINCT FROM new.occurred_at))) EXECUTE FUNCTION public.note_changed_activity();

CREATE TRIGGER note_deleted_activities AFTER DELETE ON public.campaign_activities REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_activities();

CREATE TRIGGER note_new_activities AFTER INSERT ON public.campaign_activities REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_activities();

CREATE TRIGGER record_subscription AFTER INSERT OR UPDATE OF bundle_id, quantity, current_period_start, current_period_end ON public.l2i_subscriptions FOR EACH ROW EXECUTE FUNCTION public.record_subscription();

CREATE TRIGGER record_terms AFTER UPDATE OF status, is_active, pricing_model, committed_seats, seat_price_per_month, credit_price, credit_consumption_rate, iaas_metrics, custom_pricing_terms, l2i_subscription_id, bundle_allocation_percentage, start_date, end_date ON public.campaigns FOR EACH ROW WHEN (((CURRENT_USER <> 'billing_owner'::name) OR (current_setting('billing.in_force'::text, true) IS DISTINCT FROM (new.id)::text))) EXECUTE FUNCTION public.record_terms();

CREATE TRIGGER refuse_stale_campaign BEFORE UPDATE OF updated_at, status, is_active, pricing_model, committed_seats, seat_price_per_month, credit_price, credit_consumption_rate, iaas_metrics, custom_pricing_terms, l2i_subscription_id, bundle_allocation_percentage, start_date, end_date ON public.campaigns FOR EACH ROW EXECUTE FUNCTION public.refuse_stale_campaign();

CREATE TRIGGER then_change_allocation AFTER UPDATE OF credit_allocation ON public.campaigns FOR EACH ROW WHEN (((new.credit_allocation)::numeric IS DISTINCT FROM (old.credit_allocation)::numeric)) EXECUTE FUNCTION public.change_allocation();

CREATE TRIGGER use_credits AFTER INSERT ON public.billing_usage_records REFERENCING NEW TABLE AS recorded FOR EACH STATEMENT EXECUTE FUNCTION public.use_credits();

ALTER TABLE ONLY public.activity_changes
    ADD CONSTRAINT activity_changes_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT adjustments_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.billing_events
    ADD CONSTRAINT billing_events_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.billing_months
    ADD CONSTRAINT billing_months_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.billing_profiles
    ADD CONSTRAINT billing_profiles_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.billing_usage_records
    ADD CONSTRAINT billing_usage_records_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id);

ALTER TABLE ONLY public.billing_usage_records
    ADD CONSTRAINT billing_usage_records_subscription_id_company_id_fkey FOREIGN KEY (subscription_id, company_id) REFERENCES public.l2i_subscriptions(id, company_id);

ALTER TABLE ONLY public.campaign_activities
    ADD CONSTRAINT campaign_activities_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.campaigns(id);

ALTER TABLE ONLY public.campaign_activities
    ADD CONSTRAINT campaign_activities_usage_record_id_fkey FOREIGN KEY (usage_record_id) REFERENCES public.billing_usage_records(id);

ALTER TABLE ONLY public.campaign_terms
    ADD CONSTRAINT campaign_terms_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_l2i_subscription_id_company_id_fkey FOREIGN KEY (l2i_subscription_id, company_id) REFERENCES public.l2i_subscriptions(id, company_id);

ALTER TABLE ONLY public.capacity_lines
    ADD CONSTRAINT capacity_lines_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_grants
    ADD CONSTRAINT credit_grants_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_movements
    ADD CONSTRAINT credit_movements_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id);

ALTER TABLE ONLY public.credit_movements
    ADD CONSTRAINT credit_movements_grant_id_campaign_id_fkey FOREIGN KEY (grant_id, campaign_id) REFERENCES public.credit_grants(id, campaign_id);

ALTER TABLE ONLY public.credit_movements
    ADD CONSTRAINT credit_movements_record_id_fkey FOREIGN KEY (record_id) REFERENCES public.billing_usage_records(id);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_campaign_id_company_id_fkey FOREIGN KEY (campaign_id, company_id) REFERENCES public.campaigns(id, company_id);

ALTER TABLE ONLY public.invoice_lines
    ADD CONSTRAINT invoice_lines_number_fkey FOREIGN KEY (number) REFERENCES public.invoices(number);

ALTER TABLE ONLY public.invoice_requests
    ADD CONSTRAINT invoice_requests_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_corrects_fkey FOREIGN KEY (corrects) REFERENCES public.invoices(number);

ALTER TABLE ONLY public.l2i_subscriptions
    ADD CONSTRAINT l2i_subscriptions_bundle_id_fkey FOREIGN KEY (bundle_id) REFERENCES public.l2i_bundles(id);

ALTER TABLE ONLY public.l2i_subscriptions
    ADD CONSTRAINT l2i_subscriptions_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.reconciliations
    ADD CONSTRAINT reconciliations_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);

ALTER TABLE ONLY public.subscription_terms
    ADD CONSTRAINT subscription_terms_subscription_id_company_id_fkey FOREIGN KEY (subscription_id, company_id) REFERENCES public.l2i_subscriptions(id, company_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.companies
    ADD CONSTRAINT time_zone_is_known FOREIGN KEY (time_zone) REFERENCES public.time_zones(name);

ALTER TABLE public.activity_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.adjustments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.billing_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.billing_months ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.billing_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.billing_usage_records ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.campaign_activities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.campaign_terms ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.capacity_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.companies ENABLE ROW LEVEL SECURITY;

CREATE POLICY company ON public.activity_changes TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.adjustments TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.billing_events TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.billing_months TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.billing_profiles TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.billing_usage_records TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.campaign_activities TO billing_app, billing_reader USING ((EXISTS ( SELECT
   FROM public.campaigns c
  WHERE ((c.id)::text = (campaign_activities.campaign_id)::text))));

CREATE POLICY company ON public.campaign_terms TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.campaigns TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.capacity_lines TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.companies TO billing_app, billing_reader USING (public.is_visible(id));

CREATE POLICY company ON public.credit_grants TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.credit_movements TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.invoice_lines TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.invoice_requests TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.invoices TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.l2i_subscriptions TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.reconciliations TO billing_app, billing_reader USING (public.is_visible(company_id));

CREATE POLICY company ON public.subscription_terms TO billing_app, billing_reader USING (public.is_visible(company_id));

ALTER TABLE public.credit_grants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.credit_movements ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invoice_lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invoice_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;

CREATE POLICY jobs ON public.activity_changes TO billing_jobs USING (true);

CREATE POLICY jobs ON public.adjustments TO billing_jobs USING (true);

CREATE POLICY jobs ON public.billing_events TO billing_jobs USING (true);

CREATE POLICY jobs ON public.billing_months TO billing_jobs USING (true);

CREATE POLICY jobs ON public.billing_profiles TO billing_jobs USING (true);

CREATE POLICY jobs ON public.billing_usage_records TO billing_jobs USING (true);

CREATE POLICY jobs ON public.campaign_activities TO billing_jobs USING (true);

CREATE POLICY jobs ON public.campaign_terms TO billing_jobs USING (true);

CREATE POLICY jobs ON public.campaigns TO billing_jobs USING (true);

CREATE POLICY jobs ON public.capacity_lines TO billing_jobs USING (true);

CREATE POLICY jobs ON public.companies TO billing_jobs USING (true);

CREATE POLICY jobs ON public.credit_grants TO billing_jobs USING (true);

CREATE POLICY jobs ON public.credit_movements TO billing_jobs USING (true);

CREATE POLICY jobs ON public.invoice_lines TO billing_jobs USING (true);

CREATE POLICY jobs ON public.invoice_requests TO billing_jobs USING (true);

CREATE POLICY jobs ON public.invoices TO billing_jobs USING (true);

CREATE POLICY jobs ON public.l2i_subscriptions TO billing_jobs USING (true);

CREATE POLICY jobs ON public.reconciliations TO billing_jobs USING (true);

CREATE POLICY jobs ON public.subscription_terms TO billing_jobs USING (true);

ALTER TABLE public.l2i_subscriptions ENABLE ROW LEVEL SECURITY;

CREATE POLICY locked_only ON public.l2i_subscriptions AS RESTRICTIVE FOR UPDATE TO billing_app USING (true) WITH CHECK (false);

ALTER TABLE public.reconciliations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.subscription_terms ENABLE ROW LEVEL SECURITY;

GRANT ALL ON SCHEMA public TO billing_owner;

REVOKE ALL ON FUNCTION public.add_grants() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.announce_correction() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.announce_crossings() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.announce_document() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.announce_reconciliation() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.apply_terms() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.begin_credits() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.begin_terms() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.burn_credits(record_ids bigint[], campaign_ids text[], instants timestamp with time zone[], quantities numeric[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.change_allocation() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.check_correction() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.check_link_currency(campaign text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.check_shares(subscription text, campaign text, since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.credits_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT grant_id bigint, OUT credits numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.credits_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT grant_id bigint, OUT credits numeric) TO billing_app;
GRANT ALL ON FUNCTION public.credits_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT grant_id bigint, OUT credits numeric) TO billing_reader;
GRANT ALL ON FUNCTION public.credits_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT grant_id bigint, OUT credits numeric) TO billing_jobs;

GRANT SELECT ON TABLE public.campaigns TO billing_app;
GRANT SELECT ON TABLE public.campaigns TO billing_jobs;
GRANT SELECT ON TABLE public.campaigns TO billing_reader;

GRANT UPDATE(updated_at) ON TABLE public.campaigns TO billing_app;
GRANT UPDATE(updated_at) ON TABLE public.campaigns TO billing_jobs;

REVOKE ALL ON FUNCTION public.expire_grants(expired_before timestamp with time zone, size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.expire_grants(expired_before timestamp with time zone, size integer) TO billing_jobs;

REVOKE ALL ON FUNCTION public.keep_currency() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.keep_invoice_from() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.keep_time_zone() FROM PUBLIC;

GRANT SELECT ON TABLE public.campaign_terms TO billing_app;
GRANT SELECT ON TABLE public.campaign_terms TO billing_jobs;
GRANT SELECT ON TABLE public.campaign_terms TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(campaign_id) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(effective_from) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(terms) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(dates) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(reason) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(source) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(change_id) ON TABLE public.campaign_terms TO billing_app;

GRANT INSERT(recorded_by) ON TABLE public.campaign_terms TO billing_app;

GRANT SELECT ON TABLE public.credit_grants TO billing_app;
GRANT SELECT ON TABLE public.credit_grants TO billing_jobs;
GRANT SELECT ON TABLE public.credit_grants TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(campaign_id) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(grant_id) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(credits) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(amount) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(price_amount) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(price_credits) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(at_list_price) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(priority) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(expires_at) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(source) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(note) ON TABLE public.credit_grants TO billing_app;

GRANT INSERT(recorded_by) ON TABLE public.credit_grants TO billing_app;

REVOKE ALL ON FUNCTION public.lock_campaigns(campaign_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.lock_usage_records(record_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lock_usage_records(record_ids bigint[]) TO billing_app;

REVOKE ALL ON FUNCTION public.move_credits() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.note_activities() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.note_changed_activity() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.put_terms_in_force(campaign text, touch boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.put_terms_in_force(campaign text, touch boolean) TO billing_jobs;

REVOKE ALL ON FUNCTION public.record_subscription() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.record_terms() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.refuse_deletion() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.seats_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], committed numeric[], OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.seats_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], committed numeric[], OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint) TO billing_app;
GRANT ALL ON FUNCTION public.seats_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], committed numeric[], OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint) TO billing_reader;
GRANT ALL ON FUNCTION public.seats_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], committed numeric[], OUT part bigint, OUT seat_hours numeric, OUT additional_seat_hours numeric, OUT peak numeric, OUT estimated_seat_hours numeric, OUT estimated_additional_seat_hours numeric, OUT hours_above bigint) TO billing_jobs;

REVOKE ALL ON FUNCTION public.settle_credits(campaign_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.settled() FROM PUBLIC;
GRANT ALL ON FUNCTION public.settled() TO billing_app;
GRANT ALL ON FUNCTION public.settled() TO billing_jobs;
GRANT ALL ON FUNCTION public.settled() TO billing_reader;

GRANT SELECT ON TABLE public.billing_usage_records TO billing_app;
GRANT SELECT ON TABLE public.billing_usage_records TO billing_jobs;
GRANT SELECT ON TABLE public.billing_usage_records TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(company_id) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(campaign_id) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(campaign_id) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(subscription_id) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(subscription_id) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(event_type) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(event_type) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(quantity) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(quantity) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(deduplication_key) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(deduplication_key) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(event_id) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(event_id) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(event_timestamp) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(event_timestamp) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(metadata) ON TABLE public.billing_usage_records TO billing_app;
GRANT INSERT(metadata) ON TABLE public.billing_usage_records TO billing_jobs;

GRANT INSERT(corrects) ON TABLE public.billing_usage_records TO billing_app;

GRANT INSERT(reason) ON TABLE public.billing_usage_records TO billing_app;

GRANT INSERT(recorded_by) ON TABLE public.billing_usage_records TO billing_app;

REVOKE ALL ON FUNCTION public.take_over_credits(correction public.billing_usage_records) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json) TO billing_app;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json) TO billing_reader;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], days date[], zone text, OUT campaign_id text, OUT kind text, OUT used json) TO billing_jobs;

REVOKE ALL ON FUNCTION public.usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json) TO billing_app;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json) TO billing_reader;
GRANT ALL ON FUNCTION public.usage_of_days(campaign_ids text[], kinds text[], days date[], zone text, OUT campaign_id text, OUT used json) TO billing_jobs;

REVOKE ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT kind text, OUT quantity numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_app;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_reader;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_jobs;

REVOKE ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], kinds text[], OUT part bigint, OUT kind text, OUT quantity numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], kinds text[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_app;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], kinds text[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_reader;
GRANT ALL ON FUNCTION public.usage_of_parts(campaign_ids text[], starts timestamp with time zone[], ends timestamp with time zone[], kinds text[], OUT part bigint, OUT kind text, OUT quantity numeric) TO billing_jobs;

REVOKE ALL ON FUNCTION public.use_credits() FROM PUBLIC;

GRANT SELECT ON TABLE public.activity_changes TO billing_app;
GRANT SELECT ON TABLE public.activity_changes TO billing_jobs;
GRANT SELECT ON TABLE public.activity_changes TO billing_reader;

GRANT SELECT ON TABLE public.adjustments TO billing_app;
GRANT SELECT ON TABLE public.adjustments TO billing_jobs;
GRANT SELECT ON TABLE public.adjustments TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(adjustment_id) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(campaign_id) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(currency) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(amount) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(description) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(reason) ON TABLE public.adjustments TO billing_app;

GRANT INSERT(recorded_by) ON TABLE public.adjustments TO billing_app;

GRANT SELECT ON TABLE public.billing_events TO billing_app;
GRANT SELECT ON TABLE public.billing_events TO billing_jobs;
GRANT SELECT ON TABLE public.billing_events TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.billing_events TO billing_jobs;

GRANT INSERT(type) ON TABLE public.billing_events TO billing_jobs;

GRANT INSERT(subject) ON TABLE public.billing_events TO billing_jobs;

GRANT INSERT(data) ON TABLE public.billing_events TO billing_jobs;

GRANT UPDATE(published_at) ON TABLE public.billing_events TO billing_jobs;

GRANT SELECT ON TABLE public.billing_months TO billing_app;
GRANT SELECT ON TABLE public.billing_months TO billing_jobs;
GRANT SELECT ON TABLE public.billing_months TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.billing_months TO billing_app;
GRANT INSERT(company_id) ON TABLE public.billing_months TO billing_jobs;

GRANT INSERT(month) ON TABLE public.billing_months TO billing_app;
GRANT INSERT(month) ON TABLE public.billing_months TO billing_jobs;

GRANT INSERT(settled) ON TABLE public.billing_months TO billing_app;
GRANT INSERT(settled) ON TABLE public.billing_months TO billing_jobs;

GRANT SELECT ON TABLE public.billing_profiles TO billing_app;
GRANT SELECT ON TABLE public.billing_profiles TO billing_jobs;
GRANT SELECT ON TABLE public.billing_profiles TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.billing_profiles TO billing_app;

GRANT INSERT(profile),UPDATE(profile) ON TABLE public.billing_profiles TO billing_app;

GRANT INSERT(invoice_from),UPDATE(invoice_from) ON TABLE public.billing_profiles TO billing_app;

GRANT INSERT(hold),UPDATE(hold) ON TABLE public.billing_profiles TO billing_app;

GRANT UPDATE(revision) ON TABLE public.billing_profiles TO billing_app;
GRANT UPDATE(revision) ON TABLE public.billing_profiles TO billing_jobs;

GRANT SELECT ON TABLE public.campaign_activities TO billing_app;
GRANT SELECT ON TABLE public.campaign_activities TO billing_jobs;
GRANT SELECT ON TABLE public.campaign_activities TO billing_reader;

GRANT UPDATE(usage_record_id) ON TABLE public.campaign_activities TO billing_jobs;

GRANT SELECT ON TABLE public.campaign_versions TO billing_app;
GRANT SELECT ON TABLE public.campaign_versions TO billing_jobs;
GRANT SELECT ON TABLE public.campaign_versions TO billing_reader;

GRANT SELECT ON TABLE public.capacity_lines TO billing_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.capacity_lines TO billing_jobs;
GRANT SELECT ON TABLE public.capacity_lines TO billing_reader;

GRANT SELECT ON TABLE public.companies TO billing_app;
GRANT SELECT ON TABLE public.companies TO billing_jobs;
GRANT SELECT ON TABLE public.companies TO billing_reader;

GRANT SELECT ON TABLE public.credit_campaigns TO billing_jobs;

GRANT SELECT ON TABLE public.credit_movements TO billing_app;
GRANT SELECT ON TABLE public.credit_movements TO billing_jobs;
GRANT SELECT ON TABLE public.credit_movements TO billing_reader;

GRANT SELECT,INSERT ON TABLE public.invoice_lines TO billing_app;
GRANT SELECT,INSERT ON TABLE public.invoice_lines TO billing_jobs;
GRANT SELECT ON TABLE public.invoice_lines TO billing_reader;

GRANT SELECT ON TABLE public.invoice_requests TO billing_app;
GRANT SELECT ON TABLE public.invoice_requests TO billing_jobs;
GRANT SELECT ON TABLE public.invoice_requests TO billing_reader;

GRANT INSERT(company_id) ON TABLE public.invoice_requests TO billing_app;

GRANT INSERT(month) ON TABLE public.invoice_requests TO billing_app;

GRANT INSERT(kind) ON TABLE public.invoice_requests TO billing_app;

GRANT INSERT(recorded_by),UPDATE(recorded_by) ON TABLE public.invoice_requests TO billing_app;

GRANT UPDATE(requested_at) ON TABLE public.invoice_requests TO billing_app;

GRANT UPDATE(done_at) ON TABLE public.invoice_requests TO billing_app;
GRANT UPDATE(done_at) ON TABLE public.invoice_requests TO billing_jobs;

GRANT UPDATE(result) ON TABLE public.invoice_requests TO billing_app;
GRANT UPDATE(result) ON TABLE public.invoice_requests TO billing_jobs;

GRANT SELECT,INSERT ON TABLE public.invoices TO billing_app;
GRANT SELECT,INSERT ON TABLE public.invoices TO billing_jobs;
GRANT SELECT ON TABLE public.invoices TO billing_reader;

GRANT SELECT,INSERT,UPDATE ON TABLE public.job_executions TO billing_jobs;

GRANT SELECT,INSERT,UPDATE ON TABLE public.job_progress TO billing_jobs;

GRANT SELECT ON TABLE public.l2i_bundles TO billing_app;
GRANT SELECT ON TABLE public.l2i_bundles TO billing_jobs;
GRANT SELECT ON TABLE public.l2i_bundles TO billing_reader;

GRANT SELECT ON TABLE public.l2i_subscriptions TO billing_app;
GRANT SELECT ON TABLE public.l2i_subscriptions TO billing_jobs;
GRANT SELECT ON TABLE public.l2i_subscriptions TO billing_reader;

GRANT UPDATE(quantity) ON TABLE public.l2i_subscriptions TO billing_app;

GRANT SELECT ON TABLE public.reconciliations TO billing_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.reconciliations TO billing_jobs;
GRANT SELECT ON TABLE public.reconciliations TO billing_reader;

GRANT SELECT ON TABLE public.schema_migrations TO billing_app;
GRANT SELECT ON TABLE public.schema_migrations TO billing_reader;
GRANT SELECT ON TABLE public.schema_migrations TO billing_jobs;

GRANT SELECT ON TABLE public.seat_campaigns TO billing_jobs;

GRANT SELECT ON TABLE public.seller TO billing_app;
GRANT SELECT ON TABLE public.seller TO billing_jobs;
GRANT SELECT ON TABLE public.seller TO billing_reader;

GRANT INSERT(seller),UPDATE(seller) ON TABLE public.seller TO billing_app;

GRANT UPDATE(revision) ON TABLE public.seller TO billing_app;

GRANT UPDATE(last_issued_on) ON TABLE public.seller TO billing_app;
GRANT UPDATE(last_issued_on) ON TABLE public.seller TO billing_jobs;

GRANT UPDATE(last_sequence) ON TABLE public.seller TO billing_app;
GRANT UPDATE(last_sequence) ON TABLE public.seller TO billing_jobs;

GRANT UPDATE(last_sha256) ON TABLE public.seller TO billing_app;
GRANT UPDATE(last_sha256) ON TABLE public.seller TO billing_jobs;

GRANT SELECT ON TABLE public.subscription_terms TO billing_app;
GRANT SELECT ON TABLE public.subscription_terms TO billing_jobs;
GRANT SELECT ON TABLE public.subscription_terms TO billing_reader;

GRANT SELECT ON TABLE public.subscription_versions TO billing_app;
GRANT SELECT ON TABLE public.subscription_versions TO billing_jobs;
GRANT SELECT ON TABLE public.subscription_versions TO billing_reader;

GRANT SELECT ON TABLE public.time_zones TO billing_app;
GRANT SELECT ON TABLE public.time_zones TO billing_jobs;
GRANT SELECT ON TABLE public.time_zones TO billing_reader;
