"""Raw HTTP/1: published conformance requests, request smuggling, slow clients, many at once. Never a crash or a hang."""
import base64
import json
import time

import pytest

from support.contract import Contract
from support.raw import Raw

FOREVER = [[-1, -1]]


def _lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _alive(shop):
    shop.client().get("/healthz")


def _never_5xx(raw):
    for status, _, body in raw.answers():
        assert status < 500 or status in (501, 505), (status, body)


def _has_end(request):
    """Whether the end of a request without a body is there; the collection cut the last empty lines off."""
    return b"chunked" not in request.lower() and b"content-length" not in request.lower()


# published requests ------------------------------------------------------------------------------

def test_h1spec(shop, data_file):
    wrong = []
    for case in _lines(data_file("nasty", "h1spec.jsonl")):
        request = base64.b64decode(case["request_b64"])
        ranges = case["expected_status_ranges"]
        valid = any(low == 200 for low, _ in ranges)
        with Raw(shop.server.port, request) as raw:
            answers = raw.read(seconds=0.2 if case["expect_wait"] else 2)
            _never_5xx(raw)
            statuses = [status for status, _, _ in answers]
            if case["expect_wait"]:
                fine = all(400 <= status < 500 for status in statuses)
            elif not statuses:  # closing without a word is a refusal as well
                fine = raw.closed and not valid
            else:  # the service has no POST /: refusing the path is right where the request is
                fine = any(low <= statuses[0] <= high for low, high in ranges) or valid and statuses[0] in (404, 405, 415)
        if not fine:
            wrong.append((case["name"], ranges, statuses, raw.closed))
    assert not wrong
    _alive(shop)


# libmicrohttpd 0.9.75 takes a field without a name for the end of the header, so nothing behind it can tell: the service
# answers what came before it. A proxy in front refuses such a request. So it does with a NUL in a value, behind which the library
# shows nothing to anybody: "Content-Length: 0<NUL>23" is 0.
BEHIND_THE_LIBRARY = {"Invalid header token #3"}


def test_llhttp_requests(shop, data_file):
    wrong = []
    for case in _lines(data_file("nasty", "llhttp_requests.jsonl")):
        request = base64.b64decode(case.get("with_host_b64") or case["request_b64"])
        if b"\r\n\r\n" not in request and case["verdict"] == "accept":
            request += b"\r\n"  # the empty line that the collection cut off
        with Raw(shop.server.port, request) as raw:
            answers = raw.read(seconds=1 if case["verdict"] == "accept" and _has_end(request) else 0.2)
            _never_5xx(raw)
            strict = "lenient" not in case["type"]
            if case["verdict"] == "accept" and strict and _has_end(request) and not (answers or raw.closed):
                wrong.append((case["name"], "no answer"))
            if case["verdict"] == "reject" and strict and case["name"] not in BEHIND_THE_LIBRARY and any(200 <= status < 300 for status, _, _ in answers):
                wrong.append((case["name"], answers[0][0]))
        if not shop.server.alive():
            pytest.fail(f"the server died of {case['name']}")
    assert not wrong
    _alive(shop)


# smuggling ---------------------------------------------------------------------------------------

def _smuggled(name):
    body = b'{"external_id":"%s"}' % name
    return b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


