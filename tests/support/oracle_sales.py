"""The oracle on orders: sales, customers who are new, active, returning or gone, and margins."""
from fractions import Fraction

from support.oracle_base import OracleBase, Ratio, median, seconds


def _half_up(value):
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def refund_parts(amount, order):
    """What each refund takes of `amount`: rounded on the running sum, so that a full refund takes all."""
    parts, so_far, taken = [], 0, 0
    for at, paid_back in sorted(order.refunds):
        so_far += paid_back
        now = _half_up(Fraction(amount) * so_far / order.total)
        parts.append((at, now - taken))
        taken = now
    return parts


class Entry:
    """An order, or a refund of it, as it moves the sales of its own day."""

    def __init__(self, order, at, net, known_net, cost):
        self.order, self.at, self.net, self.known_net, self.cost = order, at, net, known_net, cost
        self.customer, self.channel, self.campaign, self.storefront = order.customer, order.channel, order.campaign, order.storefront

    def margin(self, declared):
        """Where the cost is known net - cost, else the declared share."""
        return self.known_net - self.cost + (self.net - self.known_net) * declared


def entries_of(order):
    amounts = (order.net, order.known_net, order.cost)
    found = [Entry(order, order.at, *amounts)]
    for (at, net), (_, known), (_, cost) in zip(*(refund_parts(amount, order) for amount in amounts)):
        found.append(Entry(order, at, -net, -known, -cost))
    return found


class Sales(OracleBase):
    KPIS = {
        "orders": "count", "net_sales": "money", "average_order_value": "money", "new_customers": "count", "acquisition_rate": "ratio", "active_customers": "count",
        "transaction_frequency": "number", "repeat_purchase_rate": "ratio", "returning_customer_rate": "ratio", "retention_rate": "ratio", "churn_rate": "ratio",
        "reactivated_customers": "count", "order_value_first": "money", "order_value_repeat": "money", "days_between_orders": "days", "gross_margin": "money"}

    def __init__(self, facts):
        super().__init__(facts)
        self.entries = [entry for order in self.completed for entry in entries_of(order)]
        self.first_orders = [orders[0] for orders in self.by_person.values()]
        self._active = {}

    # measures -----------------------------------------------------------------------------------

    def active(self, scope):
        """Who ordered, in the group if there is one."""
        if scope not in self._active:
            self._active[scope] = {self.person(order.customer) for order in self.within(scope, self.completed)}
        return self._active[scope]

    def new(self, scope):
        """Whose first order ever it was; a group has those whose first order it has."""
        return {self.person(order.customer) for order in self.within(scope, self.first_orders)}

    def count(self, person, first, past):
        return sum((first is None or first <= self.day(order.at)) and self.day(order.at) < past for order in self.by_person[person])

    def sales(self, scope):
        """Before refunds."""
        return sum(order.net for order in self.within(scope, self.completed))

    def margin(self, entries):
        return sum((entry.margin(self.facts.margin) for entry in entries), Fraction(0))

    def _successors(self, scope):
        """(order, the one before) that end in the window."""
        pairs = {id(later): earlier for orders in self.by_person.values() for earlier, later in zip(orders, orders[1:])}
        return [(order, pairs[id(order)]) for order in self.within(scope, self.completed) if id(order) in pairs]

    # KPIs ---------------------------------------------------------------------------------------

    def orders(self, scope):
        return len(self.within(scope, self.completed))

    def net_sales(self, scope):
        return sum(entry.net for entry in self.within(scope, self.entries))

    def average_order_value(self, scope, refunds=None):
        return Ratio(self.net_sales(scope) if refunds == "on_refund_date" else self.sales(scope), self.orders(scope))

    def new_customers(self, scope):
        return len(self.new(scope))

    def active_customers(self, scope):
        return len(self.active(scope))

    def acquisition_rate(self, scope):
        return Ratio(len(self.new(scope)), len(self.active(scope)))

    def transaction_frequency(self, scope):
        return Ratio(self.orders(scope), len(self.active(scope)))

    def repeat_purchase_rate(self, scope):
        active = self.active(scope)
        return Ratio(sum(self.count(person, scope.first, scope.past) > 1 for person in active), len(active))

    def returning_customer_rate(self, scope):
        active = self.active(scope)
        return Ratio(sum(self.count(person, None, scope.past) > 1 for person in active), len(active))

    def retention_rate(self, scope):
        before = self.active(scope.previous())
        return Ratio(len(before & self.active(scope.whole())), len(before))

    def churn_rate(self, scope):
        before = self.active(scope.previous())
        return Ratio(len(before - self.active(scope.whole())), len(before))

    def reactivated_customers(self, scope):
        return len(self.active(scope) - self.new(scope.whole()) - self.active(scope.previous().whole()))

    def order_value_first(self, scope):
        orders = self.within(scope, self.first_orders)
        return Ratio(sum(order.net for order in orders), len(orders))

    def order_value_repeat(self, scope):
        orders = [order for order, _ in self._successors(scope)]
        return Ratio(sum(order.net for order in orders), len(orders))

    def gaps(self, scope):
        return [seconds(order.at - before.at) / 86400 for order, before in self._successors(scope)]

    def days_between_orders(self, scope):
        gaps = self.gaps(scope)
        return Ratio(sum(gaps, Fraction(0)), len(gaps))

    def median_days_between_orders(self, scope):
        return median(self.gaps(scope))

    def gross_margin(self, scope):
        return self.margin(self.within(scope, self.entries))

    def known_cost_share(self, scope):
        entries = self.within(scope, self.entries)
        return Ratio(sum(entry.known_net for entry in entries), sum(entry.net for entry in entries))
