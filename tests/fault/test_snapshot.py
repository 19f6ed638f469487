"""A report is one snapshot, however much is written while it is computed: its parts add up to its whole."""
import threading

from fault.journal import Request, exchange
from fault.load import FIRST, PAST
from fault.stage import Stage, times

WINDOW = f"from={FIRST}&to={PAST}"
ASKED = (f"/v1/kpis/orders?{WINDOW}&interval=day", f"/v1/kpis/net_sales?{WINDOW}&group_by=storefront", f"/v1/kpis/net_sales?{WINDOW}&interval=week",
         f"/v1/kpis/orders?{WINDOW}&group_by=storefront", f"/v1/dashboard?{WINDOW}")


def _whole(document):
    """Number of orders or net sales, when the parts add up to it."""
    if "stages" not in document:
        parts = document["series"] if "series" in document else document["groups"]
        assert sum(part["value"] or 0 for part in parts) == document["value"], document
        return document["kpi"], document["value"]
    kpis = {kpi["kpi"]: kpi for stage in document["stages"] for kpi in stage["kpis"]}
    assert (kpis["average_order_value"]["numerator"], kpis["average_order_value"]["denominator"]) == (kpis["net_sales"]["value"], kpis["orders"]["value"])
    return "orders", kpis["orders"]["value"]


def test_parts_add_up_while_orders_come_in(cluster, template):
    with Stage(cluster, template, "snapshot", seed=21, clients=4, weights={"kpi": 0, "order": 80, "refund": 0}) as stage:
        seen, number = {"orders": [0], "net_sales": [0]}, 0
        with stage.load:
            stage.load.wait_acknowledged(30)
            client = stage.client()
            while number < times(25, 300):
                reply = exchange(client, Request("kpi", "GET", ASKED[number % len(ASKED)]))
                assert reply.status in (200, 503, 504), reply
                if reply.status == 200:
                    name, whole = _whole(reply.document)
                    assert whole >= seen[name][-1], "what was counted once is counted"
                    seen[name].append(whole)
                    number += 1
            client.close()
        assert len(set(seen["orders"])) > 4, "orders came in meanwhile"
        stage.figures["reports"] = number
        stage.verdict()


def test_what_asks_at_once_sees_at_once(cluster, template):
    """Reports that many ask for at the same time share one computation, and never one that began before they asked."""
    with Stage(cluster, template, "shared_reports", seed=22, clients=4) as stage:
        wrong = []

        def ask():
            client = stage.client()
            for _ in range(times(5, 50)):
                acknowledged = stage.load.journal.acknowledged["orders"]
                reply = exchange(client, Request("kpi", "GET", f"/v1/kpis/orders?from={FIRST}&to={PAST}"))
                if reply.status == 200 and reply.document["value"] < acknowledged:
                    wrong.append((acknowledged, reply.document["value"]))
            client.close()
        with stage.load:
            stage.load.wait_acknowledged(20)
            threads = [threading.Thread(target=ask) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert not wrong, wrong[:5]
        stage.verdict()
