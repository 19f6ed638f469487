-- Carts, the last updated first. $1 limit, $2 $3 cursor (updated_at, id), $4 $5 $6 customer (id, or identity kind and value;
-- with all that is linked to it), $7 state, $8 $9 updated from, to, $10 a topic that the customer consents to hear of. Few carts are open, and none that was last updated too
-- long ago: to say so spares the page from looking at all the others.
SELECT cart_id AS id, rfc3339(updated_at) AS sort_key, document FROM cart_documents AS d
WHERE ($2::timestamptz IS NULL OR (updated_at, cart_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR customer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND ($7::text IS NULL OR state = $7)
  AND ($7::text IS DISTINCT FROM 'open' OR updated_at > (
           SELECT now() - make_interval(mins => abandoned_after_minutes) FROM settings))
  AND ($8::timestamptz IS NULL OR updated_at >= $8::timestamptz)
  AND ($9::timestamptz IS NULL OR updated_at < $9::timestamptz)
  AND ($10::text IS NULL OR coalesce((SELECT p.person_id FROM customer_persons AS p WHERE p.customer_id = d.customer_id), d.customer_id)
       IN (SELECT g.customer_id FROM consenting_persons AS g WHERE g.topic = $10))
ORDER BY updated_at DESC, cart_id DESC LIMIT $1::integer;
