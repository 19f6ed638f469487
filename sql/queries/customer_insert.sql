-- write 10
-- New customers, without anything that names a person.
INSERT INTO customers (customer_id, anonymous, country, acquired_at, acquisition_channel, acquisition_source,
                       acquisition_campaign, referred_by, closed_at, version, created_at, updated_at)
SELECT id, coalesce(anonymous, false), country, acquired_at, acquisition->>'channel', acquisition->>'source',
       acquisition->>'campaign', referred_by, closed_at, version, created_at, updated_at
FROM json_to_recordset($1::json) AS r(id uuid, anonymous boolean, country text, acquired_at timestamptz,
     acquisition json, referred_by uuid, closed_at timestamptz, version bigint, created_at timestamptz, updated_at timestamptz);
