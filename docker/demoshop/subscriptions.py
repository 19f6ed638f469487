"""Subscriptions to the box of the month: who has one, how long it is renewed, and how it ends."""
import datetime

from . import days
from .chance import Random

BEGIN = datetime.datetime(2023, 4, 1)
REASONS = ["too expensive", "too much tea", "moving abroad", "gift ended"]


class Subscription:
    def __init__(self, random, started):
        self.started, self.renewals, self.cancelled = started, [], None
        self.interval, self.step = random.pick([("month", 1, 80), ("quarter", 3, 20)])
        while True:
            due = days.months_later(started, self.step * (len(self.renewals) + 1))
            if due >= days.END:
                return
            if random.chance(days.trend(due, 12, 10, 8, 7) + (6 if days.in_trouble(due) else 0)):
                if random.chance(80):  # the others just stop paying
                    self.cancelled = days.after(due, days=-1 - random.below(9))
                return
            self.renewals.append(days.after(due, minutes=-random.below(90)))


def plan(random, orders):
    """The subscription of somebody with these orders, or None."""
    if len(orders) < 2 or orders[1].at < BEGIN or not random.chance(11):
        return None
    started = days.after(orders[1].at, days=2 + random.below(20), minutes=random.below(200) - 100)
    return Subscription(random, started) if started < days.END else None


def facts(people):
    """Subscriptions, renewals, and cancellations as requests."""
    subscriptions, renewals, cancellations = [], [], []
    for person in people:
        own = person.subscription
        if own is None:
            continue
        name = "S" + person.account[1:]
        subscriptions.append({"external_id": name, "customer": "external:" + person.account, "plan": "box-of-the-month",
                              "interval": own.interval, "started_at": days.text(own.started)})
        renewals += [{"external_id": f"{name}-{n}", "subscription": "external:" + name, "renewed_at": days.text(at)}
                     for n, at in enumerate(own.renewals, 1)]
        if own.cancelled:
            cancellations.append(("POST", f"/v1/subscriptions/external:{name}/cancel", {
                "cancelled_at": days.text(max(own.cancelled, own.started)), "reason": Random("cancel", person.number).one(REASONS)}))
    return subscriptions, renewals, cancellations
