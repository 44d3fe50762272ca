-- Capacity that crosses a line, and the order of events (design §15, §16).

-- The lines that a campaign's load has crossed and is not yet 5 points below.
CREATE TABLE capacity_lines (
    company_id identifier NOT NULL,
    campaign_id identifier NOT NULL,
    line text NOT NULL CHECK (line IN ('near', 'at', 'over')),
    crossed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, line),
    FOREIGN KEY (campaign_id, company_id) REFERENCES campaigns (id, company_id) ON DELETE CASCADE
);
ALTER TABLE capacity_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY company ON capacity_lines TO billing_app USING (is_visible(company_id));
CREATE POLICY jobs ON capacity_lines TO billing_jobs USING (true);
GRANT SELECT ON capacity_lines TO billing_app;
GRANT SELECT, INSERT, DELETE ON capacity_lines TO billing_jobs;

-- The oldest event of each subject that waits.
CREATE INDEX billing_events_unpublished_of_subject ON billing_events (company_id, subject, id) WHERE published_at IS NULL;
-- Which opportunities are open: the last event of each.
CREATE INDEX billing_events_signals ON billing_events (company_id, subject, id)
    WHERE type IN ('opportunity.opened', 'opportunity.closed', 'pricing_signals.published');
GRANT INSERT (company_id, type, subject, data) ON billing_events TO billing_jobs;
GRANT SELECT ON l2i_bundles TO billing_jobs;
