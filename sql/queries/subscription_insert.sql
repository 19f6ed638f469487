-- write 69
-- New subscriptions.
INSERT INTO subscriptions (customer_id, subscription_id, external_id, plan, interval, started_at, version, created_at,
                           updated_at)
SELECT r.customer_id, r.id, r.external_id, r.plan, r.interval, r.started_at, r.version, r.created_at, r.updated_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, plan text, interval text,
     started_at timestamptz, version bigint, created_at timestamptz, updated_at timestamptz);
