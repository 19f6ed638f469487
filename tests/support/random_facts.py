"""The facts of a random shop, kind by kind: what is sent, and the record of it."""
from datetime import timedelta
from fractions import Fraction

from support.facts import (
    Answer, Campaign, CampaignDay, CartUpdate, Cost, Membership, Order, Points, Referral, Review, SocialDay, Spend, Subscription, Touchpoint, converted)

CHANNELS = ["search", "email", "social", "ads", None, None]
LABELS = ["k0", "k1", "Campaign 2", "nobody knows", None, None]
STOREFRONTS = ["web", "app", None]
KINDS = ["visit"] * 6 + ["ad_impression", "ad_click", "email_sent", "email_bounced", "email_opened", "email_clicked", "signup", "newsletter", "support"]
SURVEYS = {"n0": "nps", "n1": "nps", "cs": "csat", "ce": "ces", "heard": "choice", "told": "choice", "why": "choice", "words": "text"}
PURPOSES = {"heard": "discovery", "told": "discovery", "why": "abandonment", "words": "discovery"}
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
CHOICES = ["a friend", "the press", "an ad", "Zeppelin"]
INTERVALS = {"week": 7, "month": 30, "quarter": 91, "year": 365}
PLATFORMS = ["facebook", "instagram", "mastodon", "tiktok"]


def _some(**fields):
    return {name: value for name, value in fields.items() if value is not None}


