-- Everything about one person as one document: customer by id ($1), or by identity ($2 kind, $3 value). An id of somebody who was erased has a row
-- without a document. Every table with a customer_id is in it, but for copies: answers kept under an Idempotency-Key, and what waits to be
-- derived.
WITH found AS MATERIALIZED (
    SELECT c.customer_id AS id, c.erased_at, ARRAY(SELECT n.customer_id FROM person_rows(ARRAY[c.customer_id]) AS n) AS rows
    FROM customers AS c
    WHERE NOT c.anonymous AND c.customer_id = (
        SELECT coalesce((SELECT p.person_id FROM customer_persons AS p WHERE p.customer_id = k.id), k.id)
        FROM (SELECT coalesce($1::uuid, (SELECT i.customer_id FROM customer_identities AS i WHERE i.kind = $2 AND i.value = $3)) AS id) AS k)
)
SELECT f.id, CASE WHEN f.erased_at IS NULL THEN (SELECT row_to_json(d) FROM (SELECT
    rfc3339(now()) AS exported_at,
    (SELECT c.document FROM customer_documents AS c WHERE c.customer_id = f.id) AS customer,
    (SELECT coalesce(json_agg(json_build_object('linked_to', l.linked_to, 'linked_at', rfc3339(l.linked_at), 'customer', c.document)
                              ORDER BY l.linked_at, l.customer_id), '[]')
     FROM customer_links AS l JOIN customer_documents AS c USING (customer_id) WHERE l.customer_id = ANY (f.rows)) AS linked,
    -- What the customers were created under, which may be addresses that they have no more.
    (SELECT coalesce(json_agg(e.external_id ORDER BY e.external_id), '[]') FROM external_ids AS e
     WHERE e.resource = 'customers' AND e.customer_id = ANY (f.rows)) AS created_as,
    (SELECT coalesce(json_agg(json_build_object('topic', c.topic, 'granted', c.granted, 'changed_at', rfc3339(c.changed_at),
                                                'customer_id', c.customer_id) ORDER BY c.changed_at, c.topic, c.customer_id), '[]')
     FROM customer_consents AS c WHERE c.customer_id = ANY (f.rows)) AS consents,
    (SELECT coalesce(json_agg(o.document ORDER BY o.ordered_at, o.order_id), '[]')
     FROM order_documents AS o WHERE o.customer_id = ANY (f.rows)) AS orders,
    (SELECT coalesce(json_agg(r.document ORDER BY r.refunded_at, r.refund_id), '[]')
     FROM refund_documents AS r WHERE r.customer_id = ANY (f.rows)) AS refunds,
    (SELECT coalesce(json_agg(t.document ORDER BY t.at, t.touchpoint_id), '[]')
     FROM touchpoint_documents AS t WHERE t.customer_id = ANY (f.rows)) AS touchpoints,
    (SELECT coalesce(json_agg(c.document ORDER BY c.updated_at, c.cart_id), '[]')
     FROM cart_documents AS c WHERE c.customer_id = ANY (f.rows)) AS carts,
    -- A cart shows its newest update, which may be another customer's.
    (SELECT coalesce(json_agg(json_build_object(
                'cart_id', u.cart_id, 'external_id', u.external_id, 'customer_id', u.customer_id, 'items', u.items, 'value', u.value,
                'currency', u.currency, 'channel', u.channel, 'campaign', u.campaign, 'storefront', u.storefront,
                'updated_at', rfc3339(u.updated_at), 'created_at', rfc3339(u.created_at)) ORDER BY u.updated_at, u.cart_id), '[]')
     FROM cart_updates AS u WHERE u.customer_id = ANY (f.rows)) AS cart_updates,
    (SELECT coalesce(json_agg(d.document ORDER BY r.sent_at, r.reminder_id), '[]')
     FROM cart_reminders AS r JOIN cart_reminder_documents AS d USING (reminder_id) WHERE r.customer_id = ANY (f.rows)) AS cart_reminders,
    (SELECT coalesce(json_agg(r.document ORDER BY r.answered_at, r.response_id), '[]')
     FROM response_documents AS r WHERE r.customer_id = ANY (f.rows)) AS responses,
    (SELECT coalesce(json_agg(r.document ORDER BY r.reviewed_at, r.review_id), '[]')
     FROM review_documents AS r WHERE r.customer_id = ANY (f.rows)) AS reviews,
    -- Those who came by this person, and by whom this person came: ids alone.
    (SELECT coalesce(json_agg(r.document ORDER BY r.referred_at, r.referral_id), '[]')
     FROM referral_documents AS r WHERE r.customer_id = ANY (f.rows) OR r.referrer_id = ANY (f.rows)) AS referrals,
    (SELECT coalesce(json_agg(c.customer_id ORDER BY c.customer_id), '[]')
     FROM customers AS c WHERE c.referred_by = ANY (f.rows)) AS referred,
    (SELECT coalesce(json_agg(m.document ORDER BY m.joined_at, m.member_id), '[]')
     FROM loyalty_member_documents AS m WHERE m.customer_id = ANY (f.rows)) AS loyalty_members,
    (SELECT coalesce(json_agg(p.document ORDER BY p.at, p.points_id), '[]')
     FROM loyalty_points_documents AS p WHERE p.customer_id = ANY (f.rows)) AS loyalty_points,
    (SELECT coalesce(json_agg(s.document ORDER BY s.started_at, s.subscription_id), '[]')
     FROM subscription_documents AS s WHERE s.customer_id = ANY (f.rows)) AS subscriptions,
    (SELECT coalesce(json_agg(r.document ORDER BY r.renewed_at, r.renewal_id), '[]')
     FROM subscription_renewal_documents AS r WHERE r.customer_id = ANY (f.rows)) AS subscription_renewals,
    (SELECT coalesce(json_agg(c.document ORDER BY c.incurred_at, c.cost_id), '[]')
     FROM cost_documents AS c WHERE c.customer_id = ANY (f.rows)) AS costs,
    -- Derived: what Ciclo makes of the facts.
    (SELECT coalesce(json_agg(json_build_object(
                'stage', s.stage, 'previous', s.previous, 'rule', s.rule, 'entered_at', rfc3339(s.entered_at),
                'left_at', CASE WHEN s.left_at <= now() THEN rfc3339(s.left_at) END,
                'fact', CASE WHEN s.fact_id IS NOT NULL THEN json_build_object('kind', s.fact_kind, 'id', s.fact_id) END)
                ORDER BY s.entered_at), '[]')
     FROM customer_stages AS s WHERE s.customer_id = f.id AND s.entered_at <= now()) AS stages,
    (SELECT coalesce(json_agg(json_build_object('day', d.day, 'orders', coalesce(d.orders, 0), 'net', coalesce(d.net, 0)) ORDER BY d.day), '[]')
     FROM customer_days AS d WHERE d.customer_id = f.id) AS days) AS d) END AS document
FROM found AS f;
