-- Who may see and write what. The roles themselves are made by sql/migrate.sql, since roles belong to the server, not the database.
-- `billing.company_id` is set in every transaction: a company's id, or '*' for the platform. Unset, it hides everything.

GRANT USAGE ON SCHEMA public TO billing_app, billing_jobs;
GRANT SELECT ON companies, l2i_bundles, l2i_subscriptions, campaigns, campaign_activities, billing_usage_records,
    billing_alerts, credit_top_ups TO billing_app, billing_jobs;
GRANT INSERT ON billing_usage_records TO billing_app, billing_jobs;
GRANT INSERT ON credit_top_ups TO billing_app;
-- credits_remaining is not among them: the triggers move it, as their owner. To lock a row takes an UPDATE of some column.
GRANT UPDATE (l2i_subscription_id, bundle_allocation_percentage, credit_allocation, updated_at) ON campaigns TO billing_app;
GRANT UPDATE (quantity) ON l2i_subscriptions TO billing_app;
GRANT UPDATE (updated_at) ON campaigns TO billing_jobs;
GRANT UPDATE (usage_record_id) ON campaign_activities TO billing_jobs;
GRANT SELECT ON seat_campaigns TO billing_jobs;
GRANT UPDATE (published_at) ON billing_alerts TO billing_jobs;
GRANT SELECT, INSERT, UPDATE ON job_executions, job_progress TO billing_jobs;

ALTER TABLE companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE l2i_subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaigns ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_activities ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_usage_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit_top_ups ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION is_visible(company identifier) RETURNS boolean STABLE LANGUAGE sql
RETURN current_setting('billing.company_id', true) IN (company, '*');

CREATE POLICY company ON companies TO billing_app USING (is_visible(id));
CREATE POLICY company ON l2i_subscriptions TO billing_app USING (is_visible(company_id));
CREATE POLICY company ON campaigns TO billing_app USING (is_visible(company_id));
CREATE POLICY company ON campaign_activities TO billing_app USING (EXISTS (SELECT FROM campaigns c WHERE c.id = campaign_id));
CREATE POLICY company ON billing_usage_records TO billing_app USING (is_visible(company_id));
CREATE POLICY company ON billing_alerts TO billing_app USING (is_visible(company_id));
CREATE POLICY company ON credit_top_ups TO billing_app USING (is_visible(company_id));

CREATE POLICY jobs ON companies TO billing_jobs USING (true);
CREATE POLICY jobs ON l2i_subscriptions TO billing_jobs USING (true);
CREATE POLICY jobs ON campaigns TO billing_jobs USING (true);
CREATE POLICY jobs ON campaign_activities TO billing_jobs USING (true);
CREATE POLICY jobs ON billing_usage_records TO billing_jobs USING (true);
CREATE POLICY jobs ON billing_alerts TO billing_jobs USING (true);
