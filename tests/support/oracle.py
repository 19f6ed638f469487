"""An independent opinion on every KPI: slow, plain Python over a list of facts, and plain SQL over the fact tables.

Written from the definitions, apart from the product's queries. Nothing is rounded before the end; every quotient
is an exact Fraction. Money is in minor units of the base currency.
"""
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from zoneinfo import ZoneInfo

EXPONENTS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0}


@dataclass
class Order:
    """One order as the shop knows it in the end."""
    name: str
    customer: str
    at: datetime
    currency: str
    rate: Fraction
    total: int
    net: int
    cost: int | None  # of all its goods; None when it is not known
    completed: bool
    test: bool
    refunds: list = field(default_factory=list)  # (instant, amount)


@dataclass
class Facts:
    """Everything that a shop was told."""
    zone: str
    base: str
    margin: Fraction
    week_start: int = 0  # 0 Monday, 6 Sunday
    orders: list = field(default_factory=list)
    spend: list = field(default_factory=list)  # (day, base amount, paid media, belongs to a campaign)
    days: list = field(default_factory=list)  # (day, figures with base spend)
    answers: list = field(default_factory=list)  # (survey kind, instant, score or None)


def converted(amount, currency, rate, base):
    """Half to even, as money is converted when it comes in."""
    return round(Fraction(amount) * rate * Fraction(10) ** (EXPONENTS[base] - EXPONENTS[currency]))


def rounded(value, places):
    """A Fraction as the Decimal that an answer shows."""
    if value is None:
        return None
    value = Fraction(value)
    exact = Decimal(round(value * 10 ** places))  # round() of a Fraction is half to even
    return exact.scaleb(-places).normalize()


def _half_up(value):
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _refund_parts(amount, order):
    """What each refund takes of `amount`: rounded on the running sum, so that a full refund takes all."""
    parts, so_far, taken = [], 0, 0
    for at, paid_back in sorted(order.refunds):
        so_far += paid_back
        now = _half_up(Fraction(amount) * so_far / order.total)
        parts.append((at, now - taken))
        taken = now
    return parts


