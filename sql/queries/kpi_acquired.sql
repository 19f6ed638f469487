-- keep 3
-- What the persons that were acquired in each bucket (first completed order ever) brought in, and cost, until the end of a day.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 the last day whose facts count.
WITH shop AS MATERIALIZED (
    SELECT extract(epoch FROM day_start($3::date + 1, time_zone)) * 1000000 AS cut_us FROM settings
), bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, least(b.past, $3::date + 1) AS past
    FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), last AS MATERIALIZED (
    SELECT max(d.day) + 1 AS past FROM customer_days AS d
), age AS MATERIALIZED (
    SELECT o.* FROM data_version AS v CROSS JOIN LATERAL near_pieces('-infinity', $3::date + 1, v.rolled) AS o
), part AS (
    SELECT b.bucket, p.sign * o.sign AS sign, c.*
    FROM last CROSS JOIN bucket AS b CROSS JOIN LATERAL near_pieces(b.first, least(b.past, last.past), 'infinity') AS p
    CROSS JOIN LATERAL piece_days(p.grain, p.first, p.past) AS d(first_day) CROSS JOIN age AS o
    CROSS JOIN LATERAL (
        SELECT sum(c.customers) AS customers, sum(c.first_us) AS first_us, sum(c.net) AS net, sum(c.net_with_cost) AS net_with_cost,
               sum(c.cost) AS cost, sum(c.unconverted) AS unconverted, sum(c.costs) AS costs, sum(c.unconverted_costs) AS unconverted_costs
        FROM cohort_days AS c
        WHERE c.grain = (p.grain || ' ' || o.grain)::sum_grain AND c.first_day = d.first_day AND c.day >= o.first AND c.day < o.past) AS c
)
SELECT b.bucket, NULL AS key,
       coalesce(sum(c.sign * c.customers), 0)::bigint AS acquired_customers,
       trunc(coalesce(sum(c.sign * (c.customers * shop.cut_us - c.first_us)), 0)) AS acquired_observed_us,
       coalesce(sum(c.sign * c.net), 0) AS acquired_net,
       coalesce(sum(c.sign * c.net_with_cost), 0) AS acquired_net_with_cost,
       coalesce(sum(c.sign * c.cost), 0) AS acquired_cost,
       coalesce(sum(c.sign * c.unconverted), 0) AS unconverted_acquired,
       coalesce(sum(c.sign * c.costs), 0) AS acquired_costs,
       coalesce(sum(c.sign * c.unconverted_costs), 0) AS unconverted_costs
FROM shop CROSS JOIN bucket AS b LEFT JOIN part AS c USING (bucket) GROUP BY b.bucket ORDER BY b.bucket;
