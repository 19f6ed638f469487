-- How many customers wait to be derived: days, and stages; of 10,000 changes each, which is enough to know that it lags.
SELECT (SELECT count(DISTINCT d.customer_id) FROM (SELECT customer_id FROM changed_customers LIMIT 10000) AS d),
       (SELECT count(DISTINCT s.customer_id) FROM (SELECT customer_id FROM stale_stages LIMIT 10000) AS s);
