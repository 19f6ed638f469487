"""Chance that comes out the same everywhere."""
import hashlib

SEED = 20260101


class Random:
    """xorshift64*: the same numbers with every Python. Each name has dice of its own: what one person or theme throws
    does not move the others, so the answers of one theme stay when another is changed."""

    def __init__(self, *name):
        self.state = int.from_bytes(hashlib.blake2b(repr((SEED, name)).encode(), digest_size=8).digest(), "big") or 1

    def bits(self):
        x = self.state
        x ^= x >> 12
        x = (x ^ (x << 25)) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) >> 32

    def below(self, n):
        return self.bits() * n >> 32

    def chance(self, percent):
        return self.below(10000) < percent * 100

    def one(self, values):
        return values[self.below(len(values))]

    def pick(self, weighted):
        """One of [(..., weight)]: the entry, without its weight when one value is left."""
        at = self.below(sum(entry[-1] for entry in weighted))
        for *entry, weight in weighted:
            at -= weight
            if at < 0:
                break
        return entry if len(entry) > 1 else entry[0]
