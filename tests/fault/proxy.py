"""A TCP proxy that misbehaves on demand, between a service and its database.

    proxy = Proxy(f"{cluster.directory}/.s.PGSQL.5432")
    Server(f"host=127.0.0.1 port={proxy.port} ...")
    proxy.delay = 0.2              # seconds that every piece waits, each way
    proxy.rate = 10_000            # bytes a second, each way
    proxy.blackhole = True         # nothing gets through any more, and nobody is told; new connections as well
    proxy.cut(reset=True)          # ends all connections; reset: with RST instead of FIN
    proxy.hook = f                 # f(direction, data, link) -> the bytes to pass on, or None to cut without a word;
                                   # with link.ends set, the link is cut after these

A link is one connection; direction is TO_SERVER (from the service to the database) or TO_CLIENT. Upstream is the path of a
Unix socket or a (host, port). One thread a direction: simple, and fast enough for what a test sends.
"""
import socket
import struct
import threading
import time

TO_SERVER, TO_CLIENT = "to server", "to client"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close() sends RST
PIECE = 65536


class Link:
    """One connection through the proxy."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.passed = {TO_SERVER: 0, TO_CLIENT: 0}
        self.ends = False  # a hook's wish

    def cut(self, reset=False):
        """A thread that reads is woken by the shutdown; one of both directions would send FIN before RST."""
        for end in (self.client, self.server):
            try:
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Proxy:
    """Listens on loopback, or on `listener`, until close(). keepalive: notices a dead client, as PostgreSQL is told to."""

    def __init__(self, upstream, listener=None, keepalive=False):
        self.upstream, self.keepalive = upstream, keepalive
        self.delay, self.rate, self.blackhole, self.hook = 0.0, None, False, None
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.links, self.lock, self.closed = [], threading.Lock(), False
        threading.Thread(target=self._accept, daemon=True).start()

    def _connect(self):
        family = socket.AF_UNIX if isinstance(self.upstream, str) else socket.AF_INET
        upstream = socket.socket(family, socket.SOCK_STREAM)
        upstream.connect(self.upstream)
        return upstream

    def _accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()  # as a host without a server does
                continue
            for option, value in ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 2), (socket.TCP_KEEPCNT, 3)) if self.keepalive else ():
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                client.setsockopt(socket.IPPROTO_TCP, option, value)
            link = Link(client, server)
            with self.lock:
                self.links.append(link)
            for arguments in ((link, client, server, TO_SERVER), (link, server, client, TO_CLIENT)):
                threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def _pass(self, link, source, sink, direction):
        try:
            while data := source.recv(PIECE):
                if self.hook:
                    data = self.hook(direction, data, link)
                    if data is None:
                        break
                if self.delay:
                    time.sleep(self.delay)
                while self.blackhole and not self.closed:
                    time.sleep(0.01)
                self._send(sink, data)
                link.passed[direction] += len(data)
                if link.ends:
                    break
        except OSError:
            pass
        link.cut()
        with self.lock:
            if link in self.links:
                self.links.remove(link)

    def _send(self, sink, data):
        if not self.rate:
            sink.sendall(data)
            return
        step = max(1, self.rate // 50)
        for start in range(0, len(data), step):
            sink.sendall(data[start:start + step])
            time.sleep(0.02)

    def cut(self, reset=False):
        with self.lock:
            links, self.links = self.links, []
        for link in links:
            link.cut(reset)
        return len(links)

    def close(self):
        self.closed = True
        self.listener.close()
        self.cut()
