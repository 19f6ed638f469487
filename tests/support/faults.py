"""Faults inside the server: the other side of fault/client/faults.c, which says what the words of the page mean."""
import errno
import mmap
import os
import struct
import tempfile

import pytest

from support.server import BINARY

LIBRARY = os.path.join(os.path.dirname(BINARY), "faults.so")
MEMORY, RECV, SEND, EPOLL_WAIT, EPOLL_CTL, ACCEPT, SOCKET = (1 << bit for bit in range(7))
WORDS = ("kinds", "before", "fails", "error", "failed", "clock_us")


def _needs_its_own_malloc():
    with open(BINARY, "rb") as file:
        program = file.read()
    if b"__asan_init" in program or b"__tsan_init" in program:
        pytest.skip("a sanitizer has to come first, and brings a malloc of its own")
    if not os.path.exists(LIBRARY):
        pytest.fail(f"{LIBRARY} is not there: make {os.path.relpath(LIBRARY)}")


class Faults:
    """One page; a server that is started with `environment` obeys it."""

    def __init__(self):
        _needs_its_own_malloc()
        self.file = tempfile.NamedTemporaryFile(prefix="ciclo-faults-")
        self.file.truncate(mmap.PAGESIZE)
        self.page = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)
        self.environment = {"LD_PRELOAD": LIBRARY, "CICLO_FAULTS": self.file.name}

    def _get(self, word):
        return struct.unpack_from("q", self.page, 8 * WORDS.index(word))[0]

    def _set(self, word, value):
        struct.pack_into("q", self.page, 8 * WORDS.index(word), value)

    def arm(self, kinds, nth, *, error=errno.ENOMEM, fails=1):
        """From the nth call (from 1) of these kinds on, `fails` of them fail."""
        self.disarm()
        for word, value in (("before", nth - 1), ("error", error), ("fails", fails), ("kinds", kinds)):
            self._set(word, value)

    def disarm(self):
        """Nothing fails any more; whether all that should have failed did."""
        self._set("kinds", 0)
        return self._get("fails") <= 0

    @property
    def failed(self):
        return self._get("failed")

    def step_clock(self, seconds):
        """The wall clock of the server is off by so much from now on."""
        self._set("clock_us", int(seconds * 1_000_000))

    def close(self):
        self.page.close()
        self.file.close()
