-- write 72
-- New renewals.
INSERT INTO subscription_renewals (customer_id, renewal_id, subscription_id, external_id, renewed_at, created_at)
SELECT customer_id, id, subscription_id, external_id, renewed_at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, subscription_id uuid, external_id text,
     renewed_at timestamptz, created_at timestamptz);
