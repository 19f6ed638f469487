-- write 50
-- New spend.
INSERT INTO spend (spend_id, external_id, date, amount, currency, exchange_rate, base_currency, base_amount, category,
                   paid_media, campaign, created_at)
SELECT id, external_id, date, amount, currency, exchange_rate, base_currency, base_amount, category, paid_media,
       campaign, created_at
FROM json_to_recordset($1::json) AS r(id uuid, external_id text, date date, amount bigint, currency text,
     exchange_rate numeric, base_currency text, base_amount bigint, category text, paid_media boolean, campaign text,
     created_at timestamptz);
