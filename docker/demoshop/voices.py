"""What customers say: answers to surveys, reviews, and whom they bring."""
from . import days
from .chance import Random
from .visits import calls

HEARD = ["Search engine", "Photo app", "A friend", "Podcast", "Market stall", "Magazine", "Somewhere else"]
LEFT = ["Shipping too dear", "Just looking", "Payment failed", "Found it cheaper", "No account wanted"]
SURVEYS = [
    {"external_id": "nps", "kind": "nps", "name": "NPS", "question": "How likely are you to recommend us to a friend?"},
    {"external_id": "csat", "kind": "csat", "name": "CSAT", "question": "How happy are you with your order?"},
    {"external_id": "ces", "kind": "ces", "name": "CES", "question": "How easy was it to get your problem solved?"},
    {"external_id": "heard", "kind": "choice", "name": "Discovery", "question": "How did you hear of us?", "choices": HEARD,
     "purpose": "discovery"},
    {"external_id": "left", "kind": "choice", "name": "Left carts", "question": "What kept you from ordering?", "choices": LEFT,
     "purpose": "abandonment"},
    {"external_id": "wish", "kind": "text", "name": "Wishes", "question": "What do you miss in our shop?"}]
# Channel of the first touch -> what people say; a podcast leaves no other trace than that.
HEARD_BY = {"search": [62, 6, 8, 14, 4, 4, 2], "social": [6, 70, 10, 8, 2, 2, 2], "email": [10, 4, 10, 16, 10, 38, 12],
            "referral": [2, 2, 90, 2, 2, 1, 1], "direct": [12, 4, 22, 34, 16, 8, 4]}
WISHES = ["More decaf", "Smaller packs", "Refills without plastic", "Delivery on Saturdays", "A tasting evening"]


def mood(when):
    """Percent of happy and of unhappy customers: better every year, but for the autumn of the move."""
    happy, unhappy = days.trend(when, 38, 42, 46, 52), days.trend(when, 25, 21, 17, 13)
    return (happy - 22, unhappy + 22) if days.in_trouble(when) else (happy, unhappy)


def score(random, when, happy, middling, unhappy):
    """One of the scores that go with each mood."""
    good, bad = mood(when)
    thrown = random.below(10000) / 100
    return random.one(happy if thrown < good else unhappy if thrown < good + bad else middling)


def _answer(survey, number, person, at, **more):
    return {"external_id": f"{survey}-{number}", "customer": person.ref(at), "channel": "email", "answered_at": days.text(at), **more}


def answers(people, carts):
    """{survey: its answers}."""
    made = {survey["external_id"]: [] for survey in SURVEYS}
    for person in people:
        if person.kind == "buyer":
            _after_orders(made, person)
            _after_calls(made, person)
    for cart in carts:
        if cart.visit.order or not cart.visit.known:
            continue
        random, at = Random("left", cart.id), days.after(cart.times[-1], days=1)
        if random.chance(9) and at < days.END:
            why = random.pick(list(zip(LEFT, [38, 30, 12, 14, 6])))
            made["left"].append(_answer("left", cart.id, cart.visit.person, at, choice=why))
    return made


def _after_orders(made, person):
    asked = None
    for n, order in enumerate(person.orders):
        random = Random("answers", order.number)
        at = days.after(order.at, days=5, minutes=random.below(9000))
        if at >= days.END or order.storefront == "box":
            continue
        about = {"order": "external:" + order.id}
        if n == 0 and random.chance(26):
            said = random.pick(list(zip(HEARD, HEARD_BY[person.channel])))
            made["heard"].append(_answer("heard", order.id, person, at, choice=said, **about))
        if random.chance(11):
            said = score(random, order.at, [5], [4, 4, 4, 3], [1, 2])
            made["csat"].append(_answer("csat", order.id, person, at, score=said, **about))
        if random.chance(1.5):
            made["wish"].append(_answer("wish", order.id, person, at, text=random.one(WISHES)))
        if (asked is None or (at - asked).days > 150) and random.chance(13):
            asked = at
            said = score(random, order.at, [9, 9, 10, 10, 10], [7, 8, 8], [0, 2, 3, 4, 5, 5, 6, 6])
            made["nps"].append(_answer("nps", order.id, person, at, score=None if random.chance(8) else said, **about))


def _after_calls(made, person):
    for n, call in enumerate(calls(person)):
        random, at = Random("ces", person.number, n), days.after(call, days=1)
        if random.chance(60) and at < days.END:
            said = score(random, call, [6, 7, 7], [4, 5, 5, 6], [1, 2, 3])
            made["ces"].append(_answer("ces", f"{person.number}-{n}", person, at, score=said))


def reviews(orders):
    facts = []
    for order in orders:
        random = Random("review", order.number)
        at = days.after(order.at, days=8 + random.below(20), minutes=random.below(600))
        if order.person.kind != "buyer" or order.storefront == "box" or at >= days.END:
            continue
        if random.chance(days.trend(order.at, 3, 3.5, 4, 4.5)):
            fact = {"external_id": "V" + order.id, "customer": order.person.ref(at), "order": "external:" + order.id,
                    "rating": score(random, order.at, [5, 5, 4], [4, 4, 3], [1, 2, 3]), "reviewed_at": days.text(at)}
            if random.chance(80):
                fact["sku"] = order.lines[0]["sku"]
            if random.chance(30):
                fact["title"] = ["Never again", "Not for me", "Fine", "Good", "Lovely"][fact["rating"] - 1]
            facts.append(fact)
    return facts


def referrals(people):
    """Four of five who came by a friend are reported; the profile of some says so as well, or alone."""
    facts = []
    for person in people:
        if not person.referrer or not person.account:
            continue
        random = Random("referral", person.number)
        if random.chance(80):
            facts.append({"external_id": f"F{person.number:05}", "referrer": "external:" + person.referrer.account,
                          "customer": "external:" + person.account, "channel": random.pick([("link", 70), ("card", 30)]),
                          "referred_at": days.text(days.at(random, person.first, 6, 1))})
    return facts
