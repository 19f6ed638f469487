-- write 61
-- Updates of carts; one of the same cart and instant is replaced, of several the one that was put last stays. What was there
-- under another customer is cart_update_delete.sql; when it was first seen is kept from there.
INSERT INTO cart_updates (customer_id, cart_id, updated_at, external_id, items, value, currency, exchange_rate,
                          base_currency, base_value, channel, campaign, storefront, created_at)
SELECT DISTINCT ON (r.id, r.updated_at)
       r.customer_id, r.id, r.updated_at, r.external_id, r.items, r.value, r.currency, r.exchange_rate,
       r.base_currency, r.base_value, r.channel, r.campaign, r.storefront,
       least(r.created_at, (SELECT min(u.created_at) FROM cart_updates AS u WHERE u.cart_id = r.id AND u.updated_at = r.updated_at))
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, updated_at timestamptz, external_id text, items jsonb,
     value bigint, currency text, exchange_rate numeric, base_currency text, base_value bigint, channel text,
     campaign text, storefront text, created_at timestamptz, put_id uuid)
ORDER BY r.id, r.updated_at, r.put_id DESC
ON CONFLICT (customer_id, cart_id, updated_at) DO UPDATE SET
    items = EXCLUDED.items, value = EXCLUDED.value, currency = EXCLUDED.currency, exchange_rate = EXCLUDED.exchange_rate,
    base_currency = EXCLUDED.base_currency, base_value = EXCLUDED.base_value, channel = EXCLUDED.channel,
    campaign = EXCLUDED.campaign, storefront = EXCLUDED.storefront;
