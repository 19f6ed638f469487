-- Fewer days at the ends of a window: a month of which most is asked for is taken whole, and the few days that are not are
-- taken off again.

CREATE FUNCTION near_pieces(first date, past date, rolled date) RETURNS TABLE (sign integer, grain text, first date, past date)
LANGUAGE sql IMMUTABLE ROWS 3 AS $$
-- OFFSET 0: each date is found once, where this becomes a part of a statement.
SELECT p.sign, p.grain, p.first, p.past
FROM (SELECT -- Of infinite dates there is no day of a month: they are their own month.
             CASE WHEN date_part('day', $1) <= 15 AND e.first_up <= $2 THEN e.first_down ELSE e.first_up END AS first,
             CASE WHEN date_part('day', $2) > 16 AND e.past_down >= $1 AND e.past_up <= $3 THEN e.past_up ELSE least(e.past_down, $3) END AS past
      FROM (SELECT date_trunc('month', $1::timestamp)::date AS first_down,
                   (date_trunc('month', $1::timestamp - interval '1 day') + interval '1 month')::date AS first_up,
                   date_trunc('month', $2::timestamp)::date AS past_down,
                   (date_trunc('month', $2::timestamp - interval '1 day') + interval '1 month')::date AS past_up OFFSET 0) AS e
      OFFSET 0) AS m
CROSS JOIN LATERAL (VALUES
    (1, 'month', m.first, m.past),
    (1, 'day', $1, CASE WHEN m.first < m.past THEN m.first ELSE $2 END),
    (-1, 'day', CASE WHEN m.first < m.past THEN m.first ELSE $1 END, $1),
    (1, 'day', CASE WHEN m.first < m.past THEN m.past ELSE $2 END, $2),
    (-1, 'day', $2, CASE WHEN m.first < m.past THEN m.past ELSE $2 END)) AS p(sign, grain, first, past)
WHERE p.first < p.past
$$;
COMMENT ON FUNCTION near_pieces IS 'A window as whole months before a day, and days at its ends to add or (sign -1) to take off';
