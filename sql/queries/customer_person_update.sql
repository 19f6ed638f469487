-- write 27
-- Who is which person, after links have changed. Rows are customers on both sides.
SELECT update_persons(array_agg(DISTINCT r.customer_id)) FROM json_to_recordset($1::json) AS r(customer_id uuid);
