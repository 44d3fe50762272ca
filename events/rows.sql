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

INSERT INTO seller (seller, last_issued_on, last_sequence, last_sha256)
VALUES ('{"legalName": "Samspill Programs AS", "address": {"lines": ["Storgata 12"], "postcode": "0155", "city": "Oslo", "country": "NO"}, "vatId": "NO987654325MVA", "email": "billing@samspill.example", "iban": "NO9386011117947", "bic": "DNBANOKK", "numberPrefix": "CB", "timeZone": "Europe/Oslo"}', '2025-03-04', 3, '30b75a0625f4b0534e04f8a66f616242d052c0bc5f5d7e21ea30d3cf60f4f7e8');

INSERT INTO billing_profiles (company_id, profile, invoice_from, hold)
VALUES ('demo-fjellbris', '{"legalName": "Fjellbris Energi AS", "address": {"lines": ["Kaigaten 4"], "postcode": "5016", "city": "Bergen", "country": "NO"}, "taxCategory": "S", "taxRate": "25", "taxReason": null, "vatId": "NO912345674MVA", "email": "faktura@fjellbris.example", "buyerReference": "PO-4471", "daysToPay": 30, "hold": false}', '2025-01-01', false);

INSERT INTO billing_months (company_id, month, closed_at)
VALUES ('demo-fjellbris', '2025-01-01', '2025-02-04T00:10Z'), ('demo-fjellbris', '2025-02-01', '2025-03-04T00:10Z');

INSERT INTO adjustments (company_id, adjustment_id, campaign_id, currency, amount, description, reason, recorded_by)
VALUES
    ('demo-fjellbris', 'goodwill-1', 'demo-first-job-mentoring', 'EUR', 40.00, 'Goodwill for the late start', 'Agreed on the phone', 'finance'),
    ('demo-fjellbris', 'goodwill-2', NULL, 'EUR', -15.00, 'Goodwill', 'Agreed on the phone', 'finance');

