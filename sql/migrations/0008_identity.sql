-- Who is who. Facts stay with the customer row that they came in under; that two rows are the same person is a link, which
-- can be taken away again, and the history of both goes with it.

CREATE TABLE customer_links (
    customer_id uuid PRIMARY KEY REFERENCES customers,
    linked_to   uuid NOT NULL,
    identity    text NOT NULL,
    linked_at   timestamptz NOT NULL,
    CONSTRAINT customer_links_not_oneself CHECK (linked_to <> customer_id)
);
COMMENT ON TABLE customer_links IS 'This customer is the same person as that one. Links make trees; the person is the root';
COMMENT ON COLUMN customer_links.identity IS 'BLAKE2b-256 of the identity that showed it, hex: what taking the link away names';
CREATE INDEX customer_links_linked_to ON customer_links (linked_to);
COMMENT ON INDEX customer_links_linked_to IS 'customer_person_update.sql';

CREATE TABLE customer_persons (
    customer_id uuid PRIMARY KEY,
    person_id   uuid NOT NULL
);
COMMENT ON TABLE customer_persons IS 'The root of each linked customer, from customer_links; who is not here is a person of its own';
CREATE INDEX customer_persons_person_id ON customer_persons (person_id, customer_id);
COMMENT ON INDEX customer_persons_person_id IS 'derive_changed.sql: all customers of a person';

-- What counts as an order everywhere, by person.
CREATE VIEW completed_orders AS
SELECT coalesce(p.person_id, o.customer_id) AS person_id, o.*
FROM orders AS o LEFT JOIN customer_persons AS p ON p.customer_id = o.customer_id
WHERE o.status IN ('paid', 'fulfilled') AND NOT o.test;
COMMENT ON VIEW completed_orders IS 'Orders that count: paid or fulfilled, no tests; person_id is whose they are';

ALTER TABLE customers ADD COLUMN closed_at timestamptz;
ALTER TABLE customers ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN customers.closed_at IS 'When the customer closed the account; an order after that opens it again';
COMMENT ON COLUMN customers.erased_at IS 'When the personal data was erased; the facts stay for the books';

ALTER TABLE orders ADD COLUMN paid_at timestamptz;
COMMENT ON COLUMN orders.paid_at IS 'When the order became paid or fulfilled; NULL: it never was';
UPDATE orders SET paid_at = ordered_at WHERE status IN ('paid', 'fulfilled');

ALTER TABLE settings ADD COLUMN placeholder_emails jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN settings.placeholder_emails IS 'Addresses, or *@domain, that stand for nobody: never an identity';

CREATE TABLE customer_consents (
    customer_id uuid NOT NULL REFERENCES customers,
    topic       text NOT NULL,
    changed_at  timestamptz NOT NULL,
    granted     boolean NOT NULL,
    PRIMARY KEY (customer_id, topic, changed_at)
);
COMMENT ON TABLE customer_consents IS 'Every change of a consent with its date; the profile has the latest of each topic';
INSERT INTO customer_consents (customer_id, topic, changed_at, granted)
SELECT p.customer_id, c.key, k.updated_at, c.value::boolean
FROM customer_profiles AS p JOIN customers AS k USING (customer_id) CROSS JOIN LATERAL jsonb_each_text(p.consents) AS c;

-- Consent is the person's: what was withdrawn under any of its names is withdrawn, until it is granted anew.
CREATE VIEW consenting_persons AS
SELECT p.customer_id, c.key AS topic
FROM customer_profiles AS p CROSS JOIN LATERAL jsonb_each(p.consents) AS c
WHERE c.value = 'true'
  AND NOT EXISTS (SELECT FROM customer_persons AS l WHERE l.customer_id = p.customer_id)
  AND NOT EXISTS (
      SELECT FROM customer_persons AS l CROSS JOIN LATERAL (
          SELECT r.granted, r.changed_at FROM customer_consents AS r
          WHERE r.customer_id = l.customer_id AND r.topic = c.key ORDER BY r.changed_at DESC LIMIT 1) AS w
      WHERE l.person_id = p.customer_id AND NOT w.granted
        AND w.changed_at >= coalesce((SELECT max(r.changed_at) FROM customer_consents AS r
                                      WHERE r.customer_id = p.customer_id AND r.topic = c.key), '-infinity'));
