-- Reminders of one cart, newest first. $1 limit, $2 $3 cursor (sent_at, id), $4 $5 cart (id, or external id).
SELECT reminder_id AS id, rfc3339(sent_at) AS sort_key, document FROM cart_reminder_documents
WHERE cart_id = coalesce($4::uuid, (SELECT id FROM external_ids WHERE resource = 'carts' AND external_id = $5))
  AND ($2::timestamptz IS NULL OR (sent_at, reminder_id) < ($2::timestamptz, $3::uuid))
ORDER BY sent_at DESC, reminder_id DESC LIMIT $1::integer;
