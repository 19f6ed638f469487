"""What the shop sells, and what an order comes to."""
SETTINGS = {"base_currency": "GBP", "time_zone": "Europe/London", "week_start": "monday", "default_gross_margin": 0.45,
            "abandoned_after_minutes": 60, "lost_after_days": 365, "loyal_after_orders": 5,
            "placeholder_emails": ["*@till.example"]}  # what the till of the market stall types when nobody gives an address
EURO_RATE = "0.86"  # pounds for a euro

# sku, name, price and cost in pence; no cost: the shop's default margin fills in
CATALOGUE = [
    ("TEA-EB-100", "English breakfast tea 100 g", 650, 240), ("TEA-EG-100", "Earl grey tea 100 g", 720, 280),
    ("TEA-GR-050", "Green tea 50 g", 890, 350), ("COF-ES-250", "Espresso beans 250 g", 1150, 560),
    ("COF-FI-250", "Filter beans 250 g", 1090, 520), ("MUG-ST-001", "Stoneware mug", 1400, 480),
    ("POT-GL-001", "Glass teapot", 3200, 1450), ("KET-CO-001", "Copper kettle", 7900, 4100),
    ("BIS-SH-200", "Shortbread 200 g", 480, 190), ("BIS-OA-200", "Oat biscuits 200 g", 450, None),
    ("SET-GI-001", "Gift set", 4500, 2100), ("GRI-HA-001", "Hand grinder", 5600, 2900)]
BOX = {"sku": "SUB-BO-001", "name": "Box of the month", "quantity": 1, "unit_price": 1600, "unit_cost": 720}
PRICES = {2023: 100, 2024: 104, 2025: 109}  # percent


def items(random, year):
    lines = []
    for _ in range(1 + min(random.below(4), random.below(4))):
        sku, name, price, cost = CATALOGUE[min(random.below(len(CATALOGUE)), random.below(len(CATALOGUE)))]
        price = price * PRICES[year] // 100
        quantity = 1 + min(random.below(3), random.below(3))
        line = {"sku": sku, "name": name, "quantity": quantity, "unit_price": price}
        if cost is not None:
            line["unit_cost"] = cost
        if random.chance(12):
            line["discount"] = price * quantity // 10
        lines.append(line)
    return lines


def value(lines):
    return sum(line["unit_price"] * line["quantity"] - line.get("discount", 0) for line in lines)


def money(country):
    """In which currency somebody pays."""
    return {"currency": "EUR", "exchange_rate": EURO_RATE} if country in ("IE", "DE", "FR") else {"currency": "GBP"}
