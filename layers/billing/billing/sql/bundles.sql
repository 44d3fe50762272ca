-- name: subscription
-- The subscription with its terms in force now: those that began last, or where none have begun yet, those that will first.
SELECT s.id, s.company_id, s.status, (v.terms ->> 'quantity')::integer AS quantity,
    (v.terms ->> 'annual_price')::numeric AS annual_price, v.terms ->> 'currency' AS currency
FROM l2i_subscriptions s
CROSS JOIN LATERAL (
    SELECT terms FROM subscription_versions WHERE subscription_id = s.id
    ORDER BY starts_at <= now() DESC, abs(extract(EPOCH FROM now() - starts_at)) LIMIT 1
) v
WHERE s.id = :subscription_id AND :company IN (s.company_id, '*');

-- name: lock_subscription
-- Links to a subscription happen one after the other. A campaign is locked before its subscription, by everyone.
SELECT id, company_id, status FROM l2i_subscriptions
WHERE id = :subscription_id AND :company IN (company_id, '*') FOR NO KEY UPDATE;

-- name: shares_of_others
-- The most that the subscription's other active campaigns take of it at any instant at which a link from one on holds: until the
-- campaign's next change of its link, and of an active campaign only while it is active.
WITH own AS (
    SELECT greatest(v.starts_at, :since) AS starts_at, least(v.ends_at, next.instant) AS ends_at
    FROM campaign_versions v
    CROSS JOIN LATERAL (
        SELECT coalesce(min(t.effective_from), 'infinity') AS instant FROM campaign_terms t
        WHERE t.campaign_id = :campaign_id AND t.effective_from > :since AND t.terms ? 'l2i_subscription_id'
    ) AS next
    WHERE v.campaign_id = :campaign_id AND v.ends_at > :since AND v.starts_at < next.instant
        AND (NOT :is_active OR (v.terms ->> 'is_active')::boolean)
), link AS (
    SELECT greatest(v.starts_at, :since) AS starts_at, v.ends_at, (v.terms ->> 'bundle_allocation_percentage')::numeric AS share
    FROM campaign_versions v
    WHERE v.campaign_id IN (
            SELECT t.campaign_id FROM campaign_terms t WHERE t.terms ->> 'l2i_subscription_id' = :subscription_id)
        AND v.terms ->> 'l2i_subscription_id' = :subscription_id AND (v.terms ->> 'is_active')::boolean
        AND v.ends_at > :since AND v.campaign_id <> :campaign_id
), edge AS (
    SELECT starts_at AS instant, share FROM link
    UNION ALL SELECT ends_at, -share FROM link
    UNION ALL SELECT starts_at, 0 FROM own
), total AS (
    SELECT instant, sum(sum(share)) OVER (ORDER BY instant) AS share FROM edge GROUP BY instant
)
SELECT coalesce(max(total.share), 0) AS shares
FROM total JOIN own ON total.instant >= own.starts_at AND total.instant < own.ends_at;

-- name: active_campaigns
-- The active campaigns of a subscription with their shares, in a stable order; as one JSON text.
SELECT json_agg(json_build_array(id, name, bundle_allocation_percentage) ORDER BY id)::text FROM campaigns
WHERE l2i_subscription_id = :subscription_id AND is_active;

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
