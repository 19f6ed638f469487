-- write 42
-- A new status. CI409: somebody else changed the order since it was read, or does so in the same group.
UPDATE orders AS o SET status = r.status, paid_at = r.paid_at, cancelled_at = r.cancelled_at, version = r.version, updated_at = r.updated_at
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(customer_id uuid, id uuid, status text, paid_at timestamptz, cancelled_at timestamptz,
     version bigint, updated_at timestamptz)) AS r
WHERE o.customer_id = r.customer_id AND o.order_id = r.id AND must(o.version = r.version - 1 AND r.writers = 1, 'CI409');
