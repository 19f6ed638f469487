-- From which stage to which persons went between the ends of two days ($1, $2), as a model ($3) shows them. The first row is of
-- those who were not known yet. days: of the stays that ended in between. No row: no such model.
WITH shop AS MATERIALIZED (
    SELECT s.time_zone, day_start($1::date + 1, s.time_zone) AS begins, day_start($2::date + 1, s.time_zone) AS ends FROM settings AS s
), model AS MATERIALIZED (
    SELECT * FROM model_stages($3)
), shown AS MATERIALIZED (
    SELECT DISTINCT m.shown AS stage, m.label, m.rank FROM model AS m
), stay AS MATERIALIZED (
    SELECT c.customer_id, c.entered_at, c.left_at, m.shown AS stage
    FROM shop, customer_stages AS c JOIN model AS m ON m.stage = c.stage WHERE c.entered_at < shop.ends
), flow AS MATERIALIZED (
    SELECT b.stage AS source, e.stage AS target, count(*) AS customers
    FROM (SELECT s.customer_id, s.stage FROM shop, stay AS s WHERE s.left_at >= shop.ends) AS e
    LEFT JOIN (SELECT s.customer_id, s.stage FROM shop, stay AS s
               WHERE s.entered_at < shop.begins AND s.left_at >= shop.begins) AS b USING (customer_id)
    GROUP BY b.stage, e.stage
), island AS (
    -- Stages that the model does not tell apart are one stay.
    SELECT i.stage, min(i.entered_at) AS entered_at, max(i.left_at) AS left_at
    FROM (SELECT s.*, sum(s.starts) OVER (PARTITION BY s.customer_id ORDER BY s.entered_at) AS n
          FROM (SELECT t.*, CASE WHEN lag(t.stage) OVER (PARTITION BY t.customer_id ORDER BY t.entered_at) = t.stage THEN 0 ELSE 1 END AS starts
                FROM stay AS t) AS s) AS i
    GROUP BY i.customer_id, i.n, i.stage
), days AS MATERIALIZED (
    -- From whole microseconds, so that a tie is seen as one.
    SELECT i.stage, half_even((percentile_cont(0.5) WITHIN GROUP (ORDER BY (extract(epoch FROM i.left_at - i.entered_at) * 1000000)::float8))::numeric,
                              86400000000, 4) AS median
    FROM shop, island AS i WHERE i.left_at >= shop.begins AND i.left_at < shop.ends GROUP BY i.stage
), source AS (
    SELECT NULL AS stage, NULL AS label, 0 AS rank
    UNION ALL
    SELECT s.stage, s.label, s.rank FROM shown AS s
)
SELECT json_build_object(
    'from', $1::date, 'to', $2::date, 'time_zone', shop.time_zone, 'model', $3::text,
    'rows', (SELECT json_agg(json_build_object(
        'stage', s.stage, 'label', s.label, 'customers', t.customers, 'median_days', d.median,
        'to', (SELECT json_agg(json_build_object(
                   'stage', e.stage, 'label', e.label, 'customers', coalesce(f.customers, 0),
                   'share', half_even(coalesce(f.customers, 0), t.customers, 6)) ORDER BY e.rank)
               FROM shown AS e LEFT JOIN flow AS f ON f.source IS NOT DISTINCT FROM s.stage AND f.target = e.stage)) ORDER BY s.rank)
        FROM source AS s LEFT JOIN days AS d ON d.stage = s.stage
        CROSS JOIN LATERAL (SELECT coalesce(sum(f.customers), 0)::bigint AS customers FROM flow AS f
                            WHERE f.source IS NOT DISTINCT FROM s.stage) AS t),
    'stages', (SELECT json_agg(json_build_object(
        'stage', s.stage, 'label', s.label,
        'customers_from', (SELECT coalesce(sum(f.customers), 0)::bigint FROM flow AS f WHERE f.source = s.stage),
        'entered', (SELECT coalesce(sum(f.customers), 0)::bigint FROM flow AS f WHERE f.target = s.stage AND f.source IS DISTINCT FROM s.stage),
        'left', (SELECT coalesce(sum(f.customers), 0)::bigint FROM flow AS f WHERE f.source = s.stage AND f.target <> s.stage),
        'customers_to', (SELECT coalesce(sum(f.customers), 0)::bigint FROM flow AS f WHERE f.target = s.stage)) ORDER BY s.rank)
        FROM shown AS s)) AS document
FROM shop WHERE EXISTS (SELECT FROM shown);
