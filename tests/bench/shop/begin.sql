-- What the other files of this folder need: a schema of its own beside the tables of the product. Everything is a function of
-- numbers, so the same shop comes out each time. Nothing is checked or indexed until finish.sql.
CREATE SCHEMA IF NOT EXISTS bench;

-- 0 <= u < 1, by a number and what it is for.
CREATE OR REPLACE FUNCTION bench.u(n bigint, what integer) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, what) & 2147483647) / 2147483648.0::float8;

-- UUIDs of version 7: 48 bits of time, what it is, a number.
CREATE OR REPLACE FUNCTION bench.id(at timestamptz, kind integer, n bigint) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN ('0' || to_hex((extract(epoch FROM at) * 1000)::bigint) || to_hex(28672 + kind)
        || to_hex((-9223372036854775807 - 1) + n))::uuid;

CREATE OR REPLACE FUNCTION bench.customer_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('0' || to_hex(1600000000000 + n) || '7000' || to_hex((-9223372036854775807 - 1) + n))::uuid;

-- Indexes that are not ready are not written; REINDEX makes them so again.
UPDATE pg_index SET indisready = false, indisvalid = false
WHERE indrelid IN (SELECT c.oid FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
                   AND c.relname IN ('customers', 'customer_profiles', 'customer_identities', 'external_ids', 'orders',
                                     'refunds', 'touchpoints', 'cart_updates', 'survey_responses', 'reviews'));
