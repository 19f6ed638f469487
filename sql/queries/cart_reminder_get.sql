-- One reminder by id ($1).
SELECT reminder_id AS id, NULL AS version, document FROM cart_reminder_documents WHERE reminder_id = $1::uuid;
