-- Visits of persons per bucket. $1 first days, $2 days after the last (date[], ascending, disjoint); $3 dimension: NULL,
-- channel, campaign or country.
-- A visit that does not say how long it took does not count where that is asked.
-- Bounds by date beside the exact ones (a day of the shop begins within a day of UTC's) are for the planner, which
-- cannot see what the exact ones will be. The list of starts is a sub-select so that no sort carries it along.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends FROM bucket
), visit AS (
    SELECT width_bucket(t.at, (SELECT starts FROM span)) AS bucket, coalesce(p.person_id, t.customer_id) AS person_id,
           t.channel, t.campaign, t.pages, t.duration_seconds
    FROM span JOIN touchpoints AS t ON t.at >= span.begins AND t.at < span.ends
    LEFT JOIN customer_persons AS p ON p.customer_id = t.customer_id
    WHERE t.kind = 'visit' AND t.at >= ($1::date[])[1] - 1 AND t.at < ($2::date[])[cardinality($2::date[])] + 1
), visitor AS (
    -- One row per person, so that visitors are counted without a DISTINCT.
    SELECT v.bucket, v.person_id,
           CASE $3::text WHEN 'channel' THEN v.channel WHEN 'campaign' THEN v.campaign WHEN 'country' THEN c.country END
               AS key,
           count(*) AS visits, sum(v.pages) AS pages, count(*) FILTER (WHERE v.pages = 1) AS bounces,
           count(v.duration_seconds) AS timed, sum(v.duration_seconds) AS seconds
    FROM visit AS v LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = v.person_id
    GROUP BY 1, 2, 3
), buyer AS (
    SELECT DISTINCT width_bucket(o.ordered_at, (SELECT starts FROM span)) AS bucket, o.person_id
    FROM span JOIN completed_orders AS o ON o.ordered_at >= span.begins AND o.ordered_at < span.ends
    WHERE o.ordered_at >= ($1::date[])[1] - 1 AND o.ordered_at < ($2::date[])[cardinality($2::date[])] + 1
), counted AS (
    SELECT v.bucket, v.key, count(*) AS visitors, count(b.person_id) AS ordering, sum(v.visits) AS visits,
           sum(v.pages) AS pages, sum(v.bounces) AS bounces, sum(v.timed) AS timed, sum(v.seconds) AS seconds
    FROM visitor AS v LEFT JOIN buyer AS b USING (bucket, person_id)
    GROUP BY v.bucket, v.key
)
SELECT b.bucket, c.key,
       coalesce(c.visitors, 0) AS unique_visitors,
       coalesce(c.ordering, 0) AS ordering_visitors,
       coalesce(c.visits, 0) AS visits,
       coalesce(c.pages, 0) AS visit_pages,
       coalesce(c.bounces, 0) AS bounces,
       coalesce(c.timed, 0) AS timed_visits,
       coalesce(c.seconds, 0) AS visit_seconds
FROM bucket AS b JOIN counted AS c USING (bucket)
ORDER BY b.bucket, c.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT 1001;
