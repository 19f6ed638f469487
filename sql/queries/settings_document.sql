-- The shop's settings as the API shows them.
SELECT s.id, NULL AS version,
       (SELECT row_to_json(d) FROM (SELECT
           s.base_currency, s.time_zone, s.week_start, s.default_gross_margin, s.abandoned_after_minutes,
           s.lost_after_days, s.loyal_after_orders, s.placeholder_emails, rfc3339(s.updated_at) AS updated_at) AS d) AS document
FROM settings AS s;
