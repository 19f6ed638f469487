"""near_pieces: whatever the window, its pieces with their signs are each day of it once, and no more days than it has."""
import pytest

from support.shop import Shop

# Windows of all lengths from all days of two months on, and months that are summed: none, some, all.
WINDOWS = """
CREATE TEMP TABLE w AS
SELECT date '2024-01-31' + a AS first, date '2024-01-31' + a + length AS past, rolled
FROM generate_series(0, 61) AS a, unnest(ARRAY[1, 2, 14, 15, 16, 17, 28, 29, 30, 31, 32, 45, 59, 60, 61, 92, 366]) AS length,
     unnest(ARRAY[date '-infinity', '2024-02-01', '2024-03-01', '2024-05-01', 'infinity']) AS rolled;
CREATE TEMP TABLE piece AS SELECT w.first AS w_first, w.past AS w_past, w.rolled, p.* FROM w, near_pieces(w.first, w.past, w.rolled) AS p;
"""
DAYS = """
SELECT count(*) FROM w WHERE
    ARRAY(SELECT d::date FROM generate_series(w.first, w.past - 1, interval '1 day') AS d)
    <> ARRAY(SELECT d::date FROM piece AS p, generate_series(p.first, p.past - 1, interval '1 day') AS d
             WHERE (p.w_first, p.w_past, p.rolled) = (w.first, w.past, w.rolled)
             GROUP BY d HAVING sum(p.sign) <> 0 ORDER BY d)
"""
MONTHS = """
SELECT count(*) FROM piece WHERE grain = 'month'
    AND (sign <> 1 OR past > rolled OR date_trunc('month', first::timestamp) <> first OR date_trunc('month', past::timestamp) <> past)
"""
MANY = """
SELECT count(*) FROM (SELECT sum(past - first) FILTER (WHERE grain = 'day') AS days, w_past - w_first AS length, rolled FROM piece GROUP BY w_first, w_past, rolled) AS p
WHERE p.days > least(p.length, CASE WHEN p.rolled = 'infinity' THEN 32 END)
"""


@pytest.fixture(scope="module")
def shop(shops):
    one: Shop = shops()
    yield one
    one.close()


@pytest.mark.parametrize("wrong", [DAYS, MONTHS, MANY], ids=["days", "months", "many"])
def test_pieces_make_the_window(shop, wrong):
    assert shop.sql(WINDOWS + wrong) == [(0,)]


def test_all_that_was_before_a_day(shop):
    pieces = shop.sql("SELECT sign, grain, first::text, past::text FROM near_pieces('-infinity', '2024-02-20', 'infinity')")
    assert pieces == [(1, "month", "-infinity", "2024-03-01"), (-1, "day", "2024-02-20", "2024-03-01")]
