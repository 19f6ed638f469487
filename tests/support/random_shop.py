"""A random shop: who its customers are, who turns out to be whom, and every call that tells the product so.

The same is kept as records for the oracle. Calls name what must have been sent before them, as far as the API needs it;
`deliveries` shuffles all the rest.
"""
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

from support.facts import Customer, Facts
from support.random_facts import RandomFacts

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe"]  # the last one moves its clocks by half an hour
FIRST, PAST = date(2024, 1, 1), date(2026, 1, 1)
COMING = date(2031, 2, 1)  # a day of a month from which some facts are, though it has not come yet
CURRENCIES = {"GBP": ("USD", ["0.8137", "0.79", "1.1"]), "USD": ("JPY", ["0.0061", "0.00725"]), "EUR": ("GBP", ["1.1843", "1.2"])}
COUNTRIES = ["GB", "FR", "US", "JP", None]
WAVES = 6  # calls of one wave go out in batches by kind; waves mix the kinds


@dataclass
class Call:
    """One request. `batch`: the collection that takes it with others, and what it is there."""
    method: str
    path: str
    body: dict | None
    before: tuple = ()
    batch: tuple | None = None


@dataclass
class Somebody:
    """One row, as facts may name it: (what stands for the customer, calls that must go before)."""
    key: str
    ways: list
    family: str  # rows that are, or will be, one person have one
    visitor: str | None = None


