"""Texts that no scan has seen before, and quantiles of what they cost."""

import argparse
import asyncio
import inspect
import math
import random
import statistics
from collections.abc import Iterator, Sequence

_CHANCE = random.Random(5)


def fresh_texts(*, size: int, count: int) -> Iterator[str]:
    """Stretches of sources and documentation with a number of their own in front."""
    source = "\n".join(
        inspect.getsource(module) for module in (argparse, asyncio.base_events, inspect, statistics)
    )
    source = source * (size // len(source) + 2)
    for number in range(count):
        start = _CHANCE.randrange(len(source) - size)
        yield f"{number} {source[start : start + size]}"[:size]


def at(times: Sequence[float], share: float) -> float:
    """A quantile of ordered times; not a number when there are none."""
    if not times:
        return math.nan
    return times[min(len(times) - 1, int(len(times) * share))]
