"""The oracle on what customers are worth: the three values, payback, one customer's value, RFM, cohorts."""
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from math import ceil

from support.oracle_base import MONTH, OracleBase, Ratio, Scope, seconds


class Value(OracleBase):
    KPIS = {"clv_simple": "money", "clv_historic": "money", "clv_predictive": "money", "clv_to_cac": "number", "cac_payback_months": "months"}

    # measures -----------------------------------------------------------------------------------

    def acquired(self, scope, until):
        return {person for person in self.new(scope) if self.day(self.by_person[person][0].at) <= until}

    def entries_until(self, persons, until):
        return [entry for entry in self.entries if self.person(entry.customer) in persons and self.day(entry.at) <= until]

    def costs_until(self, persons, until):
        return sum(cost.amount for cost in self.facts.costs if self.person(cost.customer) in persons and self.day(cost.at) <= until)

    def months_since(self, at, until):
        """From an instant to the end of a day."""
        return seconds(self.midnight(until + timedelta(days=1)) - at) / MONTH

    # KPIs ---------------------------------------------------------------------------------------

    def clv_simple(self, scope, until=date.max):
        persons = self.acquired(scope, until)
        return Ratio(sum(entry.net for entry in self.entries_until(persons, until)) - self.costs_until(persons, until), len(persons))

    def clv_historic(self, scope, until=date.max):
        persons = self.acquired(scope, until)
        return Ratio(self.margin(self.entries_until(persons, until)) - self.costs_until(persons, until), len(persons))

    def clv_predictive(self, scope, lifetime_months=None):
        orders, customers, net, months = self.orders(scope), len(self.active(scope)), self.net_sales(scope), scope.months()
        if lifetime_months is None:
            churn = self.churn_rate(scope).value
            lifetime_months = months / churn if churn else None
        if not orders or net <= 0 or lifetime_months is None:
            return None  # a share of a loss predicts nothing
        return Fraction(orders, customers) / months * self.average_order_value(scope).value * (self.gross_margin(scope) / net) * lifetime_months

    def clv_to_cac(self, scope, until=date.max):
        value, cost = self.clv_historic(scope, until).value, self.customer_acquisition_cost(scope).value
        return value / cost if value is not None and cost else None

    def cac_payback_months(self, scope, until):
        """What a customer cost by what one brought in a month since the first order."""
        value, cost = self.clv_historic(scope, until).value, self.customer_acquisition_cost(scope).value
        if value is None or cost is None or value <= 0:
            return None
        persons = self.acquired(scope, until)
        months = sum((self.months_since(self.by_person[person][0].at, until) for person in persons), Fraction(0)) / len(persons)
        return cost / (value / months)

    # one customer -------------------------------------------------------------------------------

    def value_of(self, person, until, lifetime_months=None):
        """The parts of /v1/customers/{ref}/value, exact."""
        orders = [order for order in self.by_person.get(person, ()) if self.day(order.at) <= until]
        entries = self.entries_until({person}, until)
        net, margin, costs = sum(entry.net for entry in entries), self.margin(entries), self.costs_until({person}, until)
        if lifetime_months is None:
            year = Scope(until - timedelta(days=364), until + timedelta(days=1))
            churn = self.churn_rate(year).value
            lifetime_months = 12 / churn if churn else None
        months = max(Fraction(1), self.months_since(orders[0].at, until)) if orders else None
        mean = Fraction(sum(order.net for order in orders), len(orders)) if orders else None
        predicted = None
        if orders and net > 0 and lifetime_months is not None:
            predicted = len(orders) / months * mean * (margin / net) * lifetime_months
        return {"orders": len(orders), "net_sales": net, "gross_margin": margin, "costs": costs, "clv_simple": net - costs, "clv_historic": margin - costs,
                "clv_predictive": predicted, "average_order_value": mean, "months_observed": months, "lifetime_months": lifetime_months,
                "orders_per_month": len(orders) / months if orders else None}

    # RFM ----------------------------------------------------------------------------------------

    def rfm(self, at, first=date.min):
        """(cut points, {scores: customers}) of recency, frequency and money at the end of a day."""
        values = []
        for person, orders in self.by_person.items():
            found = [order for order in orders if first <= self.day(order.at) <= at]
            if found:
                kept = {id(order) for order in found}
                net = sum(entry.net for entry in self.entries if id(entry.order) in kept and self.day(entry.at) <= at)
                values.append((-min((at - self.day(order.at)).days for order in found), len(found), net))  # more is better in all three
        ranks = [{value: ceil(Fraction(5 * sum(other[column] <= value for other in values), len(values))) for value in {one[column] for one in values}} for column in range(3)]
        cuts = [[min((value for value, score in rank.items() if score >= wanted), default=None) for wanted in range(2, 6)] for rank in ranks]
        cuts[0] = [None if cut is None else -cut for cut in cuts[0]]
        return cuts, Counter(tuple(ranks[column][value[column]] for column in range(3)) for value in values)

    # cohorts ------------------------------------------------------------------------------------

    def period(self, day, interval):
        """First day of the calendar period."""
        if interval == "week":
            return day - timedelta(days=(day.weekday() - self.facts.week_start) % 7)
        return {"day": day, "month": day.replace(day=1), "quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), "year": day.replace(month=1, day=1)}[interval]

    def index(self, start, other, interval):
        if interval in ("day", "week"):
            return (other - start).days // {"day": 1, "week": 7}[interval]
        months = (other.year - start.year) * 12 + other.month - start.month
        return months // {"month": 1, "quarter": 3, "year": 12}[interval]

    def cohorts(self, interval="month"):
        """{first day: {index: (customers, sales)}} by the period of the first order; only periods with anything that have begun."""
        cells, today = {}, self.day(datetime.now(timezone.utc))
        starts = {person: self.period(self.day(orders[0].at), interval) for person, orders in self.by_person.items()}
        for entry in self.entries:
            person, period = self.person(entry.customer), self.period(self.day(entry.at), interval)
            if period <= today:
                active, sales = cells.setdefault(starts[person], {}).setdefault(self.index(starts[person], period, interval), (set(), []))
                sales.append(entry.net)
                if entry.at == entry.order.at:
                    active.add(person)
        return {cohort: {index: (len(active), sum(sales)) for index, (active, sales) in row.items()} for cohort, row in cells.items() if cohort <= today}
