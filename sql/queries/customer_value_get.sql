-- What one person brought in and cost until the end of a day, by the names of measures; no row when there is no such customer.
-- $1 id, or $2 kind and $3 value of an identity; $4 the last day whose facts count.
WITH shop AS MATERIALIZED (
    SELECT base_currency, day_start($4::date + 1, time_zone) AS cut FROM settings
), person AS MATERIALIZED (
    SELECT coalesce(p.person_id, c.customer_id) AS person_id
    FROM customers AS c LEFT JOIN customer_persons AS p USING (customer_id)
    WHERE c.customer_id = coalesce($1::uuid, (SELECT i.customer_id FROM customer_identities AS i
                                              WHERE i.kind = $2::text AND i.value = $3::text))
      -- Who answered without a name is nobody to ask for.
      AND ($1::uuid IS NULL OR NOT c.anonymous)
), whole AS MATERIALIZED (
    -- All customers that this person is.
    SELECT person_id AS customer_id FROM person
    UNION ALL
    SELECT p.customer_id FROM person JOIN customer_persons AS p USING (person_id)
), bought AS (
    SELECT o.ordered_at, o.test, o.base_currency = shop.base_currency AS converted, o.base_net, o.base_net_with_cost,
           o.base_cost
    FROM shop, whole JOIN orders AS o USING (customer_id)
    WHERE o.ordered_at < shop.cut AND o.status IN ('paid', 'fulfilled')
), sold AS (
    SELECT count(*) FILTER (WHERE NOT test) AS orders,
           count(*) FILTER (WHERE NOT test AND converted) AS converted,
           min(ordered_at) FILTER (WHERE NOT test) AS first_at,
           sum(base_net) FILTER (WHERE NOT test AND converted) AS sales,
           sum(base_net_with_cost) FILTER (WHERE NOT test AND converted) AS net_with_cost,
           sum(base_cost) FILTER (WHERE NOT test AND converted) AS cost,
           count(*) FILTER (WHERE test) AS tests,
           count(*) FILTER (WHERE NOT test AND NOT converted) AS unconverted
    FROM bought
), returned AS (
    SELECT sum(n.base_net) FILTER (WHERE n.base_currency = shop.base_currency) AS net,
           sum(n.base_net_with_cost) FILTER (WHERE n.base_currency = shop.base_currency) AS net_with_cost,
           sum(n.base_cost) FILTER (WHERE n.base_currency = shop.base_currency) AS cost,
           count(*) FILTER (WHERE n.base_currency <> shop.base_currency) AS unconverted
    -- By customer (OFFSET 0 keeps it so), that the view reads the refunds of this person alone.
    FROM shop, whole AS w
    CROSS JOIN LATERAL (SELECT * FROM refund_nets AS v WHERE v.customer_id = w.customer_id OFFSET 0) AS n
    WHERE n.refunded_at < shop.cut AND n.ordered_at < shop.cut AND n.status IN ('paid', 'fulfilled') AND NOT n.test
), spent AS (
    SELECT sum(c.base_amount) FILTER (WHERE c.base_currency = shop.base_currency) AS costs,
           count(*) FILTER (WHERE c.base_currency <> shop.base_currency) AS unconverted
    FROM shop, whole JOIN costs AS c USING (customer_id) WHERE c.incurred_at < shop.cut
)
SELECT p.person_id AS id,
       (SELECT e.erased_at IS NOT NULL FROM customers AS e WHERE e.customer_id = p.person_id) AS erased,
       s.orders,
       s.converted AS converted_orders,
       coalesce(s.sales, 0) AS sales,
       s.tests AS test_orders,
       1 AS acquired_customers,
       coalesce((extract(epoch FROM shop.cut - s.first_at) * 1000000)::bigint, 0) AS acquired_observed_us,
       coalesce(s.sales, 0) - coalesce(r.net, 0) AS acquired_net,
       coalesce(s.net_with_cost, 0) - coalesce(r.net_with_cost, 0) AS acquired_net_with_cost,
       coalesce(s.cost, 0) - coalesce(r.cost, 0) AS acquired_cost,
       s.unconverted + r.unconverted AS unconverted_acquired,
       coalesce(c.costs, 0) AS acquired_costs,
       c.unconverted AS unconverted_costs
FROM shop, person AS p, sold AS s, returned AS r, spent AS c;
