-- The tables that other services of the platform write (design: tables, bundle rules).

-- Other services choose the form of their ids. "C" keeps comparisons and indexes the same under every locale;
-- '*' is kept free: it stands for "all companies" in the row-level security policies.
CREATE DOMAIN identifier AS text COLLATE "C" CHECK (VALUE <> '' AND VALUE <> '*');

-- NaN and Infinity are numerics too, and NaN >= 0 is true in Postgres: the upper bound refuses both.
CREATE DOMAIN non_negative AS numeric CHECK (VALUE >= 0 AND VALUE < 'Infinity');

CREATE DOMAIN currency_code AS text CHECK (VALUE ~ '^[A-Z]{3}$');

-- timezone() raises for a name that Postgres does not know; the pattern keeps out POSIX rules, which only look like names.
CREATE DOMAIN iana_time_zone AS text CHECK (
    VALUE ~ '^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' AND timezone(VALUE, timestamptz '2000-01-01 00:00Z') IS NOT NULL
);

CREATE TABLE companies (
    id identifier PRIMARY KEY DEFAULT gen_random_uuid()::text,
    name text NOT NULL,
    time_zone iana_time_zone NOT NULL DEFAULT 'UTC'
);

CREATE TABLE l2i_bundles (
    id identifier PRIMARY KEY DEFAULT gen_random_uuid()::text,
    sku text NOT NULL UNIQUE,
    name text NOT NULL,
    annual_price non_negative NOT NULL,
    currency currency_code NOT NULL,
    learners_supported integer CHECK (learners_supported >= 0)
);

CREATE TABLE l2i_subscriptions (
    id identifier PRIMARY KEY DEFAULT gen_random_uuid()::text,
    company_id identifier NOT NULL REFERENCES companies,
    bundle_id identifier NOT NULL REFERENCES l2i_bundles,
    quantity integer NOT NULL DEFAULT 1 CHECK (quantity >= 0),
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'trialing', 'past_due', 'canceled', 'unpaid')),
    program_allocation jsonb,
    CHECK (current_period_start < current_period_end),
    UNIQUE (id, company_id)
);
CREATE INDEX ON l2i_subscriptions (company_id);

-- True for a JSON number, or a string that spells one, that is not negative.
CREATE FUNCTION is_amount(value jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(value) IN ('number', 'string') AND value #>> '{}' ~ '^[0-9]+(\.[0-9]+)?$', false);

CREATE TABLE campaigns (
    id identifier PRIMARY KEY DEFAULT gen_random_uuid()::text,
    company_id identifier NOT NULL REFERENCES companies,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'planned', 'recruiting', 'active', 'paused', 'completed', 'closed')),
    is_active boolean NOT NULL DEFAULT true,
    start_date date CHECK (start_date BETWEEN '1970-01-01' AND '2199-12-31'),
    end_date date CHECK (end_date BETWEEN '1970-01-01' AND '2199-12-31'),
    currency currency_code,
    pricing_model text NOT NULL CHECK (pricing_model IN ('seats', 'credits', 'bundle', 'iaas', 'custom')),
    budget_allocated non_negative,
    target_volunteers integer CHECK (target_volunteers >= 0),
    current_volunteers integer NOT NULL DEFAULT 0 CHECK (current_volunteers >= 0),
    target_beneficiaries integer CHECK (target_beneficiaries >= 0),
    current_beneficiaries integer NOT NULL DEFAULT 0 CHECK (current_beneficiaries >= 0),
    committed_seats non_negative,
    seat_price_per_month non_negative,
    credit_allocation non_negative,
    credits_remaining numeric CHECK (abs(credits_remaining) < 'Infinity'),
    credit_consumption_rate non_negative,
    credit_price non_negative,
    iaas_metrics jsonb,
    l2i_subscription_id identifier,
    bundle_allocation_percentage numeric(5, 4)
        CHECK (bundle_allocation_percentage > 0 AND bundle_allocation_percentage <= 1),
    custom_pricing_terms jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, company_id),
    -- Both columns: a campaign cannot be linked to another company's subscription.
    FOREIGN KEY (l2i_subscription_id, company_id) REFERENCES l2i_subscriptions (id, company_id),
    CHECK (start_date <= end_date),
    CONSTRAINT only_bundle_campaigns_are_linked CHECK (l2i_subscription_id IS NULL OR pricing_model = 'bundle'),
    CONSTRAINT only_bundle_campaigns_take_the_bundles_currency CHECK (currency IS NOT NULL OR pricing_model = 'bundle'),
    CONSTRAINT balance_goes_with_an_allocation CHECK ((credit_allocation IS NULL) = (credits_remaining IS NULL)),
    CONSTRAINT seats_terms CHECK (pricing_model <> 'seats' OR seat_price_per_month IS NOT NULL),
    CONSTRAINT credits_terms CHECK (pricing_model <> 'credits' OR credit_allocation IS NOT NULL
        AND (credit_price IS NOT NULL OR budget_allocated IS NOT NULL AND credit_allocation > 0)),
    CONSTRAINT iaas_terms CHECK (pricing_model <> 'iaas' OR is_amount(iaas_metrics -> 'pricePerLearner')),
    CONSTRAINT custom_terms CHECK (pricing_model <> 'custom' OR coalesce(jsonb_typeof(custom_pricing_terms) = 'object'
        AND custom_pricing_terms ?| ARRAY['fixedFee', 'variableComponents', 'milestonePayments']
        AND (nullif(custom_pricing_terms -> 'fixedFee', 'null') IS NULL
            OR is_amount(custom_pricing_terms -> 'fixedFee') AND start_date IS NOT NULL), false))
);
CREATE INDEX ON campaigns (company_id);
CREATE INDEX ON campaigns (l2i_subscription_id) WHERE l2i_subscription_id IS NOT NULL;
CREATE INDEX seat_job_campaigns ON campaigns (id)
    WHERE is_active AND status IN ('active', 'recruiting') AND current_volunteers > 0;

-- The allocation moves the balance with it, whoever changes it: a campaign begins with all of its credits, and what is
-- added to the allocation is added to what is left.
CREATE FUNCTION move_balance_with_allocation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.credits_remaining := coalesce(NEW.credits_remaining, NEW.credit_allocation);
    ELSIF OLD.credit_allocation IS NULL THEN
        NEW.credits_remaining := NEW.credit_allocation - (
            SELECT coalesce(sum(quantity), 0) FROM billing_usage_records
            WHERE campaign_id = NEW.id AND event_type = 'credit_usage');
    ELSIF NEW.credits_remaining IS NOT DISTINCT FROM OLD.credits_remaining THEN
        NEW.credits_remaining := OLD.credits_remaining + NEW.credit_allocation - OLD.credit_allocation;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER move_balance_with_allocation BEFORE INSERT OR UPDATE OF credit_allocation ON campaigns
    FOR EACH ROW EXECUTE FUNCTION move_balance_with_allocation();
