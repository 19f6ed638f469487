-- write 14
-- A customer who was known by an identity only gets what the shop now says of it. CI409: twice in the same group.
UPDATE customers AS c SET
    country = coalesce(r.country, c.country), acquired_at = coalesce(r.acquired_at, c.acquired_at),
    acquisition_channel = coalesce(r.acquisition->>'channel', c.acquisition_channel),
    acquisition_source = coalesce(r.acquisition->>'source', c.acquisition_source),
    acquisition_campaign = coalesce(r.acquisition->>'campaign', c.acquisition_campaign),
    referred_by = coalesce(r.referred_by, c.referred_by),
    closed_at = coalesce(r.closed_at, c.closed_at), version = c.version + 1, updated_at = r.updated_at
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
      FROM json_to_recordset($1::json) AS f(id uuid, country text, acquired_at timestamptz, acquisition json,
     referred_by uuid, closed_at timestamptz, updated_at timestamptz)) AS r
WHERE c.customer_id = r.id AND must(r.writers = 1, 'CI409');
