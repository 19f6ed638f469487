"""What a shop was told, as plain records: all that the oracle knows. Money is in minor units, instants are aware datetimes.

A fact belongs to the customer row that it came in under, known by a key such as "external:c1"; `links` says which rows are
the same person.
"""
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

EXPONENTS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0}


def converted(amount, currency, rate, base):
    """Half to even, as money is converted when it comes in."""
    return round(Fraction(amount) * rate * Fraction(10) ** (EXPONENTS[base] - EXPONENTS[currency]))


@dataclass
class Customer:
    """One row: whoever came in under one identity."""
    key: str
    country: str | None = None
    acquired_at: datetime | None = None
    closed_at: datetime | None = None
    channel: str | None = None  # of the acquisition, by the profile
    referred_by: str | None = None


@dataclass
class Order:
    """One order as the shop knows it in the end. Net, the part of it whose cost is known, and that cost are as converted."""
    name: str
    customer: str
    at: datetime
    net: int
    known_net: int
    cost: int
    total: int  # in its own currency, as the refunds are
    status: str
    test: bool = False
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunds: list = field(default_factory=list)  # (instant, amount)
    channel: str | None = None
    campaign: str | None = None
    storefront: str | None = None
    cart: str | None = None

    @property
    def completed(self):
        return self.status in ("paid", "fulfilled") and not self.test


@dataclass
class Touchpoint:
    customer: str
    kind: str
    at: datetime
    channel: str | None = None
    campaign: str | None = None
    pages: int | None = None
    seconds: int | None = None


@dataclass
class CartUpdate:
    cart: str
    customer: str
    at: datetime
    value: int
    channel: str | None = None
    campaign: str | None = None
    storefront: str | None = None


@dataclass
class Answer:
    """To a survey; skipped when it says nothing."""
    survey: str
    kind: str
    purpose: str | None
    customer: str | None
    at: datetime
    score: int | None = None
    choice: str | None = None
    channel: str | None = None


@dataclass
class Review:
    customer: str
    at: datetime
    rating: int


@dataclass
class Referral:
    referrer: str
    customer: str
    at: datetime


@dataclass
class Membership:
    customer: str
    at: datetime
    left_at: datetime | None = None


@dataclass
class Points:
    customer: str
    at: datetime


@dataclass
class Subscription:
    customer: str
    interval: str
    at: datetime
    cancelled_at: datetime | None = None
    renewals: list = field(default_factory=list)


@dataclass
class Cost:
    customer: str
    at: datetime
    amount: int  # as converted


@dataclass
class Campaign:
    external_id: str | None
    name: str
    channel: str | None = None

    @property
    def key(self):
        return self.external_id or self.name


@dataclass
class CampaignDay:
    campaign: Campaign
    day: date
    figures: dict  # what was reported, spend as converted


@dataclass
class Spend:
    day: date
    amount: int  # as converted
    paid_media: bool = False
    campaign: str | None = None


@dataclass
class SocialDay:
    platform: str
    day: date
    figures: dict


@dataclass
class Facts:
    """Everything that a shop was told."""
    zone: str
    base: str
    margin: Fraction
    week_start: int = 0  # 0 Monday, 6 Sunday
    abandoned_after: int = 60  # minutes
    lost_after: int = 365  # days
    loyal_after: int = 5  # orders
    customers: dict = field(default_factory=dict)  # key: Customer
    links: dict = field(default_factory=dict)  # key: key of whom it is the same person as
    orders: list = field(default_factory=list)
    touchpoints: list = field(default_factory=list)
    cart_updates: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    reviews: list = field(default_factory=list)
    referrals: list = field(default_factory=list)
    memberships: list = field(default_factory=list)
    points: list = field(default_factory=list)
    subscriptions: list = field(default_factory=list)
    costs: list = field(default_factory=list)
    days: list = field(default_factory=list)  # CampaignDay
    campaigns: list = field(default_factory=list)
    spend: list = field(default_factory=list)
    social: list = field(default_factory=list)

    def person(self, key):
        while key in self.links:
            key = self.links[key]
        return key

    def dated(self):
        """(customer, instant) of all facts of customers."""
        for facts in (self.orders, self.touchpoints, self.cart_updates, self.answers, self.reviews, self.memberships, self.points, self.subscriptions, self.costs, self.referrals):
            yield from ((fact.customer, fact.at) for fact in facts if fact.customer is not None)
        yield from ((fact.referrer, fact.at) for fact in self.referrals)
