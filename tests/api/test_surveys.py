"""Surveys and their answers: scales, skipped and anonymous answers, references, lists."""
import hashlib

import pytest

AT = "2026-01-10T10:00:00Z"
SURVEYS = {"nps": {"kind": "nps", "name": "N"}, "csat": {"kind": "csat", "name": "C"}, "ces": {"kind": "ces", "name": "E"},
           "found": {"kind": "choice", "name": "How did you hear of us?", "choices": ["friend", "search", "other"]}, "words": {"kind": "text", "name": "Anything else?"}}


@pytest.fixture(scope="module", autouse=True)
def _surveys(shop):
    for name, body in SURVEYS.items():
        shop.api.post("/v1/surveys", {"external_id": name, **body})


def _post(api, survey, body, status=201, **options):
    return api.post(f"/v1/surveys/external:{survey}/responses", body, status, **options)


def test_a_survey_comes_back_and_is_made_once(api):
    body = {"external_id": "q", "kind": "choice", "name": "Colour", "question": "Which one?", "choices": ["red", "blue"]}
    answer = api.post("/v1/surveys", body)
    assert {name: answer.json[name] for name in body} == body
    assert api.get(f"/v1/surveys/{answer.json['id']}").json == api.get("/v1/surveys/external:q").json == answer.json
    assert api.post("/v1/surveys", body, 200).json == answer.json
    assert api.post("/v1/surveys", {**body, "choices": ["red"]}, 409).code == "fact_conflict"
    assert {item["external_id"] for item in api.pages("/v1/surveys", limit=2)} >= set(SURVEYS) | {"q"}


@pytest.mark.parametrize("body", [{"name": "x"}, {"kind": "nps"}, {"kind": "stars", "name": "x"}, {"kind": "choice", "name": "x"},
                                  {"kind": "choice", "name": "x", "choices": []}, {"kind": "nps", "name": "x", "colour": 1}])
def test_a_bad_survey_is_refused(api, body):
    assert api.post("/v1/surveys", body, 422).code == "validation_failed"


@pytest.mark.parametrize("survey, low, high", [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)])
def test_a_score_keeps_to_its_scale(api, survey, low, high):
    for score in (low, high):
        assert _post(api, survey, {"score": score, "answered_at": AT}).json["score"] == score
    for score in (low - 1, high + 1, 5.5, "5", True):
        assert "/score" in _post(api, survey, {"score": score}, 422).places, score


def test_a_choice_is_one_of_the_choices_and_a_text_is_a_text(api):
    assert _post(api, "found", {"choice": "friend"}).json["choice"] == "friend"
    assert "/choice" in _post(api, "found", {"choice": "enemy"}, 422).places
    assert _post(api, "words", {"text": "lovely"}).json["text"] == "lovely"


def test_an_answer_comes_back_whole(shop):
    order = shop.order({"external_id": "answerer"}, AT, 100, external_id="rated")
    body = {"external_id": "a-1", "score": 9, "comment": "Good \u2013 fast", "channel": "email", "answered_at": "2026-01-10T12:00:00+02:00"}
    made = _post(shop.api, "nps", {**body, "customer": "external:answerer", "order": "external:rated"}).json
    assert {**body, "answered_at": AT} == {name: made[name] for name in body}
    assert (made["customer_id"], made["order_id"]) == (order["customer_id"], order["id"])
    path = "/v1/surveys/external:nps/responses"
    assert shop.api.get(f"{path}/{made['id']}").json == shop.api.get(f"{path}/external:a-1").json == made
    assert _post(shop.api, "nps", {**body, "customer": "external:answerer", "order": "external:rated"}, 200).json == made
    assert _post(shop.api, "nps", {**body, "score": 8}, 409).code == "fact_conflict"


def test_an_answer_without_a_customer_stays_anonymous(shop):
    before = len(shop.api.pages("/v1/customers"))
    made = _post(shop.api, "nps", {"score": 3, "answered_at": AT}).json
    assert made["customer_id"] is None and shop.api.get(f"/v1/surveys/external:nps/responses/{made['id']}").json == made
    assert len(shop.api.pages("/v1/customers")) == before, "nobody new is listed"


def test_an_answer_may_bring_its_customer(api):
    made = _post(api, "csat", {"score": 5, "customer": {"email": "new-answerer@example.com"}, "answered_at": AT}).json
    assert api.get("/v1/customers/email:new-answerer@example.com").json["id"] == made["customer_id"]


