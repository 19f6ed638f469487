-- write 40 columns
-- New orders. One sub-select is enough for what db.h says of plans.
INSERT INTO orders (customer_id, order_id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
                    tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
                    storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at)
SELECT customer_id, id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
       tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
       storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at
FROM unnest((SELECT $1::uuid[]), $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::numeric[], $8::json[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[], $13::bigint[], $14::bigint[], $15::text[], $16::bigint[],
            $17::bigint[], $18::bigint[], $19::bigint[], $20::text[], $21::text[], $22::text[], $23::text[], $24::boolean[],
            $25::timestamptz[], $26::timestamptz[], $27::bigint[], $28::timestamptz[], $29::timestamptz[])
     AS r(customer_id, id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
          tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
          storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at);
