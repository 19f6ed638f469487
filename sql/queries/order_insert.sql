-- write 40
-- New orders.
INSERT INTO orders (customer_id, order_id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
                    tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
                    storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at)
SELECT customer_id, id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
       tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
       storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, ordered_at timestamptz, status text,
     currency text, exchange_rate numeric, items json, discount bigint, shipping bigint, tax bigint, tax_included boolean,
     total bigint, net bigint, base_currency text, base_total bigint, base_net bigint, base_cost bigint,
     base_net_with_cost bigint, storefront text, channel text, campaign text, cart text, test boolean,
     paid_at timestamptz, cancelled_at timestamptz, version bigint, created_at timestamptz, updated_at timestamptz);
