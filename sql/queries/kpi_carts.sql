-- Carts that were decided per bucket: abandoned in it, whatever came later, or ordered in it without having been abandoned.
-- $1 first days, $2 days after the last (date[], ascending, disjoint); $3 dimension: channel, campaign, storefront
-- (all of the newest update) or country.
-- An abandonment or an order that lies ahead has not decided anything yet.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, day_start(b.first, s.time_zone) AS begins, day_start(b.past, s.time_zone) AS ends,
           s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(begins ORDER BY bucket) AS starts, min(begins) AS begins, max(ends) AS ends,
           min(base_currency) AS base_currency
    FROM bucket
), decided AS (
    SELECT s.customer_id, s.cart_id, s.abandoned_at AS at, true AS abandoned, coalesce(s.ordered_at <= now(), false) AS ordered
    FROM span JOIN cart_states AS s ON s.abandoned_at >= span.begins AND s.abandoned_at < span.ends
    WHERE s.abandoned_at <= now()
    UNION ALL
    SELECT s.customer_id, s.cart_id, s.ordered_at, false, true
    FROM span JOIN cart_states AS s ON s.ordered_at >= span.begins AND s.ordered_at < span.ends
    WHERE s.abandoned_at IS NULL AND s.ordered_at <= now()
), placed AS (
    SELECT width_bucket(d.at, (SELECT starts FROM span)) AS bucket, d.abandoned, d.ordered,
           u.base_value, u.base_currency = span.base_currency AS converted,
           CASE $3::text WHEN 'channel' THEN u.channel WHEN 'campaign' THEN u.campaign
               WHEN 'storefront' THEN u.storefront WHEN 'country' THEN c.country END AS key
    FROM span, decided AS d
    CROSS JOIN LATERAL (SELECT * FROM cart_updates AS n WHERE n.customer_id = d.customer_id AND n.cart_id = d.cart_id
                        ORDER BY n.updated_at DESC LIMIT 1) AS u
    LEFT JOIN customer_persons AS p ON $3::text = 'country' AND p.customer_id = d.customer_id
    LEFT JOIN customers AS c ON $3::text = 'country' AND c.customer_id = coalesce(p.person_id, d.customer_id)
), counted AS (
    SELECT bucket, key,
           count(*) AS decided,
           count(*) FILTER (WHERE abandoned) AS abandoned,
           count(*) FILTER (WHERE abandoned AND ordered) AS recovered,
           sum(base_value) FILTER (WHERE abandoned AND NOT ordered AND converted) AS value,
           count(*) FILTER (WHERE abandoned AND NOT ordered AND NOT converted) AS unconverted
    FROM placed GROUP BY bucket, key
)
SELECT b.bucket, c.key,
       coalesce(c.decided, 0) AS decided_carts,
       coalesce(c.abandoned, 0) AS abandoned_carts,
       coalesce(c.recovered, 0) AS recovered_carts,
       coalesce(c.value, 0) AS abandoned_value,
       coalesce(c.unconverted, 0) AS unconverted_carts
FROM bucket AS b JOIN counted AS c USING (bucket)
ORDER BY b.bucket, c.key COLLATE "C"
-- More groups than 1,000 are refused; one more shows that there are.
LIMIT 1001;
