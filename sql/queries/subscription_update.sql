-- write 70
-- Cancelled subscriptions. CI409: somebody else changed the subscription since it was read, or does so in the same group.
UPDATE subscriptions AS s SET cancelled_at = r.cancelled_at, reason = r.reason, version = r.version, updated_at = r.updated_at
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(customer_id uuid, id uuid, cancelled_at timestamptz, reason text,
     version bigint, updated_at timestamptz)) AS r
WHERE s.customer_id = r.customer_id AND s.subscription_id = r.id
  AND must(s.version = r.version - 1 AND r.writers = 1, 'CI409');
