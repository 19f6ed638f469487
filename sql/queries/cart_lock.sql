-- write 60
-- Updates of known carts go one after the other: no key of the table could keep one instant of a cart from being there
-- twice, under two customers. Rows are cart updates.
SELECT pg_advisory_xact_lock(hashtextextended(id, 0))
FROM (SELECT DISTINCT id FROM json_to_recordset($1::json) AS r(id text) ORDER BY id) AS r;
