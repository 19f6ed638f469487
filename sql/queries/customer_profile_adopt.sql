-- write 15
-- Identities that the profile shows already stay; everything else that is given wins. CI409: twice in the
-- same group.
UPDATE customer_profiles AS p SET
    external_id = coalesce(p.external_id, r.external_id), visitor_id = coalesce(p.visitor_id, r.visitor_id),
    email = coalesce(p.email, r.email),
    phone = coalesce(r.phone, p.phone), name = coalesce(r.name, p.name), interests = coalesce(r.interests, p.interests),
    consents = p.consents || coalesce(r.consents, '{}'), attributes = p.attributes || coalesce(r.attributes, '{}')
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(id uuid, external_id text, visitor_id text, email text, phone text, name text,
     interests jsonb, consents jsonb, attributes jsonb)) AS r
WHERE p.customer_id = r.id AND must(r.writers = 1, 'CI409');
