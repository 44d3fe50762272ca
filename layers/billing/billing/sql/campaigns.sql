-- name: campaigns
-- Campaigns with the histories of their terms and of the subscriptions that they were ever linked to, in the order of their
-- ids; nothing of those that do not exist or are another company's. Of the terms those in force between two instants, and all
-- custom ones, whose fees and milestones look at the whole life. One JSON text, and in it the histories a text each: many campaigns
-- have the same.
SELECT json_agg(json_build_array(c.id, c.company_id, c.name, c.currency, c.start_date, c.end_date, companies.time_zone,
    c.l2i_subscription_id, c.bundle_allocation_percentage,
    (SELECT json_agg(json_build_array(starts_at, ends_at, terms) ORDER BY starts_at)
        FROM campaign_versions
        WHERE campaign_id = c.id AND (ends_at > :since AND starts_at < :until OR terms ->> 'pricing_model' = 'custom')
    )::text,
    (SELECT json_agg(json_build_array(subscription_id, starts_at, ends_at, terms) ORDER BY starts_at)
        FROM (
            SELECT DISTINCT terms ->> 'l2i_subscription_id' AS id FROM campaign_terms
            WHERE campaign_id = c.id AND terms ->> 'l2i_subscription_id' IS NOT NULL
        ) AS linked
        -- Looked up for each link alone: most campaigns have none.
        CROSS JOIN LATERAL (SELECT * FROM subscription_versions WHERE subscription_id = linked.id) AS bought
    )::text,
    first.price_amount, first.price_credits) ORDER BY c.id)::text
FROM campaigns c
JOIN companies ON companies.id = c.company_id
LEFT JOIN LATERAL (
    SELECT price_amount, price_credits FROM credit_grants WHERE campaign_id = c.id ORDER BY id LIMIT 1
) first ON true
WHERE c.id = ANY (:campaign_ids::text[]) AND :company IN (c.company_id, '*');

-- name: of_company
-- The ids of a company's campaigns.
SELECT coalesce(json_agg(id), '[]') FROM campaigns WHERE company_id = :company_id;
