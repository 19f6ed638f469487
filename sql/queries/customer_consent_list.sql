-- Changes of the consents of one person, newest first. $1 limit, $2 $3 cursor (changed_at, id), $4 $5 $6 customer (id, or identity kind and value).
SELECT c.id, rfc3339(c.changed_at) AS sort_key,
       json_build_object('topic', c.topic, 'granted', c.granted, 'changed_at', rfc3339(c.changed_at),
                         'customer_id', c.customer_id) AS document
FROM (SELECT h.*, md5(h.customer_id::text || h.topic || h.changed_at)::uuid AS id FROM customer_consents AS h
      WHERE h.customer_id = ANY (customer_rows($4::uuid, $5, $6))) AS c
WHERE $2::timestamptz IS NULL OR (c.changed_at, c.id) < ($2::timestamptz, $3::uuid)
ORDER BY c.changed_at DESC, c.id DESC LIMIT $1::integer;
