-- Spend and what campaigns report per bucket. $1 first days, $2 days after the last (date[], ascending, disjoint).
-- What was not reported counts as nothing, except opened e-mails: without `unopened` nobody knows how many were.
-- Paid media: spend marked so, and days of campaigns that sent no e-mail.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past, s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(first ORDER BY bucket) AS starts, min(first) AS first, max(past) AS past,
           min(base_currency) AS base_currency
    FROM bucket
), reported AS (
    SELECT width_bucket(d.date, (SELECT starts FROM span)) AS bucket,
           d.base_currency = span.base_currency AS converted, d.base_spend, d.sent, d.unopened, d.impressions,
           d.clicks, d.interactions, d.conversions,
           greatest(d.sent - coalesce(d.bounced, 0), 0) AS delivered,
           greatest(d.sent - coalesce(d.bounced, 0) - d.unopened, 0) AS opened
    FROM span JOIN campaign_days AS d ON d.date >= span.first AND d.date < span.past
), campaign AS (
    SELECT bucket,
           coalesce(sum(impressions), 0) + coalesce(sum(opened) FILTER (WHERE unopened IS NOT NULL), 0)
               AS impressions,
           sum(clicks) AS clicks,
           sum(interactions) AS interactions,
           sum(conversions) AS conversions,
           sum(base_spend) FILTER (WHERE converted) AS spend,
           sum(base_spend) FILTER (WHERE converted AND sent IS NULL) AS paid_media,
           sum(opened) FILTER (WHERE unopened IS NOT NULL) AS opened_emails,
           sum(delivered) FILTER (WHERE unopened IS NOT NULL) AS tracked_emails,
           sum(clicks) FILTER (WHERE sent IS NOT NULL) AS email_clicks,
           sum(delivered) AS delivered_emails,
           count(*) FILTER (WHERE NOT converted) AS unconverted
    FROM reported GROUP BY bucket
), spent AS (
    SELECT width_bucket(s.date, (SELECT starts FROM span)) AS bucket,
           sum(s.base_amount) FILTER (WHERE s.base_currency = span.base_currency) AS spend,
           sum(s.base_amount) FILTER (WHERE s.base_currency = span.base_currency AND s.paid_media) AS paid_media,
           sum(s.base_amount) FILTER (WHERE s.base_currency = span.base_currency AND s.campaign IS NOT NULL)
               AS of_campaigns,
           count(*) FILTER (WHERE s.base_currency <> span.base_currency) AS unconverted
    FROM span JOIN spend AS s ON s.date >= span.first AND s.date < span.past
    GROUP BY 1
)
SELECT b.bucket,
       coalesce(c.impressions, 0) AS impressions,
       coalesce(c.clicks, 0) AS clicks,
       coalesce(c.interactions, 0) AS interactions,
       coalesce(c.conversions, 0) AS conversions,
       coalesce(c.spend, 0) + coalesce(s.of_campaigns, 0) AS campaign_spend,
       coalesce(c.spend, 0) + coalesce(s.spend, 0) AS marketing_spend,
       coalesce(c.paid_media, 0) + coalesce(s.paid_media, 0) AS paid_media_spend,
       coalesce(c.opened_emails, 0) AS opened_emails,
       coalesce(c.tracked_emails, 0) AS tracked_emails,
       coalesce(c.email_clicks, 0) AS email_clicks,
       coalesce(c.delivered_emails, 0) AS delivered_emails,
       coalesce(c.unconverted, 0) + coalesce(s.unconverted, 0) AS unconverted_spend
FROM bucket AS b LEFT JOIN campaign AS c USING (bucket) LEFT JOIN spent AS s USING (bucket)
ORDER BY b.bucket;
