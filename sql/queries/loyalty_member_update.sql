-- write 67
-- Memberships that end. CI409: somebody else changed the membership since it was read, or does so in the same group.
UPDATE loyalty_members AS m SET left_at = r.left_at, version = r.version, updated_at = r.updated_at
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(customer_id uuid, id uuid, left_at timestamptz, version bigint,
     updated_at timestamptz)) AS r
WHERE m.customer_id = r.customer_id AND m.member_id = r.id AND must(m.version = r.version - 1 AND r.writers = 1, 'CI409');
