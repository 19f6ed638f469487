-- Identities -> customers. $1: JSON array of {n, kind, value}. detail: an external id that the person has, if it has one; the
-- id is NULL for what can never be an identity. FILTER and no condition: else, while statistics know of few external ids,
-- the planner starts from all of those, for each row.
SELECT r.n, CASE WHEN NOT r.placeholder THEN i.customer_id END AS id, i.customer_id, NULL AS content_hash,
       (SELECT to_json(min(e.value) FILTER (WHERE e.kind = 'external')) FROM (
            SELECT coalesce(p.person_id, i.customer_id) AS customer_id
            UNION ALL
            SELECT l.customer_id FROM customer_persons AS l WHERE l.person_id = coalesce(p.person_id, i.customer_id)) AS row
        JOIN customer_identities AS e ON e.customer_id = row.customer_id) AS detail,
       coalesce(p.person_id, i.customer_id) AS person_id
FROM (SELECT f.n, f.kind, f.value, f.kind = 'email' AND is_placeholder(f.value) AS placeholder
      FROM json_to_recordset($1::json) AS f(n integer, kind text, value text)) AS r
LEFT JOIN customer_identities AS i ON i.kind = r.kind AND i.value = r.value
LEFT JOIN customer_persons AS p ON p.customer_id = i.customer_id
WHERE i.customer_id IS NOT NULL OR r.placeholder;
