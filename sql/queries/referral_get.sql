-- One referral by id ($1) or external id ($2).
SELECT referral_id AS id, NULL AS version, document FROM referral_documents
WHERE referral_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'referrals' AND external_id = $2));
