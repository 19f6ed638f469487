-- What a shop of any size has: campaigns, spend, days of social platforms, surveys.
INSERT INTO campaigns (campaign_id, external_id, name, channel, created_at)
SELECT bench.id(:'start', 10, n), 'campaign-' || n, 'Campaign ' || n, (ARRAY['search', 'social', 'email', 'display', 'affiliate'])[1 + n % 5], :'start'
FROM generate_series(0, 49) AS n;

-- Each runs for half a year; every fifth sends e-mails.
INSERT INTO campaign_days (campaign_id, date, spend, currency, base_currency, base_spend, sent, bounced, unopened, impressions, clicks,
                           interactions, conversions, updated_at)
SELECT bench.id(:'start', 10, n), :'start'::date + (n * 18 + d)::integer, v.cents, 'EUR', 'EUR', v.cents,
       CASE WHEN n % 5 = 2 THEN 1000 END, CASE WHEN n % 5 = 2 THEN 10 END, CASE WHEN n % 5 = 2 THEN 600 END,
       CASE WHEN n % 5 <> 2 THEN 20000 + v.cents END, 200 + v.cents / 100, 50, 5 + v.cents / 1000, :'start'
FROM generate_series(0, 49) AS n, generate_series(0, 179) AS d, LATERAL (SELECT (2000 + 3000 * bench.u(n * 1000 + d, 10))::bigint) AS v(cents);

INSERT INTO spend (spend_id, date, amount, currency, base_currency, base_amount, category, paid_media, campaign, created_at)
SELECT bench.id(:'start', 11, d), :'start'::date + d, 5000, 'EUR', 'EUR', 5000, 'advertising', d % 2 = 0,
       CASE WHEN d % 3 = 0 THEN 'campaign-' || d % 50 END, :'start'
FROM generate_series(0, 1094) AS d;

INSERT INTO social_days (platform, date, day_id, followers, reactions, comments, shares, likes, updated_at)
SELECT p.name, :'start'::date + d, bench.id(:'start', 12, p.n * 10000 + d), 1000 * p.n + 10 * d, 20, 5, 3, 40, :'start'
FROM generate_series(0, 1094) AS d, (VALUES ('facebook', 1), ('instagram', 2), ('youtube', 3)) AS p(name, n);

INSERT INTO surveys (survey_id, external_id, kind, name, created_at)
SELECT bench.id(:'start', 13, n), 'survey-' || n, (ARRAY['nps', 'csat', 'ces'])[1 + n], 'Survey ' || n, :'start'
FROM generate_series(0, 2) AS n;
