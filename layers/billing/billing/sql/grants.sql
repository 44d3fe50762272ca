-- name: list_price
-- What a credit of the campaign costs now that no grant pays for, as amount / credits; null where there is no price.
SELECT amount, credits FROM list_price(:campaign_id, clock_timestamp());

-- name: grant
-- Put a grant on record, which a trigger adds to the balance; nothing if its id is there already.
INSERT INTO credit_grants (company_id, campaign_id, grant_id, credits, amount, price_amount, price_credits, at_list_price,
    priority, expires_at, source, note, recorded_by)
SELECT company_id, id, :grant_id, :credits::numeric, :amount::numeric, :price_amount::numeric, :price_credits::numeric,
    :at_list_price, :priority::smallint, :expires_at::timestamptz, :source, :note, :recorded_by
FROM campaigns WHERE id = :campaign_id
ON CONFLICT (company_id, grant_id) DO NOTHING
RETURNING id;

-- name: granted
-- The grant that has a caller's id, in the campaign's company.
SELECT g.id, g.grant_id, g.campaign_id, g.credits, g.amount, g.at_list_price, g.priority, g.expires_at,
    g.source, g.note, g.credits - g.moved AS remaining, g.recorded_by, g.created_at
FROM credit_grants g JOIN campaigns c ON c.company_id = g.company_id AND c.id = :campaign_id
WHERE g.grant_id = :grant_id;

-- name: balance
-- What a campaign was granted in all, and what is left.
SELECT c.currency, coalesce(c.credits_remaining, 0) AS credits_remaining,
    (SELECT coalesce(sum(credits), 0) FROM credit_grants WHERE campaign_id = c.id) AS credit_allocation
FROM campaigns c WHERE c.id = :campaign_id AND :company IN (c.company_id, '*');
