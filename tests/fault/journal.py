"""What clients asked for and what they were told: written down before sending, and after each reply.

A *row* is what a request must leave in the database, known by a token that no other request has. The journal knows nothing of
the service but the meaning of its answers: acknowledged (2xx), refused (it says that nothing was stored), or unknown.
"""
import collections
import hashlib
import threading
import time
from dataclasses import dataclass, field

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


@dataclass(frozen=True)
class Row:
    """One row that a request makes; `fields` as the checker reads them back."""
    table: str
    token: str
    fields: dict


@dataclass
class Reply:
    """One sending and its end; status None: no answer (`error` says how it ended)."""
    sent_at: float
    ended_at: float
    status: int | None = None
    document: object = None
    etag: str | None = None
    error: str = ""
    retry_after: str | None = None

    @property
    def code(self):
        return self.document.get("code", "") if isinstance(self.document, dict) else ""

    @property
    def outcome(self):
        """What this sending did, as far as its reply tells."""
        if self.status is None or self.status == 504:
            return UNKNOWN
        if self.status < 300:
            return ACKNOWLEDGED
        if self.status == 503:  # overloaded and draining say so by their code, but of a batch that was cut off
            detail = self.document.get("detail", "") if isinstance(self.document, dict) else ""
            refused = detail.startswith("nothing was") or self.code in ("overloaded", "draining") and "cut off" not in detail
            return REFUSED if refused else UNKNOWN
        return REFUSED if self.status < 500 else UNKNOWN


@dataclass
class Request:
    """`rows`: what it makes when it is acknowledged; of a batch in the order of its items. `base`: If-Match of an update."""
    kind: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict = field(default_factory=dict)
    media_type: str = "application/json"
    rows: tuple = ()
    base: int | None = None
    replies: list = field(default_factory=list)

    @property
    def digest(self):
        return hashlib.sha256(self.body or b"").hexdigest()

    def outcomes(self):
        """One for each row; the best that any reply said, and unknown if a sending that failed may have made it."""
        found = [REFUSED] * len(self.rows)
        for reply in self.replies:
            for at in range(len(self.rows)):
                outcome = _of_item(reply, at) if self.kind == "batch" else reply.outcome
                if ACKNOWLEDGED in (outcome, found[at]):
                    found[at] = ACKNOWLEDGED
                elif outcome == UNKNOWN:
                    found[at] = UNKNOWN
        return found


def _of_item(reply, at):
    """A batch that is answered says of each item what became of it."""
    if reply.status != 200:
        return reply.outcome
    item = reply.document["results"][at]
    if item["status"] < 300:
        return ACKNOWLEDGED
    return UNKNOWN if item["status"] >= 500 and item["problem"]["code"] != "overloaded" else REFUSED


class Journal:
    """Of all clients together. Counts rows as they are sent and acknowledged, for checks while the load runs."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []
        self.sent = collections.Counter()          # rows by table
        self.acknowledged = collections.Counter()  # rows by table

    def begin(self, request):
        """Before the first sending."""
        with self.lock:
            self.requests.append((request, request.digest))
            for row in request.rows:
                self.sent[row.table] += 1

    def end(self, request, reply):
        """After each sending."""
        with self.lock:
            before = request.outcomes()
            request.replies.append(reply)
            for row, old, new in zip(request.rows, before, request.outcomes()):
                if new == ACKNOWLEDGED != old:
                    self.acknowledged[row.table] += 1

    def rows(self):
        """(row, outcome, request) of all writes."""
        for request, _ in self.requests:
            for row, outcome in zip(request.rows, request.outcomes()):
                yield row, outcome, request

    def replies(self):
        for request, _ in list(self.requests):  # a load may be running
            for reply in list(request.replies):
                yield request, reply

    def outcomes(self):
        """How many rows ended how."""
        return collections.Counter(outcome for _, outcome, _ in self.rows())

    def unsettled(self):
        """Requests that may be sent again with the same key, because some row of theirs is not acknowledged."""
        return [request for request, _ in self.requests if any(outcome != ACKNOWLEDGED for outcome in request.outcomes())]


def exchange(client, request):
    """One sending of a request on a support.client.Client; never raises for what a network or a server does."""
    sent_at = time.monotonic()
    try:
        answer = client.send(request.method, request.path, request.body, headers=request.headers, media_type=request.media_type)
    except Exception as error:  # pylint: disable=broad-except
        client.close()
        return Reply(sent_at, time.monotonic(), error=f"{type(error).__name__}: {error}")
    document = answer.json if "json" in answer.media_type else None
    return Reply(sent_at, time.monotonic(), answer.status, document, answer.headers.get("ETag"), retry_after=answer.headers.get("Retry-After"))
