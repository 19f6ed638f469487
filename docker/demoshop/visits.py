"""Visits and the other moments at which the shop and people meet: ad clicks, mails, sign-ups, calls for help."""
from . import days
from .chance import Random
from .people import campaign_of

# How often somebody comes before the visit that ends with an order or a sign-up.
VISITS = {"onlooker": [(1, 72), (2, 18), (3, 7), (5, 3)], "lead": [(2, 40), (3, 35), (5, 25)],
          "buyer": [(0, 40), (1, 30), (2, 20), (4, 10)], "prospect": [(0, 1)], "till": [(0, 1)]}


class Visit:
    def __init__(self, random, person, at, channel, campaign, bounce, most=9):
        self.person, self.at, self.channel, self.campaign = person, at, channel, campaign
        self.pages = 1 if random.chance(bounce) else 2 + min(random.below(most), random.below(most))
        self.seconds = random.below(25) if self.pages == 1 else self.pages * (14 + random.below(50))
        self.number = self.order = None
        # Who is logged in comes with the account, who is not with the browser, which is linked to it or not.
        self.known = person.account_at is not None and at >= person.account_at and random.chance(70)

    def who(self):
        return {"customer": "external:" + self.person.account} if self.known else {"visitor": self.person.visitor}


def of(person):
    """The visits of somebody: those that lead to the first order or the sign-up, those with orders, and some in between."""
    random = Random("visits", person.number)
    last = person.orders[0].at if person.orders else days.END
    visits, at = [], days.at(random, person.first, 7, 16)
    for n in range(random.pick(VISITS[person.kind])):
        if at >= last:
            break
        channel = person.channel if n == 0 or random.chance(50) else "direct"
        bounce = days.trend(at, 80, 76, 71, 67) if person.kind == "onlooker" else 22
        visits.append(Visit(random, person, at, channel, person.campaign if n == 0 else campaign_of(random, channel, at), bounce))
        pause = 60 + random.below(300) if random.chance(20) else random.below(14) + random.below(14)
        at = days.after(at, days=pause, minutes=random.below(400))
    if person.kind == "lead" and person.account_at:
        visits.append(Visit(random, person, days.after(person.account_at, minutes=-6), person.channel, person.campaign, 0))
    for order in person.orders if person.kind == "buyer" else []:
        if order.storefront in ("web", "app"):
            before = days.after(order.at, minutes=-5 - random.below(20))
            visits.append(Visit(random, person, before, order.channel, order.campaign, 0, 16))
            visits[-1].order = order
        if random.chance(60):
            later = days.after(order.at, days=2 + random.below(60), minutes=random.below(500))
            channel = random.pick([("direct", 50), ("email", 30), ("search", 20)])
            visits.append(Visit(random, person, later, channel, campaign_of(random, channel, later), 30))
    visits = [visit for visit in visits if visit.at < days.END]
    for number, visit in enumerate(visits, 1):
        visit.number = number
    return visits


def _fact(person, n, kind, at, **more):
    fact = {"external_id": f"T{person.number:05}-{n}", "kind": kind, "at": days.text(at), **more}
    return {name: value for name, value in fact.items() if value is not None}


def _mails(random, person, n, who, since, campaign, bounced):
    """A few of the mails that somebody gets; who clicks also opens."""
    facts = []
    for turn in range(1 + random.below(4)):
        at = days.after(since, days=1 + turn * (20 + random.below(30)), minutes=random.below(300))
        if days.after(at, hours=1) >= days.END:
            break
        kinds = ["email_sent"]
        if random.chance(bounced):
            kinds.append("email_bounced")
        elif random.chance(days.trend(at, 34, 36, 40, 43)):
            kinds += ["email_opened", "email_clicked"] if random.chance(22) else ["email_opened"]
        facts += [_fact(person, f"m{n}{turn}{step}", kind, days.after(at, minutes=step * 7), channel="email", campaign=campaign, **who)
                  for step, kind in enumerate(kinds)]
        if kinds[-1] == "email_bounced":
            break
    return facts


def _visit(visit):
    return _fact(visit.person, visit.number, "visit", visit.at, channel=visit.channel, campaign=visit.campaign, pages=visit.pages,
                 duration_seconds=visit.seconds or None, **visit.who())


def strangers(visits):
    """What is known of browsers only: visits, and the ads that brought the first of them."""
    facts = []
    for visit in visits:
        if visit.known:
            continue
        if visit.number == 1 and visit.campaign and visit.channel != "email" and visit.person.number % 3 == 0:  # most block that
            facts.append(_fact(visit.person, "a", "ad_click", days.after(visit.at, seconds=-3), channel=visit.channel,
                               campaign=visit.campaign, **visit.who()))
        facts.append(_visit(visit))
    return facts


def addresses(people):
    """Mails to addresses without an account, and sign-ups for the newsletter by which a browser gets one."""
    facts = []
    for person in people:
        if person.kind not in ("prospect", "lead"):
            continue
        random = Random("addresses", person.number)
        who = {"customer": {"email": person.email}}
        start = days.at(random, person.first, 8, 12)
        if person.kind == "prospect":
            facts += _mails(random, person, "p", who, start, "fair", 9)
        elif person.account_at is None:
            facts.append(_fact(person, "n", "newsletter", start, channel=person.channel,
                               customer={"email": person.email, "visitor_id": person.visitor}))
            facts += _mails(random, person, "n", who, start, "newsletter", 2)
    return facts


def accounts(people, visits):
    """What is known of accounts: the sign-up, visits after a log-in, the newsletter, calls for help."""
    facts = [_visit(visit) for visit in visits if visit.known]
    for person in people:
        if person.account_at is None:
            continue
        random, who = Random("contacts", person.number), {"customer": "external:" + person.account}
        facts.append(_fact(person, "s", "signup", person.account_at, channel=person.channel, **who))
        if person.newsletter:
            facts += _mails(random, person, "a", who, person.account_at, "newsletter", 2)
        facts += [_fact(person, f"h{n}", "support", at, channel="telephone" if random.chance(40) else "email", **who)
                  for n, at in enumerate(calls(person))]
    return facts


def calls(person):
    """When somebody with an account asked for help."""
    if person.account_at is None or not person.orders:
        return []
    random, when = Random("calls", person.number), []
    for order in person.orders:
        at = days.after(order.at, days=2 + random.below(6), minutes=random.below(200))
        if random.chance(16 if days.in_trouble(order.at) else 4) and not order.guest and at < days.END:
            when.append(at)
    return when
