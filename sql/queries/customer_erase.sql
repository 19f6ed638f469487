-- write 4
-- Erases persons, all of their customers at once, behind customer_erase_lock.sql, and writes a receipt each. CI409: somebody else changed, linked
-- or erased the person since it was read. It stands before customer_guard.sql so that whoever writes for the person in the same
-- transaction finds it erased as well. What stays is what the books and the KPIs need, under ids that name nobody.
WITH asked AS MATERIALIZED (
    SELECT r.id, r.erased_at
    FROM (SELECT *, count(*) OVER (PARTITION BY id) AS writers
          FROM json_to_recordset($1::json) AS f(id uuid, version bigint, erased_at timestamptz)) AS r
    JOIN customers AS c ON c.customer_id = r.id
    WHERE must(r.writers = 1 AND c.version = r.version AND c.erased_at IS NULL
               AND NOT EXISTS (SELECT FROM customer_persons AS p WHERE p.customer_id = r.id), 'CI409')
), part AS MATERIALIZED (
    SELECT a.id, a.erased_at, n.customer_id FROM asked AS a CROSS JOIN LATERAL person_rows(ARRAY[a.id]) AS n
), profile AS (
    DELETE FROM customer_profiles AS t USING part AS p WHERE t.customer_id = p.customer_id RETURNING p.id
), identity AS (
    DELETE FROM customer_identities AS t USING part AS p WHERE t.customer_id = p.customer_id RETURNING p.id
), consent AS (
    DELETE FROM customer_consents AS t USING part AS p WHERE t.customer_id = p.customer_id RETURNING p.id
), link AS (
    -- That two customers are one person is in the KPIs; by which address that was known is not.
    UPDATE customer_links AS t SET identity = '' FROM part AS p
    WHERE t.customer_id = p.customer_id AND t.identity <> '' RETURNING p.id
), refund AS (
    UPDATE refunds AS t SET reason = NULL FROM part AS p
    WHERE t.customer_id = p.customer_id AND t.reason IS NOT NULL RETURNING p.id, t.refund_id AS fact_id
), response AS (
    UPDATE survey_responses AS t SET text = NULL, comment = NULL FROM part AS p
    WHERE t.customer_id = p.customer_id AND coalesce(t.text, t.comment) IS NOT NULL RETURNING p.id, t.response_id AS fact_id
), review AS (
    UPDATE reviews AS t SET title = NULL, text = NULL FROM part AS p
    WHERE t.customer_id = p.customer_id AND coalesce(t.title, t.text) IS NOT NULL RETURNING p.id, t.review_id AS fact_id
), subscription AS (
    UPDATE subscriptions AS t SET reason = NULL, version = t.version + 1, updated_at = p.erased_at FROM part AS p
    WHERE t.customer_id = p.customer_id AND t.reason IS NOT NULL RETURNING p.id
), natural_key AS (
    -- Also those that the customer was created under and has changed since, or that came to be another one's.
    DELETE FROM external_ids AS t
    USING (SELECT p.id, e.external_id FROM part AS p JOIN external_ids AS e ON e.customer_id = p.customer_id
           WHERE e.resource = 'customers'
           UNION
           SELECT p.id, i.kind || ':' || i.value FROM part AS p JOIN customer_identities AS i ON i.customer_id = p.customer_id) AS k
    WHERE t.resource = 'customers' AND t.external_id = k.external_id RETURNING k.id
), content AS (
    -- A hash of words tells who guesses them that they were these.
    UPDATE external_ids AS t SET content_hash = '' FROM part AS p
    WHERE t.customer_id = p.customer_id AND t.resource IN ('carts', 'refunds', 'responses', 'reviews')
      AND (t.resource = 'carts' OR t.id IN (SELECT fact_id FROM refund UNION ALL SELECT fact_id FROM response
                                            UNION ALL SELECT fact_id FROM review)) RETURNING p.id
), answer AS (
    DELETE FROM idempotency_keys AS t USING part AS p WHERE t.customer_id = p.customer_id RETURNING p.id
), customer AS (
    UPDATE customers AS t SET erased_at = p.erased_at, version = t.version + 1, updated_at = p.erased_at FROM part AS p
    WHERE t.customer_id = p.customer_id RETURNING p.id
), touched (name, id) AS (
    SELECT 'customers', id FROM customer UNION ALL SELECT 'customer_profiles', id FROM profile
    UNION ALL SELECT 'customer_identities', id FROM identity UNION ALL SELECT 'customer_consents', id FROM consent
    UNION ALL SELECT 'customer_links', id FROM link UNION ALL SELECT 'refunds', id FROM refund
    UNION ALL SELECT 'survey_responses', id FROM response UNION ALL SELECT 'reviews', id FROM review
    UNION ALL SELECT 'subscriptions', id FROM subscription UNION ALL SELECT 'external_ids', id FROM natural_key
    UNION ALL SELECT 'external_ids', id FROM content UNION ALL SELECT 'idempotency_keys', id FROM answer
)
INSERT INTO customer_erasures (customer_id, erased_at, rows)
SELECT a.id, a.erased_at, (SELECT json_object_agg(n.name, n.rows ORDER BY n.name)
                           FROM (SELECT t.name, count(*) AS rows FROM touched AS t WHERE t.id = a.id GROUP BY t.name) AS n)
FROM asked AS a;
