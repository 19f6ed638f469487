"""Orders, and what can go wrong with them: refunds, cancellations, late payment, tests."""
from . import assortment, days
from .chance import Random
from .people import inline

REASONS = ["damaged", "not as described", "changed mind", "late delivery"]


def fact(order):
    random, person = Random("order", order.number), order.person
    goods = assortment.value(order.lines)
    made = {"external_id": order.id, "customer": inline(person, order), "ordered_at": days.text(order.at),
            **assortment.money(person.country), "items": order.lines, "shipping": 0 if goods >= 3000 or order.storefront != "web" else 395,
            "status": "paid" if random.chance(10) else "fulfilled", "storefront": "web" if order.storefront == "box" else order.storefront,
            "channel": "subscription" if order.storefront == "box" else order.channel}
    if order.campaign and order.storefront != "box":
        made["campaign"] = order.campaign
    if order.cart:
        made["cart"] = order.cart.id
    if random.chance(8):
        made["discount"] = goods // 20
    goods -= made.get("discount", 0)
    made["tax"], made["tax_included"] = goods // 6, True  # prices with 20 % VAT
    if order.number % 100 == 7:
        made["status"] = "pending"
    if order.number % 400 == 30:
        made["test"] = True
    return made, goods


def facts(orders):
    """Orders of guests and of accounts, refunds, and requests for what happens to orders later."""
    guests, accounts, refunds, changes = [], [], [], []
    for order in orders:
        made, goods = fact(order)
        (guests if order.guest else accounts).append(made)
        random, path = Random("fate", order.number), "/v1/orders/external:" + order.id
        if made["status"] == "pending":
            paid = days.after(order.at, days=1 + random.below(4))
            if order.number % 300 != 7 and paid < days.END:  # the bank transfers of the others never came
                changes.append(("PATCH", path, {"status": "paid", "paid_at": days.text(paid)}))
        elif order.number % 80 == 11:
            changes.append(("POST", path + "/cancel", {"cancelled_at": days.text(days.after(order.at, minutes=20))}))
        elif random.chance(11 if days.in_trouble(order.at) else days.trend(order.at, 5, 4, 4, 3)):
            back = days.after(order.at, days=3 + random.below(12))
            if back < days.END:
                # In full is with shipping, which only the order that is gone knows.
                amount = goods + made["shipping"] if random.chance(40) else max(goods // 3, 1)
                refunds.append({"order": "external:" + order.id, "external_id": "R" + order.id, "amount": amount,
                                "refunded_at": days.text(back), "reason": random.one(REASONS)})
    return guests, accounts, refunds, changes
