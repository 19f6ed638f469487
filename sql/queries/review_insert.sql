-- write 64
-- New reviews.
INSERT INTO reviews (customer_id, review_id, external_id, order_id, sku, rating, title, text, reviewed_at, created_at)
SELECT customer_id, id, external_id, order_id, sku, rating, title, text, reviewed_at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, order_id uuid, sku text,
     rating integer, title text, text text, reviewed_at timestamptz, created_at timestamptz);
