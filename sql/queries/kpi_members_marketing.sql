-- The days of campaigns and the spend that a measure of kpi_marketing.sql sums, newest first. $1 limit, $2 $3 cursor
-- (date, id), $4 measure; $5 first day, $6 day after the last. The id of a day is that of its campaign. What was not
-- reported, or is nothing, is left out.
WITH fact AS (
    SELECT 'campaign_day' AS kind, d.campaign_id AS id, d.date,
           CASE $4::text
           WHEN 'impressions' THEN coalesce(d.impressions, 0) + coalesce(m.opened, 0)
           WHEN 'clicks' THEN d.clicks
           WHEN 'interactions' THEN d.interactions
           WHEN 'conversions' THEN d.conversions
           WHEN 'campaign_spend' THEN m.spend
           WHEN 'marketing_spend' THEN m.spend
           WHEN 'paid_media_spend' THEN CASE WHEN d.sent IS NULL THEN m.spend END
           WHEN 'opened_emails' THEN m.opened
           WHEN 'tracked_emails' THEN CASE WHEN d.unopened IS NOT NULL THEN m.delivered END
           WHEN 'email_clicks' THEN CASE WHEN d.sent IS NOT NULL THEN d.clicks END
           WHEN 'delivered_emails' THEN m.delivered
           END AS amount
    FROM settings AS s, campaign_days AS d CROSS JOIN LATERAL (
        SELECT CASE WHEN d.base_currency = s.base_currency THEN d.base_spend END AS spend,
               greatest(d.sent - coalesce(d.bounced, 0), 0) AS delivered,
               CASE WHEN d.unopened IS NOT NULL THEN greatest(d.sent - coalesce(d.bounced, 0) - d.unopened, 0) END AS opened) AS m
    WHERE d.date >= $5::date AND d.date < $6::date
    UNION ALL
    SELECT 'spend', p.spend_id, p.date,
           CASE WHEN p.base_currency = s.base_currency
                 AND CASE $4::text WHEN 'marketing_spend' THEN true WHEN 'campaign_spend' THEN p.campaign IS NOT NULL
                                   WHEN 'paid_media_spend' THEN p.paid_media END
                THEN p.base_amount END
    FROM settings AS s, spend AS p
    WHERE p.date >= $5::date AND p.date < $6::date
)
SELECT f.id, f.date AS sort_key,
       (SELECT row_to_json(d) FROM (SELECT
           f.kind, f.id, NULL AS customer_id, f.date AS at, f.amount) AS d) AS document
FROM fact AS f
WHERE f.amount <> 0 AND ($2::date IS NULL OR (f.date, f.id) < ($2::date, $3::uuid))
ORDER BY f.date DESC, f.id DESC LIMIT $1::integer;