def test_references_to_nothing_are_refused(api):
    assert "/customer" in _post(api, "nps", {"score": 1, "customer": "external:nobody"}, 422).places
    assert "/order" in _post(api, "nps", {"score": 1, "order": "external:nothing"}, 422).places
    api.post("/v1/surveys/external:nothing/responses", {"score": 1}, 404)
    api.get("/v1/surveys/external:nps/responses/external:nothing", 404)


def test_a_skipped_answer_is_kept_and_counts_nowhere(new_shop):
    shop = new_shop()
    shop.api.post("/v1/surveys", {"external_id": "n", "kind": "nps", "name": "N"})
    for body in ({"score": 10}, {"score": None}, {}, {"comment": "no score"}):
        _post(shop.api, "n", {**body, "answered_at": AT})
    answer = shop.api.get("/v1/nps", query={"from": "2026-01-01", "to": "2026-02-01"}).json
    assert (answer["responses"], answer["score"], answer["margin_of_error"]) == (1, 100, 0)
    assert len(shop.api.pages("/v1/surveys/external:n/responses", limit=2)) == 4


def test_nps_of_one_survey_and_of_all(new_shop):
    shop = new_shop()
    for name, score in (("one", 10), ("two", 0)):
        shop.api.post("/v1/surveys", {"external_id": name, "kind": "nps", "name": name})
        _post(shop.api, name, {"score": score, "answered_at": AT})
    window = {"from": "2026-01-01", "to": "2026-02-01"}

    def score(**query):
        return shop.api.get("/v1/nps", query={**window, **query}).json["score"]
    assert (score(), score(survey="external:one"), score(survey="external:two")) == (0, 100, -100)
    shop.api.get("/v1/nps", (404, 422, 400), query={**window, "survey": "external:three"})


def test_answers_are_listed_by_time_and_survey(new_shop):
    shop = new_shop()
    for name in ("one", "two"):
        shop.api.post("/v1/surveys", {"external_id": name, "kind": "nps", "name": name})
        for day in range(1, 7):
            _post(shop.api, name, {"score": day, "answered_at": f"2026-01-{day:02}T00:00:00Z"})
    found = shop.api.pages("/v1/surveys/external:one/responses", limit=2, answered_from="2026-01-02T00:00:00Z", answered_to="2026-01-05T00:00:00Z")
    assert sorted(item["score"] for item in found) == [2, 3, 4]


def test_surveys_come_many_at_once(new_shop):
    shop = new_shop()
    items = [{"external_id": name, **body} for name, body in SURVEYS.items()] + [{"kind": "choice", "name": "No choices"}, {"external_id": "nps", **SURVEYS["nps"]},
                                                                                {"external_id": "nps", "kind": "nps", "name": "Other"}]
    answer = shop.api.post("/v1/surveys/batch", items, 200).json
    assert [line["status"] for line in answer["results"]] == [201] * 5 + [422, 200, 409]
    assert len(shop.api.pages("/v1/surveys", limit=2)) == 5


@pytest.mark.parametrize("purpose", ["discovery", "abandonment"])
@pytest.mark.parametrize("kind", list(SURVEYS))
def test_a_choice_or_a_text_may_have_a_purpose(api, kind, purpose):
    body = {**SURVEYS[kind], "external_id": f"{kind}-{purpose}", "purpose": purpose}
    answer = api.send("POST", "/v1/surveys", body)
    if kind in ("found", "words"):
        assert answer.status == 201 and answer.json["purpose"] == purpose and api.get(f"/v1/surveys/external:{kind}-{purpose}").json == answer.json
        other = {**body, "purpose": "discovery" if purpose == "abandonment" else "abandonment"}
        assert api.post("/v1/surveys", other, 409).code == "fact_conflict"
    else:
        assert answer.status == 422 and answer.places == {"/purpose"}
    assert "/purpose" in api.post("/v1/surveys", {**body, "purpose": "fun"}, 422).places


def test_a_survey_from_before_there_were_purposes_is_known_again(shop):
    """Its hash is of what it said then: the rows of an older version must not turn into conflicts."""
    body = {"external_id": "old", "kind": "text", "name": "Old"}
    made = shop.api.post("/v1/surveys", body).json
    assert made["purpose"] is None
    then = b'{"choices":null,"external_id":"old","kind":"text","name":"Old","question":null}'
    expected = hashlib.blake2b(len(then).to_bytes(8, "little") + then, digest_size=32).hexdigest()
    assert shop.sql("SELECT content_hash FROM external_ids WHERE resource = 'surveys' AND external_id = 'old'") == [(expected,)]
