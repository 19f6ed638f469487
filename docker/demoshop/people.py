"""Who comes to the shop, how they become known, and when they order. People are numbered as they come.

onlooker: a visitor, nobody knows who. prospect: an address from a fair that gets mails. lead: signs up and does not
buy. buyer: orders, as a guest or with an account. till: pays at the market stall and leaves no name.
"""
import datetime

from . import assortment, days, subscriptions
from .chance import Random

# channel, source, weight when the shop began and at the end, percent who buy
CHANNELS = [("search", "engine", 36, 31, 9), ("social", "photo-app", 24, 33, 5), ("email", "partner", 6, 6, 12),
            ("referral", "friend", 6, 8, 16), ("direct", None, 28, 22, 11)]
CAMPAIGNS = {"search": [(None, 40), ("search-tea", 40), ("search-brand", 20)], "social": [(None, 55), ("social-photo", 45)],
             "email": [(None, 10), ("newsletter", 90)], "referral": [(None, 1)], "direct": [(None, 1)]}
COUNTRIES = [("GB", 82), ("IE", 7), ("DE", 4), ("FR", 4), ("US", 3)]
FIRST_NAMES = "Ada Amir Bea Carlos Chloe Dev Elin Farah George Hana Ivy Jack Kofi Lena Marco Nia Oscar Priya Rosa Tom".split()
LAST_NAMES = "Abbott Baker Chen Davies Evans Foster Green Hughes Iqbal Jones Khan Lewis Moore Novak Okafor Patel".split()
GIFTS = "winter-gifts"  # the campaign of November and December


class Order:
    def __init__(self, person, at, storefront):
        self.person, self.at, self.storefront = person, at, storefront
        self.channel, self.campaign = person.channel, person.campaign
        self.number = self.lines = self.cart = None
        self.recovered = False

    @property
    def id(self):
        return f"O{self.number:05}"

    @property
    def guest(self):
        return self.person.account_at is None or self.at < self.person.account_at


def campaign_of(random, channel, day):
    name = random.pick(CAMPAIGNS[channel])
    return GIFTS if name == "social-photo" and day.month >= 11 and random.chance(60) else name


class Person:
    def __init__(self, number, first, fans):
        self.number, self.first = number, first
        self.random = random = Random("person", number)
        year = days.trend(first, 0, 1, 2, 3)
        self.channel, self.source, share = random.pick(
            [(name, source, share, int(begin * (30 - 10 * year) + end * 10 * year)) for name, source, begin, end, share in CHANNELS])
        self.campaign = campaign_of(random, self.channel, first)
        self.country = random.pick(COUNTRIES)
        self.visitor = f"v{number:05}"
        self.name = f"{random.one(FIRST_NAMES)} {random.one(LAST_NAMES)}"
        self.email = f"{self.name.replace(' ', '.')}.{number}@example.com".lower()
        self.account_at = self.account = self.login = self.referrer = self.subscription = None
        self.says_referrer = False  # in the profile; then the referrer does not
        self.orders = []
        self.kind = self._kind(share * days.trend(first, 0.9, 1, 1.1, 1.3))
        self.newsletter = random.chance(45)
        if self.kind == "buyer":
            self._buy(fans)
        elif self.kind == "till":
            self.email = f"till-{number}@till.example"
            self.orders = [Order(self, days.at(random, first, 9, 7), "market-stall")]
            self.orders[0].channel, self.orders[0].campaign = "market-stall", None
        elif self.kind == "lead" and random.chance(55):
            self._open_account(days.at(random, first, 8, 13))

    def _kind(self, buys):
        buys = int(buys * 100)
        return self.random.pick([("buyer", buys), ("till", 60), ("lead", 500), ("prospect", 600), ("onlooker", 8840 - buys)])

    def ref(self, instant):
        """How the shop names this person when something happens after the first order or the sign-up."""
        return "external:" + self.account if self.account_at and instant >= self.account_at else "email:" + self.email

    def _open_account(self, at):
        self.account_at = at
        # How the shop learns whose browser it was: from the profile, at the next order, from the help desk, or never.
        self.login = self.random.pick([("profile", 38), ("order", 44), ("desk", 4), (None, 14)])

    def _buy(self, fans):
        random = self.random
        kind = random.pick([("taster", 44), ("returner", 36), ("regular", 20)])
        day = self.first + datetime.timedelta(random.pick([(0, 50), (random.below(14), 36), (random.below(220), 14)]))
        while day < days.END_DAY:
            at = days.at(random, day, 8, 13)
            self.orders.append(Order(self, at, self._storefront(day)))
            again = {"taster": (33, 34, 40, 42), "returner": (62, 64, 72, 76), "regular": (85, 86, 90, 91)}[kind]
            if not random.chance(days.trend(day, *again) - (9 if days.in_trouble(day) else 0)):
                break
            day += datetime.timedelta(16 + random.below(45) + random.below(70) + (random.below(640) if random.chance(18) else 0))
        if not self.orders:
            self.kind = "onlooker"
            return
        way = random.pick([("account", 66), ("guest first", 18), ("guest", 16)])
        if way == "account":
            self._open_account(days.after(self.orders[0].at, minutes=-4))
        elif way == "guest first" and len(self.orders) > 1:
            self._open_account(days.after(self.orders[1].at, minutes=-4))
        if self.account_at:
            self.subscription = subscriptions.plan(random, self.orders)
            if self.subscription:
                self.orders += [Order(self, at, "box") for at in [self.subscription.started] + self.subscription.renewals]
                self.orders.sort(key=lambda order: order.at)
        for order in self.orders[1:]:
            order.channel = random.pick([("direct", 38), ("email", 28), ("search", 20), (self.channel, 14)])
            order.campaign = campaign_of(random, order.channel, order.at)
        self._refer(fans)

    def _storefront(self, day):
        app = 0 if day < datetime.date(2024, 6, 1) else int(days.trend(day, 0, 0, 16, 38))
        return self.random.pick([("web", 92 - app), ("app", app), ("market-stall", 8)])

    def _refer(self, fans):
        """Who sent this one: somebody who had ordered by then, rather one who orders much."""
        if self.channel == "referral" and fans:
            best = max((self.random.one(fans) for _ in range(3)), key=lambda fan: (len(fan.orders), fan.number))
            if max(best.orders[0].at, best.account_at).date() < self.first:
                self.referrer, self.says_referrer = best, self.random.chance(40) and not best.says_referrer
        if self.account_at:
            fans.append(self)


