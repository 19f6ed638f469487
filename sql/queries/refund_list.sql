-- Refunds of one order, newest first. $1 limit, $2 $3 cursor (refunded_at, id), $4 $5 order (id, or external id).
SELECT refund_id AS id, rfc3339(refunded_at) AS sort_key, document FROM refund_documents
WHERE order_id = coalesce($4::uuid, (SELECT id FROM external_ids WHERE resource = 'orders' AND external_id = $5))
  AND customer_id = (SELECT customer_id FROM orders WHERE order_id = coalesce($4::uuid,
      (SELECT id FROM external_ids WHERE resource = 'orders' AND external_id = $5)))
  AND ($2::timestamptz IS NULL OR (refunded_at, refund_id) < ($2::timestamptz, $3::uuid))
ORDER BY refunded_at DESC, refund_id DESC LIMIT $1::integer;
