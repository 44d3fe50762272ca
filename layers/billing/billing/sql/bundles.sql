-- name: lock_subscription
-- The subscription with its price, locked: two links to it happen one after the other.
SELECT s.id, s.company_id, s.status, s.quantity, b.annual_price, b.currency
FROM l2i_subscriptions s JOIN l2i_bundles b ON b.id = s.bundle_id
WHERE s.id = :subscription_id AND :company IN (s.company_id, '*') FOR NO KEY UPDATE OF s;

-- name: lock_campaign
-- The campaign, locked: its model and company stay as they are until the link is made.
SELECT id, company_id, pricing_model, is_active FROM campaigns
WHERE id = :campaign_id AND :company IN (company_id, '*') FOR NO KEY UPDATE;

-- name: subscription
-- The subscription with its price.
SELECT s.id, s.company_id, s.status, s.quantity, b.annual_price, b.currency
FROM l2i_subscriptions s JOIN l2i_bundles b ON b.id = s.bundle_id
WHERE s.id = :subscription_id AND :company IN (s.company_id, '*');

-- name: shares_of_others
-- What the subscription's other active campaigns take of it.
SELECT coalesce(sum(bundle_allocation_percentage), 0) AS shares FROM campaigns
WHERE l2i_subscription_id = :subscription_id AND is_active AND id <> :campaign_id;

-- name: link
-- Link a campaign to a subscription, or change its share.
UPDATE campaigns SET l2i_subscription_id = :subscription_id, bundle_allocation_percentage = :share, updated_at = now()
WHERE id = :campaign_id;

-- name: unlink
-- Undo the link of a campaign.
UPDATE campaigns SET l2i_subscription_id = NULL, bundle_allocation_percentage = NULL, updated_at = now()
WHERE id = :campaign_id AND :company IN (company_id, '*') RETURNING id;

-- name: active_campaigns
-- The active campaigns of a subscription with their shares, in a stable order.
SELECT id, name, bundle_allocation_percentage FROM campaigns
WHERE l2i_subscription_id = :subscription_id AND is_active ORDER BY id;

-- name: capacity
-- What decides whether a campaign can use its subscription.
SELECT c.pricing_model, c.bundle_allocation_percentage AS share, s.status AS subscription_status
FROM campaigns c LEFT JOIN l2i_subscriptions s ON s.id = c.l2i_subscription_id
WHERE c.id = :campaign_id AND :company IN (c.company_id, '*');

-- name: campaigns
-- All campaigns of a subscription with the terms that matter for billing, in a stable order.
SELECT id AS campaign_id, name AS campaign_name, status, is_active, pricing_model, start_date, end_date,
    bundle_allocation_percentage AS allocation_percentage
FROM campaigns WHERE l2i_subscription_id = :subscription_id ORDER BY id;
