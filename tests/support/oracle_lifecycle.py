"""The oracle on the lifecycle: the stage of a person at an instant, straight from the seven rules, and what follows from it."""
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import cached_property

from support.oracle_base import OracleBase, median, seconds

STAGES = ["awareness", "consideration", "conversion", "retention", "loyalty", "advocacy", "lost"]
LABELS = {  # by canonical stage
    "canonical": ["Awareness", "Consideration", "Conversion", "Retention", "Loyalty", "Advocacy", "Lost"],
    "awareness_advocacy": ["Awareness", "Engagement", "Conversion", "Retention", "Retention", "Advocacy", "Lost"],
    "consideration": ["Awareness", "Consideration", "Purchase", "Retention", "Retention", "Advocacy", "Lost"],
    "discover_engage": ["Discover", "Explore", "Buy", "Engage", "Engage", "Engage", "Lost"],
    "attraction_loyalty": ["Attraction", "Activation", "Conversion", "Retention", "Loyalty", "Referral", "Lost"],
    "value": ["Acquisition", "Onboarding", "First purchase", "Retention", "Loyalty", "Loyalty", "Lost"],
}
INTEREST = ("email_clicked", "signup", "newsletter")
EVER = datetime.max.replace(tzinfo=timezone.utc)


class CountedOrder:
    """When an order counts: from when it is placed and paid, until it is cancelled or all of it is paid back."""

    def __init__(self, order):
        self.starts = None
        self.cancelled_at = order.cancelled_at or EVER
        if order.paid_at is not None and not order.test:
            starts = max(order.at, order.paid_at)
            if self.cancelled_at > starts:
                self.starts = starts
        full = order.refunds and sum(amount for _, amount in order.refunds) == order.total
        self.ends = min(self.cancelled_at, max(at for at, _ in order.refunds) if full else EVER)


class Person:
    """Everything about one person that the rules look at."""

    def __init__(self):
        self.orders, self.interest, self.members, self.subscriptions, self.praise, self.answers, self.closed = [], [], [], [], [], [], []

    def counting(self, at):
        return sum(order.starts <= at < order.ends for order in self.orders)

    def last_order(self, at):
        return max((order.starts for order in self.orders if order.starts <= at < order.cancelled_at), default=None)


