-- Sums over parts of time, each of one campaign and numbered from 0 in the order of the arrays.

-- name: totals
-- For each part and kind of usage: what was used in it.
SELECT part.number - 1 AS part, used.kind, used.quantity
FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[])
    WITH ORDINALITY AS part (campaign_id, starts_at, ends_at, number)
CROSS JOIN LATERAL usage_in(part.campaign_id, part.starts_at, part.ends_at) AS used;

-- name: seats
-- The seats of the hours in each part, and those over what is committed in it.
SELECT part.number - 1 AS part, used.*
FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[], :committed::numeric[])
    WITH ORDINALITY AS part (campaign_id, starts_at, ends_at, committed, number)
CROSS JOIN LATERAL seats_in(part.campaign_id, part.starts_at, part.ends_at, part.committed) AS used;

-- name: movements
-- Who paid for the credits used in each part: grants, by their prices, and none, which is overage (a null price).
SELECT part.number - 1 AS part, g.price_amount, g.price_credits, sum(used.credits) AS credits
FROM unnest(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[])
    WITH ORDINALITY AS part (campaign_id, starts_at, ends_at, number)
CROSS JOIN LATERAL credits_in(part.campaign_id, part.starts_at, part.ends_at) AS used
LEFT JOIN credit_grants g ON g.id = used.grant_id
GROUP BY part.number, g.price_amount, g.price_credits
HAVING sum(used.credits) <> 0
ORDER BY part.number, min(g.id);

-- name: learners
-- The learners served in a campaign's life until an instant.
SELECT coalesce(sum(quantity), 0) FROM usage_in(:campaign_id, '-infinity', :until) WHERE kind = 'learner_served';
