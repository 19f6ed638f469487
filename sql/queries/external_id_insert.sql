-- write 30 columns
-- Claims natural keys. A key that is taken must fail the transaction (23505): who came second looks again
-- and finds the fact, or the conflict.
INSERT INTO external_ids (resource, external_id, id, customer_id, content_hash)
SELECT unnest((SELECT $1::text[])) AS resource, unnest($2::text[]) AS external_id, unnest($3::uuid[]) AS id,
       unnest($4::uuid[]) AS customer_id, unnest($5::text[]) AS content_hash;