class Lifecycle(OracleBase):
    @cached_property
    def people(self):
        facts, people = self.facts, {person: Person() for person in self.persons}
        of = lambda fact: people[self.person(fact.customer)]  # noqa: E731
        for order in facts.orders:
            counted = CountedOrder(order)
            if counted.starts is not None:
                of(order).orders.append(counted)
        for touch in facts.touchpoints:
            if touch.kind in INTEREST or (touch.kind == "visit" and touch.pages >= 2):
                of(touch).interest.append(touch.at)
        for update in facts.cart_updates:
            of(update).interest.append(update.at)
        for member in facts.memberships:
            of(member).members.append((member.at, member.left_at or EVER))
        for sub in facts.subscriptions:
            if sub.renewals:
                of(sub).subscriptions.append((min(sub.renewals), sub.cancelled_at or EVER))
        for review in facts.reviews:
            if review.rating >= 4:
                of(review).praise.append(review.at)
        for answer in facts.answers:
            if answer.kind == "nps" and answer.score is not None and answer.customer is not None:
                of(answer).answers.append((answer.at, answer.score))
        for row in facts.customers.values():
            if row.closed_at is not None:  # of several accounts, each closing loses the person until the next order
                people[self.person(row.key)].closed.append(row.closed_at)
        self._referrals(people)
        return people

    def _referrals(self, people):
        """Praise by bringing somebody who ordered, also if all of it was paid back later."""
        for person in people:
            ordered = min((order.starts for order in people[person].orders), default=None)
            for referrer, at in self.came_by(person) if ordered is not None else ():
                people[referrer].praise.append(ordered if at is None else max(at, ordered))

    def stage(self, name, at):
        """(stage, names of the rules that give it)"""
        person, facts = self.people[name], self.facts
        found = ("awareness", {"known"})
        if any(instant <= at for instant in person.interest):
            found = ("consideration", {"showed_interest"})
        orders = person.counting(at)
        if orders == 1:
            found = ("conversion", {"one_order"})
        if orders >= 2:
            found = ("retention", {"two_or_more_orders"})
        subscribed = any(renewed <= at < cancelled for renewed, cancelled in person.subscriptions)
        loyal = {"member_with_orders"} if orders >= 2 and any(joined <= at < left for joined, left in person.members) else set()
        loyal |= {"many_orders"} if orders >= facts.loyal_after else set()
        loyal |= {"renewed_subscription"} if subscribed else set()
        if loyal:
            found = ("loyalty", loyal)
        if orders or subscribed:
            answers = sorted(((instant, -score) for instant, score in person.answers if instant <= at))  # of one instant the lowest wins
            detracted = max((instant for instant, negative in answers if -negative <= 6), default=None)
            advocate = {"reviewed_or_referred"} if any(instant <= at and (detracted is None or instant >= detracted) for instant in person.praise) else set()
            advocate |= {"promoter"} if answers and -answers[-1][1] >= 9 else set()
            if advocate:
                found = ("advocacy", advocate)
        last = person.last_order(at)
        lost = {"no_order_for_days"} if last is not None and self.later(last, facts.lost_after) <= at else set()
        lost |= {"account_closed"} if any(closed <= at and (last is None or closed > last) for closed in person.closed) else set()
        return ("lost", lost) if lost else found

    def _instants(self, name):
        """All at which something can change."""
        person = self.people[name]
        yield from person.interest + person.praise + person.closed
        yield from (at for at, _ in person.answers)
        yield from (at for pair in person.members + person.subscriptions for at in pair)
        for order in person.orders:
            yield from (order.starts, order.ends, order.cancelled_at, self.later(order.starts, self.facts.lost_after))

    def history(self, name):
        """[(instant, stage, rules)] of every change; empty when only its creation is known."""
        if name not in self._histories:
            found, known = [], self.known_from.get(name)
            for at in sorted({known, *(at for at in self._instants(name) if known < at < EVER)}) if known is not None else ():
                stage, rules = self.stage(name, at)
                if not found or found[-1][1] != stage:
                    found.append((at, stage, rules))
            self._histories[name] = found
        return self._histories[name]

    @cached_property
    def _histories(self):
        return {}

    # answers ------------------------------------------------------------------------------------

    def stage_on(self, name, day):
        """At the end of a day; None when it is not known yet. Who has no date is known from now on."""
        end = self.midnight(day + timedelta(days=1))
        if name not in self.known_from:
            return self.stage(name, end)[0] if end > datetime.now(timezone.utc) else None
        return self.stage(name, end - timedelta(microseconds=1))[0] if self.known_from[name] < end else None

    def stages(self, day, model="canonical"):
        """{label: customers} of those that have any."""
        labels = dict(zip(STAGES, LABELS[model]))
        return Counter(labels[stage] for stage in (self.stage_on(name, day) for name in self.persons) if stage is not None)

    def transitions(self, first, last, model="canonical"):
        """{(label or None, label): customers} between the ends of two days."""
        labels = {None: None, **dict(zip(STAGES, LABELS[model]))}
        cells = Counter((labels[self.stage_on(name, first)], labels[self.stage_on(name, last)]) for name in self.persons)
        return {cell: count for cell, count in cells.items() if cell[1] is not None}

    def median_days(self, first, last, model="canonical"):
        """{label: days} of the stays that ended between the ends of two days."""
        labels, spans = dict(zip(STAGES, LABELS[model])), {}
        start, end = self.midnight(first + timedelta(days=1)), self.midnight(last + timedelta(days=1))
        for name in self.persons:
            stays = []
            for at, stage, _ in self.history(name):
                if not stays or stays[-1][1] != labels[stage]:
                    stays.append((at, labels[stage]))
            for (entered, label), (left, _) in zip(stays, stays[1:]):
                if start <= left < end:
                    spans.setdefault(label, []).append(seconds(left - entered) / 86400)
        return {label: median(found) for label, found in spans.items()}
