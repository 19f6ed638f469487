-- write 68
-- New movements of points, stored as they change the balance.
INSERT INTO loyalty_points (customer_id, points_id, external_id, kind, points, order_id, at, created_at)
SELECT customer_id, id, external_id, kind, balance_change, order_id, at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, kind text, balance_change bigint,
     order_id uuid, at timestamptz, created_at timestamptz);
