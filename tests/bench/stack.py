"""What a measurement runs on: a throw-away cluster, the service, nginx, wrk and pgbench, all on loopback."""
import contextlib
import glob
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CLUSTER = os.path.join(ROOT, "docker", "cluster.sh")
BINARY = os.path.abspath(os.environ.get("CICLO_BIN", os.path.join(ROOT, "build", "release", "ciclo")))
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
START_SECONDS = 30
CONNECTIONS = 64
WARM_UP_SECONDS = 1
# A quarter of the memory, as PostgreSQL's manual advises, but no more than 4 GB.
BUFFERS_MB = min(4096, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**22)
# Statements can be read back; no checkpoint falls into one side of a comparison alone.
SETTINGS = (f"shared_buffers = '{BUFFERS_MB}MB'", "logging_collector = on", "log_destination = 'jsonlog'", "log_directory = 'statements'",
            "max_wal_size = '16GB'", "checkpoint_timeout = '1h'")


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def until(condition, what):
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {START_SECONDS} s: {what}")
        time.sleep(0.05)


class Cluster:
    """jsonlog is on, so that `replay` can read which statements the service sends."""

    def __init__(self, directory):
        self.directory = directory
        run(CLUSTER, "start", directory)
        self.admin_url = self.url("url-admin")
        for setting in SETTINGS:
            self.psql("ALTER SYSTEM SET " + setting)
        run(CLUSTER, "stop", directory)
        run(CLUSTER, "start", directory)
        # docker/roles.sql keeps values out of the log; here they are made up, and `replay` needs them.
        self.psql("ALTER DATABASE ciclo RESET log_parameter_max_length")

    def url(self, kind="url"):
        return run(CLUSTER, kind, self.directory).strip()

    def admin(self, database="ciclo"):
        return self.admin_url.replace("/ciclo?", f"/{database}?")

    def psql(self, statement, database="ciclo", env=None):
        return self.psql_words("-c", statement, database=database, env=env).strip()

    def psql_words(self, *words, database="ciclo", env=None):
        return run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *words, self.admin(database), env={**os.environ, **(env or {})})

    @contextlib.contextmanager
    def session(self):
        """A function that runs statements in one session; what is open at the end is rolled back."""
        with subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.admin()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as psql:
            def run_there(statements):
                psql.stdin.write(statements + ";\n\\echo done\n")
                psql.stdin.flush()
                if psql.stdout.readline() != "done\n":
                    raise RuntimeError(statements)
            try:
                yield run_there
            finally:
                psql.stdin.close()

    def log_statements(self, on):
        self.psql(f"ALTER SYSTEM SET log_min_duration_statement = {0 if on else -1}")
        self.psql("SELECT pg_reload_conf()")
        time.sleep(0.5)  # the backends look at it when they next run something

    def statements(self):
        """All log records, oldest first. Read as the caller: benchmarks run as the server's user or as root."""
        for path in sorted(glob.glob(os.path.join(self.directory, "pg", "statements", "*.json"))):
            with open(path, encoding="utf-8") as log:
                yield from map(json.loads, log)

    def drop(self):
        run(CLUSTER, "drop", self.directory)


class Service:
    """Without a log line for each request, as the yardsticks are. CICLO_* of the caller hold."""

    def __init__(self, url, directory, **settings):
        self.log = os.path.join(directory, "service.log")
        self.port = free_port()
        environment = {"CICLO_LOG_LEVEL": "warn", **os.environ, **settings, "CICLO_DATABASE_URL": url,
                       "CICLO_LISTEN": f"127.0.0.1:{self.port}"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([BINARY, "serve"], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log)
        self.base = f"http://127.0.0.1:{self.port}"
        until(self._ready, "readyz")

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("the service did not start:\n" + self.text())
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def request(self, method, path, body=None, content_type="application/json", timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if body is not None else {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def memory(self):
        """MiB of resident memory at most so far."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Peer:
    """The same two endpoints by somebody else."""

    def __init__(self, command, directory, **settings):
        port = free_port()
        self.log = os.path.join(directory, "peer.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **settings, "PORT": str(port)}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.base = f"http://127.0.0.1:{port}"
        until(lambda: self.process.poll() is not None or socket.socket().connect_ex(("127.0.0.1", port)) == 0, "peer")
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8") as log:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read()[-2000:]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Nginx:
    """One fixed answer, no access log."""

    def __init__(self, directory, body, workers):
        port = free_port()
        paths = " ".join(f"{kind}_temp_path {directory};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = os.path.join(directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""daemon off; pid {directory}/nginx.pid; error_log {directory}/nginx.log;
worker_processes {workers};
events {{ worker_connections 2048; }}
http {{
    access_log off; keepalive_requests 1000000000; {paths}
    server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }}
}}
""")
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", path], stderr=subprocess.DEVNULL)
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "nginx")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def wrk(url, script, seconds, *arguments, connections=CONNECTIONS):
    """{"rate": a second, "p99": ms, "bytes": of an answer}; any answer that is not 2xx or 3xx makes the measurement void."""
    text = run("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", os.path.join(HERE, script), url,
               "--", *arguments)
    result = json.loads(text.strip().splitlines()[-1])
    if result["errors"] or not result["requests"]:
        raise RuntimeError(f"wrk {script} {url}: {result}\n{text}")
    return {"rate": result["requests"] * 1e6 / result["us"], "p99": result["p99_us"] / 1000,
            "bytes": result["bytes"] / result["requests"]}


def pgbench(url, script, seconds, directory, connections=CONNECTIONS, **variables):
    """The same numbers from pgbench, from its log of transactions. What each connection does first, connect and
    prepare and plan, does not count: the service has done that when it is measured."""
    prefix = os.path.join(directory, "transactions")
    words = [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    text = run(PGBENCH, "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(seconds + WARM_UP_SECONDS), "-l",
               "--log-prefix", prefix, "-f", script, *words, url, cwd=directory)
    if not re.search(r"number of failed transactions: 0 ", text):
        raise RuntimeError(text)
    ends = []
    for path in glob.glob(prefix + ".*"):
        with open(path, encoding="ascii") as log:
            for line in log:  # client, number, microseconds, script, end: seconds, microseconds
                field = line.split()
                ends.append((int(field[4]) * 1000000 + int(field[5]), int(field[2])))
        os.unlink(path)
    start = min(ends)[0] + min(WARM_UP_SECONDS * 1000000, (max(ends)[0] - min(ends)[0]) // 2)
    times = sorted(time_us for end, time_us in ends if end >= start)
    return {"rate": len(times) * 1e6 / (max(ends)[0] - start), "p99": percentile(times, 99) / 1000, "connections": connections}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]
