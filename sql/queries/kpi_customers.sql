-- Customers with completed orders per bucket: who is new, who came back, and after how long.
-- $1 first days, $2 days after the last (date[], ascending, disjoint).
-- One pass: an order knows the order before it (previous_at) and the one before that. The first order of a customer
-- in a bucket is the one whose previous_at lies before the bucket, so counting customers is counting rows.
-- Orders of one instant are told apart by content, so that it does not matter which arrived first.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends,
           -- Not before the first year: no fact is, and PostgreSQL has no dates for all of what is.
           day_start(b.first - least(b.past - b.first, b.first - date '0001-01-01'), s.time_zone) AS previous_begins,
           s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends,
           min(base_currency) AS base_currency
    FROM bucket
), placed AS MATERIALIZED (
    SELECT o.customer_id, o.ordered_at, o.base_net, o.base_currency = span.base_currency AS converted,
           width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket,
           lag(o.ordered_at) OVER sequence AS previous_at,
           lag(o.ordered_at, 2) OVER sequence AS second_last_at
    FROM span JOIN orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test
      AND o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
    WINDOW sequence AS (PARTITION BY o.customer_id
                        ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id)
), earlier AS (
    SELECT o.customer_id, max(o.ordered_at) AS last_at
    FROM span JOIN orders AS o ON o.ordered_at < span.begins
    WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test AND o.ordered_at < ($1::date[])[1] + 1
    GROUP BY o.customer_id
), linked AS (
    SELECT p.bucket, p.base_net, p.converted, b.begins, b.previous_begins,
           coalesce(p.previous_at, e.last_at) AS previous_at,
           coalesce(p.second_last_at, e.last_at) AS second_last_at,
           -- A double holds the microseconds of 285 years.
           round(date_part('epoch', p.ordered_at - coalesce(p.previous_at, e.last_at)) * 1000000) AS gap_us
    FROM placed AS p JOIN bucket AS b USING (bucket) LEFT JOIN earlier AS e USING (customer_id)
), counted AS (
    SELECT bucket,
           count(*) FILTER (WHERE previous_at IS NULL OR previous_at < begins) AS active_customers,
           count(*) FILTER (WHERE previous_at IS NULL) AS new_customers,
           count(*) FILTER (WHERE previous_at >= begins AND (second_last_at IS NULL OR second_last_at < begins))
               AS repeat_customers,
           count(*) FILTER (WHERE previous_at < begins OR (previous_at >= begins AND second_last_at IS NULL))
               AS returning_customers,
           count(*) FILTER (WHERE previous_at >= previous_begins AND previous_at < begins) AS retained_customers,
           count(*) FILTER (WHERE previous_at < previous_begins) AS reactivated_customers,
           count(*) FILTER (WHERE converted AND previous_at IS NULL) AS first_orders,
           sum(base_net) FILTER (WHERE converted AND previous_at IS NULL) AS first_sales,
           count(*) FILTER (WHERE converted AND previous_at IS NOT NULL) AS repeat_orders,
           sum(base_net) FILTER (WHERE converted AND previous_at IS NOT NULL) AS repeat_sales,
           count(previous_at) AS gaps,
           sum(gap_us::bigint) AS gap_us,
           -- Twice the median is a whole number.
           (2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_us))::bigint AS gap_median_half_us
    FROM linked GROUP BY bucket
), previous AS (
    SELECT b.bucket, o.customers
    FROM bucket AS b CROSS JOIN LATERAL (
        SELECT count(DISTINCT o.customer_id) AS customers FROM orders AS o
        WHERE o.ordered_at >= b.previous_begins AND o.ordered_at < b.begins
          AND o.status IN ('paid', 'fulfilled') AND NOT o.test) AS o
)
SELECT b.bucket,
       coalesce(c.active_customers, 0) AS active_customers,
       coalesce(c.new_customers, 0) AS new_customers,
       coalesce(c.repeat_customers, 0) AS repeat_customers,
       coalesce(c.returning_customers, 0) AS returning_customers,
       p.customers AS previous_customers,
       coalesce(c.retained_customers, 0) AS retained_customers,
       p.customers - coalesce(c.retained_customers, 0) AS lost_customers,
       coalesce(c.reactivated_customers, 0) AS reactivated_customers,
       coalesce(c.first_orders, 0) AS first_orders,
       coalesce(c.first_sales, 0) AS first_sales,
       coalesce(c.repeat_orders, 0) AS repeat_orders,
       coalesce(c.repeat_sales, 0) AS repeat_sales,
       coalesce(c.gaps, 0) AS gaps,
       coalesce(c.gap_us, 0) AS gap_us,
       coalesce(c.gap_median_half_us, 0) AS gap_median_half_us
FROM bucket AS b JOIN previous AS p USING (bucket) LEFT JOIN counted AS c USING (bucket)
ORDER BY b.bucket;
