"""The demo shop as a whole, and how it gets into a service."""
import time

from . import assortment, carts, marketing, orders, people, programs, subscriptions, visits, voices

PEOPLE = 24000  # most of them only look


def profiles(known, referred):
    """In order of the accounts. Who names a referrer comes after all the others."""
    return [people.profile(person) for person in sorted(known, key=lambda person: person.account) if person.says_referrer == referred]


class Shop:
    """All facts, in memory."""

    def __init__(self, count=PEOPLE):
        self.people, planned = people.plan(count)
        seen = [visit for person in self.people for visit in visits.of(person)]
        left = carts.of(seen)
        members = programs.memberships(self.people)
        known = [person for person in self.people if person.account]
        guests, accounts, refunds, changes = orders.facts(planned)
        reminders, clicks = carts.reminders(left)
        joined, leaves, points = programs.facts(members)
        subscribed, renewals, ends = subscriptions.facts(self.people)
        *spend, self.last = marketing.spend()
        # In this order, because a fact may name only what is there. Browsers and guests come before accounts, which
        # find out then that they are the same persons.
        self.batches = [
            ("campaigns", marketing.campaigns()), ("spend", spend), ("social", marketing.social()), ("surveys", voices.SURVEYS),
            ("touchpoints", visits.strangers(seen)), ("orders", guests), ("touchpoints", visits.addresses(self.people)),
            ("customers", profiles(known, False)), ("customers", profiles(known, True)),
            ("touchpoints", visits.accounts(self.people, seen) + clicks), ("orders", accounts), ("carts", carts.facts(left)),
            ("refunds", refunds), ("reviews", voices.reviews(planned)), ("referrals", voices.referrals(self.people)),
            ("loyalty/members", joined), ("loyalty/points", points), ("subscriptions", subscribed), ("subscriptions/renewals", renewals),
            ("costs", programs.costs(self.people, refunds, planned))]
        self.batches += [(f"surveys/external:{survey}/responses", made) for survey, made in voices.answers(self.people, left).items()]
        self.requests = [
            ("campaign days", marketing.campaign_days()), ("reminders", reminders), ("changes of orders", changes),
            ("links", people.links(known)), ("leaves", leaves), ("cancellations", ends), ("closed accounts", people.closed(known))]


def fill(service, shop):
    """Sends all of it; what is there already stays as it is."""
    begun = time.monotonic()

    def tell(count, name):
        print(f"demo: {time.monotonic() - begun:4.0f} s  {count:6,} {name}", flush=True)

    service.send("PUT", "/v1/settings", assortment.SETTINGS)
    for name, facts in shop.batches:
        tell(len(facts), name)
        service.batch(f"/v1/{name}/batch", facts)
    for name, requests in shop.requests:
        tell(len(requests), name)
        service.each(requests)
    service.batch("/v1/spend/batch", [shop.last])


def is_full(service):
    """The last fact that is written says that all are there; a fill that was cut short is taken up again."""
    last = marketing.spend()[-1]
    return service.send("GET", "/v1/spend/external:" + last["external_id"], accept=(200, 404))[0] == 200
