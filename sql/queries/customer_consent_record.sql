-- write 16
-- What the profiles that were just written say of consents, where the records say otherwise. A topic that is no longer there is withdrawn. Rows
-- are {id, updated_at, consents}; a grant among these consents counts anew when the topic was withdrawn under another name of the person.
-- Instants of one topic never go back, whatever clocks do: the latest record is the state.
INSERT INTO customer_consents (customer_id, topic, changed_at, granted)
SELECT r.id, t.topic, greatest(r.updated_at, b.changed_at + interval '1 microsecond', l.withdrawn_at + interval '1 microsecond'),
       coalesce(n.value = 'true', false)
FROM json_to_recordset($1::json) AS r(id uuid, updated_at timestamptz, consents jsonb)
JOIN customer_profiles AS p ON p.customer_id = r.id
CROSS JOIN LATERAL (
    SELECT jsonb_object_keys(p.consents) AS topic
    UNION
    SELECT c.topic FROM customer_consents AS c WHERE c.customer_id = r.id) AS t
LEFT JOIN LATERAL (SELECT p.consents -> t.topic AS value) AS n ON true
LEFT JOIN LATERAL (
    SELECT c.granted, c.changed_at FROM customer_consents AS c WHERE c.customer_id = r.id AND c.topic = t.topic
    ORDER BY c.changed_at DESC LIMIT 1) AS b ON true
LEFT JOIN LATERAL (
    SELECT max(w.changed_at) AS withdrawn_at
    FROM customer_persons AS m CROSS JOIN LATERAL (
        SELECT c.granted, c.changed_at FROM customer_consents AS c WHERE c.customer_id = m.customer_id AND c.topic = t.topic
        ORDER BY c.changed_at DESC LIMIT 1) AS w
    WHERE m.person_id = r.id AND NOT w.granted) AS l ON true
WHERE coalesce(n.value = 'true', false) IS DISTINCT FROM b.granted AND (n.value IS NOT NULL OR b.granted)
   OR (r.consents -> t.topic = 'true' AND l.withdrawn_at >= b.changed_at);
