"""JSON for PostgreSQL: NUL cannot be stored, everything else survives."""

import json

import pytest

from orchestrator.rows import ANY, dump


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("plain", "plain"),
        ("a\x00b", "a\ufffdb"),
        ("\x00\x00", "\ufffd\ufffd"),
        ("\\u0000 as text", "\\u0000 as text"),
        ("\\\x00", "\\\ufffd"),
        ("\\\\u0000", "\\\\u0000"),
        ({"k\x00": ["\x00"]}, {"k\ufffd": ["\ufffd"]}),
    ],
)
def test_only_nul_is_replaced(value: object, stored: object) -> None:
    assert json.loads(dump(ANY, value)) == stored
