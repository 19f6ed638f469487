-- write 85 columns
-- Customers whose derived rows are to be made again; the nil UUID stands for everybody. alive: the facts that were written before this
-- are of a customer whom they name, so that one who was erased since (CI409) is not meant; until they are committed an erasing waits.
-- All of them are asked at once, which takes a fraction of asking for each; mostly the foreign keys of their facts have locked them already.
INSERT INTO changed_customers (customer_id, since, order_id)
SELECT DISTINCT r.customer_id, r.since, r.order_id
FROM (SELECT unnest((SELECT $1::uuid[])) AS customer_id, unnest($3::timestamptz[]) AS since, unnest($4::uuid[]) AS order_id) AS r
WHERE (SELECT must(coalesce(bool_and(c.erased_at IS NULL), true), 'CI409')
       FROM (SELECT k.erased_at
             FROM (SELECT unnest((SELECT $1::uuid[])) AS customer_id, unnest($2::boolean[]) AS alive) AS named
             JOIN customers AS k ON named.alive AND k.customer_id = named.customer_id FOR KEY SHARE OF k) AS c);
