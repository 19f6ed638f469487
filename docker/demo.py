#!/usr/bin/env python3
"""Fills a Ciclo with a demo shop of three years, through HTTP, and prints requests to try.   demo.py BASE_URL

The shop is the same every time: own generator with a constant seed, all dates before a constant day. So the
answers printed in documents stay true. The last fact that is written says that the shop is complete; a fill
that was cut short is taken up again, and facts that are there stay as they are (external_id).
"""
import datetime
import http.client
import json
import sys
import urllib.parse

SEED = 20260101
FIRST_DAY = datetime.date(2023, 1, 1)
END_DAY = datetime.date(2026, 1, 1)  # nothing happens on this day or later
CUSTOMERS = 6000
REFERRERS = 50  # the customers who bring their friends
BATCH = 1000  # facts in one request; the service takes 10,000
EURO_RATE = "0.86"  # pounds for a euro

SETTINGS = {"base_currency": "GBP", "time_zone": "Europe/London", "week_start": "monday", "default_gross_margin": 0.45,
            "abandoned_after_minutes": 60, "lost_after_days": 365, "loyal_after_orders": 5}

# sku, name, price and cost in pence; no cost: the shop's default margin fills in
CATALOGUE = [
    ("TEA-EB-100", "English breakfast tea 100 g", 650, 240), ("TEA-EG-100", "Earl grey tea 100 g", 720, 280),
    ("TEA-GR-050", "Green tea 50 g", 890, 350), ("COF-ES-250", "Espresso beans 250 g", 1150, 560),
    ("COF-FI-250", "Filter beans 250 g", 1090, 520), ("MUG-ST-001", "Stoneware mug", 1400, 480),
    ("POT-GL-001", "Glass teapot", 3200, 1450), ("KET-CO-001", "Copper kettle", 7900, 4100),
    ("BIS-SH-200", "Shortbread 200 g", 480, 190), ("BIS-OA-200", "Oat biscuits 200 g", 450, None),
    ("SET-GI-001", "Gift set", 4500, 2100), ("GRI-HA-001", "Hand grinder", 5600, 2900)]

# channel, source, share of new customers in percent
CHANNELS = [("search", "engine", 34), ("social", "photo-app", 22), ("email", "newsletter", 14),
            ("referral", "friend", 12), ("direct", None, 18)]
COUNTRIES = [("GB", 82), ("IE", 7), ("DE", 4), ("FR", 4), ("US", 3)]
STOREFRONTS = [("web", 70), ("app", 22), ("market-stall", 8)]
FIRST_NAMES = "Ada Amir Bea Carlos Chloe Dev Elin Farah George Hana Ivy Jack Kofi Lena Marco Nia Oscar Priya Rosa Tom".split()
LAST_NAMES = "Abbott Baker Chen Davies Evans Foster Green Hughes Iqbal Jones Khan Lewis Moore Novak Okafor Patel".split()

# external id, name, channel, weekday of its figures (None: every day)
CAMPAIGNS = [("newsletter", "Weekly newsletter", "email", 3), ("search-brand", "Search: our name", "search", None),
             ("search-tea", "Search: loose tea", "search", None), ("social-photo", "Photo app stories", "social", None)]

# category, whether it buys media, pence a month
SPEND = [("sales", False, 180000), ("content", False, 65000), ("tools", False, 24000), ("incentives", False, 15000),
         ("advertising", True, 40000)]


