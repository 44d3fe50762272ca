-- What the roles could do and need not (docs/decisions/0001: the database enforces the rules).

-- These run with their owner's rights. Whoever may execute one may hang it on a table of their own, feed it rows of another
-- company and have that company charged; a trigger that is in place asks for no such right.
REVOKE EXECUTE ON FUNCTION charge_credits(), move_balance_with_allocation() FROM PUBLIC;

-- The pages of records rely on id and created_at, so both are the database's own.
REVOKE INSERT ON billing_usage_records FROM billing_app, billing_jobs;
GRANT INSERT (company_id, campaign_id, subscription_id, event_type, quantity, deduplication_key, event_id, event_timestamp,
    metadata) ON billing_usage_records TO billing_app, billing_jobs;

-- Locking a subscription takes the right to update it; what was bought is still not the API's to change.
CREATE POLICY locked_only ON l2i_subscriptions AS RESTRICTIVE FOR UPDATE TO billing_app USING (true) WITH CHECK (false);
