"""Bytes on a socket, for requests that no client library would send."""
import re
import socket
import time

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n")


class Raw:
    """One connection; collects what comes back until nothing more is to be expected."""

    def __init__(self, port, data=b""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.received = b""
        self.heads = data.startswith(b"HEAD ")  # answers without a body
        self.closed = False
        if data:
            self.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def answers(self):
        """Complete answers so far: (status, header text, body)."""
        found, rest = [], self.received
        while (head := STATUS.match(rest)) and b"\r\n\r\n" in rest:
            fields, _, tail = rest.partition(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length:[ \t]*(\d+)", fields, re.IGNORECASE)
            status, size = int(head.group(1)), int(length.group(1)) if length and not self.heads else 0
            if len(tail) < size and not self.closed:
                break
            found.append((status, fields.decode("latin-1"), tail[:size]))
            rest = tail[size:]
        return found

    def read(self, count=1, seconds=2.0):
        """Waits for `count` answers, the end of the connection, or the time; returns the answers."""
        deadline = time.monotonic() + seconds
        while not self.closed and len(self.answers()) < count and (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                break
            except (ConnectionResetError, BrokenPipeError):
                data = b""
            self.closed = not data
            self.received += data
        return self.answers()

    def ends(self, seconds=5.0):
        """Whether the server ends the connection within that time."""
        self.read(10**6, seconds)
        return self.closed
