"""A cache in process: bounded in entries and bytes, least recently used first out, with a time to live."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[Value]):
    """One entry.

    Attributes:
        value: what was put.
        size: bytes it is counted as.
        expires: seconds of the cache's clock.
        hits: how often it was read.
    """

    value: Value
    size: int
    expires: float
    hits: int = 0


class BoundedCache(Generic[Value]):
    """Belongs to one event loop; not for threads.

    Args:
        entries: how many at most.
        memory: bytes at most, keys and an allowance for each entry counted.
        clock: monotonic seconds.
    """

    OVERHEAD = 300
    """Bytes of bookkeeping an entry, roughly."""

    def __init__(self, *, entries: int, memory: int, clock: Callable[[], float]) -> None:
        self._entries = entries
        self._memory = memory
        self._clock = clock
        self._kept: OrderedDict[str, Kept[Value]] = OrderedDict()
        self.bytes = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def keys(self) -> Iterable[str]:
        """Of all entries, expired ones too."""
        return self._kept.keys()

    def put(self, key: str, value: Value, *, size: int, ttl: float) -> None:
        """Keep a value; what is larger than the whole cache is not kept."""
        self.delete(key)
        total = size + len(key) + self.OVERHEAD
        if total > self._memory:
            return
        self._kept[key] = Kept(value=value, size=total, expires=self._clock() + ttl)
        self.bytes += total
        while len(self._kept) > self._entries or self.bytes > self._memory:
            _, evicted = self._kept.popitem(last=False)
            self.bytes -= evicted.size
            self.evictions += 1

    def get(self, key: str) -> Kept[Value] | None:
        """The entry, now the most recently used; None when absent or expired."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.expires <= self._clock():
            self.delete(key)
            return None
        kept = replace(kept, hits=kept.hits + 1)
        self._kept[key] = kept
        self._kept.move_to_end(key)
        return kept

    def delete(self, key: str) -> bool:
        """Forget an entry; whether it was there and not expired."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return False
        self.bytes -= kept.size
        return kept.expires > self._clock()

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self.bytes = 0

    def drop_expired(self) -> None:
        """Forget what has expired, so that counts and bytes tell the truth."""
        now = self._clock()
        for key in [key for key, kept in self._kept.items() if kept.expires <= now]:
            self.delete(key)


def held_bytes(text: str) -> int:
    """What a text takes in memory: one emoji among its characters makes each of them take four bytes."""
    return sys.getsizeof(text)
