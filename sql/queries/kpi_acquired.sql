-- What the persons that were acquired in each bucket (first completed order ever) brought in, and cost, until the end of a day.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 the last day whose facts count.
WITH shop AS MATERIALIZED (
    SELECT time_zone, day_start($3::date + 1, time_zone) AS cut, date_trunc('month', $3::timestamp + interval '1 day')::date AS month
    FROM settings
), bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, least(b.past, $3::date + 1) AS past
    FROM unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), cell AS (
    -- Whole months until the one that the last day is in, and its days.
    SELECT b.bucket, c.* FROM shop CROSS JOIN bucket AS b JOIN cohort_days AS c
        ON c.grain = 'month' AND c.first_day >= b.first AND c.first_day < b.past AND c.day < shop.month
    UNION ALL
    SELECT b.bucket, c.* FROM shop CROSS JOIN bucket AS b JOIN cohort_days AS c
        ON c.grain = 'day' AND c.first_day >= b.first AND c.first_day < b.past AND c.day >= shop.month AND c.day <= $3::date
), cohort AS (
    SELECT bucket, first_day, sum(customers) AS customers, sum(first_us) AS first_us, sum(net) AS net, sum(net_with_cost) AS net_with_cost,
           sum(cost) AS cost, sum(unconverted) AS unconverted, sum(costs) AS costs, sum(unconverted_costs) AS unconverted_costs
    FROM cell GROUP BY bucket, first_day
)
SELECT b.bucket, NULL AS key,
       coalesce(sum(c.customers), 0)::bigint AS acquired_customers,
       coalesce(sum(c.customers * trunc(extract(epoch FROM shop.cut - day_start(c.first_day, shop.time_zone)) * 1000000) - c.first_us), 0)
           AS acquired_observed_us,
       coalesce(sum(c.net), 0) AS acquired_net,
       coalesce(sum(c.net_with_cost), 0) AS acquired_net_with_cost,
       coalesce(sum(c.cost), 0) AS acquired_cost,
       coalesce(sum(c.unconverted), 0) AS unconverted_acquired,
       coalesce(sum(c.costs), 0) AS acquired_costs,
       coalesce(sum(c.unconverted_costs), 0) AS unconverted_costs
FROM shop CROSS JOIN bucket AS b LEFT JOIN cohort AS c USING (bucket) GROUP BY b.bucket ORDER BY b.bucket;
