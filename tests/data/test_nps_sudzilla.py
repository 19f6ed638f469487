"""39 real answers to an NPS question, with comments (not in the repository)."""
import csv

from support.client import to_json
from support.shop import NDJSON


def test_the_score_of_a_real_survey(new_shop, data_file):
    shop = new_shop()
    with open(data_file("nps_sudzilla_2019.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shop.api.post("/v1/surveys", {"external_id": "sudzilla", "kind": "nps", "name": "Sudzilla 2019"})
    answers = [{"external_id": row["response_id"], "score": int(row["score"]), "answered_at": row["submitted_at"].replace(" ", "T") + "Z",
                **({"comment": row["comment"]} if row["comment"] else {})} for row in rows]
    body = "\n".join(map(to_json, answers)).encode()
    assert shop.api.post("/v1/surveys/external:sudzilla/responses/batch", body, 200, media_type=NDJSON).json["created"] == 39
    answer = shop.api.get("/v1/nps", query={"survey": "external:sudzilla", "from": "2019-11-01", "to": "2019-11-05"}).json
    assert (answer["promoters"], answer["passives"], answer["detractors"], answer["responses"]) == (8, 9, 22, 39)
    assert float(answer["score"]) == -35.8974
    assert float(answer["margin_of_error"]) == 25.1149
    stored = {item["external_id"]: item["comment"] for item in shop.api.pages("/v1/surveys/external:sudzilla/responses", limit=10)}
    assert stored == {row["response_id"]: row["comment"] or None for row in rows}, "comments come back as they were written"
