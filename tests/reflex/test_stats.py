"""Quantiles of check times."""

import pytest

from reflex.stats import REMEMBERED, Quantiles, Stats
from reflex.verdict import Action


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], (0, 0, 0)),
        ([7], (7, 7, 7)),
        ([1, 9], (1, 9, 9)),
        (range(100, 0, -1), (50, 95, 99)),
        ([1000] * 10 + [1] * REMEMBERED, (1, 1, 1)),
    ],
)
def test_quantiles_are_of_the_nearest_rank(times: list[float], expected: tuple[float, float, float]) -> None:
    stats = Stats(clock=lambda: 0.0)
    for time in times:
        stats.count(action=Action.ALLOW, milliseconds=time)
    assert stats.quantiles() == Quantiles(p50=expected[0], p95=expected[1], p99=expected[2])
