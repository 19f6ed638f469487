-- merge
-- Orders by id ($1) or external id ($2): id, version, and their members.
SELECT a.asker, o.order_id AS id, o.version, m.*
FROM unnest((SELECT $1::uuid[]), (SELECT $2::text[])) WITH ORDINALITY AS a(id, external_id, asker)
JOIN orders AS o ON o.order_id = coalesce(a.id, (SELECT e.id FROM external_ids AS e
                                                  WHERE e.resource = 'orders' AND e.external_id = a.external_id))
CROSS JOIN LATERAL order_members(o) AS m
ORDER BY a.asker;
