-- What requests must know of the shop. today: the calendar day there, now. The document is settings_document.sql.
SELECT NULL AS document, base_currency, time_zone, week_start, default_gross_margin,
       local_day(now(), time_zone) AS today, rfc3339(now()) AS now
FROM settings;
