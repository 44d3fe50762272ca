-- Sums over parts of time, each of one campaign and numbered from 0 in the order of the arrays.

-- name: totals
-- For each part and kind of usage: what was used in it.
SELECT part, kind, quantity FROM usage_of_parts(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[]);

-- name: seats
-- The seats of the hours in each part, and those over what is committed in it.
SELECT * FROM seats_of_parts(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[], :committed::numeric[]);

-- name: movements
-- Who paid for the credits used in each part: grants, by their prices, and none, which is overage (a null price).
SELECT used.part, g.price_amount, g.price_credits, sum(used.credits) AS credits
FROM credits_of_parts(:campaign_ids::text[], :starts::timestamptz[], :ends::timestamptz[]) AS used
LEFT JOIN credit_grants g ON g.id = used.grant_id
GROUP BY used.part, g.price_amount, g.price_credits
HAVING sum(used.credits) <> 0
ORDER BY used.part, min(g.id);