-- An invoice of January, the credit note that takes it back, and February's invoice, as they were issued.
WITH issued AS (
    INSERT INTO invoices (number, company_id, year, sequence, kind, currency, month, issued_on, issued_at, document, line_count,
        sha256, previous_sha256, corrects, credit_id, reason, recorded_by)
    SELECT document ->> 'number', document ->> 'companyId', 2025, sequence, document ->> 'kind', document ->> 'currency',
        (document ->> 'month' || '-01')::date, (document ->> 'issuedOn')::date, issued_at::timestamptz, document,
        jsonb_array_length(document -> 'lines'), document ->> 'sha256', document ->> 'previousSha256',
        document ->> 'corrects', credit_id, reason, document ->> 'recordedBy'
    FROM (VALUES
        (1, '2025-02-04T00:10:00+00:00', NULL, NULL, '{"invoiceId": "CB-2025-000001", "number": "CB-2025-000001", "kind": "invoice", "companyId": "demo-fjellbris", "currency": "EUR", "month": "2025-01", "issuedOn": "2025-02-04", "dueOn": "2025-03-06", "seller": {"legalName": "Samspill Programs AS", "address": {"lines": ["Storgata 12"], "postcode": "0155", "city": "Oslo", "country": "NO"}, "vatId": "NO987654325MVA", "email": "billing@samspill.example", "iban": "NO9386011117947", "bic": "DNBANOKK", "numberPrefix": "CB", "timeZone": "Europe/Oslo"}, "buyer": {"legalName": "Fjellbris Energi AS", "address": {"lines": ["Kaigaten 4"], "postcode": "5016", "city": "Bergen", "country": "NO"}, "taxCategory": "S", "taxRate": "25", "taxReason": null, "vatId": "NO912345674MVA", "email": "faktura@fjellbris.example", "buyerReference": "PO-4471", "daysToPay": 30, "invoiceFrom": "2025-01", "hold": false}, "lines": [{"campaignId": "demo-first-job-mentoring", "campaignName": "First-job mentoring", "key": "manual:goodwill-1", "kind": "manual", "month": "2025-01", "description": "Goodwill for the late start", "quantity": "1", "unit": "adjustment", "unitPrice": "40.00", "amount": "40.00", "coveredBy": "none", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": "S", "taxRate": "25"}, {"campaignId": "demo-code-clubs", "campaignName": "Code clubs", "key": "bundle.share", "kind": "covered", "month": "2025-01", "description": "Share of the bundle", "quantity": "0.042466", "unit": "bundle", "unitPrice": "50000.00", "amount": "2123.29", "coveredBy": "subscription", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": null, "taxRate": null}, {"campaignId": "demo-digital-seniors", "campaignName": "Digital seniors", "key": "bundle.share", "kind": "covered", "month": "2025-01", "description": "Share of the bundle", "quantity": "0.042466", "unit": "bundle", "unitPrice": "50000.00", "amount": "2123.29", "coveredBy": "subscription", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": null, "taxRate": null}], "taxes": [{"taxCategory": "S", "taxRate": "25", "taxReason": null, "netAmount": "40.00", "taxAmount": "10.00"}], "netAmount": "40.00", "taxAmount": "10.00", "totalAmount": "50.00", "coveredAmount": "4246.58", "corrects": null, "creditedBy": null, "recordedBy": "issue_invoices", "sha256": "12558e33dffbdeb3911a255fa842b6257cb0d856b9bcaaa30140f1aca0638cdc", "previousSha256": null}'::jsonb),
        (2, '2025-02-05T09:00:00+00:00', 'credit-1', 'The wrong purchase order', '{"invoiceId": "CB-2025-000002", "number": "CB-2025-000002", "kind": "credit_note", "companyId": "demo-fjellbris", "currency": "EUR", "month": "2025-01", "issuedOn": "2025-02-05", "dueOn": "2025-03-07", "seller": {"legalName": "Samspill Programs AS", "address": {"lines": ["Storgata 12"], "postcode": "0155", "city": "Oslo", "country": "NO"}, "vatId": "NO987654325MVA", "email": "billing@samspill.example", "iban": "NO9386011117947", "bic": "DNBANOKK", "numberPrefix": "CB", "timeZone": "Europe/Oslo"}, "buyer": {"legalName": "Fjellbris Energi AS", "address": {"lines": ["Kaigaten 4"], "postcode": "5016", "city": "Bergen", "country": "NO"}, "taxCategory": "S", "taxRate": "25", "taxReason": null, "vatId": "NO912345674MVA", "email": "faktura@fjellbris.example", "buyerReference": "PO-4471", "daysToPay": 30, "invoiceFrom": "2025-01", "hold": false}, "lines": [{"campaignId": "demo-first-job-mentoring", "campaignName": "First-job mentoring", "key": "manual:goodwill-1", "kind": "credit", "month": "2025-01", "description": "Goodwill for the late start", "quantity": "-1", "unit": "adjustment", "unitPrice": "40.00", "amount": "-40.00", "coveredBy": "none", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": "S", "taxRate": "25"}], "taxes": [{"taxCategory": "S", "taxRate": "25", "taxReason": null, "netAmount": "-40.00", "taxAmount": "-10.00"}], "netAmount": "-40.00", "taxAmount": "-10.00", "totalAmount": "-50.00", "coveredAmount": "0.00", "corrects": "CB-2025-000001", "creditedBy": null, "recordedBy": "finance", "sha256": "0f767bcb17bfb167b5943f89c4ab1a3afb7af020624e5d7be71228a8ce500a04", "previousSha256": "12558e33dffbdeb3911a255fa842b6257cb0d856b9bcaaa30140f1aca0638cdc"}'::jsonb),
        (3, '2025-03-04T00:10:00+00:00', NULL, NULL, '{"invoiceId": "CB-2025-000003", "number": "CB-2025-000003", "kind": "invoice", "companyId": "demo-fjellbris", "currency": "EUR", "month": "2025-02", "issuedOn": "2025-03-04", "dueOn": "2025-04-03", "seller": {"legalName": "Samspill Programs AS", "address": {"lines": ["Storgata 12"], "postcode": "0155", "city": "Oslo", "country": "NO"}, "vatId": "NO987654325MVA", "email": "billing@samspill.example", "iban": "NO9386011117947", "bic": "DNBANOKK", "numberPrefix": "CB", "timeZone": "Europe/Oslo"}, "buyer": {"legalName": "Fjellbris Energi AS", "address": {"lines": ["Kaigaten 4"], "postcode": "5016", "city": "Bergen", "country": "NO"}, "taxCategory": "S", "taxRate": "25", "taxReason": null, "vatId": "NO912345674MVA", "email": "faktura@fjellbris.example", "buyerReference": "PO-4471", "daysToPay": 30, "invoiceFrom": "2025-01", "hold": false}, "lines": [{"campaignId": "demo-first-job-mentoring", "campaignName": "First-job mentoring", "key": "manual:goodwill-1", "kind": "manual", "month": "2025-02", "description": "Goodwill for the late start", "quantity": "1", "unit": "adjustment", "unitPrice": "40.00", "amount": "40.00", "coveredBy": "none", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": "S", "taxRate": "25"}, {"campaignId": "demo-code-clubs", "campaignName": "Code clubs", "key": "bundle.share", "kind": "covered", "month": "2025-02", "description": "Share of the bundle", "quantity": "0.038356", "unit": "bundle", "unitPrice": "50000.00", "amount": "1917.81", "coveredBy": "subscription", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": null, "taxRate": null}, {"campaignId": "demo-digital-seniors", "campaignName": "Digital seniors", "key": "bundle.share", "kind": "covered", "month": "2025-02", "description": "Share of the bundle", "quantity": "0.038356", "unit": "bundle", "unitPrice": "50000.00", "amount": "1917.81", "coveredBy": "subscription", "recomputedAmount": null, "invoicedAmount": null, "taxCategory": null, "taxRate": null}], "taxes": [{"taxCategory": "S", "taxRate": "25", "taxReason": null, "netAmount": "40.00", "taxAmount": "10.00"}], "netAmount": "40.00", "taxAmount": "10.00", "totalAmount": "50.00", "coveredAmount": "3835.62", "corrects": null, "creditedBy": null, "recordedBy": "issue_invoices", "sha256": "30b75a0625f4b0534e04f8a66f616242d052c0bc5f5d7e21ea30d3cf60f4f7e8", "previousSha256": "0f767bcb17bfb167b5943f89c4ab1a3afb7af020624e5d7be71228a8ce500a04"}'::jsonb)
    ) AS given (sequence, issued_at, credit_id, reason, document)
    RETURNING number, company_id, currency, document
)
INSERT INTO invoice_lines (number, position, company_id, campaign_id, key, kind, month, currency, amount, tax_category, tax_rate)
SELECT number, position, company_id, line ->> 'campaignId', line ->> 'key', line ->> 'kind', (line ->> 'month' || '-01')::date,
    currency, (line ->> 'amount')::numeric, line ->> 'taxCategory', (line ->> 'taxRate')::numeric
FROM issued CROSS JOIN LATERAL jsonb_array_elements(document -> 'lines') WITH ORDINALITY AS lines (line, position);
