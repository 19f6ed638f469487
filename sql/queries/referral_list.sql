-- Referrals, newest first. $1 limit, $2 $3 cursor (referred_at, id), $4 $5 $6 who referred, $7 $8 $9 who came (each: id, or
-- identity kind and value), $10 $11 referred from, to.
SELECT referral_id AS id, rfc3339(referred_at) AS sort_key, document FROM referral_documents
WHERE ($2::timestamptz IS NULL OR (referred_at, referral_id) < ($2::timestamptz, $3::uuid))
  AND (coalesce($4, $5) IS NULL OR referrer_id = ANY (customer_rows($4::uuid, $5, $6)))
  AND (coalesce($7, $8) IS NULL OR customer_id = ANY (customer_rows($7::uuid, $8, $9)))
  AND ($10::timestamptz IS NULL OR referred_at >= $10::timestamptz)
  AND ($11::timestamptz IS NULL OR referred_at < $11::timestamptz)
ORDER BY referred_at DESC, referral_id DESC LIMIT $1::integer;