class Oracle:
    """Answers for windows of days [first, past)."""

    PLACES = {"money": 4, "ratio": 6, "score": 4, "days": 4, "number": 6, "months": 4, "count": 0}
    MEASURES = {
        "impressions": "count", "cost_per_impression": "money", "click_through_rate": "ratio", "marketing_spend": "money",
        "customer_acquisition_cost": "money", "cost_per_acquisition": "money", "conversion_rate": "ratio", "orders": "count", "net_sales": "money",
        "average_order_value": "money", "new_customers": "count", "acquisition_rate": "ratio", "active_customers": "count",
        "transaction_frequency": "number", "repeat_purchase_rate": "ratio", "returning_customer_rate": "ratio", "retention_rate": "ratio",
        "churn_rate": "ratio", "reactivated_customers": "count", "order_value_first": "money", "order_value_repeat": "money",
        "days_between_orders": "days", "csat": "ratio", "ces": "score", "nps": "score", "gross_margin": "money", "clv_simple": "money",
        "clv_historic": "money", "clv_predictive": "money", "clv_to_cac": "number",
        "cac_payback_months": "months"}

    def __init__(self, facts):
        self.facts = facts
        self.zone = ZoneInfo(facts.zone)
        self.completed = sorted((order for order in facts.orders if order.completed and not order.test), key=lambda order: order.at)
        self.by_customer = {}
        for order in self.completed:
            self.by_customer.setdefault(order.customer, []).append(order)
        self.margins = [entry for order in self.completed for entry in self._margin_entries(order)]

    def day(self, instant):
        return instant.astimezone(self.zone).date()

    def _base(self, amount, order):
        return converted(amount, order.currency, order.rate, self.facts.base)

    def _entries(self, order):
        """(instant, net) of an order and of its refunds."""
        net = self._base(order.net, order)
        return [(order.at, net)] + [(at, -part) for at, part in _refund_parts(net, order)]

    def _margin_entries(self, order):
        """(customer, instant, net, margin): with a known cost net - cost, else the declared share."""
        nets = self._entries(order)
        if order.cost is None:
            return [(order.customer, at, net, net * self.facts.margin) for at, net in nets]
        cost = self._base(order.cost, order)
        costs = [cost] + [-part for _, part in _refund_parts(cost, order)]
        return [(order.customer, at, net, Fraction(net - part)) for (at, net), part in zip(nets, costs)]

    # measures over a window ------------------------------------------------------------------------

    def window(self, first, past):
        return [order for order in self.completed if first <= self.day(order.at) < past]

    def customers(self, first, past):
        return {order.customer for order in self.window(first, past)}

    def sales(self, first, past, refunds):
        return sum(net for order in self.completed for number, (at, net) in enumerate(self._entries(order))
                   if (refunds or number == 0) and first <= self.day(at) < past)

    def new(self, first, past):
        return {customer for customer, orders in self.by_customer.items() if first <= self.day(orders[0].at) < past}

    def returning(self, first, past):
        return {customer for customer in self.customers(first, past)
                if sum(self.day(order.at) < past for order in self.by_customer[customer]) > 1}

    def repeating(self, first, past):
        return {customer for customer in self.customers(first, past)
                if sum(first <= self.day(order.at) < past for order in self.by_customer[customer]) > 1}

    def previous(self, first, past):
        return self.customers(first - (past - first), first)

    def gaps(self, first, past):
        return [Fraction((other.at - one.at) // timedelta(microseconds=1), 86400 * 10**6) for orders in self.by_customer.values()
                for one, other in zip(orders, orders[1:]) if first <= self.day(other.at) < past]

    def positions(self, first, past, later):
        """Net of orders in the window that are their customer's first, or not."""
        return [self._base(order.net, order) for orders in self.by_customer.values() for number, order in enumerate(orders)
                if (number > 0) == later and first <= self.day(order.at) < past]

    def figures(self, first, past, *names):
        return sum(figures.get(name) or 0 for day, figures in self.facts.days if first <= day < past for name in names)

    def impressions(self, first, past):
        opened = sum(figures["sent"] - figures.get("bounced", 0) - figures["unopened"] for day, figures in self.facts.days
                     if first <= day < past and "sent" in figures and "unopened" in figures)
        return self.figures(first, past, "impressions") + opened

    def campaign_spend(self, first, past):
        return self.figures(first, past, "base_spend") + sum(amount for day, amount, _, of_campaign in self.facts.spend if of_campaign and first <= day < past)

    def marketing_spend(self, first, past):
        return self.figures(first, past, "base_spend") + sum(amount for day, amount, _, _ in self.facts.spend if first <= day < past)

    def scores(self, kind, first, past):
        return [score for survey, at, score in self.facts.answers if survey == kind and score is not None and first <= self.day(at) < past]

    def acquired_value(self, first, past, until, column):
        """What the customers won in the window brought in up to the day `until`, itself included; and how many they are."""
        won = {customer for customer in self.new(first, past) if self.day(self.by_customer[customer][0].at) <= until}
        return sum(entry[column] for entry in self.margins if entry[0] in won and self.day(entry[1]) <= until), len(won)

    # KPIs ------------------------------------------------------------------------------------------

    def kpi(self, name, first, past, **parameters):
        """The value as an answer shows it."""
        value = getattr(self, "_" + name)(first, past, **parameters)
        if isinstance(value, tuple):
            value = Fraction(value[0]) / Fraction(value[1]) if value[1] else None
        return rounded(value, self.PLACES[self.MEASURES[name]])

    def _impressions(self, *window):
        return self.impressions(*window)

    def _cost_per_impression(self, *window):
        return self.campaign_spend(*window), self.impressions(*window)

    def _click_through_rate(self, *window):
        return self.figures(*window, "clicks"), self.impressions(*window)

    def _marketing_spend(self, *window):
        return self.marketing_spend(*window)

    def _customer_acquisition_cost(self, *window):
        return self.marketing_spend(*window), len(self.new(*window))

    def _cost_per_acquisition(self, *window):
        return self.campaign_spend(*window), self.figures(*window, "conversions")

    def _conversion_rate(self, *window):
        return self.figures(*window, "conversions"), self.figures(*window, "interactions")

    def _orders(self, *window):
        return len(self.window(*window))

    def _net_sales(self, *window):
        return self.sales(*window, refunds=True)

    def _average_order_value(self, *window, refunds=None):
        return self.sales(*window, refunds=refunds == "on_refund_date"), len(self.window(*window))

    def _new_customers(self, *window):
        return len(self.new(*window))

    def _acquisition_rate(self, *window):
        return len(self.new(*window)), len(self.customers(*window))

    def _active_customers(self, *window):
        return len(self.customers(*window))

    def _transaction_frequency(self, *window):
        return len(self.window(*window)), len(self.customers(*window))

    def _repeat_purchase_rate(self, *window):
        return len(self.repeating(*window)), len(self.customers(*window))

    def _returning_customer_rate(self, *window):
        return len(self.returning(*window)), len(self.customers(*window))

    def _retention_rate(self, *window):
        return len(self.previous(*window) & self.customers(*window)), len(self.previous(*window))

    def _churn_rate(self, *window):
        return len(self.previous(*window) - self.customers(*window)), len(self.previous(*window))

    def _reactivated_customers(self, *window):
        return len(self.customers(*window) - self.new(*window) - self.previous(*window))

    def _order_value_first(self, *window):
        values = self.positions(*window, later=False)
        return sum(values), len(values)

    def _order_value_repeat(self, *window):
        values = self.positions(*window, later=True)
        return sum(values), len(values)

    def _days_between_orders(self, *window):
        gaps = self.gaps(*window)
        return sum(gaps, Fraction(0)), len(gaps)

    def _csat(self, *window):
        scores = self.scores("csat", *window)
        return sum(score >= 4 for score in scores), len(scores)

    def _ces(self, *window):
        scores = self.scores("ces", *window)
        return sum(scores), len(scores)

    def _nps(self, *window):
        scores = self.scores("nps", *window)
        return 100 * (sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores)), len(scores)

    def _gross_margin(self, first, past):
        return sum((entry[3] for entry in self.margins if first <= self.day(entry[1]) < past), Fraction(0))

    def _clv_simple(self, first, past, until=date.max):
        return self.acquired_value(first, past, until, 2)

    def _clv_historic(self, first, past, until=date.max):
        return self.acquired_value(first, past, until, 3)

    def _clv_to_cac(self, first, past, until=date.max):
        (margin, customers), (spend, new) = self._clv_historic(first, past, until), self._customer_acquisition_cost(first, past)
        return (Fraction(margin) * new, Fraction(spend) * customers) if customers and new else (0, 0)

    def _cac_payback_months(self, first, past, until):
        """What a customer cost by what one brought in a month since the first order; months are mean Gregorian ones."""
        (margin, customers), (spend, new) = self._clv_historic(first, past, until), self._customer_acquisition_cost(first, past)
        if not customers or not new or margin <= 0:
            return None
        end = datetime.combine(until + timedelta(days=1), datetime.min.time(), self.zone).astimezone(timezone.utc)
        won = [orders[0].at for customer, orders in self.by_customer.items() if customer in self.new(first, past) and orders[0].at < end]
        months = sum((Fraction((end - at) // timedelta(microseconds=1)) for at in won), Fraction(0)) * 4800 / (146097 * 86400 * 10**6) / len(won)
        return Fraction(spend, new) / (Fraction(margin) / customers / months)

    def _clv_predictive(self, first, past, lifetime_months):
        """Whole calendar months only."""
        months = 12 * (past.year - first.year) + past.month - first.month
        orders, customers, net = len(self.window(first, past)), len(self.customers(first, past)), self.sales(first, past, refunds=True)
        if not orders or net <= 0:
            return None  # a share of a loss predicts nothing
        mean = Fraction(self.sales(first, past, refunds=False), orders)
        return Fraction(orders, customers * months) * mean * (self._gross_margin(first, past) / net) * lifetime_months

    # documents beside the KPIs -----------------------------------------------------------------------

    def nps(self, first, past):
        """Score and margin of error at 95 %."""
        scores = self.scores("nps", first, past)
        if not scores:
            return None, None
        p, d = (Fraction(sum(map(test, scores)), len(scores)) for test in (lambda score: score >= 9, lambda score: score <= 6))
        return rounded(100 * (p - d), 4), 100 * NormalDist().inv_cdf(0.975) * sqrt((p + d - (p - d) ** 2) / len(scores))

    def cohorts(self):
        """{first day of a month: [(customers, sales) of each month from it on]}, by month of the first order."""
        def month(instant):
            day = self.day(instant)
            return day.year * 12 + day.month - 1
        cells = {}
        for orders in self.by_customer.values():
            start = month(orders[0].at)
            row = cells.setdefault(date(start // 12, start % 12 + 1, 1), {})
            for order in orders:
                for number, (at, net) in enumerate(self._entries(order)):
                    active, sales = row.setdefault(month(at) - start, (set(), []))
                    sales.append(net)
                    if number == 0:
                        active.add(order.customer)
        return {cohort: {index: (len(active), sum(sales)) for index, (active, sales) in row.items()} for cohort, row in cells.items()}


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


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def half_even(value, places):
    """A Decimal rounded as answers are."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
