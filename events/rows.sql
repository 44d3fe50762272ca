-- The rows that the sample events speak of, as other services of the platform write them.
INSERT INTO companies (id, name) VALUES ('demo-fjellbris', 'Fjellbris Energi'), ('demo-savanna', 'Savanna Textiles');

INSERT INTO l2i_bundles (id, sku, name, annual_price, currency)
VALUES ('demo-bundle', 'L2I-SAMPLE', 'L2I bundle', 50000.00, 'EUR');

INSERT INTO l2i_subscriptions (id, company_id, bundle_id, current_period_start, current_period_end)
VALUES
    ('demo-fjellbris-2025', 'demo-fjellbris', 'demo-bundle', '2025-01-01T00:00Z', '2026-01-01T00:00Z'),
    ('demo-savanna-2025', 'demo-savanna', 'demo-bundle', '2025-01-01T00:00Z', '2026-01-01T00:00Z');

INSERT INTO campaigns (id, company_id, name, status, currency, pricing_model, l2i_subscription_id, bundle_allocation_percentage)
VALUES
    ('demo-code-clubs', 'demo-fjellbris', 'Code clubs', 'active', 'EUR', 'bundle', 'demo-fjellbris-2025', 0.5),
    ('demo-digital-seniors', 'demo-fjellbris', 'Digital seniors', 'active', 'EUR', 'bundle', 'demo-fjellbris-2025', 0.5);

INSERT INTO campaigns (id, company_id, name, status, currency, pricing_model, seat_price_per_month, current_volunteers)
VALUES ('demo-first-job-mentoring', 'demo-fjellbris', 'First-job mentoring', 'active', 'EUR', 'seats', 59.90, 3);

INSERT INTO campaigns (id, company_id, name, status, currency, pricing_model, credit_allocation, credit_price, credit_consumption_rate)
VALUES ('demo-skills-evenings', 'demo-savanna', 'Sewing-floor skills evenings', 'active', 'USD', 'credits', 1000, 5.00, 1.5);

INSERT INTO campaign_activities (id, campaign_id, kind, quantity, occurred_at)
VALUES ('demo-evening-1', 'demo-skills-evenings', 'volunteer_hours', 12, '2025-03-12T17:00Z');

INSERT INTO billing_usage_records (id, company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
VALUES
    (4711000, 'demo-fjellbris', 'demo-first-job-mentoring', 'seat_usage', 4, 'demo-first-job-mentoring-seat_usage-20250312080000-6d7f9a1be1c3f5a07b2c4d8e90f1a2b3', '2025-03-12T08:00Z'),
    (4711001, 'demo-fjellbris', 'demo-first-job-mentoring', 'learner_served', 2.5, 'demo-first-job-mentoring-learner_served-20250312093000-c0a8d41f52e96b7381fd2a3b4c5d6e7f', '2025-03-12T09:30Z');
