-- What linking an identity ($4 kind, $5 value) to a customer ($1 id, or $2 kind and $3 value of an identity) would make of both.
-- No row: there is no such customer. No document: the customer was erased.
WITH known AS (
    SELECT (SELECT coalesce(p.person_id, c.customer_id) FROM customers AS c LEFT JOIN customer_persons AS p USING (customer_id)
            WHERE c.customer_id = coalesce($1::uuid, (SELECT i.customer_id FROM customer_identities AS i
                                                      WHERE i.kind = $2 AND i.value = $3))) AS person,
           (SELECT coalesce(p.person_id, i.customer_id) FROM customer_identities AS i LEFT JOIN customer_persons AS p USING (customer_id)
            WHERE i.kind = $4 AND i.value = $5) AS other
)
SELECT CASE WHEN c.erased_at IS NULL THEN json_build_object(
    'changes', k.other IS DISTINCT FROM k.person,
    'before', CASE WHEN k.other IS NULL OR k.other = k.person THEN json_build_array(person_summary(k.person))
                   ELSE json_build_array(person_summary(k.person), person_summary(k.other)) END,
    'after', CASE WHEN k.other IS NULL OR k.other = k.person THEN person_summary(k.person)
                  ELSE link_preview(k.person, k.other) END) END AS document
FROM known AS k JOIN customers AS c ON c.customer_id = k.person;
