"""What the shop does to be seen: campaigns with their daily figures, other spend, social platforms."""
import datetime

from . import days
from .chance import Random
from .people import GIFTS

# external id, name, channel
CAMPAIGNS = [("newsletter", "Weekly newsletter", "email"), ("search-brand", "Search: our name", "search"),
             ("search-tea", "Search: loose tea", "search"), ("social-photo", "Photo app stories", "social"),
             (GIFTS, "Winter gifts", "social"), ("fair", "Addresses from the tea fair", "email"),
             ("cart-reminder", "Carts that wait", "email")]
# Ads seen on a day when the campaign began and at the end, percent of clicks, pence for a click
ADS = {"search-brand": (110, 260, 7, 24), "search-tea": (260, 420, 3.2, 46), "social-photo": (330, 900, 1.4, 38),
       GIFTS: (700, 1500, 1.6, 44)}

# category, whether it buys media, pence a month at the beginning
SPEND = [("sales", False, 9000), ("content", False, 16000), ("tools", False, 7000), ("incentives", False, 4000),
         ("advertising", True, 9000)]

# platform, first day, followers then and at the end, reactions, comments, shares, likes for 1,000 followers a day
PLATFORMS = [("facebook", days.FIRST_DAY, 3900, 4300, 0.9, 0.3, 0.3, 0.8), ("instagram", days.FIRST_DAY, 1700, 9600, 0, 0.6, 0.2, 3.4),
             ("tiktok", datetime.date(2024, 2, 1), 40, 7200, 0, 0.7, 0.9, 7)]


def campaigns():
    return [{"external_id": external_id, "name": name, "channel": channel} for external_id, name, channel in CAMPAIGNS]


def campaign_days():
    """The figures of the platforms, as requests: ads every day that they run, the newsletter on Thursdays."""
    requests = []
    for external_id, _, channel in CAMPAIGNS:
        random = Random("campaign", external_id)
        for number in range(days.DAYS):
            day = days.day_of(number)
            if channel == "email":
                figures = _mailed(random, day, number) if external_id == "newsletter" and day.weekday() == 3 else None
            else:
                figures = _advertised(random, day, *ADS[external_id]) if external_id != GIFTS or day.month >= 11 else None
            if figures:
                requests.append(("PUT", f"/v1/campaigns/external:{external_id}/days/{day}", {"currency": "GBP", **figures}))
    return requests


def _mailed(random, day, number):
    sent = 140 + number * 6 // 5 + random.below(20)
    delivered = sent - sent * 2 // 100
    opened = delivered * int(days.trend(day, 31, 33, 37, 40) + random.below(5)) // 100
    clicks = opened * (9 + random.below(6)) // 100
    return {"spend": 400 + sent // 5, "sent": sent, "bounced": sent - delivered, "unopened": delivered - opened, "clicks": clicks,
            "interactions": clicks, "conversions": clicks * (4 + random.below(6)) // 100}


def _advertised(random, day, begin, end, percent, pence):
    seen = int(days.trend(day, begin, *(begin + (end - begin) * part // 3 for part in (1, 2)), end)) * days.SEASON[day.month - 1] // 100
    seen += random.below(seen // 4)
    clicks = int(seen * percent * (80 + random.below(40)) / 10000)
    price = int(days.trend(day, pence, pence * 1.06, pence * 1.15, pence * 1.28))  # everybody wants these clicks
    sold = int(clicks * days.trend(day, 3.2, 3.6, 4.3, 5.2) + random.below(100)) // 100
    return {"spend": clicks * price, "impressions": seen, "clicks": clicks, "interactions": clicks, "conversions": min(sold, clicks)}


def spend():
    return [_spent(Random("spend", str(month), category), month, category, media, pence)
            for month in days.months() for category, media, pence in SPEND]


def _spent(random, month, category, media, pence):
    amount = int(pence * days.trend(month, 1, 1.25, 1.5, 1.8)) + random.below(pence // 10)
    return {"external_id": f"spend-{month:%Y-%m}-{category}", "date": str(month), "currency": "GBP", "amount": amount,
            "category": category, "paid_media": media}


def social():
    facts = []
    for platform, first, begin, end, *rates in PLATFORMS:
        random = Random("social", platform)
        for number in range((days.END_DAY - first).days):
            part = number / (days.END_DAY - first).days
            followers = int(begin + (end - begin) * (0.4 * part + 0.6 * part * part)) + random.below(9)
            figures = {name: followers * int(rate * (40 + random.below(121))) // 100000
                       for name, rate in zip(("reactions", "comments", "shares", "likes"), rates) if rate}
            facts.append({"platform": platform, "date": str(first + datetime.timedelta(number)), "followers": followers, **figures})
    return facts
