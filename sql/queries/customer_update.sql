-- write 11
-- Changed customers. CI409: somebody else changed the customer since it was read, or does so in the same group.
UPDATE customers AS c SET
    country = r.country, acquired_at = r.acquired_at, acquisition_channel = r.acquisition->>'channel',
    acquisition_source = r.acquisition->>'source', acquisition_campaign = r.acquisition->>'campaign',
    referred_by = r.referred_by, closed_at = r.closed_at, version = r.version, updated_at = r.updated_at
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(id uuid, country text, acquired_at timestamptz, acquisition json,
     referred_by uuid, closed_at timestamptz, version bigint, updated_at timestamptz)) AS r
WHERE c.customer_id = r.id AND must(c.version = r.version - 1 AND r.writers = 1, 'CI409');
