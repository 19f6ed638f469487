-- write 24
-- Says that a customer is the same person as another one. CI409: either is no longer the root it was when it was read, or
-- is linked in the same group.
INSERT INTO customer_links (customer_id, linked_to, identity, linked_at)
SELECT r.customer_id, r.linked_to, r.identity, r.linked_at
FROM (SELECT *, count(*) OVER (PARTITION BY customer_id) AS writers
      FROM json_to_recordset($1::json) AS f(customer_id uuid, linked_to uuid, identity text, linked_at timestamptz)) AS r
WHERE must(r.writers = 1
           AND NOT EXISTS (SELECT FROM customer_persons AS p WHERE p.customer_id IN (r.customer_id, r.linked_to))
           AND NOT EXISTS (SELECT FROM json_to_recordset($1::json) AS o(customer_id uuid) WHERE o.customer_id = r.linked_to), 'CI409');
