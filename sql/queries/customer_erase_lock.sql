-- write 2
-- Before customers are erased: whoever writes for one of them holds its row (customer_guard.sql), so this waits for those who came first, and
-- those who come later wait for the erasing. Then nobody makes links, as customer_link_lock.sql.
SELECT pg_advisory_xact_lock(426835799153)
FROM (SELECT count(*) AS locked
      FROM (SELECT FROM customers AS c
            WHERE c.customer_id IN (SELECT n.customer_id FROM json_to_recordset($1::json) AS r(id uuid)
                                    CROSS JOIN LATERAL person_rows(ARRAY[r.id]) AS n)
            ORDER BY c.customer_id FOR UPDATE) AS c) AS all_of_them
WHERE locked > 0;
