-- Which campaigns the hourly jobs take, and the name of a record where SQL makes it.

DROP VIEW seat_campaigns;
CREATE VIEW seat_campaigns WITH (security_invoker = true) AS
SELECT c.id, c.company_id, c.l2i_subscription_id, c.current_volunteers, c.start_date, c.end_date, companies.time_zone
FROM campaigns c JOIN companies ON companies.id = c.company_id
WHERE c.is_active AND c.status IN ('active', 'recruiting') AND c.current_volunteers > 0;

CREATE VIEW credit_campaigns WITH (security_invoker = true) AS
SELECT id, company_id FROM campaigns
WHERE is_active AND pricing_model = 'credits' AND credit_consumption_rate IS NOT NULL;

GRANT SELECT ON seat_campaigns, credit_campaigns TO billing_jobs;

-- The credit job goes through the activities of a campaign in the order of their hours.
DROP INDEX campaign_activities_uncharged;
CREATE INDEX campaign_activities_uncharged ON campaign_activities (campaign_id, occurred_at, id) WHERE usage_record_id IS NULL;

-- The deduplication key (design §4.2), as usage/keys.py makes it; a test holds the two equal.
CREATE FUNCTION usage_key(campaign text, event_type text, instant timestamptz, identity bytea) RETURNS text STABLE LANGUAGE sql
RETURN campaign || '-' || event_type || '-' || to_char(instant AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') || '-'
    || left(encode(sha256(identity), 'hex'), 32);

-- As 0008 has it, but a statement is ended a little before its transaction. Postgres 17 ends the connection with a transaction
-- that takes too long, which looks like a server that is gone; a job that is told of its statement goes on with a smaller one.
-- It returns no row, so that it can go before a query in one message.
DROP FUNCTION enter_transaction(text, text, integer);
CREATE FUNCTION enter_transaction(as_role text, company text, seconds integer) RETURNS SETOF void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('billing.company_id', company, true), set_config('timezone', 'UTC', true),
        set_config('statement_timeout', seconds * 900 || 'ms', true);
    IF current_setting('server_version_num')::integer >= 170000 THEN
        PERFORM set_config('transaction_timeout', seconds || 's', true);
    END IF;
    PERFORM set_config('role', as_role, true);
END $$;
