-- Persons with completed orders per bucket: who is new, who came back, and after how long.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 what to group by (one bucket then):
-- channel, campaign or storefront. kpi_country_customers.sql counts the same by country.
-- One pass: an order knows the one before it, the one after it, and the one before it in its own group. The first order
-- of a person in a bucket and group is the one whose key_previous_at lies before the bucket, so counting persons is
-- counting rows. Grouped, a person counts in each group that it ordered in; what is said of it is about all its orders.
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
), ordered AS (
    SELECT o.person_id, o.ordered_at, o.base_net, o.base_currency, o.external_id,
           o.base_currency = span.base_currency AS converted,
           CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
                         WHEN 'storefront' THEN o.storefront END AS key
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
), placed AS MATERIALIZED (
    SELECT o.person_id, o.ordered_at, o.base_net, o.converted, o.key,
           width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket,
           lag(o.ordered_at) OVER sequence AS previous_at,
           lead(o.ordered_at) OVER sequence AS next_at,
           lag(o.ordered_at) OVER (PARTITION BY o.person_id, o.key
                                   ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id) AS key_previous_at
    FROM ordered AS o
    WINDOW sequence AS (PARTITION BY o.person_id
                        ORDER BY o.ordered_at, o.base_net, o.base_currency, o.external_id, o.key)
), earlier AS (
    SELECT o.person_id, max(o.ordered_at) AS last_at
    FROM span JOIN completed_orders AS o ON o.ordered_at < span.begins
    WHERE o.ordered_at < ($1::date[])[1] + 1
    GROUP BY o.person_id
), linked AS (
    SELECT p.bucket, p.converted, p.base_net, b.previous_begins, p.key,
           p.key_previous_at IS NULL OR p.key_previous_at < b.begins AS active,
           coalesce(p.previous_at >= b.begins, false) OR coalesce(p.next_at < b.ends, false) AS twice,
           coalesce(p.previous_at, e.last_at) IS NULL AS new,
           -- Before the bucket, if this row is active.
           CASE WHEN p.previous_at < b.begins THEN p.previous_at ELSE e.last_at END AS before_at,
           -- A double holds the microseconds of 285 years.
           round(date_part('epoch', p.ordered_at - coalesce(p.previous_at, e.last_at)) * 1000000) AS gap_us
    FROM placed AS p JOIN bucket AS b USING (bucket) LEFT JOIN earlier AS e USING (person_id)
), counted AS (
    SELECT bucket, key,
           count(*) FILTER (WHERE active) AS active_customers,
           count(*) FILTER (WHERE new) AS new_customers,
           count(*) FILTER (WHERE active AND twice) AS repeat_customers,
           count(*) FILTER (WHERE active AND (twice OR before_at IS NOT NULL)) AS returning_customers,
           NULL::bigint AS retained_customers, -- a matter of the group before
           count(*) FILTER (WHERE active AND before_at < previous_begins) AS reactivated_customers,
           count(*) FILTER (WHERE new AND converted) AS first_orders,
           sum(base_net) FILTER (WHERE new AND converted) AS first_sales,
           count(*) FILTER (WHERE NOT new AND converted) AS repeat_orders,
           sum(base_net) FILTER (WHERE NOT new AND converted) AS repeat_sales,
           count(gap_us) AS gaps,
           sum(gap_us::bigint) AS gap_us,
           -- Twice the median is a whole number.
           (2 * percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_us))::bigint AS gap_median_half_us
    FROM linked GROUP BY bucket, key
), previous AS (
    -- Who was retained is a matter of the group that it was in before, so it is looked up.
    SELECT w.bucket, w.key, count(*) AS customers, count(a.person_id) AS retained
    FROM (SELECT b.bucket, o.person_id, o.key
          FROM bucket AS b CROSS JOIN LATERAL (
              SELECT DISTINCT o.person_id, CASE $3::text WHEN 'channel' THEN o.channel WHEN 'campaign' THEN o.campaign
                     WHEN 'storefront' THEN o.storefront END AS key
              FROM completed_orders AS o
              WHERE o.ordered_at >= b.previous_begins AND o.ordered_at < b.begins) AS o) AS w
    LEFT JOIN (SELECT p.bucket, p.person_id FROM placed AS p JOIN bucket AS b USING (bucket)
               WHERE p.previous_at IS NULL OR p.previous_at < b.begins) AS a USING (bucket, person_id)
    GROUP BY w.bucket, w.key
)
SELECT bucket, key,
       coalesce(sum(active_customers), 0) AS active_customers,
       coalesce(sum(new_customers), 0) AS new_customers,
       coalesce(sum(repeat_customers), 0) AS repeat_customers,
       coalesce(sum(returning_customers), 0) AS returning_customers,
       coalesce(sum(previous_customers), 0) AS previous_customers,
       coalesce(sum(retained_customers), 0) AS retained_customers,
       coalesce(sum(previous_customers), 0) - coalesce(sum(retained_customers), 0) AS lost_customers,
       coalesce(sum(reactivated_customers), 0) AS reactivated_customers,
       coalesce(sum(first_orders), 0) AS first_orders,
       coalesce(sum(first_sales), 0) AS first_sales,
       coalesce(sum(repeat_orders), 0) AS repeat_orders,
       coalesce(sum(repeat_sales), 0) AS repeat_sales,
       coalesce(sum(gaps), 0) AS gaps,
       coalesce(sum(gap_us), 0) AS gap_us,
       coalesce(sum(gap_median_half_us), 0) AS gap_median_half_us
FROM (SELECT *, NULL::bigint AS previous_customers FROM counted
      UNION ALL
      SELECT bucket, key, NULL, NULL, NULL, NULL, retained, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, customers
      FROM previous) AS part
GROUP BY bucket, key ORDER BY bucket, key
LIMIT 1001; -- 1,000 groups are served; one more shows that there are more