def plan(count):
    """All people, and their orders in order of time."""
    fans = []
    people = [Person(number, day, fans) for number, day in enumerate(days.arrivals(Random("arrivals"), count), 1)]
    known = sorted((person for person in people if person.account_at), key=lambda person: (person.account_at, person.number))
    for number, person in enumerate(known, 1):
        person.account = f"C{number:05}"
    orders = sorted((order for person in people for order in person.orders), key=lambda order: (order.at, order.person.number))
    for number, order in enumerate(orders, 1):
        order.number = number
        order.lines = [assortment.BOX] if order.storefront == "box" else assortment.items(Random("items", number), order.at.year)
    return people, orders


def profile(person):
    """The customer as the account says."""
    random = Random("profile", person.number)
    fact = {"external_id": person.account, "email": person.email, "name": person.name, "country": person.country,
            "acquisition": {name: value for name, value in
                            (("channel", person.channel), ("source", person.source), ("campaign", person.campaign)) if value},
            "interests": ["tea"] if random.chance(60) else ["coffee"],
            "consents": {"newsletter": person.newsletter, "profiling": random.chance(30)}}
    if person.login == "profile":
        fact["visitor_id"] = person.visitor
    if random.chance(12):
        fact["phone"] = f"+44 1632 96{random.below(10000):04}"  # numbers that are nobody's
    if random.chance(8):
        fact["attributes"] = {"birthday_month": 1 + random.below(12)}
    if person.says_referrer:
        fact["referred_by"] = "external:" + person.referrer.account
    return fact


def inline(person, order):
    """The customer as an order names it: guests by what they typed, accounts by number, and at log-in with the browser."""
    if person.kind == "till":
        return {"email": person.email}
    if order.guest:
        return {"email": person.email, "name": person.name, "country": person.country, "visitor_id": person.visitor}
    if person.login == "order" and order is next(each for each in person.orders if not each.guest):
        return {"external_id": person.account, "visitor_id": person.visitor}
    return "external:" + person.account


def links(known):
    """What the help desk finds out, as requests: this browser is that account."""
    return [("POST", f"/v1/customers/external:{person.account}/identities", {"kind": "visitor", "value": person.visitor})
            for person in known if person.login == "desk"]


def closed(known):
    """Accounts that their customers closed, as requests; who goes wants no more mails."""
    requests = []
    for person in known:
        at = days.after(person.orders[-1].at if person.orders else person.account_at, days=40)
        if person.number % 60 == 0 and at < days.END:
            requests.append(("PATCH", f"/v1/customers/external:{person.account}",
                             {"closed_at": days.text(at), "consents": {"newsletter": False}}))
    return requests
