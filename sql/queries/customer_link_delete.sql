-- write 23
-- Takes away the link that an identity ({customer_id, identity}) made: the one that names it on the way from its
-- customer to the person, else the customer's own. CI409: there is none any more.
WITH RECURSIVE way AS (
    SELECT r.n, l.customer_id, l.linked_to, l.identity = r.identity AS named, r.identity, 1 AS depth
    FROM ROWS FROM (json_to_recordset($1::json) AS (customer_id uuid, identity text)) WITH ORDINALITY AS r(customer_id, identity, n)
    LEFT JOIN customer_links AS l ON l.customer_id = r.customer_id
    UNION ALL
    SELECT w.n, l.customer_id, l.linked_to, l.identity = w.identity, w.identity, w.depth + 1
    FROM way AS w JOIN customer_links AS l ON l.customer_id = w.linked_to
), chosen AS (
    SELECT DISTINCT ON (w.n) w.customer_id FROM way AS w ORDER BY w.n, w.named DESC NULLS LAST, w.depth
)
DELETE FROM customer_links AS l USING chosen AS c
WHERE must(c.customer_id IS NOT NULL, 'CI409') AND l.customer_id = c.customer_id;
