-- write 28
-- Customers whose document has changed by what is linked to them.
UPDATE customers AS c SET version = c.version + 1, updated_at = r.updated_at
FROM (SELECT id, max(updated_at) AS updated_at FROM json_to_recordset($1::json) AS f(id uuid, updated_at timestamptz)
      GROUP BY id) AS r
WHERE c.customer_id = r.id;
