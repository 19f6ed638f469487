-- write 53
-- The figures of whole days; a day that is there already is replaced.
INSERT INTO campaign_days (campaign_id, date, spend, currency, exchange_rate, base_currency, base_spend, sent, bounced,
                           unopened, impressions, clicks, interactions, conversions, updated_at)
SELECT DISTINCT ON (campaign_id, date)
       campaign_id, date, spend, currency, exchange_rate, base_currency, base_spend, sent, bounced, unopened,
       impressions, clicks, interactions, conversions, updated_at
FROM json_to_recordset($1::json) AS r(campaign_id uuid, date date, spend bigint, currency text, exchange_rate numeric,
     base_currency text, base_spend bigint, sent bigint, bounced bigint, unopened bigint, impressions bigint,
     clicks bigint, interactions bigint, conversions bigint, updated_at timestamptz)
ORDER BY campaign_id, date, updated_at DESC
ON CONFLICT (campaign_id, date) DO UPDATE SET
    spend = EXCLUDED.spend, currency = EXCLUDED.currency, exchange_rate = EXCLUDED.exchange_rate,
    base_currency = EXCLUDED.base_currency, base_spend = EXCLUDED.base_spend, sent = EXCLUDED.sent,
    bounced = EXCLUDED.bounced, unopened = EXCLUDED.unopened, impressions = EXCLUDED.impressions,
    clicks = EXCLUDED.clicks, interactions = EXCLUDED.interactions, conversions = EXCLUDED.conversions,
    updated_at = EXCLUDED.updated_at;
