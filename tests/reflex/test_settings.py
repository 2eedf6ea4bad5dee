"""Settings that would switch the guard off or make it lie are refused at start."""

import json

import pytest
from pydantic import ValidationError

from reflex.policy import Thresholds
from reflex.settings import ReflexSettings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROLE_THRESHOLDS", {"operator": {"flag": 0.95, "block": 0.5}}),
        ("ROLE_THRESHOLDS", {"operator": {"flag": 0.5, "block": 7}}),
        ("ROLE_THRESHOLDS", {"operator": {"flag": -1, "block": 0.5}}),
        ("ROLE_THRESHOLDS", {"operator": {"flag": 0.4}}),
        ("ROLE_THRESHOLDS", {"operator": {"flag": 0.4, "block": 0.5, "blok": 0.4}}),
        ("ROLE_THRESHOLDS", {"operator": 0.5}),
        ("FLAG_THRESHOLD", 0.9),
        ("BLOCK_THRESHOLD", 0),
        ("REDIS_TIMEOUT", -1),
        ("REDIS_PAUSE", 0),
        ("REDIS_URL", "http://localhost:6379"),
        ("SHORT_LANE", 0),
        ("LONG_LANE", 0),
        ("CACHE_ENTRIES", 0),
        ("CACHE_BYTES", -1),
        ("VERDICT_SECONDS", -1),
        ("REFLEX_KEY", ""),
    ],
)
def test_refused(variable: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"OCTOLLM_{variable}", value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(ValidationError):
        ReflexSettings()


def test_roles_have_thresholds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOLLM_ROLE_THRESHOLDS", '{"operator": {"flag": 0.7, "block": 0.95}}')
    assert ReflexSettings().role_thresholds == {"operator": Thresholds(flag=0.7, block=0.95)}
