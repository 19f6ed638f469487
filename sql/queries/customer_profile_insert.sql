-- write 12
-- What names a new customer.
INSERT INTO customer_profiles (customer_id, external_id, visitor_id, email, phone, name, interests, consents, attributes)
SELECT id, external_id, visitor_id, email, phone, name, interests, consents, attributes
FROM json_to_recordset($1::json) AS r(id uuid, external_id text, visitor_id text, email text, phone text, name text,
     interests jsonb, consents jsonb, attributes jsonb);