class RandomFacts:
    """Mixed into RandomShop, which has chance, facts, calls, moment(), say(), post() and add()."""

    def number(self, kind):
        """A name that nothing has yet."""
        self.numbers = getattr(self, "numbers", 0) + 1
        return f"{kind}-{self.numbers}"

    def times(self, *weights):
        """How many of a kind somebody has: 0, 1, 2, ... with these weights."""
        return range(self.chance.choices(range(len(weights)), weights)[0])

    def life(self, who):
        """All facts of one row."""
        buys = self.chance.random() < 0.8
        for _ in self.times(3, 3, 3, 2):
            self.touchpoint(who)
        for _ in self.times(2, 4, 3, 2, 1, 1, 1) if buys else ():
            self.order(who)
        for _ in self.times(4, 2, 1) if who.key[0] != "e" or buys else ():
            self.cart(who)
        for _ in self.times(4, 2, 2):
            self.answer(who, self.chance.choice(list(SURVEYS)))
        for _ in self.times(6, 2, 1):
            self.review(who)
        for _ in self.times(8, 2, 1):
            referrer = self.chance.choice(self.people)
            if referrer.family != who.family:
                self.referral(referrer, who)
        for _ in self.times(5, 2, 1):
            self.membership(who)
        for _ in self.times(9, 2):
            self.subscription(who)
        for _ in self.times(6, 2, 1):
            self.cost(who)

    def nobody(self):
        """Answers without a name."""
        for survey in SURVEYS:
            self.answer(None, survey)

    # money ------------------------------------------------------------------------------------------

    def currency(self, amount, body, share=0.25):
        """Fills in a currency and a rate; returns what the amounts are in the base currency."""
        base, chance = self.facts.base, self.chance
        currency, rate = (self.other_currency, chance.choice(self.rates)) if chance.random() < share else (base, None)
        body["currency"] = currency
        if rate is not None:
            body["exchange_rate"] = rate if chance.random() < 0.5 else float(rate)
        return [converted(part, currency, Fraction(rate or 1), base) for part in amount]

    # orders -----------------------------------------------------------------------------------------

    def ordered_at(self, who, at):
        """No two different orders of one person at one instant: it would be anybody's guess which is the first."""
        used = self.ordered.setdefault(who.family, set())
        while at is None or at in used:
            at = self.moment(who)
        used.add(at)
        return at

    def order(self, who, at=None, cart=None):
        chance, name = self.chance, self.number("order")
        customer, before = self.say(who)
        at = self.ordered_at(who, at)
        body = {"external_id": name, "customer": customer, "ordered_at": self.text(at), "status": chance.choice(["paid"] * 6 + ["fulfilled", "pending"])}
        labels = _some(channel=chance.choice(CHANNELS), campaign=chance.choice(LABELS), storefront=chance.choice(STOREFRONTS), cart=cart)
        body |= labels
        test = chance.random() < 0.05
        if test:
            body["test"] = True
        net, known, cost, total = self.amounts(body)
        net, known, cost = self.currency((net, known, cost), body)
        self.post(name, "/v1/orders", body, *before)
        twins = 2 if chance.random() < 0.03 and not who.key.startswith("till:") else 1  # of one instant and alike in everything but the name
        for twin in range(twins):
            if twin:
                name = self.number("order")
                self.post(name, "/v1/orders", {**body, "external_id": name}, *before)
            order = Order(name, who.key, at, net, known, cost, total, body["status"], test, None if body["status"] == "pending" else at, **labels)
            self.facts.orders.append(order)
            if twins == 1:
                self.fate(order)
        return order

    def amounts(self, body):
        """Fills in amounts; returns net, the part of it whose cost is known, that cost, and the total."""
        chance = self.chance
        if chance.random() < 0.3:
            body["total"], body["shipping"] = chance.choice([0, chance.randrange(500, 90000)]) if chance.random() < 0.1 else chance.randrange(500, 90000), 0
            if body["total"] >= 500:
                body["shipping"] = chance.choice([0, 250])
            return body["total"] - body["shipping"], 0, 0, body["total"]
        plain = chance.random() < 0.5  # nothing is taken off the whole order, so every line may know its cost or not
        known, goods, with_cost, cost = chance.random() < 0.6, 0, 0, 0
        body["items"] = []
        for _ in range(chance.randrange(1, 4)):
            quantity, price = chance.randrange(1, 5), chance.randrange(100, 30000)
            line = {"sku": f"s{chance.randrange(9)}", "quantity": quantity, "unit_price": price, "discount": chance.choice([0, chance.randrange(90)])}
            net = quantity * price - line["discount"]
            if chance.random() < 0.5 if plain else known:
                line["unit_cost"] = chance.randrange(1000)
                cost += quantity * line["unit_cost"]
                with_cost += net
            goods += net
            body["items"].append(line)
        tax = chance.choice([0, 30])
        body.update(shipping=chance.choice([0, 100]), tax=tax, discount=0 if plain else chance.choice([0, 10]), tax_included=not plain and chance.random() < 0.5)
        net = goods - body["discount"] - (tax if body["tax_included"] else 0)
        return net, with_cost if plain else net if known else 0, cost, net + tax + body["shipping"]

    def fate(self, order):
        """What happens to the order later."""
        ref, chance = f"external:{order.name}", self.chance
        path, before = f"/v1/orders/{ref}", [order.name]
        if order.status == "pending" and chance.random() < 0.7:
            order.status, order.paid_at = chance.choice(["paid", "fulfilled"]), self.moment(after=order.at) if chance.random() < 0.9 else order.at - timedelta(hours=5)
            before.append(self.add(f"{order.name} paid", "PATCH", path, {"status": order.status, "paid_at": self.text(order.paid_at)}, *before))
        if order.status == "paid" and chance.random() < 0.1:
            before.append(self.add(f"{order.name} fulfilled", "PATCH", path, {"status": "fulfilled"}, *before))
            order.status = "fulfilled"
        if order.status != "pending" and order.total and chance.random() < 0.22:
            before += self.refunds(order, *before)
        if chance.random() < 0.07:
            order.cancelled_at = self.moment(after=order.at) if chance.random() < 0.8 else chance.choice([order.at, order.at - timedelta(days=3)])
            self.add(f"{order.name} cancelled", "POST", f"{path}/cancel", {"cancelled_at": self.text(order.cancelled_at)}, *before)
            order.status = "cancelled"

    def refunds(self, order, *before):
        chance, left, names = self.chance, order.total, []
        for _ in range(chance.choice([1, 1, 2, 3])):
            amount = left if chance.random() < 0.3 else chance.randrange(1, left + 1)
            at, name = self.moment(after=order.at), self.number("refund")
            order.refunds.append((at, amount))
            body = {"external_id": name, "amount": amount, "refunded_at": self.text(at)}
            ref = f"external:{order.name}"
            names.append(self.post(name, "/v1/refunds", body, *before, path=f"/v1/orders/{ref}/refunds", item={"order": ref, **body}))
            left -= amount
            if left == 0:
                break
        return names

    # the way to an order ----------------------------------------------------------------------------

    def touchpoint(self, who, customer=None):
        chance, name, kind, at = self.chance, self.number("touch"), self.chance.choice(KINDS), self.moment(who)
        value, before = self.say(who)
        labels = _some(channel=chance.choice(CHANNELS), campaign=chance.choice(LABELS))
        body = {"external_id": name, "kind": kind, "at": self.text(at), **labels}
        if customer is None and who.visitor and chance.random() < 0.5:
            body["visitor"], before = who.visitor, ()
        else:
            body["customer"], before = (value, before) if customer is None else (customer, ())
        visit = {}
        if kind == "visit":
            visit = _some(pages=chance.choice([1, 1, 2, 5, None]), duration_seconds=chance.choice([None, 0, chance.randrange(900)]))
        self.post(name, "/v1/touchpoints", body | visit, *before)
        self.facts.touchpoints.append(Touchpoint(who.key, kind, at, pages=visit.get("pages", 1), seconds=visit.get("duration_seconds"), **labels))

    def cart(self, who):
        """Updates with pauses about as long as a cart may rest, and often an order, before, in between or behind."""
        chance, cart, patience = self.chance, self.number("cart"), timedelta(minutes=self.facts.abandoned_after)
        pauses = [timedelta(minutes=3), patience, patience + timedelta(seconds=1), timedelta(hours=7), timedelta(days=4)]
        at, sent, updates = self.moment(who), [], []
        for _ in range(chance.choice([1, 1, 2, 3, 5])):
            labels = _some(channel=chance.choice(CHANNELS), campaign=chance.choice(LABELS), storefront=chance.choice(STOREFRONTS))
            body, value = {"updated_at": self.text(at), **labels}, chance.randrange(90000)
            if chance.random() < 0.5:
                body["value"] = value
            else:
                body["items"] = [{"unit_price": value, "quantity": 2, "discount": value // 3}]
                value = 2 * value - value // 3
            [value] = self.currency((value,), body)
            customer, before = self.say(who)
            if who.visitor and chance.random() < 0.5:
                body["visitor"], before = who.visitor, ()
            else:
                body["customer"] = customer
            name = self.number("update")
            sent.append(self.add(name, "PUT", f"/v1/carts/{cart}", body, *before, batch=("/v1/carts/batch", {"external_id": cart, **body})))
            self.facts.cart_updates.append(CartUpdate(cart, who.key, at, value, **labels))
            updates.append(at)
            at += chance.choice(pauses)
        family = [other for other in self.people if other.family == who.family]
        for _ in self.times(4, 5, 1):
            self.order(chance.choice(family), cart=cart, at=chance.choice([chance.choice(updates) + chance.choice(pauses), updates[-1] + patience, updates[0] - timedelta(hours=1), updates[0]]))
        if chance.random() < 0.2:
            name = self.number("reminder")
            self.add(name, "POST", f"/v1/carts/{cart}/reminders", {"external_id": name, "sent_at": self.text(at)}, sent[0])

    # what binds -------------------------------------------------------------------------------------

    def answer(self, who, survey):
        chance, name, kind, at = self.chance, self.number("answer"), SURVEYS[survey], self.moment(who)
        body, before = {"external_id": name, "answered_at": self.text(at)}, ()
        answer = Answer(survey, kind, PURPOSES.get(survey), who.key if who else None, at, channel=chance.choice(CHANNELS))
        body |= _some(channel=answer.channel)
        if who:
            body["customer"], before = self.say(who)
        if chance.random() < 0.9:
            if kind in SCALES:
                answer.score = body["score"] = chance.randint(*SCALES[kind])
            elif kind == "choice":
                answer.choice = body["choice"] = chance.choice(CHOICES)
            else:
                body["text"] = "so"
        self.facts.answers.append(answer)
        self.post(name, f"/v1/surveys/external:{survey}/responses", body, survey, *before)

    def review(self, who):
        name, at, rating = self.number("review"), self.moment(who), self.chance.randint(1, 5)
        customer, before = self.say(who)
        self.facts.reviews.append(Review(who.key, at, rating))
        self.post(name, "/v1/reviews", {"external_id": name, "customer": customer, "rating": rating, "reviewed_at": self.text(at)}, *before)

    def referral(self, referrer, who):
        """The referrer has to be known by then."""
        known = [way for way in referrer.ways if isinstance(way[0], str)]
        if not known:
            return
        name, at = self.number("referral"), self.moment(who)
        (ref, first), (customer, before) = known[0], self.say(who)
        self.facts.referrals.append(Referral(referrer.key, who.key, at))
        self.post(name, "/v1/referrals", {"external_id": name, "referrer": ref, "customer": customer, "referred_at": self.text(at)}, *first, *before)

    def membership(self, who):
        chance, name, at = self.chance, self.number("member"), self.moment(who)
        customer, before = self.say(who)
        member, body = Membership(who.key, at), {"external_id": name, "customer": customer, "joined_at": self.text(at)}
        leaves = chance.random()
        if leaves < 0.5:
            member.left_at = self.moment(after=at)
            if leaves < 0.2:
                body["left_at"] = self.text(member.left_at)
        self.post(name, "/v1/loyalty/members", body, *before)
        if 0.2 <= leaves < 0.5:
            self.add(f"{name} left", "POST", f"/v1/loyalty/members/external:{name}/leave", {"left_at": self.text(member.left_at)}, name)
        self.facts.memberships.append(member)
        for _ in self.times(2, 1):
            name, at, (customer, before) = self.number("points"), self.moment(who), self.say(who)
            self.facts.points.append(Points(who.key, at))
            self.post(name, "/v1/loyalty/points", {"external_id": name, "customer": customer, "kind": chance.choice(["earned", "redeemed"]), "points": 5, "at": self.text(at)}, *before)

    def subscription(self, who):
        chance, name, at, interval = self.chance, self.number("subscription"), self.moment(who), self.chance.choice(list(INTERVALS))
        customer, before = self.say(who)
        found = Subscription(who.key, interval, at)
        self.facts.subscriptions.append(found)
        self.post(name, "/v1/subscriptions", {"external_id": name, "customer": customer, "interval": interval, "started_at": self.text(at)}, *before)
        path = f"/v1/subscriptions/external:{name}"
        for number in self.times(3, 3, 2, 2, 1):
            renewal, renewed = self.number("renewal"), at + timedelta(days=INTERVALS[interval] * (number + 1) + chance.randrange(-3, 4))
            body = {"external_id": renewal, "renewed_at": self.text(renewed)}
            found.renewals.append(renewed)
            self.post(renewal, "/v1/subscriptions/renewals", body, name, path=f"{path}/renewals", item={"subscription": f"external:{name}", **body})
        if chance.random() < 0.4:
            found.cancelled_at = chance.choice(found.renewals) if found.renewals and chance.random() < 0.3 else self.moment(after=at)
            self.add(f"{name} cancelled", "POST", f"{path}/cancel", {"cancelled_at": self.text(found.cancelled_at)}, name)

    def cost(self, who):
        chance, name, at, amount = self.chance, self.number("cost"), self.moment(who), self.chance.randrange(9000)
        body = {"external_id": name, "kind": chance.choice(["service", "return", "acquisition", "tool"]), "amount": amount, "incurred_at": self.text(at)}
        [converted_amount] = self.currency((amount,), body)
        orders = [order for order in self.facts.orders[-9:] if order.customer == who.key]
        if orders and chance.random() < 0.4:
            body["order"], before = f"external:{orders[0].name}", (orders[0].name,)
        else:
            body["customer"], before = self.say(who)
        self.facts.costs.append(Cost(who.key, at, converted_amount))
        self.post(name, "/v1/costs", body, *before)

    # what is nobody's ---------------------------------------------------------------------------------

    def day(self):
        return self.instant().date()

    def set_up(self):
        """Surveys, campaigns with their days, spend, and social platforms."""
        for name, kind in SURVEYS.items():
            body = {"external_id": name, "kind": kind, "name": name, **({"choices": CHOICES} if kind == "choice" else {})}
            self.post(name, "/v1/surveys", body | _some(purpose=PURPOSES.get(name)))
        for number, channel in enumerate(["email", "search", None]):
            campaign = Campaign(f"k{number}", f"Campaign {number}", channel)
            self.facts.campaigns.append(campaign)
            self.post(campaign.key, "/v1/campaigns", {"external_id": campaign.key, "name": campaign.name} | _some(channel=channel))
            self.campaign_days(campaign)
        for _ in range(40):
            self.spend()
        for platform in PLATFORMS:
            self.social(platform)

    def campaign_days(self, campaign):
        chance = self.chance
        for day in sorted({self.day() for _ in range(25)}):
            before = [campaign.key]
            for _ in range(chance.choice([1, 1, 1, 2])):  # what is put later replaces the day
                figures = {"impressions": chance.randrange(2000), "clicks": chance.randrange(90), "interactions": chance.randrange(100, 300), "conversions": chance.randrange(90)}
                if campaign.key == "k0":
                    figures |= {"sent": 1000 + chance.randrange(500), "bounced": chance.randrange(99), "unopened": chance.randrange(800)}
                figures = {name: value for name, value in figures.items() if chance.random() < 0.8}
                body = dict(figures)
                if chance.random() < 0.8:
                    body["spend"] = chance.randrange(99999)
                    [figures["spend"]] = self.currency((body["spend"],), body)
                name = self.number("campaign-day")
                self.add(name, "PUT", f"/v1/campaigns/external:{campaign.key}/days/{day}", body, *before)
                before.append(name)
            self.facts.days.append(CampaignDay(campaign, day, figures))

    def spend(self):
        chance, name, day, amount, campaign = self.chance, self.number("spend"), self.day(), self.chance.randrange(99999), self.chance.choice(LABELS)
        paid = chance.random() < 0.4
        body = {"external_id": name, "date": day.isoformat(), "amount": amount, "category": chance.choice(["advertising", "sales", "content", "tools", "incentives"]), "paid_media": paid}
        [converted_amount] = self.currency((amount,), body)
        self.facts.spend.append(Spend(day, converted_amount, paid, campaign))
        self.post(name, "/v1/spend", body | _some(campaign=campaign))

    def social(self, platform):
        chance = self.chance
        for day in sorted({self.day() for _ in range(20)}):
            figures, before = {}, []
            for _ in range(chance.choice([1, 1, 2])):
                figures = {name: chance.randrange(top) for name, top in (("followers", 5000), ("reactions", 90), ("comments", 30), ("shares", 20), ("likes", 200)) if chance.random() < 0.7}
                if platform == "tiktok":
                    figures.pop("followers", None)
                name = self.number("social-day")
                self.add(name, "PUT", f"/v1/social/{platform}/days/{day}", figures, *before, batch=("/v1/social/batch", {"platform": platform, "date": day.isoformat(), **figures}))
                before = [name]
            self.facts.social.append(SocialDay(platform, day, figures))