class Random:
    """xorshift64*: the same numbers with every Python."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        x = self.state
        x ^= x >> 12
        x = (x ^ (x << 25)) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) >> 32

    def below(self, n):
        return self.bits() * n >> 32

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, weighted):
        """One of [(..., percent)]: the entry, without its percent when one value is left."""
        at = self.below(100)
        for *entry, percent in weighted:
            at -= percent
            if at < 0:
                break
        return entry if len(entry) > 1 else entry[0]


class Service:
    def __init__(self, base_url):
        parts = urllib.parse.urlsplit(base_url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)

    def send(self, method, path, body=None, content_type="application/json", accept=(200, 201)):
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if payload is not None else {}
        self.connection.request(method, path, payload, headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status not in accept:
            sys.exit(f"demo: {method} {path}: {response.status} {text[:2000].decode('utf-8', 'replace')}")
        return response.status, json.loads(text)

    def batch(self, path, facts):
        for start in range(0, len(facts), BATCH):
            lines = "".join(json.dumps(fact) + "\n" for fact in facts[start:start + BATCH])
            _, answer = self.send("POST", path, lines.encode(), "application/x-ndjson")
            bad = [r for r in answer["results"] if "problem" in r]
            if bad:
                sys.exit(f"demo: POST {path}: {len(bad)} failed, first: {json.dumps(bad[0])}")


def instant(random, day, first_hour=7, hours=15):
    """A time of the shop's day, in UTC."""
    seconds = first_hour * 3600 + random.below(hours * 3600)
    return f"{day}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def customer_fact(random, number):
    first, last = FIRST_NAMES[random.below(len(FIRST_NAMES))], LAST_NAMES[random.below(len(LAST_NAMES))]
    days = (END_DAY - FIRST_DAY).days
    since = random.below(days)
    if random.chance(40):  # the shop grows: the later of two days
        since = max(since, random.below(days))
    channel, source = random.pick(CHANNELS)
    fact = {"external_id": f"C{number:05}", "email": f"{first}.{last}.{number}@example.com".lower(),
            "name": f"{first} {last}", "country": random.pick(COUNTRIES),
            "acquired_at": instant(random, FIRST_DAY + datetime.timedelta(since), 6, 1),
            "acquisition": {"channel": channel, **({"source": source} if source else {})},
            "interests": ["tea"] if random.chance(60) else ["coffee"], "consents": {"newsletter": random.chance(45)}}
    return fact, FIRST_DAY + datetime.timedelta(since)


def order_items(random):
    items = []
    for _ in range(1 + min(random.below(4), random.below(4))):
        sku, name, price, cost = CATALOGUE[min(random.below(len(CATALOGUE)), random.below(len(CATALOGUE)))]
        quantity = 1 + min(random.below(3), random.below(3))
        item = {"sku": sku, "name": name, "quantity": quantity, "unit_price": price}
        if cost is not None:
            item["unit_cost"] = cost
        if random.chance(12):
            item["discount"] = price * quantity // 10
        items.append(item)
    return items


def order_fact(random, number, customer, day):
    items = order_items(random)
    goods = sum(i["unit_price"] * i["quantity"] - i.get("discount", 0) for i in items)
    euro = customer["country"] in ("IE", "DE", "FR")
    fact = {"external_id": f"O{number:06}", "customer": "external:" + customer["external_id"],
            "ordered_at": instant(random, day), "currency": "EUR" if euro else "GBP", "items": items,
            "shipping": 0 if goods >= 3000 else 395, "status": "paid" if random.chance(10) else "fulfilled",
            "storefront": random.pick(STOREFRONTS), "channel": customer["acquisition"]["channel"]}
    if euro:
        fact["exchange_rate"] = EURO_RATE
    if random.chance(8):
        fact["discount"] = goods // 20
    goods -= fact.get("discount", 0)
    fact["tax"], fact["tax_included"] = goods // 6, True  # prices with 20 % VAT
    return fact, goods


def orders_of(random, customer, day):
    """Days of a customer's orders: most buy once or twice, some stay for years."""
    days, loyalty = [], random.below(100)
    while day < END_DAY:
        days.append(day)
        if len(days) >= 40 or not random.chance(38 if loyalty < 55 else 74 if loyalty < 90 else 93):
            break
        day += datetime.timedelta(12 + random.below(45) + random.below(60))
    return days if random.chance(93) else []  # some only look


