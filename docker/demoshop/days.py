"""The three years: what moves with time, and the times of facts. Instants are datetimes in UTC without a zone."""
import bisect
import calendar
import datetime
import itertools

FIRST_DAY = datetime.date(2023, 1, 1)
END_DAY = datetime.date(2026, 1, 1)  # nothing happens on this day or later
END = datetime.datetime(2026, 1, 1)
DAYS = (END_DAY - FIRST_DAY).days
TROUBLE = datetime.date(2024, 9, 16), datetime.date(2024, 12, 11)  # the shop moved its warehouse, and it showed
SEASON = [90, 84, 94, 96, 90, 80, 74, 76, 96, 110, 150, 160]  # by month: tea is for winter, and a present
WEEK = [98, 96, 96, 100, 104, 110, 112]


def day_of(number):
    return FIRST_DAY + datetime.timedelta(number)


def _date(when):
    return when.date() if isinstance(when, datetime.datetime) else when


def trend(when, first, second, third, last):
    """What is so at the beginning of each year and at the end, and in between between them."""
    year, part = divmod(min(max((_date(when) - FIRST_DAY).days, 0), DAYS - 1) * 3 / DAYS, 1)
    values = first, second, third, last
    return values[int(year)] * (1 - part) + values[int(year) + 1] * part


def in_trouble(when):
    return TROUBLE[0] <= _date(when) < TROUBLE[1]


def at(random, day, first_hour=7, hours=15):
    """A time of the shop's day."""
    return datetime.datetime(day.year, day.month, day.day, first_hour) + datetime.timedelta(seconds=random.below(hours * 3600))


def after(instant, **time):
    return instant + datetime.timedelta(**time)


def text(instant):
    return instant.isoformat() + "Z"


def arrivals(random, count):
    """The days on which so many people come for the first time, in order: the shop grows, and has its seasons."""
    weights = list(itertools.accumulate(
        int(trend(day, 60, 85, 105, 140) * SEASON[day.month - 1] * WEEK[day.weekday()]) for day in map(day_of, range(DAYS))))
    return sorted(day_of(bisect.bisect(weights, random.below(weights[-1]))) for _ in range(count))


def months_later(instant, months):
    """The same day of a later month, or its last."""
    years, month = divmod(instant.month - 1 + months, 12)
    year, month = instant.year + years, month + 1
    return instant.replace(year=year, month=month, day=min(instant.day, calendar.monthrange(year, month)[1]))


def months():
    return [datetime.date(year, month, 1) for year in range(FIRST_DAY.year, END_DAY.year) for month in range(1, 13)]
