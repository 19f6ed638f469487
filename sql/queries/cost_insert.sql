-- write 73
-- New costs.
INSERT INTO costs (customer_id, cost_id, external_id, order_id, kind, amount, currency, exchange_rate, base_currency,
                   base_amount, incurred_at, created_at)
SELECT customer_id, id, external_id, order_id, kind, amount, currency, exchange_rate, base_currency, base_amount,
       incurred_at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, order_id uuid, kind text, amount bigint,
     currency text, exchange_rate numeric, base_currency text, base_amount bigint, incurred_at timestamptz,
     created_at timestamptz);
