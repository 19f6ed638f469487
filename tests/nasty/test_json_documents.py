"""Every document of JSONTestSuite as a body: y_ is JSON, n_ is not, nothing crashes, hangs or gives 5xx."""
import glob
import os

import pytest

PATHS = ["/v1/orders", "/v1/customers", "/v1/surveys"]


@pytest.fixture(scope="module")
def documents(data_file):
    folder = data_file("nasty", "JSONTestSuite")
    found = {os.path.basename(path): open(path, "rb").read() for path in sorted(glob.glob(f"{folder}/*/*.json"))}
    assert len(found) >= 300
    return found


def _refusable(name, body):
    """Repeated names and NUL are refused on purpose, although they are JSON."""
    return "duplicated" in name or b"\\u0000" in body


@pytest.mark.parametrize("path", PATHS)
def test_no_document_breaks_the_service(shop, documents, path):
    wrong = []
    for name, body in documents.items():
        answer = shop.client().send("POST", path, body) if len(body) > 65536 else shop.api.send("POST", path, body)
        if name.startswith("n_") and answer.status != 400:
            wrong.append((name, answer.status))
        if name.startswith("y_") and not (answer.status in (201, 422) or answer.status == 400 and body.lstrip()[:1] not in b"{"):
            if not _refusable(name, body):
                wrong.append((name, answer.status))
        if not 200 <= answer.status < 500:
            wrong.append((name, answer.status))
    assert not wrong
    shop.api.get("/healthz")


def test_every_valid_document_is_taken_as_an_attribute(shop, documents):
    wrong = []
    for number, (name, body) in enumerate(documents.items()):
        if not name.startswith("y_"):
            continue
        wrapped = b'{"external_id":"doc-%d","attributes":{"document":%s}}' % (number, body)
        answer = shop.api.send("POST", "/v1/customers", wrapped)
        if answer.status != 201 and not (_refusable(name, body) and 400 <= answer.status < 500):
            wrong.append((name, answer.status, answer.body[:200]))
    assert not wrong


def test_an_escaped_nul_is_refused(shop):
    for body in (b'{"external_id":"a\\u0000b"}', b'{"external_id":"n","name":"\\u0000"}', b'{"external_id":"n","attributes":{"\\u0000":1}}',
                 b'{"external_id":"n","attributes":{"x":["\\u0000"]}}'):
        assert 400 <= shop.api.send("POST", "/v1/customers", body).status < 500
    shop.api.get("/v1/customers/external:n", 404)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1" + "0" * 100000, "9223372036854775808", "-9223372036854775809", "9007199254740993", "0." + "1" * 5000,
                                    "1e-400", "-0", "1E+2", "01", "+1", ".5", "1.", "NaN", "Infinity", "0x10"])
def test_odd_numbers_never_become_money(shop, number):
    body = b'{"customer":{"external_id":"numbers"},"currency":"EUR","total":%s}' % number.encode()
    answer = shop.api.send("POST", "/v1/orders", body)
    assert answer.status in (400, 422) or answer.status == 201 and answer.json["total"] in (0, 100), answer.body
