-- Orders, newest first. $1 limit, $2 $3 cursor (ordered_at, id), $4 $5 $6 customer (id, or identity kind and value),
-- $7 status, $8 $9 ordered from, to.
SELECT o.order_id AS id, m.ordered_at AS sort_key, m.* FROM orders AS o CROSS JOIN LATERAL order_members(o) AS m
WHERE ($2::timestamptz IS NULL OR (o.ordered_at, o.order_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR o.customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::text IS NULL OR o.status = $7)
  AND ($8::timestamptz IS NULL OR o.ordered_at >= $8::timestamptz)
  AND ($9::timestamptz IS NULL OR o.ordered_at < $9::timestamptz)
ORDER BY o.ordered_at DESC, o.order_id DESC LIMIT $1::integer;
