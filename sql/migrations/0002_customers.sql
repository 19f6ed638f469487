-- Customers: what KPIs may know of a person stands apart from what names the person,
-- so that erasing somebody keeps every number as it was.

CREATE TABLE customers (
    customer_id         uuid PRIMARY KEY,
    anonymous           boolean NOT NULL DEFAULT false,
    country             text,
    acquired_at         timestamptz,
    acquisition_channel text,
    acquisition_source  text,
    acquisition_campaign text,
    referred_by         uuid,
    version             bigint NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL
);
COMMENT ON TABLE customers IS 'One row per customer, without anything that names a person';
COMMENT ON COLUMN customers.anonymous IS 'Stands for a visitor or an answer without a name; not listed';
COMMENT ON COLUMN customers.acquired_at IS 'When the shop says it won the customer; NULL: the earliest fact counts';
COMMENT ON COLUMN customers.version IS 'Counts changes; the ETag, and the guard against lost updates';

CREATE TABLE customer_profiles (
    customer_id uuid PRIMARY KEY REFERENCES customers,
    external_id text,
    visitor_id  text,
    email       text,
    phone       text,
    name        text,
    interests   jsonb NOT NULL DEFAULT '[]',
    consents    jsonb NOT NULL DEFAULT '{}',
    attributes  jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE customer_profiles IS 'Personal data, and nothing that a KPI reads';

-- No foreign key: identities are looked up by value alone, and can so be distributed by value one day.
CREATE TABLE customer_identities (
    kind        text NOT NULL,
    value       text NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (kind, value)
);
COMMENT ON TABLE customer_identities IS 'Who is meant by external:ID, email:ADDRESS, visitor:ID';
COMMENT ON COLUMN customer_identities.value IS 'E-mail addresses in lower case';
CREATE INDEX customer_identities_customer_id ON customer_identities (customer_id);
COMMENT ON INDEX customer_identities_customer_id IS 'customer_get.sql, customer_list.sql';
CREATE INDEX customers_created_at ON customers (created_at, customer_id);
COMMENT ON INDEX customers_created_at IS 'customer_list.sql';

CREATE VIEW customer_documents AS
SELECT c.customer_id, c.anonymous, c.created_at, c.version,
       (SELECT row_to_json(d) FROM (SELECT
           c.customer_id AS id, p.external_id, p.visitor_id, p.email, p.phone, p.name, c.country, rfc3339(c.acquired_at) AS acquired_at,
           (SELECT row_to_json(a) FROM (SELECT c.acquisition_channel AS channel, c.acquisition_source AS source,
                                               c.acquisition_campaign AS campaign) AS a
            WHERE coalesce(a.channel, a.source, a.campaign) IS NOT NULL) AS acquisition,
           c.referred_by, p.interests, p.consents, p.attributes,
           (SELECT coalesce(array_to_json(array_agg(i)), '[]') FROM (
                SELECT kind, value FROM customer_identities WHERE customer_id = c.customer_id ORDER BY kind, value) AS i
           ) AS identities,
           c.version, rfc3339(c.created_at) AS created_at, rfc3339(c.updated_at) AS updated_at) AS d) AS document
FROM customers AS c JOIN customer_profiles AS p USING (customer_id);
COMMENT ON VIEW customer_documents IS 'Customers as the API shows them';
