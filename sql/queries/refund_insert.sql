-- write 45
-- New refunds, behind refund_apply.sql, which has checked that they fit.
INSERT INTO refunds (customer_id, refund_id, order_id, external_id, amount, refunded_at, reason, created_at)
SELECT customer_id, id, order_id, external_id, amount, refunded_at, reason, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, order_id uuid, external_id text, amount bigint,
     refunded_at timestamptz, reason text, created_at timestamptz);
