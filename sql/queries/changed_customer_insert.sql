-- write 85
-- Customers whose derived rows are to be made again; the nil UUID stands for everybody. alive: the facts that were written before this
-- are of a customer whom they name, so that one who was erased since (CI409) is not meant; until they are committed an erasing waits.
INSERT INTO changed_customers (customer_id, since, order_id)
SELECT DISTINCT r.customer_id, r.since, r.order_id
FROM json_to_recordset($1::json) AS r(customer_id uuid, alive boolean, since timestamptz, order_id uuid)
WHERE must(r.alive IS NOT TRUE OR (SELECT c.erased_at FROM customers AS c WHERE c.customer_id = r.customer_id FOR KEY SHARE) IS NULL,
           'CI409');
