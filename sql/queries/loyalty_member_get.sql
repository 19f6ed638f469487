-- One membership by id ($1) or external id ($2).
SELECT member_id AS id, version, document FROM loyalty_member_documents
WHERE member_id = coalesce($1::uuid, (SELECT id FROM external_ids WHERE resource = 'loyalty_members' AND external_id = $2));
