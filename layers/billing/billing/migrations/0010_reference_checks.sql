-- What the platform writes and the system cannot use is refused when it is written (design §3). NOT VALID: rows that were
-- there before stay readable, and must be mended with their next change.

ALTER TABLE companies ADD CONSTRAINT id_fits_a_path CHECK (id ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$') NOT VALID;
ALTER TABLE l2i_bundles ADD CONSTRAINT id_fits_a_path CHECK (id ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$') NOT VALID;
ALTER TABLE l2i_subscriptions ADD CONSTRAINT id_fits_a_path CHECK (id ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$') NOT VALID;
ALTER TABLE campaigns ADD CONSTRAINT id_fits_a_path CHECK (id ~ '^[A-Za-z0-9._~:@+=,-]{1,128}$') NOT VALID;

ALTER TABLE l2i_subscriptions ADD CONSTRAINT period_is_finite CHECK (
    current_period_start >= '1970-01-01 00:00Z' AND current_period_end <= '2200-01-02 00:00Z'
) NOT VALID;
ALTER TABLE campaign_activities ADD CONSTRAINT occurs_within_what_can_be_charged CHECK (
    occurred_at >= '1970-01-01 00:00Z' AND occurred_at < '2200-01-01 00:00Z'
) NOT VALID;

-- The time zones that the server and the functions both know; sql/migrate.sql keeps it up to date with what Python knows.
-- A foreign key takes a name exactly as IANA spells it, where Postgres itself takes any case and POSIX rules.
CREATE TABLE time_zones (
    name text COLLATE "C" PRIMARY KEY
);
INSERT INTO time_zones (name)
SELECT name FROM pg_timezone_names
WHERE name ~ '^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' AND name !~ '^(posix|right)/';
UPDATE companies SET time_zone = time_zones.name FROM time_zones
WHERE lower(time_zones.name) = lower(companies.time_zone) AND time_zones.name <> companies.time_zone;
ALTER TABLE companies ADD CONSTRAINT time_zone_is_known FOREIGN KEY (time_zone) REFERENCES time_zones (name);
GRANT SELECT ON time_zones TO billing_app, billing_jobs;

-- The first instant of a day there. Postgres takes the second of two midnights where the clocks go back over one, Python the
-- first: so both readings of midnight are tried, with the offset of the noon before and with that of the day itself, and the
-- earlier that lies on the day (or, where the day was skipped, after it) is the one.
CREATE FUNCTION midnight(day date, zone text) RETURNS timestamptz IMMUTABLE LANGUAGE sql
RETURN (
    SELECT min(candidate)
    FROM (VALUES
        (day::timestamp AT TIME ZONE zone),
        ((day::timestamp - ((((day - 1) + time '12:00') AT TIME ZONE zone) AT TIME ZONE zone
            - (((day - 1) + time '12:00') AT TIME ZONE zone) AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC')
    ) AS reading (candidate)
    WHERE (candidate AT TIME ZONE zone)::date >= day
);

-- Whether an instant lies in a range of days, both inclusive and null where open. Only near its ends does it take midnights.
CREATE FUNCTION in_days(instant timestamptz, first_day date, last_day date, zone text) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN CASE
    WHEN first_day IS NULL OR first_day < (instant AT TIME ZONE 'UTC')::date - 2 THEN true
    WHEN first_day > (instant AT TIME ZONE 'UTC')::date + 2 THEN false
    ELSE instant >= midnight(first_day, zone)
END AND CASE
    WHEN last_day IS NULL OR last_day > (instant AT TIME ZONE 'UTC')::date + 2 THEN true
    WHEN last_day < (instant AT TIME ZONE 'UTC')::date - 2 THEN false
    ELSE instant < midnight(last_day + 1, zone)
END;

-- True for a JSON number, or a string that spells one, that is not negative and that money or a quantity can be.
CREATE OR REPLACE FUNCTION is_amount(value jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(value) IN ('number', 'string') AND value #>> '{}' ~ '^[0-9]{1,20}(\.[0-9]{1,20})?$', false);

-- A JSON text that names something.
CREATE FUNCTION is_name(value jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(value) = 'string' AND value #>> '{}' <> '', false);

CREATE FUNCTION is_day(value jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(value) = 'string'
    AND value #>> '{}' ~ '^(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$'
    AND to_char(make_date(substr(value #>> '{}', 1, 4)::int, substr(value #>> '{}', 6, 2)::int, 1)
        + (substr(value #>> '{}', 9, 2)::int - 1), 'YYYY-MM-DD') = value #>> '{}', false);

-- The elements of a JSON list; where it is something else, one that no rule accepts.
CREATE FUNCTION elements(list jsonb) RETURNS SETOF jsonb IMMUTABLE LANGUAGE sql
BEGIN ATOMIC
    SELECT element FROM jsonb_array_elements(
        CASE WHEN list IS NULL THEN '[]' WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[null]' END) AS element;
END;

-- Whether IAAS and custom terms have the form that they are charged by (design §5); `false`, never null.
CREATE FUNCTION is_iaas_terms(terms jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(terms) = 'object', false)
    AND is_amount(terms -> 'pricePerLearner')
    AND (coalesce(terms -> 'learnersCommitted', 'null') = 'null' OR is_amount(terms -> 'learnersCommitted'))
    AND NOT EXISTS (
        SELECT FROM elements(terms -> 'outcomeThresholds') AS outcome
        WHERE NOT (is_name(outcome -> 'name') AND is_amount(outcome -> 'threshold')
            AND (coalesce(outcome -> 'measured', 'null') = 'null' OR is_amount(outcome -> 'measured')))
            OR jsonb_typeof(outcome) <> 'object');

CREATE FUNCTION is_custom_terms(terms jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
RETURN coalesce(jsonb_typeof(terms) = 'object', false)
    AND terms ?| ARRAY['fixedFee', 'variableComponents', 'milestonePayments']
    AND (coalesce(terms -> 'fixedFee', 'null') = 'null' OR is_amount(terms -> 'fixedFee'))
    AND coalesce(terms -> 'fixedFeeInterval', '"once"') IN ('"once"', '"month"', '"quarter"', '"year"')
    AND NOT EXISTS (
        SELECT FROM elements(terms -> 'variableComponents') AS component
        GROUP BY component ->> 'name'
        HAVING count(*) > 1 OR NOT bool_and(jsonb_typeof(component) = 'object' AND is_name(component -> 'name')
            AND coalesce(component ->> 'unit' IN ('session', 'learner', 'credit', 'seat_month', 'hour'), false)
            AND is_amount(component -> 'rate')
            AND (coalesce(component -> 'cap', 'null') = 'null' OR is_amount(component -> 'cap'))))
    AND NOT EXISTS (
        SELECT FROM elements(terms -> 'milestonePayments') AS milestone
        GROUP BY coalesce(milestone ->> 'name', milestone ->> 'milestone', milestone ->> 'description', milestone ->> 'dueDate')
        HAVING count(*) > 1 OR NOT bool_and(jsonb_typeof(milestone) = 'object'
            AND is_amount(milestone -> 'amount') AND is_day(milestone -> 'dueDate')
            AND (milestone -> 'name' IS NULL OR is_name(milestone -> 'name'))
            AND (milestone -> 'milestone' IS NULL OR is_name(milestone -> 'milestone'))
            AND (milestone -> 'description' IS NULL OR is_name(milestone -> 'description'))));

ALTER TABLE campaigns DROP CONSTRAINT iaas_terms;
ALTER TABLE campaigns ADD CONSTRAINT iaas_terms
    CHECK (pricing_model <> 'iaas' OR is_iaas_terms(iaas_metrics)) NOT VALID;
ALTER TABLE campaigns DROP CONSTRAINT custom_terms;
ALTER TABLE campaigns ADD CONSTRAINT custom_terms
    CHECK (pricing_model <> 'custom' OR is_custom_terms(custom_pricing_terms)
        AND (coalesce(custom_pricing_terms -> 'fixedFee', 'null') = 'null' OR start_date IS NOT NULL)) NOT VALID;
