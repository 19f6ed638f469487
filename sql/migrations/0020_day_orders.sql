-- Groups of orders are read from the days of persons.

CREATE INDEX customer_days_parts ON customer_days (day) WHERE parts IS NOT NULL;
COMMENT ON INDEX customer_days_parts IS 'kpi_orders.sql, kpi_customers.sql: days with several orders, or with refunds';
COMMENT ON INDEX customer_days_day IS 'derive_changed.sql: summing anew, month by month; kpi_orders.sql, kpi_customers.sql by window';
COMMENT ON INDEX customer_days_first IS 'kpi_value.sql: who was acquired in a window';
COMMENT ON INDEX orders_ordered_at IS 'order_list.sql; kpi_members_orders.sql, kpi_members_sequence.sql by window';
COMMENT ON INDEX refunds_refunded_at IS 'kpi_members_orders.sql by window';

CREATE VIEW day_orders AS
SELECT d.customer_id, d.day, d.previous_day, 1::bigint AS orders, d.converted, d.net, d.net_with_cost, d.cost, d.gap_us,
       d.channel, d.campaign, d.storefront, d.previous_member_day IS NOT NULL AS member,
       coalesce(d.others ? 'referred_customers', false) AS referred
FROM customer_days AS d WHERE d.orders = 1
UNION ALL
SELECT d.customer_id, d.day, d.previous_day, p.orders, p.converted, p.net, p.net_with_cost, p.cost, p.gap_us,
       p.channel, p.campaign, p.storefront, p.member,
       coalesce(d.others ? 'referred_customers', false)
FROM customer_days AS d CROSS JOIN LATERAL unnest(d.parts) AS p WHERE d.parts IS NOT NULL;
COMMENT ON VIEW day_orders IS 'Each completed order (gap_us NULL: the first of all) and each refund (orders 0); referred: the person was';

-- What orders can be grouped by is derived once for all that are there.
INSERT INTO changed_customers (customer_id) VALUES ('00000000-0000-0000-0000-000000000000');
