-- write 71
-- Renewals change what is told of their subscriptions; several of one subscription at once.
UPDATE subscriptions AS s SET version = s.version + r.renewals, updated_at = r.created_at
FROM (SELECT customer_id, subscription_id, count(*) AS renewals, max(created_at) AS created_at
      FROM json_to_recordset($1::json) AS f(customer_id uuid, subscription_id uuid, created_at timestamptz)
      GROUP BY customer_id, subscription_id) AS r
WHERE s.customer_id = r.customer_id AND s.subscription_id = r.subscription_id;
