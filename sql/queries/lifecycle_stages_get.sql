-- How many persons are in each stage at the end of a day ($1; NULL: today), as a model ($2) shows them. No row: no such model.
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, d.day, day_start(d.day + 1, s.time_zone) AS ends
    FROM settings AS s CROSS JOIN LATERAL (SELECT coalesce($1::date, local_day(now(), s.time_zone)) AS day) AS d
), counted AS (
    SELECT c.stage, count(*) AS customers FROM shop, customer_stages AS c
    WHERE c.entered_at < shop.ends AND c.left_at >= shop.ends GROUP BY c.stage
), shown AS (
    SELECT m.shown AS stage, m.label, m.rank, coalesce(sum(c.customers), 0)::bigint AS customers
    FROM model_stages($2) AS m LEFT JOIN counted AS c ON c.stage = m.stage GROUP BY m.shown, m.label, m.rank
)
SELECT json_build_object(
    'at', shop.day, 'time_zone', shop.time_zone, 'model', $2::text, 'customers', (SELECT sum(s.customers)::bigint FROM shown AS s),
    'stages', (SELECT json_agg(json_build_object(
                   'stage', s.stage, 'label', s.label, 'customers', s.customers,
                   'share', half_even(s.customers, (SELECT sum(t.customers) FROM shown AS t), 6)) ORDER BY s.rank)
               FROM shown AS s)) AS document
FROM shop WHERE EXISTS (SELECT FROM shown);
