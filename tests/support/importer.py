"""`ciclo import` as a process, and a service that answers badly, standing before a real one."""
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import threading

from support.process import end, spawn
from support.server import BINARY, environment

NDJSON = "application/x-ndjson"


def free_port():
    """A port that nobody had a moment ago, for a server that must come back on the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_import(url, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **extra):
    """A running import; end it by end() or communicate()."""
    return spawn([BINARY, "import", *map(str, arguments)], die_with=signal.SIGKILL, stdin=stdin, stdout=stdout, stderr=stderr,
                 env=environment("unused", CICLO_URL=url, **extra))


def takes_signals(process):
    """Whether it asks for signals itself by now, instead of dying of them."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        blocked = next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk:"))
    return bool(blocked >> (signal.SIGTERM - 1) & 1)


def run_import(url, *arguments, status=0, given=None, **extra):
    """Runs it to its end, which must be `status`: (standard output, standard error) as text."""
    process = start_import(url, *arguments, stdin=subprocess.PIPE, **extra)
    try:
        out, err = process.communicate(given if given is not None else b"", timeout=120)
    finally:
        end(process, signal.SIGKILL, 5)
    out, err = out.decode(), err.decode("utf-8", "backslashreplace")
    assert "Sanitizer" not in err and "runtime error:" not in err, err
    assert process.returncode == status, f"ended with {process.returncode}, expected {status}:\n{out}{err}"
    return out, err


def url_of(shop):
    return f"http://127.0.0.1:{shop.server.port}"


def state_of(path):
    """How far it is, by the file beside it; None when there is none."""
    try:
        with open(f"{path}.ciclo-import", encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


class Between:
    """Passes requests on to `port`, but treats them as `plan` says, one entry a request and then "pass".

    "pass"; "lose": passes it on and drops the connection instead of the answer; "drop": drops it at once; a tuple
    (status, header fields, body): answers that and passes nothing on.
    """

    def __init__(self, port, plan=()):
        self.plan, self.keys = list(plan), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.keys.append(self.headers["Idempotency-Key"])
                step = outer.plan.pop(0) if outer.plan else "pass"
                if step in ("pass", "lose"):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    connection.request("POST", self.path, body, {"Content-Type": NDJSON, "Idempotency-Key": self.headers["Idempotency-Key"]})
                    response = connection.getresponse()
                    step = step if step == "lose" else (response.status, dict(response.getheaders()), response.read())
                    connection.close()
                if step in ("lose", "drop"):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, fields, answer = step
                self.send_response_only(status)
                for name, value in fields.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def write(path, text):
    """Writes a file, bytes or text, and returns its path as text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return os.fspath(path)
