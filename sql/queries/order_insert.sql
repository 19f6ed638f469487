-- write 40 columns
-- New orders. One sub-select is enough for what db.h says of plans. Not FROM unnest(...): that keeps all of each array apart first,
-- which takes longer than all the rest while the groups are small.
INSERT INTO orders (customer_id, order_id, external_id, ordered_at, status, currency, exchange_rate, items, discount, shipping,
                    tax, tax_included, total, net, base_currency, base_total, base_net, base_cost, base_net_with_cost,
                    storefront, channel, campaign, cart, test, paid_at, cancelled_at, version, created_at, updated_at)
SELECT unnest((SELECT $1::uuid[])) AS customer_id, unnest($2::uuid[]) AS id, unnest($3::text[]) AS external_id,
       unnest($4::timestamptz[]) AS ordered_at, unnest($5::text[]) AS status, unnest($6::text[]) AS currency,
       unnest($7::text[])::numeric AS exchange_rate, unnest($8::json[]) AS items, unnest($9::bigint[]) AS discount,
       unnest($10::bigint[]) AS shipping, unnest($11::bigint[]) AS tax, unnest($12::boolean[]) AS tax_included,
       unnest($13::bigint[]) AS total, unnest($14::bigint[]) AS net, unnest($15::text[]) AS base_currency,
       unnest($16::bigint[]) AS base_total, unnest($17::bigint[]) AS base_net, unnest($18::bigint[]) AS base_cost,
       unnest($19::bigint[]) AS base_net_with_cost, unnest($20::text[]) AS storefront, unnest($21::text[]) AS channel,
       unnest($22::text[]) AS campaign, unnest($23::text[]) AS cart, unnest($24::boolean[]) AS test,
       unnest($25::timestamptz[]) AS paid_at, unnest($26::timestamptz[]) AS cancelled_at, unnest($27::bigint[]) AS version,
       unnest($28::timestamptz[]) AS created_at, unnest($29::timestamptz[]) AS updated_at;
