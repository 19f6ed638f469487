"""The oracle in SQL: the retention family straight over the fact tables, for shops that are too large for the one in Python."""

SQL = """
WITH shop AS (SELECT %(zone)s::text AS zone),
     completed AS (SELECT customer_id, (ordered_at AT TIME ZONE zone)::date AS day FROM orders, shop WHERE status IN ('paid', 'fulfilled') AND NOT test),
     active AS (SELECT customer_id, count(*) AS orders FROM completed WHERE day >= %(first)s::date AND day < %(past)s::date GROUP BY 1),
     twice AS (SELECT customer_id FROM active WHERE orders > 1),
     earlier AS (SELECT customer_id FROM completed WHERE day < %(first)s::date),
     previous AS (SELECT DISTINCT customer_id FROM completed WHERE day < %(first)s::date AND day >= %(first)s::date - (%(past)s::date - %(first)s::date))
SELECT (SELECT count(*) FROM active),
       (SELECT count(*) FROM twice),
       (SELECT count(*) FROM ((SELECT customer_id FROM active INTERSECT SELECT customer_id FROM earlier) UNION SELECT customer_id FROM twice) AS returning_ones),
       (SELECT count(*) FROM previous),
       (SELECT count(*) FROM (SELECT customer_id FROM previous INTERSECT SELECT customer_id FROM active) AS retained),
       (SELECT count(*) FROM (SELECT customer_id FROM active EXCEPT SELECT customer_id FROM earlier) AS new_ones),
       (SELECT coalesce(sum(orders), 0) FROM active)
"""


def by_sql(cursor, zone, first, past):
    """The retention family in plain SQL over the fact tables: {kpi: (numerator, denominator) or count}."""
    cursor.execute(SQL, {"zone": zone, "first": first, "past": past})
    active, repeating, returning, previous, retained, new, orders = map(int, cursor.fetchone())
    return {"active_customers": active, "orders": orders, "new_customers": new, "repeat_purchase_rate": (repeating, active),
            "returning_customer_rate": (returning, active), "retention_rate": (retained, previous),
            "churn_rate": (previous - retained, previous), "reactivated_customers": active - new - retained, "acquisition_rate": (new, active)}
