"""The oracle on visits, carts, and how customers found the shop."""
from collections import Counter
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from support.oracle_base import OracleBase, Ratio, rounded


class Cart:
    """What became of one cart. The newest update is the cart as it is."""

    def __init__(self, updates, orders, patience, now):
        updates = sorted(updates, key=lambda update: update.at)
        newest = updates[-1]
        self.customer, self.value, self.channel, self.campaign, self.storefront = newest.customer, newest.value, newest.channel, newest.campaign, newest.storefront
        self.ordered_at = min((order.at for order in orders if order.at >= updates[0].at), default=None)
        self.abandoned_at = None
        ends = [update.at for update in updates[1:]] + [None]
        for update, end in zip(updates, ends):
            if self.ordered_at is not None:
                if update.at >= self.ordered_at:
                    break
                end = self.ordered_at if end is None else min(end, self.ordered_at)
            if end is None or end - update.at > patience:
                self.abandoned_at = update.at + patience
                break
        if self.abandoned_at is not None and self.abandoned_at > now:
            self.abandoned_at = None
        if self.ordered_at is not None and self.ordered_at > now:
            self.ordered_at = None
        self.at = self.abandoned_at or self.ordered_at  # when it was decided, if it was


class Journey(OracleBase):
    KPIS = {
        "unique_visitors": "count", "sessions": "count", "average_session_duration": "seconds", "pages_per_session": "count", "bounce_rate": "ratio", "conversion_rate": "ratio",
        "cart_abandonment_rate": "ratio", "abandoned_value": "money", "cart_recovery_rate": "ratio", "discovery_channels": "list"}

    def __init__(self, facts):
        super().__init__(facts)
        self.all_visits = [touch for touch in facts.touchpoints if touch.kind == "visit"]
        orders, updates = {}, {}
        for order in self.completed:
            orders.setdefault(order.cart, []).append(order)
        for update in facts.cart_updates:
            updates.setdefault(update.cart, []).append(update)
        now = datetime.now(timezone.utc)
        carts = [Cart(found, orders.get(cart, ()), timedelta(minutes=facts.abandoned_after), now) for cart, found in updates.items()]
        self.decided_carts = [cart for cart in carts if cart.at is not None]

    # visits -------------------------------------------------------------------------------------

    def visits(self, scope):
        return self.within(scope, self.all_visits)

    def visitors(self, scope):
        return {self.person(visit.customer) for visit in self.visits(scope)}

    def unique_visitors(self, scope):
        return len(self.visitors(scope))

    def sessions(self, scope):
        return len(self.visits(scope))

    def average_session_duration(self, scope):
        spans = [visit.seconds for visit in self.visits(scope) if visit.seconds is not None]
        return Ratio(sum(spans), len(spans))

    def pages_per_session(self, scope):
        visits = self.visits(scope)
        return Ratio(sum(visit.pages for visit in visits), len(visits))

    def bounce_rate(self, scope):
        visits = self.visits(scope)
        return Ratio(sum(visit.pages == 1 for visit in visits), len(visits))

    def conversion_rate(self, scope, basis=None):
        if basis is None:
            return self.conversion_rate_of_campaigns(scope)
        visitors = self.visitors(scope)
        return Ratio(len(visitors & self.active(scope.whole())), len(visitors))

    # carts --------------------------------------------------------------------------------------

    def carts(self, scope, state=None):
        """Decided in the window; "abandoned" are recovered or not, "left" not."""
        found = self.within(scope, self.decided_carts)
        if state is not None:
            found = [cart for cart in found if cart.abandoned_at is not None and (state == "abandoned" or (cart.ordered_at is None) == (state == "left"))]
        return found

    def cart_abandonment_rate(self, scope):
        return Ratio(len(self.carts(scope, "abandoned")), len(self.carts(scope)))

    def cart_recovery_rate(self, scope):
        return Ratio(len(self.carts(scope, "recovered")), len(self.carts(scope, "abandoned")))

    def abandoned_value(self, scope):
        return sum(cart.value for cart in self.carts(scope, "left"))

    # discovery ----------------------------------------------------------------------------------

    def discovery_channels(self, scope):
        return len(self.new(scope))

    def discovery(self, scope, survey=None):
        """(by first touch, by answers to surveys that ask for it, or to one survey): [(name, count, share)], the most first, then by name, no name last."""
        first = {}
        for touch in self.facts.touchpoints:
            if touch.channel is not None:
                person = self.person(touch.customer)
                first[person] = min(first.get(person, (touch.at, touch.channel)), (touch.at, touch.channel))
        channels = Counter()
        for person in self.new(scope):
            profile = next((row.channel for row in self.rows(person) if row.channel is not None), None)
            channels[first[person][1] if person in first else profile] += 1
        answers = Counter(answer.choice for answer in self.within(scope, self.facts.answers)
                          if answer.choice is not None and (answer.purpose == "discovery" if survey is None else answer.survey == survey))
        return _ranked(channels), _ranked(answers)


def _ranked(counter):
    total = sum(counter.values())
    return [(name, count, rounded(Fraction(count, total), 6)) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))]