COMMENT ON VIEW consenting_persons IS 'Who may be contacted about what. Every list of people to contact reads this, and nothing else';

CREATE FUNCTION person_consents(person uuid, consents jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT consents || coalesce(jsonb_object_agg(c.key, false), '{}')
FROM jsonb_each(consents) AS c
WHERE c.value = 'true' AND NOT EXISTS (SELECT FROM consenting_persons AS g WHERE g.customer_id = person AND g.topic = c.key)
$$;
COMMENT ON FUNCTION person_consents IS 'Consents of a profile as they are with all that is linked to it';

-- ---- identities ------------------------------------------------------------------------------------

CREATE FUNCTION is_placeholder(email text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM settings AS s CROSS JOIN LATERAL jsonb_array_elements_text(s.placeholder_emails) AS e(pattern)
               WHERE lower(e.pattern) = email
                  OR (left(e.pattern, 2) = '*@' AND right(email, length(e.pattern) - 1) = lower(substr(e.pattern, 2))));
COMMENT ON FUNCTION is_placeholder IS 'Whether an address (in lower case) stands for nobody, by the settings';

CREATE FUNCTION update_persons(changed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tree uuid[];
BEGIN
    -- The trees that these customers are in, whole: up to the root, and down again.
    WITH RECURSIVE up AS (
        SELECT c.id FROM unnest(changed) AS c(id)
        UNION
        SELECT l.linked_to FROM up JOIN customer_links AS l ON l.customer_id = up.id
    ), down AS (
        SELECT up.id AS root, up.id FROM up WHERE NOT EXISTS (SELECT FROM customer_links AS l WHERE l.customer_id = up.id)
        UNION
        SELECT down.root, l.customer_id FROM down JOIN customer_links AS l ON l.linked_to = down.id
    ), placed AS (
        INSERT INTO customer_persons AS p (customer_id, person_id)
        SELECT down.id, down.root FROM down WHERE down.id <> down.root
        ON CONFLICT (customer_id) DO UPDATE SET person_id = EXCLUDED.person_id WHERE p.person_id <> EXCLUDED.person_id
    )
    SELECT array_agg(down.id) INTO tree FROM down WHERE down.id = down.root;
    DELETE FROM customer_persons AS p WHERE p.customer_id = ANY (tree);
END $$;
COMMENT ON FUNCTION update_persons IS 'Brings customer_persons up to the links of some customers';

-- ---- documents -----------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW order_documents AS
SELECT o.customer_id, o.order_id, o.ordered_at, o.status, o.version,
       (SELECT row_to_json(d) FROM (SELECT
           o.order_id AS id, o.external_id, o.customer_id, rfc3339(o.ordered_at) AS ordered_at, o.status, o.currency,
           o.exchange_rate,
           (SELECT coalesce(array_to_json(array_agg(i)), '[]') FROM (
                SELECT sku, name, quantity, unit_price, unit_cost, discount FROM order_items
                WHERE customer_id = o.customer_id AND order_id = o.order_id ORDER BY line_no) AS i) AS items,
           o.discount, o.shipping, o.tax, o.tax_included, o.total, o.net, o.base_currency, o.base_total, o.base_net,
           o.storefront, o.channel, o.campaign, o.cart, o.test, o.refunded, rfc3339(o.paid_at) AS paid_at,
           rfc3339(o.cancelled_at) AS cancelled_at,
           o.version, rfc3339(o.created_at) AS created_at, rfc3339(o.updated_at) AS updated_at) AS d) AS document
FROM orders AS o;
