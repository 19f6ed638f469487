"""A thin keep-alive HTTP client. Every exchange is held against the contract."""
import http.client
import json
from decimal import Decimal
from urllib.parse import quote, urlencode

from support.contract import parse_json

TIMEOUT = 300  # what a busy machine may take; the service answers long before


def to_json(value):
    """Compact JSON; Decimal as a number with all its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value)


class Answer:
    """Status, header fields and body of one response."""

    def __init__(self, response, body, is_head):
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.is_head = is_head
        self.media_type = (response.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        self._parsed = None

    @property
    def json(self):
        if self._parsed is None:
            self._parsed = parse_json(self.body)
        return self._parsed

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def code(self):
        """The slug of a problem document."""
        return self.json["code"]

    @property
    def places(self):
        """Where the violations are: pointers, parameters and header names, as a set."""
        return {error.get("pointer", error.get("parameter", error.get("header"))).removeprefix("#")
                for error in self.json.get("errors", [])}


class Client:
    """One keep-alive connection. Not for use by two threads at once."""

    def __init__(self, port, contract, key=None, host="127.0.0.1"):
        self.contract = contract
        self.key = key
        self.connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def close(self):
        self.connection.close()

    def send(self, method, path, body=None, *, query=None, headers=None, media_type="application/json"):
        """One exchange; `body` is bytes, or a value to be sent as JSON."""
        fields = dict(headers or {})
        if self.key:
            fields.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            if not isinstance(body, bytes):
                body = to_json(body).encode()
            fields.setdefault("Content-Type", media_type)
        target = path + ("?" + urlencode(query, doseq=True) if query else "")
        try:
            self.connection.request(method, target, body, fields)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the whole body was sent; the answer may be there to be read
        try:
            response = self.connection.getresponse()
            answer = Answer(response, response.read(), method == "HEAD")
        except Exception:
            self.connection.close()
            raise
        self.contract.check(method, path.split("?")[0], answer)
        return answer

    def _expect(self, status, method, path, *arguments, **options):
        answer = self.send(method, path, *arguments, **options)
        allowed = status if isinstance(status, tuple) else (status,)
        assert answer.status in allowed, f"{method} {path}: {answer.status}, expected {status}: {answer.body[:2000]!r}"
        return answer

    def get(self, path, status=200, **options):
        return self._expect(status, "GET", path, **options)

    def post(self, path, body, status=201, **options):
        return self._expect(status, "POST", path, body, **options)

    def put(self, path, body, status=(200, 201), **options):
        return self._expect(status, "PUT", path, body, **options)

    def patch(self, path, body, status=200, **options):
        options.setdefault("media_type", "application/merge-patch+json")
        return self._expect(status, "PATCH", path, body, **options)

    def delete(self, path, status=200, **options):
        return self._expect(status, "DELETE", path, None, **options)

    def pages(self, path, **query):
        """All items of a list, page after page; each page's Link field must agree with its `next`."""
        items, cursor = [], None
        while True:
            page = self.get(path, query={**query, **({"cursor": cursor} if cursor else {})})
            items += page.json["items"]
            cursor = page.json["next"]
            link = page.headers.get("Link")
            assert (cursor is None) == (link is None), f"next {cursor!r} but Link {link!r}"
            if cursor is None:
                return items
            assert 'rel="next"' in link and quote(cursor, safe="") in link or cursor in link, link


def ref(kind, value):
    """A path segment that names something by one of its identities."""
    return quote(f"{kind}:{value}", safe="")
