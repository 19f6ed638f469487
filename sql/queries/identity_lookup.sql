-- merge columns
-- Identities -> customers. Keys: n, kind, value, lone. detail: an external id that the person has, if it has one and not lone; the
-- id is NULL for what can never be an identity: an address, or all of a domain, that stands for nobody. FILTER and no condition: else,
-- while statistics know of few external ids, the planner starts from all of those, for each row.
WITH placeholder AS MATERIALIZED (
    SELECT lower(e.pattern) AS pattern FROM settings AS s CROSS JOIN LATERAL jsonb_array_elements_text(s.placeholder_emails) AS e(pattern)
)
SELECT r.asker, r.n, CASE WHEN NOT r.placeholder THEN i.customer_id END AS id, i.customer_id, NULL AS content_hash,
       CASE WHEN r.lone THEN NULL
            WHEN p.person_id IS NULL AND NOT EXISTS (SELECT FROM customer_persons AS l WHERE l.person_id = i.customer_id)
            THEN (SELECT to_json(min(e.value) FILTER (WHERE e.kind = 'external')) FROM customer_identities AS e WHERE e.customer_id = i.customer_id)
            ELSE (SELECT to_json(min(e.value) FILTER (WHERE e.kind = 'external'))
                  FROM (SELECT coalesce(p.person_id, i.customer_id) AS customer_id
                        UNION ALL
                        SELECT l.customer_id FROM customer_persons AS l WHERE l.person_id = coalesce(p.person_id, i.customer_id)) AS row
                  JOIN customer_identities AS e ON e.customer_id = row.customer_id) END AS detail,
       coalesce(p.person_id, i.customer_id) AS person_id
FROM (SELECT f.asker, f.n, f.kind, f.value, f.lone,
             f.kind = 'email' AND EXISTS (
                 SELECT FROM placeholder AS p
                 WHERE p.pattern = f.value OR (left(p.pattern, 2) = '*@' AND right(f.value, length(p.pattern) - 1) = substr(p.pattern, 2))) AS placeholder
      FROM (SELECT unnest((SELECT $1::bigint[])) AS asker, unnest($2::bigint[]) AS n, unnest($3::text[]) AS kind,
                   unnest($4::text[]) AS value, unnest($5::boolean[]) AS lone) AS f OFFSET 0) AS r
LEFT JOIN customer_identities AS i ON i.kind = r.kind AND i.value = r.value
LEFT JOIN customer_persons AS p ON p.customer_id = i.customer_id
WHERE i.customer_id IS NOT NULL OR r.placeholder
ORDER BY r.asker;
