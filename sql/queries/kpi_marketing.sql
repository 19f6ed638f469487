-- keep 3
-- Spend and what campaigns report per bucket. $1 first days, $2 days after the last (date[], ascending, disjoint);
-- $3 NULL, or what to group by: channel or campaign.
-- What was not reported counts as nothing, except opened e-mails: without `unopened` nobody knows how many were.
-- Paid media: spend marked so, and days of campaigns that sent no e-mail. A campaign is called by its external id, one
-- without by its name; spend that names a campaign belongs to the channel of that campaign.
WITH bucket AS MATERIALIZED (
    SELECT b.n AS bucket, b.first, b.past, s.base_currency
    FROM settings AS s, unnest($1::date[], $2::date[]) WITH ORDINALITY AS b(first, past, n)
), span AS MATERIALIZED (
    SELECT array_agg(first ORDER BY bucket) AS starts, min(first) AS first, max(past) AS past,
           min(base_currency) AS base_currency
    FROM bucket
), named AS (
    -- External ids are unique, names need not be: of several, the first channel by the alphabet.
    SELECT DISTINCT ON (n.name) n.name, c.channel
    FROM campaigns AS c CROSS JOIN LATERAL (VALUES (c.external_id, 1), (c.name, 2)) AS n(name, rank)
    WHERE n.name IS NOT NULL ORDER BY n.name, n.rank, c.channel
), fact AS (
    -- Days of campaigns; spend beside them; and, not grouped, something for each bucket.
    SELECT width_bucket(d.date, (SELECT starts FROM span)) AS bucket,
           CASE $3::text WHEN 'channel' THEN c.channel WHEN 'campaign' THEN coalesce(c.external_id, c.name) END AS key,
           d.base_currency <> span.base_currency AS unconverted,
           CASE WHEN d.base_currency = span.base_currency THEN d.base_spend END AS spend,
           true AS of_campaign, d.sent IS NULL AS paid_media, d.sent IS NOT NULL AS emails, d.impressions, d.clicks,
           d.interactions, d.conversions,
           greatest(d.sent - coalesce(d.bounced, 0), 0) AS delivered,
           CASE WHEN d.unopened IS NOT NULL THEN greatest(d.sent - coalesce(d.bounced, 0), 0) END AS tracked,
           greatest(d.sent - coalesce(d.bounced, 0) - d.unopened, 0) AS opened
    FROM span JOIN campaign_days AS d ON d.date >= span.first AND d.date < span.past
    LEFT JOIN campaigns AS c ON $3::text IS NOT NULL AND c.campaign_id = d.campaign_id
    UNION ALL
    SELECT width_bucket(s.date, (SELECT starts FROM span)),
           CASE $3::text WHEN 'channel' THEN n.channel WHEN 'campaign' THEN s.campaign END,
           s.base_currency <> span.base_currency,
           CASE WHEN s.base_currency = span.base_currency THEN s.base_amount END,
           s.campaign IS NOT NULL, s.paid_media, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM span JOIN spend AS s ON s.date >= span.first AND s.date < span.past
    LEFT JOIN named AS n ON $3::text = 'channel' AND n.name = s.campaign
    UNION ALL
    SELECT bucket, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM bucket WHERE $3::text IS NULL
)
SELECT bucket, key,
       coalesce(sum(impressions), 0) + coalesce(sum(opened), 0) AS impressions,
       coalesce(sum(clicks), 0) AS clicks,
       coalesce(sum(interactions), 0) AS interactions,
       coalesce(sum(conversions), 0) AS conversions,
       coalesce(sum(spend) FILTER (WHERE of_campaign), 0) AS campaign_spend,
       coalesce(sum(spend), 0) AS marketing_spend,
       coalesce(sum(spend) FILTER (WHERE paid_media), 0) AS paid_media_spend,
       coalesce(sum(opened), 0) AS opened_emails,
       coalesce(sum(tracked), 0) AS tracked_emails,
       coalesce(sum(clicks) FILTER (WHERE emails), 0) AS email_clicks,
       coalesce(sum(delivered), 0) AS delivered_emails,
       count(*) FILTER (WHERE unconverted) AS unconverted_spend
FROM fact GROUP BY bucket, key ORDER BY bucket, key
LIMIT CASE WHEN $3::text IS NOT NULL THEN 1001 END; -- 1,000 groups are served; one more shows that there are more
