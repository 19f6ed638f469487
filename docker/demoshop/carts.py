"""Carts: what becomes of visits that go further than looking, and the reminders that bring some of them back."""
import datetime

from . import assortment, days
from .chance import Random

REMINDERS_BEGIN = datetime.datetime(2024, 4, 1)
FROM_PAGES = 4  # a visit of fewer pages puts nothing into a cart


class Cart:
    def __init__(self, visit, lines, times):
        self.visit, self.lines, self.times = visit, lines, times
        self.id = None


def of(visits):
    """All carts, in order of time."""
    carts = []
    for visit in visits:
        if visit.pages < FROM_PAGES and not visit.order:
            continue
        random = Random("cart", visit.person.number, visit.number)
        if visit.order:
            carts += _ordered(random, visit)
        elif random.chance(days.trend(visit.at, 78, 76, 72, 70)):
            times = [days.after(visit.at, minutes=1 + random.below(4))]
            for _ in range(random.pick([(0, 45), (1, 35), (2, 20)])):
                times.append(days.after(times[-1], minutes=1 + random.below(12)))
            carts.append(Cart(visit, assortment.items(random, visit.at.year), [at for at in times if at < days.END]))
    carts = [cart for cart in carts if cart.times]
    carts.sort(key=lambda cart: (cart.times[0], cart.visit.person.number))
    for number, cart in enumerate(carts, 1):
        cart.id = f"K{number:05}"
        if cart.visit.order:
            cart.visit.order.cart = cart
    return carts


def _ordered(random, visit):
    """The cart of an order. Some were left for a day or two before: a reminder, or a pay day, brought them back."""
    order = visit.order
    if random.chance(4):  # bought with one click
        return []
    last = days.after(order.at, minutes=-1 - random.below(4))
    times = [max(days.after(visit.at, minutes=1), days.after(last, minutes=-15)), last]
    begun = days.after(order.at, hours=-20 - random.below(50), minutes=-random.below(60))
    if begun.date() >= visit.person.first and random.chance(17 if order.at >= REMINDERS_BEGIN else 6):
        order.recovered = True
        times.insert(0, begun)
    return [Cart(visit, order.lines, times)]


def facts(carts):
    """The updates of carts: more is put in with each, until it is what is bought or left."""
    updates = []
    for cart in carts:
        visit, money = cart.visit, assortment.money(cart.visit.person.country)
        for n, at in enumerate(cart.times, 1):
            lines = cart.lines if n == len(cart.times) else cart.lines[:n]
            fact = {"external_id": cart.id, **visit.who(), "items": lines, **money, "channel": visit.channel,
                    "storefront": visit.order.storefront if visit.order else "web", "updated_at": days.text(at)}
            if visit.campaign:
                fact["campaign"] = visit.campaign
            updates.append(fact)
    return updates


def reminders(carts):
    """Mails to accounts whose cart has been left, as requests; with those that were clicked, as touchpoints."""
    requests, clicks = [], []
    for cart in carts:
        person, order = cart.visit.person, cart.visit.order
        if person.account_at is None or order and not order.recovered:
            continue
        random = Random("reminder", cart.id)
        left = cart.times[0] if order else cart.times[-1]
        sent = days.after(left, hours=3, minutes=random.below(600))
        if left < max(REMINDERS_BEGIN, person.account_at) or sent >= days.END or not random.chance(85 if order else 55):
            continue
        requests.append(("POST", f"/v1/carts/{cart.id}/reminders",
                         {"external_id": "M" + cart.id, "channel": "email", "sent_at": days.text(sent)}))
        if order:
            clicks.append({"external_id": f"T{person.number:05}-r{cart.id}", "kind": "email_clicked", "channel": "email",
                           "campaign": "cart-reminder", "customer": "external:" + person.account,
                           "at": days.text(days.after(order.at, minutes=-30))})
    return requests, clicks
