"""How far matches of patterns reach."""

from math import inf
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]  # widths

import pytest

from reflex.findings import Category
from reflex.matching.widths import is_local, widest
from reflex.rules import load_rules

LOCAL = [
    r"\bab{3,40}\b",
    r"(?i)\bkey\s{0,3}[:=]\s{0,3}([A-Za-z0-9+/]{20,})",
    r"\S+@\S+",
    r"[^\s:]{1,300}:[^\s]{1,300}",
    r"(?:[0-9a-z-]+\.)+[a-z]{2,}",
    r"[]*+ ]{3}\+[^ ]x",
    r"a.{0,40}b",
]
ANYWHERE = [
    r"BEGIN.*?END",
    r"a[^\n]*b",
    r"(?:a b)+",
    r"(?:[^-]|-[^-])*",
    r"\w+ \w+",
    r"a[ b]{0,300}c",
    r"a \x{4E00}{300}",
]


@pytest.mark.parametrize("pattern", LOCAL)
def test_local(pattern: str) -> None:
    assert is_local(pattern=pattern)


@pytest.mark.parametrize("pattern", ANYWHERE)
def test_anywhere(pattern: str) -> None:
    assert not is_local(pattern=pattern)


@pytest.mark.parametrize(
    ("pattern", "width"),
    [
        (r"(?i)\bab?c{2,7}\b$", 9),
        (r"a(?:bcd|[^xy]{1,4}|(?:e|fg){3})?h", 8),
        (r"abc|d{5}|e", 5),
        (r"\x{43D}\+{3}", 4),
        (r"a+", inf),
        (r"(?:ab{2,})?c", inf),
        (r"(?:\b|^){3}a", 1),
    ],
)
def test_widest(pattern: str, width: float) -> None:
    assert widest(pattern=pattern) == width


def test_widest_agrees_with_the_standard_library() -> None:
    attacks = [rule for rule in load_rules() if rule.category is Category.INJECTION]
    ours = {rule.id: widest(pattern=rule.pattern) for rule in attacks}
    assert ours == {rule.id: parser.parse(rule.pattern).getwidth()[1] for rule in attacks}
