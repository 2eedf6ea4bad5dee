"""Which patterns match within a few characters, apart from one word."""

import pytest

from reflex.widths import is_local

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
