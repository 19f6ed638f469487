-- write 5
-- Customers that something is about to be written for. They stay as they are until that is committed: an erasing waits. CI409: erased
-- since they were looked up; who looks again finds nobody, or a new customer. A fact that only refers to its customer is checked behind
-- its insert, by changed_customer_insert.sql; this is for what else of a customer is written, which an erasing locks as well.
SELECT must(c.erased_at IS NULL, 'CI409')
FROM (SELECT k.erased_at FROM json_to_recordset($1::json) AS r(customer_id uuid) JOIN customers AS k USING (customer_id)
      ORDER BY k.customer_id FOR KEY SHARE OF k) AS c;
