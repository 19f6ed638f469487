"""The server under test as a process: `ciclo serve` on a port that the kernel chooses."""
import http.client
import json
import os
import signal
import subprocess
import threading
import time

from support.process import end, spawn

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("CICLO_BIN", os.path.join(REPOSITORY, "build", "release", "ciclo")))
START_SECONDS = 120  # a sanitizer build, or memcheck, on a busy machine
STOP_SECONDS = 120


def environment(database_url, **extra):
    """What the process may see: no CICLO_* of the caller, sanitizer options passed on."""
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "TZ", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")}
    url = {} if database_url is None else {"CICLO_DATABASE_URL": database_url}
    return {**kept, **url, **{name: str(value) for name, value in extra.items()}}


def sanitizer(**options):
    """For `extra`: options of AddressSanitizer beside those of the caller. Other builds take no notice."""
    return {"ASAN_OPTIONS": ":".join([*filter(None, [os.environ.get("ASAN_OPTIONS")]), *(f"{name}={value}" for name, value in options.items())])}


# Of a process whose memory is measured: what it has freed is not held back for long.
MEASURED = sanitizer(quarantine_size_mb=1, thread_local_quarantine_size_kb=64)
# Of a process in a sandbox: looking for leaks takes ptrace(2).
SANDBOXED = sanitizer(detect_leaks=0)


def command(*arguments, database_url, timeout=60, **extra):
    """Runs one subcommand to its end: CompletedProcess with text."""
    return subprocess.run([BINARY, *arguments], env=environment(database_url, **extra), capture_output=True,
                          text=True, timeout=timeout, check=False)


class Server:
    """One running `ciclo serve`."""

    def __init__(self, database_url, launcher=(), program=BINARY, pass_fds=(), **extra):
        """launcher: a command line to put before that of the program; database_url None: extra says it in another way."""
        extra.setdefault("CICLO_LISTEN", "127.0.0.1:0")
        self.lines = []
        self.port = None
        self._listening = threading.Event()
        self.process = spawn([*launcher, program, "serve"], env=environment(database_url, **extra), pass_fds=pass_fds, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._listening.wait(START_SECONDS)
        if self.port is None:
            end(self.process, signal.SIGKILL, 5)
            raise RuntimeError("the server did not start:\n" + self.text())

    def _read(self):
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "backslashreplace").rstrip("\n")
            self.lines.append(line)
            if '"listening"' in line and self.port is None:
                self.port = json.loads(line)["port"]
                self._listening.set()
        self._listening.set()  # ended: nobody needs to wait any longer

    def text(self):
        return "\n".join(self.lines)

    def alive(self):
        return self.process.poll() is None

    def wait(self, seconds):
        """The exit code, or None when it still runs after that time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def wait_ready(self):
        """Waits until it has found its database."""
        def ready():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        wait_until(ready, START_SECONDS, lambda: "ready after the start:\n" + "\n".join([line for line in self.lines if "/readyz" not in line][-20:]))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Ends it as an operator would, and holds it to a clean end."""
        code = end(self.process, signal.SIGTERM, STOP_SECONDS)
        self._reader.join(5)
        assert code == 0, f"the server ended with {code} after SIGTERM:\n{self.text()[-4000:]}"
        for sign in ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:"):
            assert sign not in self.text(), self.text()[-8000:]

    def kill(self):
        end(self.process, signal.SIGKILL, 5)


def wait_until(condition, seconds, what):
    """Polls until the condition holds; returns its value. `what` may be a function of no arguments."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)
