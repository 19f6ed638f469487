-- The persons that were acquired in a window (acquired_customers, by their first order), or what they brought until the
-- end of a day, newest first. $1 limit, $2 $3 cursor (instant, id), $4 which: acquired_customers; acquired_net, orders
-- and refunds; acquired_simple, these and their costs; acquired_historic, the margin of these and their costs; $5 first
-- day, $6 day after the last; $7 the last day whose facts count. See kpi_value.sql, and kpi_members_orders.sql for the
-- margin.
WITH shop AS MATERIALIZED (
    SELECT base_currency, default_gross_margin, day_start($7::date + 1, time_zone) AS cut,
           day_start($5::date, time_zone) AS begins,
           least(day_start($6::date, time_zone), day_start($7::date + 1, time_zone)) AS ends
    FROM settings
), acquired AS MATERIALIZED (
    SELECT o.person_id, min(o.ordered_at) AS first_at
    FROM shop JOIN completed_orders AS o ON o.ordered_at < shop.ends
    WHERE o.ordered_at < $6::date + 1
    GROUP BY o.person_id, shop.begins HAVING min(o.ordered_at) >= shop.begins
), member AS (
    SELECT person_id, person_id AS customer_id FROM acquired
    UNION ALL
    SELECT a.person_id, p.customer_id FROM acquired AS a JOIN customer_persons AS p USING (person_id)
), fact AS (
    SELECT 'customer' AS kind, a.person_id AS id, a.person_id, a.first_at AS at, NULL AS base_currency,
           NULL::bigint AS net, NULL::bigint AS net_with_cost, NULL::bigint AS cost
    FROM acquired AS a WHERE $4::text = 'acquired_customers'
    UNION ALL
    SELECT 'order', o.order_id, m.person_id, o.ordered_at, o.base_currency, o.base_net, o.base_net_with_cost, o.base_cost
    FROM shop, member AS m
    CROSS JOIN LATERAL (SELECT * FROM orders AS v WHERE v.customer_id = m.customer_id OFFSET 0) AS o
    WHERE $4::text <> 'acquired_customers'
      AND o.ordered_at < shop.cut AND o.status IN ('paid', 'fulfilled') AND NOT o.test
    UNION ALL
    SELECT 'refund', n.refund_id, m.person_id, n.refunded_at, n.base_currency, -n.base_net, -n.base_net_with_cost, -n.base_cost
    FROM shop, member AS m
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = m.customer_id OFFSET 0) AS n
    WHERE $4::text <> 'acquired_customers'
      AND n.refunded_at < shop.cut AND n.ordered_at < shop.cut AND n.status IN ('paid', 'fulfilled') AND NOT n.test
    UNION ALL
    -- No goods: all that it takes is margin.
    SELECT 'cost', c.cost_id, m.person_id, c.incurred_at, c.base_currency, -c.base_amount, -c.base_amount, 0
    FROM shop, member AS m
    CROSS JOIN LATERAL (SELECT * FROM costs AS v WHERE v.customer_id = m.customer_id OFFSET 0) AS c
    WHERE $4::text IN ('acquired_simple', 'acquired_historic') AND c.incurred_at < shop.cut
)
SELECT f.id, rfc3339(f.at) AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           f.kind, f.id, f.person_id AS customer_id, rfc3339(f.at) AS at,
           CASE WHEN $4::text IN ('acquired_net', 'acquired_simple') THEN f.net::numeric
                WHEN $4::text = 'acquired_historic'
                THEN trim_scale(f.net_with_cost - f.cost + (f.net - f.net_with_cost) * shop.default_gross_margin)
           END AS amount) AS d) AS document
FROM shop, fact AS f
WHERE (f.kind = 'customer' OR f.base_currency = shop.base_currency)
  AND ($2::timestamptz IS NULL OR (f.at, f.id) < ($2::timestamptz, $3::uuid))
ORDER BY f.at DESC, f.id DESC LIMIT $1::integer;
