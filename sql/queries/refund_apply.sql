-- write 44
-- Adds refunds to their orders; several of one order at once. 23514 (orders_refunded): more than was paid.
UPDATE orders AS o SET refunded = o.refunded + r.amount, version = o.version + 1, updated_at = r.created_at
FROM (SELECT customer_id, order_id, sum(amount)::bigint AS amount, max(created_at) AS created_at
      FROM json_to_recordset($1::json) AS f(customer_id uuid, order_id uuid, amount bigint, created_at timestamptz)
      GROUP BY customer_id, order_id) AS r
WHERE o.customer_id = r.customer_id AND o.order_id = r.order_id;
