"""The service as the demo talks to it: batches one after the other, and single requests side by side."""
import concurrent.futures
import http.client
import json
import sys
import threading
import urllib.parse

BATCH = 2000  # facts in one request; the service takes 10,000
SIDE_BY_SIDE = 8  # requests at a time: the service commits together what waits together


class Service:
    def __init__(self, base_url):
        self.address = urllib.parse.urlsplit(base_url)
        self.own = threading.local()  # a connection for each thread
        self.created = 0

    def _connection(self):
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=120)
        return self.own.connection

    def send(self, method, path, body=None, content_type="application/json", accept=(200, 201)):
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self._connection()
        connection.request(method, path, payload, {"Content-Type": content_type} if payload is not None else {})
        response = connection.getresponse()
        text = response.read()
        if response.status not in accept:
            raise SystemExit(f"demo: {method} {path}: {response.status} {text[:2000].decode('utf-8', 'replace')}")
        return response.status, json.loads(text)

    def batch(self, path, facts):
        for start in range(0, len(facts), BATCH):
            lines = "".join(json.dumps(fact) + "\n" for fact in facts[start:start + BATCH])
            _, answer = self.send("POST", path, lines.encode(), "application/x-ndjson")
            bad = [result for result in answer["results"] if "problem" in result]
            if bad:
                sys.exit(f"demo: POST {path}: {len(bad)} failed, first: {json.dumps(bad[0])}")
            self.created += answer["created"]

    def each(self, requests):
        """[(method, path, body)], in any order."""
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for status, _ in pool.map(lambda request: self.send(*request), requests):
                self.created += status == 201