class Shop:
    """All facts of the demo shop, in memory."""

    def __init__(self):
        random = Random(SEED)
        self.customers, self.orders, self.refunds, self.responses = [], [], [], {"nps": [], "csat": []}
        for number in range(1, CUSTOMERS + 1):
            customer, since = customer_fact(random, number)
            if customer["acquisition"]["channel"] == "referral" and number > REFERRERS:
                customer["referred_by"] = f"external:C{1 + random.below(REFERRERS):05}"
            self.customers.append(customer)
            for day in orders_of(random, customer, since):
                self._order(random, customer, day)
        self.spend = [fact for month in self._months() for fact in self._spend(random, month)]
        self.campaign_days = [day for campaign in CAMPAIGNS for day in self._campaign(random, *campaign)]

    def _order(self, random, customer, day):
        order, goods = order_fact(random, len(self.orders) + 1, customer, day)
        self.orders.append(order)
        if random.chance(4):
            part = goods if random.chance(50) else max(goods // 3, 1)
            later = day + datetime.timedelta(3 + random.below(12))
            if later < END_DAY:
                self.refunds.append((order["external_id"], {
                    "external_id": "R" + order["external_id"], "amount": part, "refunded_at": instant(random, later),
                    "reason": ["damaged", "not as described", "changed mind"][random.below(3)]}))
        self._answer(random, "nps", 6, order, day, [10, 9, 9, 10, 8, 8, 7, 9, 10, 6, 5, 3, 0])
        self._answer(random, "csat", 10, order, day, [5, 5, 4, 5, 4, 3, 4, 5, 2, 1])

    def _answer(self, random, survey, percent, order, day, scores):
        later = day + datetime.timedelta(5 + random.below(10))
        if not random.chance(percent) or later >= END_DAY:
            return
        fact = {"external_id": f"{survey}-{order['external_id']}", "customer": order["customer"],
                "order": "external:" + order["external_id"], "channel": "email", "answered_at": instant(random, later)}
        if not random.chance(9):  # the others skip the question
            fact["score"] = scores[random.below(len(scores))]
        self.responses[survey].append(fact)

    @staticmethod
    def _months():
        return [datetime.date(year, month, 1) for year in range(FIRST_DAY.year, END_DAY.year) for month in range(1, 13)]

    @staticmethod
    def _spend(random, month):
        growth = 100 + 3 * ((month.year - FIRST_DAY.year) * 12 + month.month)
        return [{"external_id": f"spend-{month:%Y-%m}-{category}", "date": str(month), "currency": "GBP",
                 "amount": pence * growth // 100 + random.below(pence // 10), "category": category, "paid_media": media}
                for category, media, pence in SPEND]

    @staticmethod
    def _campaign(random, external_id, _name, channel, weekday):
        day = FIRST_DAY
        while day < END_DAY:
            growth = 100 + (day - FIRST_DAY).days // 6
            if weekday is None or day.weekday() == weekday:
                if channel == "email":
                    sent = 20 * growth + random.below(400)
                    figures = {"spend": 900 + sent // 10, "sent": sent, "bounced": sent // 50 + random.below(9),
                               "unopened": sent * (50 + random.below(15)) // 100, "clicks": sent * (2 + random.below(4)) // 100}
                else:
                    seen = 9 * growth + random.below(600)
                    clicks = seen * (2 + random.below(3)) // 100
                    figures = {"spend": clicks * (28 + random.below(20)), "impressions": seen, "clicks": clicks}
                figures["interactions"] = figures["clicks"]
                figures["conversions"] = figures["clicks"] * (3 + random.below(4)) // 100
                yield external_id, day, {"currency": "GBP", **figures}
            day += datetime.timedelta(1)


def fill(service):
    shop = Shop()
    last = shop.spend.pop()
    if service.send("GET", "/v1/spend/external:" + last["external_id"], accept=(200, 404))[0] == 200:
        return
    print(f"demo: filling {len(shop.customers)} customers, {len(shop.orders)} orders, {len(shop.refunds)} refunds, "
          f"{sum(map(len, shop.responses.values()))} survey answers, {len(shop.campaign_days)} campaign days", flush=True)
    service.send("PUT", "/v1/settings", SETTINGS)
    service.batch("/v1/customers/batch", shop.customers[:REFERRERS])  # the others may have been referred by these
    service.batch("/v1/customers/batch", shop.customers[REFERRERS:])
    service.batch("/v1/orders/batch", shop.orders)
    for order, refund in shop.refunds:
        service.send("POST", f"/v1/orders/external:{order}/refunds", refund)
    for kind, question in (("nps", "How likely are you to recommend us to a friend?"), ("csat", "How happy are you with your order?")):
        service.send("POST", "/v1/surveys", {"external_id": kind, "kind": kind, "name": kind.upper(), "question": question})
        service.batch(f"/v1/surveys/external:{kind}/responses/batch", shop.responses[kind])
    for external_id, name, channel, _ in CAMPAIGNS:
        service.send("POST", "/v1/campaigns", {"external_id": external_id, "name": name, "channel": channel})
    for external_id, day, figures in shop.campaign_days:
        service.send("PUT", f"/v1/campaigns/external:{external_id}/days/{day}", figures)
    for fact in shop.spend + [last]:
        service.send("POST", "/v1/spend", fact)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base = sys.argv[1].rstrip("/")
    fill(Service(base))
    year = "from=2025-01-01&to=2026-01-01"
    print(f"""
The demo shop is ready: three years to {END_DAY}, pounds, Europe/London. Try:

  curl -s '{base}/v1/kpis/average_order_value?{year}'
  curl -s '{base}/v1/kpis/net_sales?{year}&interval=month'
  curl -s '{base}/v1/dashboard?{year}'
  curl -s '{base}/v1/nps?{year}'
  curl -s -H 'Accept: text/csv' '{base}/v1/cohorts?{year}'
  curl -s '{base}/v1/orders/external:O000042'
""", flush=True)


if __name__ == "__main__":
    main()
