"""What all parts of the oracle stand on: persons, days and groups, exact numbers, and how sure they are.

Nothing is rounded before the end; every quotient is an exact Fraction.
"""
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple
from zoneinfo import ZoneInfo

PLACES = {"money": 4, "ratio": 6, "score": 4, "days": 4, "number": 6, "months": 4, "seconds": 4, "count": 4, "list": 0}
Z = NormalDist().inv_cdf(0.975)
MONTH = Fraction(146097 * 86400, 4800)  # seconds of a mean Gregorian month


def rounded(value, places):
    """A Fraction as the Decimal that an answer shows."""
    if value is None:
        return None
    exact = Decimal(round(Fraction(value) * 10 ** places))  # round() of a Fraction is half to even
    return exact.scaleb(-places).normalize()


def seconds(span):
    return Fraction(span // timedelta(microseconds=1), 10 ** 6)


def median(values):
    """Exact; None of nothing."""
    if not values:
        return None
    values, middle = sorted(values), len(values) // 2
    return values[middle] if len(values) % 2 else Fraction(values[middle - 1] + values[middle], 2)


class Scope(NamedTuple):
    """The days [first, past), and the group that is looked at, if any."""
    first: date
    past: date
    dimension: str | None = None
    key: str | None = None

    def previous(self):
        """The window of the same length right before."""
        return self._replace(first=self.first - (self.past - self.first), past=self.first)

    def year_before(self):
        return self._replace(first=_year_before(self.first), past=_year_before(self.past))

    def whole(self):
        """Without the group."""
        return Scope(self.first, self.past)

    def months(self):
        """Length in months: of each calendar month the share of its days."""
        total, day = Fraction(0), self.first
        while day < self.past:
            start = day.replace(day=1)
            following = (start + timedelta(days=32)).replace(day=1)
            end = min(following, self.past)
            total += Fraction((end - day).days, (following - start).days)
            day = end
        return total


def _year_before(day):
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


class Ratio(NamedTuple):
    """Numerator and denominator; None of them when there is no number at all."""
    numerator: Fraction
    denominator: Fraction

    @property
    def value(self):
        return Fraction(self.numerator) / Fraction(self.denominator) if self.denominator else None


def wilson(hits, trials):
    """Bounds of the 95 % confidence interval of a proportion."""
    p, n = hits / trials, trials
    middle, half = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


def proportions_differ(one, other):
    """Two-sided pooled z-test at 5 %; None when there is nothing to test."""
    if not one.denominator or not other.denominator:
        return None
    pooled = Fraction(one.numerator + other.numerator, one.denominator + other.denominator)
    variance = pooled * (1 - pooled) * (Fraction(1, one.denominator) + Fraction(1, other.denominator))
    if not variance:
        return None
    return abs(float(one.value - other.value)) / sqrt(variance) > Z


class OracleBase:
    """The facts by person and day."""

    def __init__(self, facts):
        self.facts = facts
        self.zone = ZoneInfo(facts.zone)
        self.person = lru_cache(None)(facts.person)
        self.day = lru_cache(None)(self._day)
        self.completed = sorted((order for order in facts.orders if order.completed), key=lambda order: order.at)
        self.by_person = {}
        for order in self.completed:
            self.by_person.setdefault(self.person(order.customer), []).append(order)

    # time ---------------------------------------------------------------------------------------

    def _day(self, instant):
        return instant.astimezone(self.zone).date()

    def instant(self, local):
        """Of a local time; of one that comes twice the later, and one that is skipped by as much behind the gap."""
        return max(local.replace(tzinfo=self.zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1))

    def midnight(self, day):
        """The first instant of a day."""
        return min(datetime(day.year, day.month, day.day, tzinfo=self.zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1))

    def later(self, instant, days):
        """The same time of day, so many days on."""
        return self.instant(instant.astimezone(self.zone).replace(tzinfo=None) + timedelta(days=days))

    # persons ------------------------------------------------------------------------------------

    @cached_property
    def persons(self):
        """{person: keys of its rows}"""
        found = {}
        for key in self.facts.customers:
            found.setdefault(self.person(key), []).append(key)
        return found

    def rows(self, person):
        return [self.facts.customers[key] for key in self.persons[person]]

    @cached_property
    def known_from(self):
        """{person: since when it exists}; who has neither a date nor a fact is not in it."""
        found, given = {}, {}
        for key, at in self.facts.dated():
            person = self.person(key)
            found[person] = min(at, found.get(person, at))
        for row in self.facts.customers.values():
            if row.acquired_at is not None:
                person = self.person(row.key)
                given[person] = min(row.acquired_at, given.get(person, row.acquired_at))
        return {**found, **given}

    def country(self, key):
        return None if key is None else self.facts.customers[self.person(key)].country

    # groups -------------------------------------------------------------------------------------

    def attribute(self, fact, dimension):
        if dimension == "country":
            return self.country(fact.customer)
        return getattr(fact, dimension, None)

    def has(self, scope, fact):
        return scope.dimension is None or self.attribute(fact, scope.dimension) == scope.key

    def within(self, scope, facts):
        """Those of the window and group; a fact is of the day that it has or of that of its instant."""
        return [fact for fact in facts
                if scope.first <= (self.day(fact.at) if hasattr(fact, "at") else fact.day) < scope.past and self.has(scope, fact)]

    # answers ------------------------------------------------------------------------------------

    KPIS = {}  # name: unit; the parts of the oracle fill it

    def number(self, name, scope, **parameters):
        """What the KPI comes to: a Ratio, an exact number, or None."""
        return getattr(self, name)(scope, **parameters)

    def kpi(self, name, scope, **parameters):
        """The value as an answer shows it."""
        found = self.number(name, scope, **parameters)
        return rounded(found.value if isinstance(found, Ratio) else found, PLACES[self.KPIS[name]])
