-- What a report must know of the shop (as settings_get.sql), and how new its data are: history and version of what is
-- derived, and the newest change that is not (NULL: none), and how many there are at most, all of one snapshot.
SELECT NULL AS document, s.base_currency, s.time_zone, s.week_start, s.default_gross_margin,
       local_day(now(), s.time_zone) AS today, rfc3339(now()) AS now,
       data_history() || '-' || v.version AS version, c.newest, c.newest - c.oldest + 1 AS waiting
FROM settings AS s, data_version AS v,
     (SELECT max(change_id) AS newest, min(change_id) AS oldest FROM changed_customers) AS c;
