"""The loyalty programme with its points, and what single customers and orders cost."""
import datetime

from . import assortment, days
from .chance import Random
from .visits import calls

BEGIN = datetime.datetime(2024, 3, 1)
CLICK_COST = {"search": 190, "social": 260, "email": 60}  # pence for the click that brought a customer


def memberships(people):
    """{person: (joined, left or None)}: some join with their first order since the programme, most when they come back."""
    members = {}
    for person in people:
        random = Random("member", person.number) if person.orders else None
        for n, order in enumerate(order for order in person.orders if not order.guest):
            if order.at >= BEGIN and random.chance(9 if n == 0 else 30):
                left = days.after(order.at, days=30 + random.below(360)) if person.number % 7 == 0 else None
                members[person] = order.at, left if left and left < days.END else None
                break
    return members


def facts(members):
    """Memberships, those that ended as requests, and points."""
    joined, leaves, points = [], [], []
    for person, (since, until) in members.items():
        name = "L" + person.account[1:]
        member = {"external_id": name, "customer": "external:" + person.account, "program": "tea-circle",
                  "tier": "gold" if len(person.orders) >= 8 else "silver", "joined_at": days.text(since)}
        joined.append(member)
        if until:
            leaves.append(("POST", f"/v1/loyalty/members/external:{name}/leave", {"left_at": days.text(until)}))
        points += _points(person, since, until or days.END)
    return joined, leaves, points


def _points(person, since, until):
    """A point for each pound, 100 of them off an order; what is left when somebody leaves is gone."""
    random, balance, made = Random("points", person.number), 0, []

    def move(kind, number, at, **more):
        made.append({"external_id": f"P{person.number:05}-{len(made)}", "customer": "external:" + person.account, "kind": kind,
                     "points": number, "at": days.text(at), **more})

    for order in person.orders:
        if not since <= order.at < until:
            continue
        if balance >= 100 and random.chance(55):
            move("redeemed", 100, order.at, order="external:" + order.id)
            balance -= 100
        earned = max(assortment.value(order.lines) // 100, 1)
        move("earned", earned, order.at, order="external:" + order.id)
        balance += earned
        if random.chance(2):
            move("adjusted", 25, days.after(order.at, minutes=30))
            balance += 25
    if balance and until < days.END:
        move("expired", balance, until)
    return made


def _cost(person, mark, kind, amount, at):
    return {"external_id": f"{mark}{person.number:05}", "customer": "external:" + person.account, "kind": kind, "amount": amount,
            "currency": "GBP", "incurred_at": days.text(at)}


def costs(people, refunds, orders):
    made, placed = [], {"external:" + order.id: order for order in orders}
    for person in people:
        if not person.account or not person.orders:
            continue
        random = Random("costs", person.number)
        if person.channel in CLICK_COST:
            made.append(_cost(person, "A", "acquisition", CLICK_COST[person.channel] + random.below(60), person.account_at))
        if person.subscription:
            made.append(_cost(person, "G", "tool", 90, person.subscription.started))
        made += [_cost(person, f"H{n}-", "service", 240 + random.below(400), at) for n, at in enumerate(calls(person))]
    for refund in refunds:
        random = Random("return", placed[refund["order"]].number)
        if random.chance(70):
            made.append({"external_id": "B" + refund["external_id"][1:], "order": refund["order"], "kind": "return",
                         "amount": 280 + random.below(180), "currency": "GBP", "incurred_at": refund["refunded_at"]})
    return made
