-- write 41
-- The lines of new orders, numbered in the order in which they were sent. Rows are orders: customer_id, id, items.
INSERT INTO order_items (customer_id, order_id, line_no, sku, name, quantity, unit_price, unit_cost, discount)
SELECT r.customer_id, r.id, i.line_no, i.sku, i.name, i.quantity, i.unit_price, i.unit_cost, i.discount
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, items json)
CROSS JOIN LATERAL ROWS FROM (json_to_recordset(r.items) AS (sku text, name text, quantity bigint, unit_price bigint,
     unit_cost bigint, discount bigint)) WITH ORDINALITY
     AS i(sku, name, quantity, unit_price, unit_cost, discount, line_no);
