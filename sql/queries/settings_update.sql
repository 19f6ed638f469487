-- write 80
-- The whole settings row. An unknown time zone is refused (CI422).
UPDATE settings SET
    base_currency = r.base_currency,
    time_zone = r.time_zone,
    week_start = r.week_start,
    default_gross_margin = r.default_gross_margin,
    abandoned_after_minutes = r.abandoned_after_minutes,
    lost_after_days = r.lost_after_days,
    loyal_after_orders = r.loyal_after_orders,
    updated_at = r.updated_at
FROM json_to_recordset($1::json) AS r(base_currency text, time_zone text, week_start text,
    default_gross_margin numeric, abandoned_after_minutes integer, lost_after_days integer,
    loyal_after_orders integer, updated_at timestamptz)
WHERE must(EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = r.time_zone), 'CI422');
