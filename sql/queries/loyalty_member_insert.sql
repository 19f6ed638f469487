-- write 66
-- New memberships.
INSERT INTO loyalty_members (customer_id, member_id, external_id, program, tier, joined_at, left_at, version, created_at,
                             updated_at)
SELECT customer_id, id, external_id, program, tier, joined_at, left_at, version, created_at, updated_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, program text, tier text,
     joined_at timestamptz, left_at timestamptz, version bigint, created_at timestamptz, updated_at timestamptz);
