-- write 80
-- The whole settings row, over the one that was read at `replaces`. CI409: somebody else was faster, or is in the same
-- group. CI422: no such time zone.
UPDATE settings SET
    base_currency = r.base_currency,
    time_zone = r.time_zone,
    week_start = r.week_start,
    default_gross_margin = r.default_gross_margin,
    abandoned_after_minutes = r.abandoned_after_minutes,
    lost_after_days = r.lost_after_days,
    loyal_after_orders = r.loyal_after_orders,
    placeholder_emails = r.placeholder_emails,
    updated_at = r.updated_at
FROM (SELECT *, count(*) OVER () AS writers
      FROM json_to_recordset($1::json) AS f(base_currency text, time_zone text, week_start text,
    default_gross_margin numeric, abandoned_after_minutes integer, lost_after_days integer,
    loyal_after_orders integer, placeholder_emails jsonb, updated_at timestamptz, replaces timestamptz)) AS r
WHERE must(settings.updated_at = r.replaces AND r.writers = 1, 'CI409')
  AND must(EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = r.time_zone), 'CI422');