class RandomShop(RandomFacts):
    """Settings, calls by name, and the facts that they amount to."""

    def __init__(self, seed, customers=150):
        self.chance = random.Random(seed)
        base = ["GBP", "USD", "EUR"][seed % 3]
        self.other_currency, self.rates = CURRENCIES[base]
        self.settings = {
            "base_currency": base, "time_zone": ZONES[seed % 3], "default_gross_margin": 0.4, "week_start": self.chance.choice(["monday", "sunday"]),
            "abandoned_after_minutes": self.chance.choice([30, 90]), "lost_after_days": self.chance.choice([60, 180]), "loyal_after_orders": self.chance.choice([3, 5]),
            "placeholder_emails": ["guest@till.example", "*@phone.example"]}
        self.facts = Facts(
            zone=self.settings["time_zone"], base=base, margin=Fraction(2, 5), week_start={"monday": 0, "sunday": 6}[self.settings["week_start"]],
            abandoned_after=self.settings["abandoned_after_minutes"], lost_after=self.settings["lost_after_days"], loyal_after=self.settings["loyal_after_orders"])
        self.zone = ZoneInfo(self.settings["time_zone"])
        self.calls, self.second = {}, []  # `second`: names of the calls that link and unlink when all is told, in this order
        self.second_links = {}
        self.people, self.accounts, self.tills = [], [], 0
        self.moments, self.ordered = {}, {}
        self.turns = [day for day in (FIRST + timedelta(days=number) for number in range((PAST - FIRST).days)) if self._offset(day) != self._offset(day + timedelta(days=1))]
        self.set_up()
        for number in range(customers):
            self.customer(number, number % 10)
        self.unlink_and_link()
        for who in self.people:
            self.life(who)
        for _ in range(customers // 10):
            self.nobody()

    def _offset(self, day):
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).utcoffset()

    # time -----------------------------------------------------------------------------------------

    def instant(self):
        """Often near a local midnight, sometimes on the day that a clock is changed."""
        day = FIRST + timedelta(days=self.chance.randrange((PAST - FIRST).days))
        kind = self.chance.random()
        if kind > 0.99:
            day = COMING + timedelta(days=self.chance.randrange(28))
        if kind < 0.2:
            return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(timezone.utc) + timedelta(microseconds=self.chance.randrange(-5000000, 5000000))
        if kind < 0.25 and self.turns:
            day = self.chance.choice(self.turns)
            return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(timezone.utc) + timedelta(minutes=self.chance.randrange(26 * 60))
        return datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(seconds=self.chance.randrange(86400))

    def moment(self, who=None, after=None):
        """An instant for a fact; now and then one at which something else happened to the same person."""
        known = self.moments.setdefault(who.family, []) if who else []
        if known and after is None and self.chance.random() < 0.15:
            return self.chance.choice(known)
        at = self.instant()
        if after is not None and at <= after:
            at = after + timedelta(seconds=self.chance.randrange(1, 60 * 86400))
        known.append(at)
        return at

    def text(self, at):
        """The same instant under a random offset."""
        return at.astimezone(timezone(timedelta(minutes=self.chance.choice([0, 60, -300, 345, 630])))).isoformat()

    # calls ----------------------------------------------------------------------------------------

    def add(self, name, method, path, body, *before, batch=None):
        self.calls[name] = Call(method, path, body, before, batch)
        return name

    def post(self, name, collection, body, *before, path=None, item=None):
        """A fact, which may also go in a batch of its collection."""
        return self.add(name, "POST", path or collection, body, *before, batch=(f"{collection}/batch", item or body))

    def say(self, who):
        """How a fact says whose it is, and what must go before it."""
        self.facts.customers.setdefault(who.key, Customer(who.key))
        value, before = self.chance.choice(who.ways)
        return value, before

    # people ---------------------------------------------------------------------------------------

    def customer(self, number, kind):
        """The ways to be a customer, ten of them in turn."""
        if kind < 3:
            self.account(f"c{number}", shown=True)
        elif kind == 3:
            self.login(f"c{number}")
        elif kind == 4:
            self.guest(f"g{number}")
        elif kind == 5:
            self.visitor(f"v{number}")
        elif kind == 6:
            self.till()
        elif kind == 7:
            self.linked(self.account(f"c{number}"), self.visitor(f"w{number}", f"c{number}"))
        elif kind == 8:
            self.linked(self.account(f"c{number}"), self.account(f"d{number}", f"c{number}") if number % 20 == 8 else self.guest(f"h{number}", f"c{number}"))
        else:
            self.chain(self.account(f"c{number}"), self.account(f"d{number}", f"c{number}"), self.visitor(f"w{number}", f"c{number}"))

    def met(self, key, ways, family, visitor=None):
        self.people.append(Somebody(key, ways, family, visitor))
        return self.people[-1]

    def account(self, name, family=None, shown=False):
        """Has a profile. `shown`: facts may come in under its address before anybody knows whose that is."""
        chance, body, email = self.chance, {"external_id": name}, f"{name}@example.com"
        row = self.facts.customers[f"external:{name}"] = Customer(f"external:{name}")
        before = []
        if shown or chance.random() < 0.5:
            body["email"] = email.upper() if chance.random() < 0.3 else email
        if (country := chance.choice(COUNTRIES)) is not None:
            body["country"] = row.country = country
        if chance.random() < 0.2:
            row.acquired_at = self.instant()
            body["acquired_at"] = self.text(row.acquired_at)
        if chance.random() < 0.1:
            row.closed_at = self.instant()
            body["closed_at"] = self.text(row.closed_at)
        if not family and chance.random() < 0.3:  # of one row of a person only, so that there is one answer
            row.channel = chance.choice(["fair", "search", "friend"])
            body["acquisition"] = {"channel": row.channel}
        if self.accounts and chance.random() < 0.15:
            referrer = chance.choice(self.accounts)
            row.referred_by = f"external:{referrer}"
            body["referred_by"] = row.referred_by
            before.append(referrer)
        # Who is linked answers with the profile of the one it is linked to: only others are changed later.
        later = {field: body.pop(field) for field in ("country", "closed_at", "acquired_at", "referred_by", "email") if field in body and not family and chance.random() < 0.2}
        self.post(name, "/v1/customers", body, *before)
        if later:
            self.add(f"{name} patched", "PATCH", f"/v1/customers/external:{name}", later, name, *before)
        self.accounts.append(name)
        ways = [(f"external:{name}", (name,)), ({"external_id": name}, ())]
        if "email" in body or "email" in later:
            ways.append((f"email:{email}", (name, f"{name} patched") if "email" in later else (name,)))
        if shown:
            ways += [({"email": email}, ()), ({"email": email.title()}, ()), ({"external_id": name, "email": email}, ())]
        return self.met(f"external:{name}", ways, family or name)

    def login(self, name):
        """An account without a profile, whose visits from before the login become its own."""
        who = self.met(f"external:{name}", [({"external_id": name}, ()), ({"visitor_id": f"{name}-browser"}, ()), ({"external_id": name, "visitor_id": f"{name}-browser"}, ())],
                       name, f"{name}-browser")
        self.touchpoint(who, customer={"external_id": name, "visitor_id": f"{name}-browser"})

    def guest(self, name, family=None):
        email = f"{name}@example.com"
        who = self.met(f"email:{email}", [({"email": email}, ())], family or name)
        if family is None and self.chance.random() < 0.4:
            country = self.chance.choice(COUNTRIES[:-1])
            self.facts.customers[who.key] = Customer(who.key, country=country)
            who.ways.append((f"email:{email}", (self.add(f"{name} put", "PUT", f"/v1/customers/email:{email}", {"country": country}),)))
        return who

    def visitor(self, name, family=None):
        return self.met(f"visitor:{name}", [({"visitor_id": name}, ())], family or name, name)

    def till(self):
        """Each use of a placeholder address is somebody else."""
        for _ in range(self.chance.randrange(1, 4)):
            self.tills += 1
            email = self.chance.choice(["guest@till.example", f"{self.tills % 3}@phone.example"])
            self.order(Somebody(f"till:{self.tills}", [({"email": email}, ())], f"till {self.tills}"))

    # links ----------------------------------------------------------------------------------------

    def _link(self, name, root, child, *before):
        kind, value = child.key.split(":", 1)
        known = [value] if kind == "external" else []
        return self.add(name, "POST", f"/v1/customers/{root.key}/identities", {"kind": kind, "value": value}, root.key.split(":", 1)[1], *known, *before)

    def _unlink(self, name, root, child, *before):
        return self.add(name, "DELETE", f"/v1/customers/{root.key}/identities/{child.key}", None, *before)

    def linked(self, root, child):
        """Some are linked while facts come in, and some of those come apart again later; the others are linked later."""
        name = f"{root.key} = {child.key}"
        if self.chance.random() < 0.6:
            self.facts.links[child.key] = root.key
            self.facts.customers.setdefault(child.key, Customer(child.key))
            self._link(name, root, child)
            if self.chance.random() < 0.4:
                self.second.append(self._unlink(f"{name} no more", root, child, name))
            else:
                self.second_links[child.key] = root.key
        else:
            self.second.append(self._link(name, root, child))
            self.second_links[child.key] = root.key

    def chain(self, top, middle, low):
        """Links of links, of which the upper one may come apart again; before, those two may have referred each other."""
        if self.chance.random() < 0.3:
            self.referral(top, middle)
        self.second.append(self._link(f"{middle.key} = {low.key}", middle, low))
        self.second.append(self._link(f"{top.key} = {middle.key}", top, middle))
        self.second_links |= {low.key: middle.key, middle.key: top.key}
        if self.chance.random() < 0.4:
            self.second.append(self._unlink(f"{top.key} = {middle.key} no more", top, middle))
            del self.second_links[middle.key]

    def unlink_and_link(self):
        """The second round in one order, behind the referrals that it would make impossible."""
        referrals = tuple(name for name in self.calls if name.startswith("referral-"))
        for name, earlier in zip(self.second, [None, *self.second]):
            call = self.calls[name]
            self.calls[name] = replace(call, before=call.before + referrals + ((earlier,) if earlier else ()))

    def facts_of_round(self, number):
        """What is known when all is told (0), and after the second round of links (1), which may name somebody nobody knew."""
        if number == 0:
            return self.facts
        return replace(self.facts, links=dict(self.second_links), customers={**{key: Customer(key) for key in self.second_links}, **self.facts.customers})

    # the order of arrival ---------------------------------------------------------------------------

    def deliveries(self, seed, names):
        """Lists of calls, each to be sent as one batch if it has more than one: a random order behind what must go before."""
        chance, wave, level = random.Random(seed), {}, {}
        wanted = set(names)

        def place(name):
            if name not in wave:
                before = [other for other in self.calls[name].before if other in wanted]
                for other in before:
                    place(other)
                wave[name] = max([chance.randrange(WAVES), *(wave[other] for other in before)])
                level[name] = max([0, *(level[other] + 1 for other in before if wave[other] == wave[name])])
        for name in names:
            place(name)
        for place_of in sorted({(wave[name], level[name]) for name in names}):
            groups = {}
            for name in chance.sample(names, len(names)):
                if (wave[name], level[name]) == place_of:
                    call = self.calls[name]
                    alone = call.batch is None or chance.random() < 0.02
                    groups.setdefault(name if alone else call.batch[0], []).append(call)
            found = list(groups.values())
            chance.shuffle(found)
            yield from found
