-- Sums of cohorts of a month in one pass over its days: cells of a day and a first day once, coarser ones out of those.

CREATE OR REPLACE FUNCTION cohort_day_sums(first date, past date) RETURNS SETOF cohort_days LANGUAGE sql STABLE AS $$
WITH cell AS MATERIALIZED (
    SELECT d.first_day, d.day, sum(s.customers)::bigint AS customers, sum(s.first_us) AS first_us, sum(s.net)::bigint AS net,
           sum(s.net_with_cost)::bigint AS net_with_cost, sum(s.cost)::bigint AS cost, sum(s.unconverted)::bigint AS unconverted,
           sum(s.costs)::bigint AS costs, sum(s.unconverted_costs)::bigint AS unconverted_costs
    FROM customer_days AS d CROSS JOIN LATERAL day_cohort(d) AS s WHERE d.day >= first AND d.day < past GROUP BY 1, 2
), rolled AS (
    SELECT c.* FROM data_version AS v JOIN cell AS c ON c.day < v.rolled
), grained (grain, first_day, day, customers, first_us, net, net_with_cost, cost, unconverted, costs, unconverted_costs) AS (
    SELECT 'day day'::sum_grain, c.* FROM cell AS c
    UNION ALL
    SELECT 'month day', date_trunc('month', c.first_day::timestamp)::date, c.day, sum(c.customers)::bigint, sum(c.first_us), sum(c.net)::bigint,
           sum(c.net_with_cost)::bigint, sum(c.cost)::bigint, sum(c.unconverted)::bigint, sum(c.costs)::bigint, sum(c.unconverted_costs)::bigint
    FROM cell AS c GROUP BY 2, 3
    UNION ALL
    SELECT 'day month', c.first_day, date_trunc('month', c.day::timestamp)::date, sum(c.customers)::bigint, sum(c.first_us), sum(c.net)::bigint,
           sum(c.net_with_cost)::bigint, sum(c.cost)::bigint, sum(c.unconverted)::bigint, sum(c.costs)::bigint, sum(c.unconverted_costs)::bigint
    FROM rolled AS c GROUP BY 2, 3
    UNION ALL
    SELECT 'month month', date_trunc('month', c.first_day::timestamp)::date, date_trunc('month', c.day::timestamp)::date, sum(c.customers)::bigint,
           sum(c.first_us), sum(c.net)::bigint, sum(c.net_with_cost)::bigint, sum(c.cost)::bigint, sum(c.unconverted)::bigint,
           sum(c.costs)::bigint, sum(c.unconverted_costs)::bigint
    FROM rolled AS c GROUP BY 2, 3
)
SELECT g.* FROM grained AS g
WHERE (g.customers, g.first_us, g.net, g.net_with_cost, g.cost, g.unconverted, g.costs, g.unconverted_costs) <> (0, 0, 0, 0, 0, 0, 0, 0)
$$;
