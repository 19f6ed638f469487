"""The oracle on surveys, loyalty, subscriptions, referrals and reviews."""
from datetime import datetime, timedelta, timezone
from math import sqrt

from support.oracle_base import OracleBase, Ratio, Z, rounded

MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Scores:
    """The answers of an NPS survey."""

    def __init__(self, scores):
        self.distribution = [scores.count(score) for score in range(11)]
        self.responses = len(scores)
        self.detractors, self.passives, self.promoters = sum(self.distribution[:7]), sum(self.distribution[7:9]), sum(self.distribution[9:])

    @property
    def score(self):
        return Ratio(100 * (self.promoters - self.detractors), self.responses)

    @property
    def variance(self):
        """Of one answer, in parts of 1."""
        p, d = self.promoters / self.responses, self.detractors / self.responses
        return p + d - (p - d) ** 2

    @property
    def margin_of_error(self):
        return 100 * Z * sqrt(self.variance / self.responses) if self.responses else None

    def differs_from(self, other):
        """Two-sided z-test at 5 %; None when there is nothing to test."""
        if not self.responses or not other.responses:
            return None
        variance = self.variance / self.responses + other.variance / other.responses
        if not variance:
            return None
        return abs(float(self.score.value - other.score.value)) / 100 / sqrt(variance) > Z


class Programs(OracleBase):
    KPIS = {
        "csat": "ratio", "ces": "score", "nps": "score", "loyalty_participation_rate": "ratio", "subscription_renewal_rate": "ratio", "referred_customers": "count",
        "referral_participation_rate": "ratio", "referral_value": "money", "reviews": "count", "average_rating": "score"}

    # surveys ------------------------------------------------------------------------------------

    def scores(self, scope, kind, survey=None):
        return [answer.score for answer in self.within(scope, self.facts.answers)
                if answer.kind == kind and answer.score is not None and survey in (None, answer.survey)]

    def csat(self, scope):
        scores = self.scores(scope, "csat")
        return Ratio(sum(score >= 4 for score in scores), len(scores))

    def ces(self, scope):
        scores = self.scores(scope, "ces")
        return Ratio(sum(scores), len(scores))

    def nps(self, scope):
        return self.nps_scores(scope).score

    def nps_scores(self, scope, survey=None):
        return Scores(self.scores(scope, "nps", survey))

    def nps_document(self, scope, survey=None):
        """What /v1/nps has to say, margins apart."""
        found = self.nps_scores(scope, survey)
        return {"score": rounded(found.score.value, 4), "responses": found.responses, "promoters": found.promoters, "passives": found.passives,
                "detractors": found.detractors, "distribution": found.distribution}

    # loyalty ------------------------------------------------------------------------------------

    def is_member(self, person, at):
        return any(self.person(member.customer) == person and member.at <= at and (member.left_at is None or at < member.left_at) for member in self.facts.memberships)

    def loyalty_participation_rate(self, scope):
        """A group has the members who ordered in it while they were members."""
        members = {self.person(order.customer) for order in self.within(scope, self.completed) if self.is_member(self.person(order.customer), order.at)}
        return Ratio(len(members), len(self.active(scope)))

    def due(self, subscription, number):
        """When the n-th renewal is due, by the shop's calendar; a month that is too short ends on its last day."""
        local = subscription.at.astimezone(self.zone).replace(tzinfo=None)
        if subscription.interval == "week":
            return self.instant(local + timedelta(days=7 * number))
        months = local.year * 12 + local.month - 1 + MONTHS[subscription.interval] * number
        start = local.replace(year=months // 12, month=months % 12 + 1, day=1)
        last = ((start + timedelta(days=32)).replace(day=1) - timedelta(days=1)).day
        return self.instant(start.replace(day=min(local.day, last)))

    def subscription_renewal_rate(self, scope):
        """A due date that has not come is not due."""
        renewed = due = 0
        for subscription in self.facts.subscriptions:
            if not self.has(scope, subscription):
                continue
            for number in range(1, len(subscription.renewals) + 2):
                at = self.due(subscription, number)
                if scope.first <= self.day(at) < scope.past and at <= datetime.now(timezone.utc):
                    due += 1
                    renewed += number <= len(subscription.renewals)
        return Ratio(renewed, due)

    # referrals ----------------------------------------------------------------------------------

    def came_by(self, person):
        """[(referrer, instant or None)]: by facts, or else by the profile; nobody refers himself."""
        facts = [(self.person(referral.referrer), referral.at) for referral in self.facts.referrals if self.person(referral.customer) == person]
        profile = [(self.person(row.referred_by), None) for row in self.rows(person) if row.referred_by is not None]
        return [found for found in facts + profile if found[0] != person]

    def referred(self):
        if not hasattr(self, "_referred"):
            self._referred = {person for person in self.persons if self.came_by(person)}
        return self._referred

    def referring(self, scope):
        """Who brought somebody in the window; what only the profile says counts when the one who came is first known."""
        found = set()
        for person in self.persons:
            came = self.came_by(person)
            dated = {referrer for referrer, at in came if at is not None}
            for referrer, at in came:
                if at is None:
                    at = None if referrer in dated else self.known_from.get(person)
                if at is not None and scope.first <= self.day(at) < scope.past and (scope.dimension is None or self.country(referrer) == scope.key):
                    found.add(referrer)
        return found

    def referred_customers(self, scope):
        return len(self.new(scope) & self.referred())

    def referral_participation_rate(self, scope):
        return Ratio(len(self.referring(scope)), len(self.active(scope)))

    def referral_value(self, scope):
        return self.margin([entry for entry in self.within(scope, self.entries) if self.person(entry.customer) in self.referred()])

    # reviews ------------------------------------------------------------------------------------

    def reviews(self, scope):
        return len(self.within(scope, self.facts.reviews))

    def average_rating(self, scope):
        found = self.within(scope, self.facts.reviews)
        return Ratio(sum(review.rating for review in found), len(found))
