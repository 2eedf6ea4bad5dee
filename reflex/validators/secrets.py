"""Tells credentials from placeholders, names and ordinary words."""

import base64
import json
import math
from collections import Counter
from itertools import pairwise

from reflex.regex import compile_regex, occurs

_PLACEHOLDER = compile_regex(
    r"(?i)(?:example|sample|dummy|placeholder|change_?me|replace|your[_-]|my[_-]?(?:secret|password|key|token)|"
    r"insert|todo|redacted|foo_?bar|test_?(?:key|token|secret)|fake|xxxx|\*{3}|\.\.\.|0{8}|1234567890|abcdef123|"
    r"^(?:none|null|nil|true|false|undefined|secret|password|token|string|str|int|bool|value|key|env|required|"
    r"optional|enabled|disabled|default|empty|self|this|config|settings|input|getpass|hidden|admin|user|root)$)"
)
_REFERENCE = compile_regex(
    r"^(?:\$[({]?[A-Za-z_]|%[A-Za-z(]|\{\{|<[^>]*>?$|&|\[|@|process\.env|os\.(?:environ|getenv)|env\[|"
    r"[A-Za-z_][\w.]*\(|[a-z_]+(?:\.[A-Za-z_]+)+$|/(?:[a-z_]+/)|https?://)"
)
_IDENTIFIER = compile_regex(
    r"^(?:[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:[_-][a-z]+)+|[A-Z]+(?:_[A-Z]+)+)$"
)
_RANDOM_ENTROPY = 3.2
_FEWEST_DIGITS = 2
_RANDOM_LENGTH = 16
_SHORTEST_PASSWORD = 6


def not_placeholder(candidate: str) -> float:
    """Refuses what stands for a credential in documentation or configuration templates."""
    refused = len(set(candidate)) <= 3 or occurs(_PLACEHOLDER, candidate) or occurs(_REFERENCE, candidate)  # noqa: PLR2004
    return float(not refused)


def random_looking(candidate: str) -> float:
    """A key: long, mixed, and with the entropy of something that nobody chose.

    Shannon entropy over characters, at least 3.2 bits; English words joined by underscores have as much, so
    names of one letter case are refused first.
    """
    if len(candidate) < _RANDOM_LENGTH or not not_placeholder(candidate) or occurs(_IDENTIFIER, candidate):
        return 0
    digits = sum(map(str.isdigit, candidate))
    # Few digits and few changes of case are a name or a version; digits alone are an id.
    if digits == len(candidate) or (digits < _FEWEST_DIGITS and _changes(candidate) < len(candidate) // 4):
        return 0
    return float(entropy(candidate) >= _RANDOM_ENTROPY)


def _changes(candidate: str) -> int:
    """Changes between capital and small letters that stand side by side."""
    return sum(a.isupper() != b.isupper() for a, b in pairwise(candidate) if a.isalpha() and b.isalpha())


def password(candidate: str) -> float:
    """A password in an assignment: anything that is neither a placeholder nor a name in a program."""
    if (
        len(candidate) < _SHORTEST_PASSWORD
        or not not_placeholder(candidate)
        or occurs(_IDENTIFIER, candidate)
    ):
        return 0
    mixed = (
        any(map(str.isdigit, candidate)),
        any(map(str.isalpha, candidate)),
        not all(map(str.isalnum, candidate)),
    )
    return float(sum(mixed) > 1)


def jwt(candidate: str) -> float:
    """A JSON Web Token: the header decodes to an object that names an algorithm (RFC 7519)."""
    head = candidate.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return 0
    return float(isinstance(header, dict) and "alg" in header)


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
