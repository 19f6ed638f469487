-- What loyalty members and referred persons ordered per bucket. $1 first days, $2 days after the last (date[], ascending,
-- disjoint); $3 dimension: channel, campaign, storefront or country.
-- A member is one at the instant of the order. Who came by referral counts so with all orders; a refund counts on its own
-- day, in the group of its order. Orders of one instant are told apart by content, so that it does not matter which
-- arrived first.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends,
           s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends,
           min(base_currency) AS base_currency
    FROM bucket
), member AS MATERIALIZED (
    SELECT coalesce(p.person_id, m.customer_id) AS person_id, m.joined_at,
           coalesce(m.left_at, 'infinity'::timestamptz) AS left_at
    FROM loyalty_members AS m LEFT JOIN customer_persons AS p USING (customer_id)
), bought AS (
    SELECT DISTINCT o.person_id, width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
               WHEN 'storefront' THEN o.storefront WHEN 'country' THEN c.country END AS key
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.person_id
    WHERE EXISTS (SELECT FROM member AS m
                  WHERE m.person_id = o.person_id AND m.joined_at <= o.ordered_at AND o.ordered_at < m.left_at)
      AND o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
), referral AS (
    SELECT r.referrer_id, r.customer_id FROM referrals AS r
    UNION ALL
    SELECT c.referred_by, c.customer_id FROM customers AS c WHERE c.referred_by IS NOT NULL
), referred AS MATERIALIZED (
    -- Nobody refers themselves, also when that shows later.
    SELECT DISTINCT coalesce(p.person_id, r.customer_id) AS person_id
    FROM referral AS r
    LEFT JOIN customer_persons AS f ON f.customer_id = r.referrer_id
    LEFT JOIN customer_persons AS p ON p.customer_id = r.customer_id
    WHERE coalesce(f.person_id, r.referrer_id) <> coalesce(p.person_id, r.customer_id)
), came AS (
    SELECT o.person_id, o.ordered_at, o.base_net, o.base_net_with_cost, o.base_cost,
           o.base_currency = span.base_currency AS converted,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
               WHEN 'storefront' THEN o.storefront WHEN 'country' THEN c.country END AS key,
           row_number() OVER (PARTITION BY o.person_id
                              ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id) AS n
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    JOIN referred USING (person_id)
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.person_id
    WHERE o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
), refunded AS MATERIALIZED (
    SELECT DISTINCT r.customer_id, r.order_id
    FROM span JOIN refunds AS r ON r.refunded_at >= span.begins AND r.refunded_at < span.ends
    LEFT JOIN customer_persons AS p USING (customer_id)
    JOIN referred AS c ON c.person_id = coalesce(p.person_id, r.customer_id)
    WHERE r.refunded_at >= ($1::date[])[1] - 1 AND r.refunded_at < ($2::date[])[cardinality($2::date[])] + 1
), fact AS (
    SELECT o.ordered_at AS at, o.key, o.base_net, o.base_net_with_cost, o.base_cost, o.converted,
           -- The first one ever. In two, so that the index by customer serves both.
           CASE WHEN o.n = 1 THEN (
               NOT EXISTS (SELECT FROM orders AS e
                           WHERE e.customer_id = o.person_id AND e.ordered_at < span.begins
                             AND e.status IN ('paid', 'fulfilled') AND NOT e.test)
               AND NOT EXISTS (SELECT FROM customer_persons AS p JOIN orders AS e USING (customer_id)
                               WHERE p.person_id = o.person_id AND e.ordered_at < span.begins
                                 AND e.status IN ('paid', 'fulfilled') AND NOT e.test))::integer ELSE 0 END AS new
    FROM span, came AS o
    UNION ALL
    -- By order (OFFSET 0 keeps it so), that the view reads the refunds of these orders alone.
    SELECT n.refunded_at,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
               WHEN 'storefront' THEN o.storefront WHEN 'country' THEN c.country END,
           -n.base_net, -n.base_net_with_cost, -n.base_cost, n.base_currency = span.base_currency, 0
    FROM span, refunded AS f JOIN completed_orders AS o USING (customer_id, order_id)
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = o.person_id
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v
                        WHERE v.customer_id = f.customer_id AND v.order_id = f.order_id OFFSET 0) AS n
    WHERE n.refunded_at >= span.begins AND n.refunded_at < span.ends
), counted AS (
    SELECT width_bucket(f.at, (SELECT starts FROM span)) AS bucket, f.key, 0 AS members, sum(f.new) AS new,
           sum(f.base_net) FILTER (WHERE f.converted) AS net,
           sum(f.base_net_with_cost) FILTER (WHERE f.converted) AS net_with_cost,
           sum(f.base_cost) FILTER (WHERE f.converted) AS cost,
           count(*) FILTER (WHERE NOT f.converted) AS unconverted
    FROM fact AS f GROUP BY 1, 2
    UNION ALL
    SELECT bucket, key, count(*), 0, 0, 0, 0, 0 FROM bought GROUP BY bucket, key
)
SELECT b.bucket, c.key,
       coalesce(sum(c.members), 0) AS member_customers,
       coalesce(sum(c.new), 0) AS referred_customers,
       coalesce(sum(c.net), 0) AS referred_net,
       coalesce(sum(c.net_with_cost), 0) AS referred_net_with_cost,
       coalesce(sum(c.cost), 0) AS referred_cost,
       coalesce(sum(c.unconverted), 0) AS unconverted_referred
FROM bucket AS b JOIN counted AS c USING (bucket)
GROUP BY b.bucket, c.key ORDER BY b.bucket, c.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT 1001;
