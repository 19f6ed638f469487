"""What a shop is asked when it has been told everything, and whether the oracle would have said the same.

`questions` names documents by path and query, `collect` fetches them, `Agreement` holds each of them against the oracle.
"""
import re
from datetime import date, datetime, timedelta, timezone

from support.oracle import PLACES, Ratio, Scope, proportions_differ, rounded, wilson
from support.oracle_lifecycle import LABELS
from support.random_shop import COMING, FIRST, PAST


def rfc3339(at):
    """As answers have it: UTC, without a fraction that is 0."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond:06}" if at.microsecond else "") + "Z"


STARTED = rfc3339(datetime.now(timezone.utc))  # no fact of a random shop lies between then and now
WINDOWS = [(FIRST, PAST), (date(2024, 1, 1), date(2024, 7, 1)), (date(2025, 3, 1), date(2025, 4, 1)), (date(2024, 10, 25), date(2024, 11, 5)), (date(2025, 3, 30), date(2025, 3, 31)),
           (date(2024, 2, 29), date(2025, 2, 13)), (date(2025, 7, 1), date(2025, 10, 1)), (COMING, date(2031, 3, 1))]
DIMENSIONS = ["channel", "campaign", "country", "storefront"]
UNTIL = date(2025, 9, 30)
DAYS = [date(2023, 12, 31), date(2024, 3, 30), date(2024, 8, 1), date(2025, 1, 31), date(2025, 12, 31)]
YET_TO_COME = [date(2031, 1, 31), date(2031, 2, 15), date(2033, 1, 1)]
PARAMETERS = [("customer_acquisition_cost", {"basis": "paid_media"}), ("conversion_rate", {"basis": "visitor"}), ("average_order_value", {"refunds": "on_refund_date"}),
              ("clv_predictive", {"lifetime_months": 24}), *((name, {"until": UNTIL}) for name in ("clv_simple", "clv_historic", "clv_to_cac", "cac_payback_months"))]
UNSHOWN = {"nps"}  # a score, whose numerator and denominator are the answers


def questions(refs):
    """(path, query) of all documents; `refs` are of customers."""
    for first, past in WINDOWS:
        window = {"from": first, "to": past, "until": UNTIL}
        yield "/v1/dashboard", {**window, "compare": "previous_period"}
        if (first, past) in WINDOWS[1:4]:
            yield "/v1/dashboard", {**window, "compare": "previous_year"}
        for name, parameters in PARAMETERS:
            yield f"/v1/kpis/{name}", {"from": first, "to": past, **parameters}
        yield "/v1/kpis/discovery_channels", {"from": first, "to": past, "survey": "external:why"}
        yield "/v1/nps", {"from": first, "to": past, "compare": "previous_period"}
        yield "/v1/nps", {"from": first, "to": past, "survey": "external:n0", "compare": "previous_year"}
    for first, past in (WINDOWS[0], WINDOWS[6]):
        for dimension in DIMENSIONS:
            yield "/v1/dashboard", {"from": first, "to": past, "until": UNTIL, "group_by": dimension}
            if dimension in ("channel", "country"):
                yield "/v1/nps", {"from": first, "to": past, "group_by": dimension}
    for (first, past), interval in zip(WINDOWS[:4], ["month", "week", "quarter", "day"]):
        yield "/v1/dashboard", {"from": first, "to": past, "until": UNTIL, "interval": interval}
        yield "/v1/nps", {"from": first, "to": past, "interval": interval}
    for interval in ("week", "month", "quarter", "year"):
        yield "/v1/cohorts", {"interval": interval}
    yield "/v1/segments/rfm", {"at": UNTIL}
    yield "/v1/segments/rfm", {"at": UNTIL, "from": date(2025, 1, 1)}
    for model in LABELS:
        for day in DAYS + YET_TO_COME:
            yield "/v1/lifecycle/stages", {"at": day, "model": model}
        for first, last in zip(DAYS, DAYS[1:] + YET_TO_COME[1:]):
            yield "/v1/lifecycle/transitions", {"from": first, "to": last, "model": model}
    for ref in refs:
        yield f"/v1/customers/{ref}", {}
        yield f"/v1/customers/{ref}/timeline", {"kind": "stage", "limit": 1000}
        yield f"/v1/customers/{ref}/value", {"until": UNTIL, "lifetime_months": 24}
        yield f"/v1/customers/{ref}/value", {"until": date(2025, 12, 31)}


class Unchecked:
    """A contract that nothing breaks: holding answers against the real one takes most of the time."""

    def check(self, *_):
        pass


def collect(shop, refs, checked=False):
    """{(path, query as text): document} without what may differ between two shops that know the same."""
    client, found = shop.client(), {}
    if not checked:
        client.contract = Unchecked()
    for path, query in questions(refs):
        document = client.get(path, query=query).json
        if path.startswith("/v1/customers/") and not query:  # the rest tells how the customer became known
            document = {name: document[name] for name in ("stage", "stage_since") if name == "stage" or document["stage_since"] != document["created_at"]}
        found[path, "&".join(f"{name}={value}" for name, value in query.items())] = plain(document)
    return found


def is_arrival(key, value):
    """A customer without facts exists from when the shop heard of it, which no other shop did at that instant."""
    return key == "at" and isinstance(value, str) and STARTED <= value <= rfc3339(datetime.now(timezone.utc))


def plain(document):
    """Without the instant of the answer, and without ids."""
    if isinstance(document, dict):
        return {key: "arrival" if is_arrival(key, value) else plain(value) for key, value in document.items() if key != "as_of"}
    if isinstance(document, list):
        return [plain(value) for value in document]
    return re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", document) if isinstance(document, str) else document


def close(one, other, tolerance):
    return (one is None) == (other is None) and (one is None or abs(float(one) - float(other)) <= tolerance)


class Agreement:
    """Holds documents against the oracle; what differs is put down in `differences`."""

    def __init__(self, oracle):
        self.oracle, self.differences = oracle, []

    def expect(self, where, what, actual, expected):
        if actual != expected:
            self.differences.append(f"{where}: {what} is {actual}, expected {expected}")

    def document(self, path, query, document):
        """Any document, by its path."""
        asked = dict(part.split("=", 1) for part in query.split("&") if part)
        where = f"{path}?{query}"
        if path == "/v1/dashboard":
            for stage in document["stages"]:
                for kpi in stage["kpis"]:
                    self.kpi(f"{kpi['kpi']} of {where}", kpi, {"until": UNTIL} if kpi["kpi"].startswith(("clv_", "cac_")) and kpi["kpi"] != "clv_predictive" else {}, asked)
        elif path.startswith("/v1/kpis/"):
            parameters = next((given for name, given in PARAMETERS if name == document["kpi"]), {})
            self.kpi(where, document, parameters, asked)
        else:
            getattr(self, re.sub(r"[^a-z]+", "_", re.sub("/[a-z]+:[^/]+", "", path).removeprefix("/v1/")))(where, document, asked, path)

    # KPIs ---------------------------------------------------------------------------------------

    def kpi(self, where, answer, parameters, asked):
        name, scope = answer["kpi"], Scope(date.fromisoformat(answer["from"]), date.fromisoformat(answer["to"]))
        if name not in self.oracle.KPIS:
            self.differences.append(f"{where}: the oracle does not know it")
            return
        self.expect(where, "unit", answer["unit"], self.oracle.KPIS[name])
        self.number(where, name, answer, scope, parameters)
        for point in answer.get("series", ()):
            self.number(f"{where} in {point['from']}", name, point, Scope(date.fromisoformat(point["from"]), date.fromisoformat(point["to"])), parameters)
        if "series" in answer:
            self.tiles(where, answer["series"], scope, asked["interval"])
        if "group_by" in asked:
            self.groups(where, name, answer["groups"], scope, asked["group_by"], parameters)
        if "compare" in asked:
            self.previous(where, name, answer, scope, asked["compare"], parameters)
        if name == "discovery_channels":
            by_touch, by_answer = self.oracle.discovery(scope, asked.get("survey", "").removeprefix("external:") or None)
            self.expect(where, "by_touchpoint", [(line["channel"], line["customers"], line["share"]) for line in answer["details"]["by_touchpoint"]], by_touch)
            self.expect(where, "by_survey", [(line["choice"], line["answers"], line["share"]) for line in answer["details"]["by_survey"]], by_answer)
        if name == "days_between_orders":
            self.expect(where, "median", answer["details"]["median"], rounded(self.oracle.median_days_between_orders(scope), 4))

    def number(self, where, name, answer, scope, parameters):
        """Value, numerator and denominator, reason and interval of one number."""
        found, unit = self.oracle.number(name, scope, **parameters), self.oracle.KPIS[name]
        self.expect(where, "value", answer["value"], rounded(found.value if isinstance(found, Ratio) else found, PLACES[unit]))
        unsaid = answer["value"] is None or ("significant" in answer and answer["significant"] is None)
        self.expect(where, "is there a reason", answer["reason"] is not None, unsaid)
        interval = answer["confidence_interval"]
        if isinstance(found, Ratio) and name not in UNSHOWN:
            for part in ("numerator", "denominator"):
                self.expect(where, part, answer[part], rounded(getattr(found, part), 4))
        if unit == "ratio" and isinstance(found, Ratio) and found.denominator and 0 <= found.numerator <= found.denominator and interval is not None:
            bounds = wilson(int(found.numerator), int(found.denominator))
            if not close(interval["low"], bounds[0], 1e-6) or not close(interval["high"], bounds[1], 1e-6):
                self.differences.append(f"{where}: interval {interval}, expected {bounds}")
        if unit == "ratio" and name != "engagement_rate" and isinstance(found, Ratio) and found.denominator and found.numerator <= found.denominator and interval is None:
            self.differences.append(f"{where}: a proportion without an interval")

    def tiles(self, where, series, scope, interval):
        """The calendar periods, cut off at the ends of the window."""
        days = [date.fromisoformat(point["from"]) for point in series]
        self.expect(where, "first day", days[0], scope.first)
        self.expect(where, "days", [point["to"] for point in series], [day.isoformat() for day in days[1:] + [scope.past]])
        self.expect(where, "periods", days[1:], [self.oracle.period(day, interval) for day in days[1:]])
        every = {self.oracle.period(scope.first + timedelta(days=number), interval) for number in range((scope.past - scope.first).days)}
        self.expect(where, "count", len(days), len(every))

    def groups(self, where, name, groups, scope, dimension, parameters):
        self.expect(where, f"can be grouped by {dimension}", groups is not None, dimension in self.oracle.dimensions(name))
        if groups is None:
            return
        keys = [group["key"] for group in groups]
        self.expect(where, "order of groups", keys, sorted(keys, key=lambda key: (key is None, key or "")))
        for group in groups:
            self.number(f"{where} for {group['key']}", name, group, scope._replace(dimension=dimension, key=group["key"]), parameters)
        for key in self.oracle.keys(dimension) - set(keys):
            found = self.oracle.number(name, scope._replace(dimension=dimension, key=key), **parameters)
            parts = found if isinstance(found, Ratio) else (found or 0,)
            if any(parts):
                self.differences.append(f"{where}: no group {key}, expected {found}")

    def previous(self, where, name, answer, scope, how, parameters):
        before, previous = scope.previous() if how == "previous_period" else scope.year_before(), answer["previous"]
        where += ", previous"
        self.expect(where, "window", (previous["from"], previous["to"]), (before.first.isoformat(), before.past.isoformat()))
        if "until" in parameters:
            parameters = {"until": date.fromisoformat(previous["until"])}
            if how == "previous_period":
                self.expect(where, "until", parameters["until"], UNTIL - (scope.past - scope.first))
        self.number(where, name, previous, before, parameters)
        now, then = (self.oracle.number(name, window, **given) for window, given in ((scope, {"until": UNTIL} if "until" in parameters else parameters), (before, parameters)))
        values = [found.value if isinstance(found, Ratio) else found for found in (now, then)]
        places = PLACES[self.oracle.KPIS[name]]
        self.expect(where, "change", previous["change"], None if None in values else rounded(values[0] - values[1], places))
        if name == "nps":
            expected = self.oracle.nps_scores(scope).differs_from(self.oracle.nps_scores(before))
        elif answer["confidence_interval"] is not None and previous["confidence_interval"] is not None:
            expected = proportions_differ(now, then)
        else:
            expected = None
        if previous["significant"] is not None or expected is None:  # too few data are no test; what is said must be right
            self.expect(where, "significant", previous["significant"], expected)

    # documents ----------------------------------------------------------------------------------

    def nps(self, where, answer, asked, _):
        survey = asked.get("survey", "").removeprefix("external:") or None
        scope = Scope(date.fromisoformat(answer["from"]), date.fromisoformat(answer["to"]))
        parts = [(answer, scope)] + [(point, Scope(date.fromisoformat(point["from"]), date.fromisoformat(point["to"]))) for point in answer.get("series", ())]
        parts += [(group, scope._replace(dimension=asked["group_by"], key=group["key"])) for group in answer.get("groups", ())]
        if "previous" in answer:
            previous = answer["previous"]
            before = scope.previous() if asked["compare"] == "previous_period" else scope.year_before()
            self.expect(where, "previous window", (previous["from"], previous["to"]), (before.first.isoformat(), before.past.isoformat()))
            parts.append((previous, before))
        if "groups" in answer:
            self.expect(where, "answers of all groups", sum(group["responses"] for group in answer["groups"]), answer["responses"])
        for part, window in parts:
            expected = self.oracle.nps_document(window, survey)
            self.expect(f"{where} {window}", "document", {name: part[name] for name in expected}, expected)
            if not close(part["margin_of_error"], self.oracle.nps_scores(window, survey).margin_of_error, 6e-5):
                self.differences.append(f"{where} {window}: margin of error {part['margin_of_error']}")

    def cohorts(self, where, answer, asked, _):
        found, expected = {item["cohort"]: item for item in answer["cohorts"]}, self.oracle.cohorts(asked["interval"])
        self.expect(where, "cohorts", sorted(found), sorted(day.isoformat() for day in expected))
        for cohort, row in expected.items():
            cells = {cell["index"]: cell for cell in found.get(cohort.isoformat(), {"periods": []})["periods"]}
            actual = {index: (cell["customers"], cell["sales"]) for index, cell in cells.items() if (cell["customers"], cell["sales"]) != (0, 0) or index in row}
            self.expect(where, f"cohort {cohort}", actual, row)
            size = row[0][0]
            for index, cell in cells.items():
                self.expect(where, f"retention of {cohort} {index}", cell["retention"], rounded(Ratio(cell["customers"], size).value, 6))

    def segments_rfm(self, where, answer, asked, _):
        cuts, counts = self.oracle.rfm(date.fromisoformat(asked["at"]), date.fromisoformat(asked["from"]) if "from" in asked else date.min)
        self.expect(where, "cut points", [answer["cut_points"][name] for name in ("recency", "frequency", "monetary")], cuts)
        self.expect(where, "segments", {(item["recency"], item["frequency"], item["monetary"]): item["customers"] for item in answer["segments"]}, dict(counts))

    def lifecycle_stages(self, where, answer, asked, _):
        expected = self.oracle.stages(date.fromisoformat(asked["at"]), asked["model"])
        self.expect(where, "stages", {item["label"]: item["customers"] for item in answer["stages"] if item["customers"]}, dict(expected))
        total = sum(expected.values())
        self.expect(where, "customers", answer["customers"], total)
        for item in answer["stages"]:
            self.expect(where, f"share of {item['label']}", item["share"], rounded(Ratio(item["customers"], total).value, 6))

    def lifecycle_transitions(self, where, answer, asked, _):
        first, last, model = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"]), asked["model"]
        cells = {(row["label"], cell["label"]): cell["customers"] for row in answer["rows"] for cell in row["to"] if cell["customers"]}
        self.expect(where, "cells", cells, self.oracle.transitions(first, last, model))
        medians = {label: rounded(days, 4) for label, days in self.oracle.median_days(first, last, model).items()}
        self.expect(where, "median days", {row["label"]: row["median_days"] for row in answer["rows"] if row["median_days"] is not None}, medians)
        for row in answer["rows"]:
            for cell in row["to"]:
                self.expect(where, "share", cell["share"], rounded(Ratio(cell["customers"], row["customers"]).value, 6))

    # one customer -------------------------------------------------------------------------------

    def customers(self, where, answer, _, path):
        person, now = self.oracle.person(path.split("/")[3]), datetime.now(timezone.utc)
        past = [change for change in self.oracle.history(person) if change[0] <= now]
        if person not in self.oracle.known_from:
            past = [(None, self.oracle.stage(person, now)[0], None)]
        self.expect(where, "stage", answer["stage"], past[-1][1] if past else None)
        if past and "stage_since" in answer and past[-1][0]:
            self.expect(where, "since", answer["stage_since"], rfc3339(past[-1][0]))

    def customers_timeline(self, where, answer, _, path):
        person = self.oracle.person(path.split("/")[3])
        expected = [change for change in self.oracle.history(person) if change[0] <= datetime.now(timezone.utc)]
        actual = [(item["at"], item["detail"]["stage"], item["detail"]["rule"]) for item in answer["items"]]
        if person not in self.oracle.known_from:
            self.expect(where, "stages", [item[1] for item in actual][:1], [self.oracle.stage_on(person, YET_TO_COME[0])])
            return
        self.expect(where, "changes", [item[:2] for item in actual], [(rfc3339(at), stage) for at, stage, _ in expected])
        for (at, stage, rule), (_, _, rules) in zip(actual, expected):
            if rule not in rules:
                self.differences.append(f"{where}: {stage} at {at} by {rule}, expected {rules}")

    def customers_value(self, where, answer, asked, path):
        lifetime = asked.get("lifetime_months")
        expected = self.oracle.value_of(self.oracle.person(path.split("/")[3]), date.fromisoformat(asked["until"]), None if lifetime is None else int(lifetime))
        for name, value in expected.items():
            self.expect(where, name, answer[name], rounded(value, 6 if name == "orders_per_month" else 4))
