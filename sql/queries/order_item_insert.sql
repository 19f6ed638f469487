-- write 41
-- One row per line; rows carry their order's ids.
INSERT INTO order_items (customer_id, order_id, line_no, sku, name, quantity, unit_price, unit_cost, discount)
SELECT customer_id, order_id, line_no, sku, name, quantity, unit_price, unit_cost, discount
FROM json_to_recordset($1::json) AS r(customer_id uuid, order_id uuid, line_no integer, sku text, name text,
     quantity bigint, unit_price bigint, unit_cost bigint, discount bigint);
