-- write 13
-- Runs behind customer_update.sql in the same transaction, which holds the row lock and has checked the version.
UPDATE customer_profiles AS p SET
    external_id = r.external_id, visitor_id = r.visitor_id, email = r.email, phone = r.phone, name = r.name,
    interests = r.interests, consents = r.consents, attributes = r.attributes
FROM json_to_recordset($1::json) AS r(id uuid, external_id text, visitor_id text, email text, phone text, name text,
     interests jsonb, consents jsonb, attributes jsonb)
WHERE p.customer_id = r.id;
