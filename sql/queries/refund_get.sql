-- One refund by id ($1).
SELECT refund_id AS id, NULL AS version, document FROM refund_documents WHERE refund_id = $1::uuid;
