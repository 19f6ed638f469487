"""What is derived from the changed customers alone equals a rebuild from nothing, after every one of many random writes.

The writes are the facts of a random shop, one by one in a random order, and between them whatever else may happen: settings
that concern everybody, profiles, links made and undone at random, clashing identities, erasures, and facts sent again. Some of them are
refused; that must not disturb anything either. CICLO_TEST_WRITES says how many, CICLO_TEST_SEEDS which.
"""
import os
import random
from collections import Counter
from datetime import datetime, timedelta, timezone

import psycopg2
import pytest

from support.random_shop import COUNTRIES, RandomShop
from support.server import command

WRITES = int(os.environ.get("CICLO_TEST_WRITES", "1000"))
SEEDS = [int(seed) for seed in os.environ.get("CICLO_TEST_SEEDS", "1").split(",")]
CUSTOMERS = 60
SETTINGS = {
    "lost_after_days": [30, 90, 365], "loyal_after_orders": [2, 3, 5], "abandoned_after_minutes": [30, 90, 1440], "default_gross_margin": [0.3, 0.5],
    "time_zone": ["Europe/London", "Pacific/Kiritimati", "America/New_York"], "week_start": ["monday", "sunday"],
    "placeholder_emails": [[], ["guest@till.example", "*@phone.example"], ["*@example.com"]]}


class Disturbance:
    """What happens beside the facts of a random shop: (method, path, body)."""

    def __init__(self, world, seed):
        self.world, self.chance, self.sent, self.number = world, random.Random(seed), [], 0

    def ref(self):
        return self.chance.choice(self.world.people).key

    def at(self):
        """Also in times to come."""
        return self.chance.choice([self.world.instant(), datetime.now(timezone.utc) + timedelta(days=self.chance.randrange(-30, 30))]).isoformat()

    def settings(self):
        name = self.chance.choice(list(SETTINGS))
        return "PATCH", "/v1/settings", {name: self.chance.choice(SETTINGS[name])}

    def profile(self):
        field = self.chance.choice(["country", "acquired_at", "closed_at", "referred_by", "email", "name"])
        value = {"country": self.chance.choice(COUNTRIES), "referred_by": self.chance.choice([None, self.ref()]), "email": self.chance.choice([None, f"c{self.chance.randrange(60)}@example.com"]),
                 "name": "Somebody"}.get(field, self.chance.choice([None, self.at()]))
        return self.chance.choice(["PATCH", "PATCH", "PUT"]), f"/v1/customers/{self.ref()}", {field: value} if value is not None or field != "name" else {}

    def link(self):
        kind, value = self.ref().split(":", 1)
        return "POST", f"/v1/customers/{self.ref()}/identities", {"kind": kind, "value": value}

    def unlink(self):
        """One of the links that were made, if it is still there."""
        made = [(path, body) for method, path, body in self.sent if path.endswith("/identities")]
        if not made:
            return self.link()
        path, body = self.chance.choice(made)
        return "DELETE", f"{path}/{body['kind']}:{body['value']}", None

    def clash(self):
        """A fact with identities of two customers, or of one and of nobody."""
        one, other = (self.ref().split(":", 1) for _ in range(2))
        names = {"external": "external_id", "email": "email", "visitor": "visitor_id"}
        self.number += 1
        customer = {names[one[0]]: one[1], names[other[0]]: other[1]}
        return self.chance.choice([
            ("POST", "/v1/orders", {"external_id": f"clash {self.number}", "customer": customer, "ordered_at": self.at(), "currency": self.world.facts.base, "total": 700}),
            ("POST", "/v1/touchpoints", {"kind": "visit", "customer": customer, "at": self.at(), "pages": 2}),
            ("POST", "/v1/customers", customer)])

    def erasure(self):
        return "DELETE", f"/v1/customers/{self.ref()}", None

    def again(self):
        return self.chance.choice(self.sent) if self.sent else self.link()

    def draw(self):
        kinds = [self.settings, self.profile, self.link, self.unlink, self.clash, self.erasure, self.again]
        return self.chance.choices(kinds, [3, 6, 5, 5, 5, 1, 2])[0]()


def _writes(world, seed, count):
    """(method, path, body), a quarter of them disturbances."""
    disturbance, facts = Disturbance(world, seed), (call for calls in world.deliveries(seed, list(world.calls)) for call in calls)
    for _ in range(count):
        call = next(facts, None) if disturbance.chance.random() < 0.75 else None
        write = (call.method, call.path, call.body) if call else disturbance.draw()
        yield write
        disturbance.sent.append(write)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed {seed}")
def test_deriving_what_changed_equals_a_rebuild_after_every_write(new_shop, seed):
    world = RandomShop(seed, CUSTOMERS)
    shop, statuses = new_shop(settings=world.settings, CICLO_IDLE_TIMEOUT_S=3600), Counter()
    connection = psycopg2.connect(shop.url)
    connection.autocommit = True
    cursor = connection.cursor()
    try:
        for number, (method, path, body) in enumerate(_writes(world, seed, WRITES)):
            options = {"media_type": "application/merge-patch+json"} if method == "PATCH" else {}
            status = shop.api.send(method, path, body, **options).status
            statuses[status] += 1
            assert status in (200, 201, 204, 404, 409, 422), (number, method, path, body, status)
            for part in ("derive_changed", "derive_stages"):
                left = 1
                while left:
                    cursor.execute(f"SELECT * FROM {part}(1000, NULL)")
                    _, left = cursor.fetchone()
            cursor.execute("SELECT * FROM derive_check() WHERE missing > 0 OR surplus > 0")
            assert cursor.fetchall() == [], f"write {number}: {method} {path} {body} ({status})"
    finally:
        connection.close()
    assert sum(statuses[status] for status in (200, 201, 204)) > 0.8 * WRITES, statuses
    done = command("check", database_url=shop.url)
    assert done.returncode == 0, done.stdout