HEAD = b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
GOOD = b'{"external_id":"first"}'
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
SMUGGLING = {
    "chunked beside a length": (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKED),
    "a length beside chunked": (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    "chunked beside the length of nothing": (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    "gzip, chunked": (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKED),
    "chunked, chunked": (b"Transfer-Encoding: chunked, chunked\r\n", CHUNKED),
    "chunked, identity": (b"Transfer-Encoding: chunked, identity\r\n", CHUNKED),
    "chunked twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    "identity": (b"Transfer-Encoding: identity\r\n", b""),
    "xchunked": (b"Transfer-Encoding: xchunked\r\n", CHUNKED),
    "a vertical tab before chunked": (b"Transfer-Encoding: \x0bchunked\r\n", CHUNKED),
    "a quoted chunked": (b'Transfer-Encoding: "chunked"\r\n', CHUNKED),
    "a space before the colon": (b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", CHUNKED),
    "a tab before the colon": (b"Content-Length\t: 4\r\n", b"xxxx"),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(GOOD), b""),
    "one length twice": (b"Content-Length: %d\r\nContent-Length: %d\r\n" % (len(GOOD), len(GOOD)), GOOD),
    "a list of lengths": (b"Content-Length: %d, %d\r\n" % (len(GOOD), len(GOOD)), GOOD),
    "a length with a sign": (b"Content-Length: +%d\r\n" % len(GOOD), GOOD),
    "a negative length": (b"Content-Length: -1\r\n", b""),
    "a length in hexadecimal": (b"Content-Length: 0x17\r\n", GOOD),
    "a length with words": (b"Content-Length: 23 bytes\r\n", GOOD),
    "a length beyond 64 bits": (b"Content-Length: 18446744073709551639\r\n", GOOD),
    "two hosts": (b"Host: b\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "two content types": (b"Content-Type: text/plain\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "two authorizations": (b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "a name that is no token": (b"X[y]: 1\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "a chunk size with a sign": (b"Transfer-Encoding: chunked\r\n", b"+5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size beyond 64 bits": (b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff5\r\nhello\r\n0\r\n\r\n"),
    "a space behind chunked": (b"Transfer-Encoding: chunked \r\n", CHUNKED),
    "a tab behind chunked": (b"Transfer-Encoding: chunked\t\r\n", CHUNKED),
    "chunked with a parameter": (b"Transfer-Encoding: chunked;q=1\r\n", CHUNKED),
    "an empty coding": (b"Transfer-Encoding:\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "an empty length": (b"Content-Length:\r\n", GOOD),
    "NUL behind chunked": (b"Transfer-Encoding: chunked\x00x\r\nContent-Length: 4\r\n", CHUNKED),
    "NUL in a name": (b"Content-Length\x00: 4\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKED),
    "two lengths, one with other letters": (b"Content-Length: 0\r\ncONTENT-lENGTH: %d\r\n" % len(GOOD), GOOD),
    "two keys": (b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: %d\r\n" % len(GOOD), GOOD),
    "two preconditions": (b'If-Match: "1"\r\nIf-Match: *\r\nContent-Length: %d\r\n' % len(GOOD), GOOD),
    "a chunk longer than it says": (b"Transfer-Encoding: chunked\r\n", b"2\r\nhello\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_a_request_whose_end_is_in_doubt_is_refused_and_the_connection_closed(shop, name):
    fields, body = SMUGGLING[name]
    hidden = f"smuggled by {name}".encode()
    with Raw(shop.server.port, HEAD + fields + b"\r\n" + body + _smuggled(hidden)) as raw:
        assert raw.ends(), f"still open after {raw.answers()}"
        statuses = [status for status, _, _ in raw.answers()]
        assert all(status in (400, 413, 501) for status in statuses), statuses
    for who in (hidden.decode(), "first"):
        assert shop.api.pages("/v1/customers", external_id=who) == []
    _alive(shop)


# Whole requests, each followed by one that must never run: what the library refuses by itself, and what is refused before its body.
REFUSED = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "a space in the target": b"GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target without a slash": b"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /v1/customers HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another protocol": b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
    "a header that is too long": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40000 + b"\r\n\r\n",
    "a target that is too long": b"GET /healthz?" + b"y" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a body that is too long, announced": HEAD + b"Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n",
    "a body where there is none": b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "a chunked body where there is none": b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_behind_a_refused_request_is_run(shop, name):
    hidden = f"behind {name}".encode()
    with Raw(shop.server.port, REFUSED[name] + _smuggled(hidden)) as raw:
        assert raw.ends(), f"still open after {raw.answers()}"
        assert all(status >= 400 for status, _, _ in raw.answers()), raw.answers()
    assert shop.api.pages("/v1/customers", external_id=hidden.decode()) == []
    _alive(shop)


def test_a_request_within_a_body_is_a_body(shop):
    inner = _smuggled(b"inner")
    for request in (HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(inner), inner), HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner),
                    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: %d\r\nX: y\r\n\r\n" % len(inner)):
        with Raw(shop.server.port, request) as raw:
            assert [status for status, _, _ in raw.read()] == [400]
    assert shop.api.pages("/v1/customers", external_id="inner") == []


@pytest.mark.parametrize("fields", [b"Transfer-Encoding:\r\n chunked\r\n", b"X-K: a\r\n b\r\nTransfer-Encoding: chunked\r\nContent-Length:\r\n 4\r\n"])
def test_nothing_hidden_behind_a_folded_field_is_run(shop, fields):
    inner = _smuggled(b"folded")
    with Raw(shop.server.port, HEAD + fields + b"\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)) as raw:
        raw.read(seconds=1)
        _never_5xx(raw)
    assert shop.api.pages("/v1/customers", external_id="folded") == []
    _alive(shop)


def test_a_correct_chunked_body_is_taken(shop):
    body = b'{"external_id":"in two chunks"}'
    chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    with Raw(shop.server.port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n") as raw:
        assert [status for status, _, _ in raw.read()] == [201]


@pytest.mark.parametrize("target", [b"/v1/customers%00", b"/v1/customers/external:a%00b", b"/v1/customers%2Fbatch", b"/v1/orders/../customers", b"/v1/./customers",
                                    b"/v1/%2e%2e/v1/customers", b"/v1/customers/external:%zz", b"/v1/customers/external:%", b"/v1/customers/external:%c0%af",
                                    b"/v1/customers/external:%0a", b"/v1/customers?limit=%00"])
def test_a_target_that_two_readers_could_read_differently_is_refused(shop, target):
    with Raw(shop.server.port, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n") as raw:
        assert raw.read() and raw.answers()[0][0] in (400, 404), raw.answers()


def test_white_space_around_a_value_is_no_part_of_it(shop):
    body = b'{"name":"spaces"}'
    ids = set()
    for key in (b"Idempotency-Key: spaced", b"Idempotency-Key: spaced  ", b"Idempotency-Key:\tspaced \t"):
        with Raw(shop.server.port, b"POST /v1/campaigns HTTP/1.1\r\nHost: a\r\nContent-Type: application/json  \r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (key, len(body), body)) as raw:
            (status, _, answer), = raw.read()
            assert status == 201
            ids.add(json.loads(answer)["id"])
    assert len(ids) == 1


def test_http_1_1_without_a_host_is_refused(shop):
    with Raw(shop.server.port, b"GET /healthz HTTP/1.1\r\n\r\n") as raw:
        assert [status for status, _, _ in raw.read()][:1] == [400]


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), b"\x00" * 1000, b"\r\n" * 1000, b"GET\r\n\r\n", b"GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n",
                                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /healthz HTTP/1.1\nHost: a\n\n", b"G" * 100000, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                                  b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100000 + b"\r\n\r\n"])
def test_garbage_does_no_harm(shop, data):
    with Raw(shop.server.port, data) as raw:
        raw.read(seconds=0.5)
        _never_5xx(raw)
    _alive(shop)


# order, slowness, numbers ------------------------------------------------------------------------

def test_pipelined_requests_are_answered_in_order(shop):
    requests = b"".join(_smuggled(b"pipelined-%d" % number) + b"GET /v1/customers/external:pipelined-%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(20))
    with Raw(shop.server.port, requests) as raw:
        answers = raw.read(40, seconds=10)
    assert [status for status, _, _ in answers] == [201, 200] * 20
    assert [json.loads(body)["external_id"] for _, _, body in answers] == [f"pipelined-{number}" for number in range(20) for _ in "ab"]


def test_a_request_may_come_byte_by_byte(shop):
    with Raw(shop.server.port) as raw:
        for byte in _smuggled(b"byte by byte"):
            raw.send(bytes([byte]))
        assert [status for status, _, _ in raw.read()] == [201]


def test_expect_100_continue(shop):
    body = b'{"external_id":"expected"}'
    with Raw(shop.server.port, HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)) as raw:
        assert raw.read()[0][0] == 100
        raw.send(body)
        assert raw.read(2)[-1][0] == 201


def test_connection_close_and_http_1_0_close(shop):
    for request in (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /healthz HTTP/1.0\r\n\r\n"):
        with Raw(shop.server.port, request) as raw:
            assert raw.ends(2) and raw.answers()[0][0] == 200


@pytest.fixture(scope="module")
def hasty(shops):
    """A shop that waits a second for headers and bodies, and two for idle clients."""
    opened = shops(CICLO_HEADER_TIMEOUT_MS=1000, CICLO_BODY_TIMEOUT_MS=1000, CICLO_IDLE_TIMEOUT_S=2)
    yield opened
    opened.close()


@pytest.mark.parametrize("start", [b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ", HEAD + b"Content-Length: 5000\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n"],
                         ids=["header", "body", "chunked body"])
def test_a_client_that_drips_is_cut_off(hasty, start):
    begin = time.monotonic()
    with Raw(hasty.server.port, start) as raw:
        while not raw.closed and time.monotonic() - begin < 10:
            raw.send(b"1")
            raw.read(seconds=0.2)
            if raw.answers():
                break
        assert time.monotonic() - begin < 5, "a byte now and then must not keep a connection"
        assert all(status == 408 for status, _, _ in raw.answers())
    _alive(hasty)


def test_an_idle_connection_is_closed_and_a_slow_one_with_requests_is_not(hasty):
    with Raw(hasty.server.port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") as raw:
        for _ in range(3):
            raw.read(len(raw.answers()) + 1)
            time.sleep(0.8)
            raw.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(raw.read(4)) == 4
        assert raw.ends(8)


@pytest.mark.parametrize("count", [127, 128, 129, 256, 500])
def test_many_connections_ready_at_once_are_all_answered(shop, count):
    open_ones = [Raw(shop.server.port) for _ in range(count)]
    try:
        for raw in open_ones:
            raw.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert all(raw.read(seconds=10) and raw.answers()[0][0] == 200 for raw in open_ones)
        for raw in open_ones:
            raw.send(b"GET /v1/customers?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert {raw.read(2, seconds=20)[-1][0] for raw in open_ones} <= {200, 503}
    finally:
        for raw in open_ones:
            raw.socket.close()


def test_clients_that_vanish_store_nothing_half(shop):
    for number in range(200):
        whole = _smuggled(b"vanishing-%d" % number)
        Raw(shop.server.port, whole[:(number * 7) % (len(whole) - 1) + 1]).socket.close()
    for number in range(50):
        Raw(shop.server.port, _smuggled(b"unread-%d" % number)).socket.close()
    _alive(shop)
    names = [item["external_id"] for item in shop.api.pages("/v1/customers", limit=1000)]
    assert not [name for name in names if name.startswith("vanishing")]
    assert len([name for name in names if name.startswith("unread")]) == len({name for name in names if name.startswith("unread")}) <= 50


@pytest.mark.parametrize("part", [20, -3], ids=["in the header", "in the body"])
def test_clients_that_vanished_in_the_middle_do_not_hold_up_the_end(new_shop, part):
    shop = new_shop()
    for _ in range(20):
        Raw(shop.server.port, _smuggled(b"vanished")[:part]).socket.close()
    time.sleep(0.2)
    shop.server.terminate()
    code = shop.server.wait(5)
    shop.server.kill()
    shop.start()
    assert code == 0, "nobody waits for what these clients still owe"


def test_every_error_the_service_words_itself_keeps_the_contract(shop):
    contract = Contract()
    with Raw(shop.server.port, b"GET /v1/nowhere HTTP/1.1\r\nHost: a\r\n\r\n") as raw:
        (status, _, body), = raw.read()
    assert status == 404 and json.loads(body)["code"] in contract.problems
