"""Fills the placeholders of rule examples: no table holds anything that looks like a live credential."""

import base64
import json
import string

from reflex.regex import compile_regex

ALPHABETS = {
    "an": string.ascii_letters + string.digits,
    "up": string.ascii_uppercase + string.digits,
    "low": string.ascii_lowercase + string.digits,
    "hex": string.digits + "abcdef",
    "HEX": string.digits + "ABCDEF",
    "num": string.digits,
    "b32": string.ascii_uppercase + "234567",
    "url": string.ascii_letters + string.digits + "-_",
}


_PLACEHOLDER = compile_regex(r"\{(an|up|low|hex|HEX|num|b32|url):(\d+)\}")


def fill(example: str) -> str:
    """Replace ``{an:36}`` and its like by deterministic characters, and ``{jwt}`` by an unsigned token.

    Args:
        example: text of a table, with placeholders.

    Returns:
        The text that a rule sees.
    """
    filled = example.replace("{jwt}", _jwt())
    for match in list(_PLACEHOLDER.finditer(filled)):
        filled = filled.replace(
            match.group(0), _characters(alphabet=match.group(1), count=int(match.group(2))), 1
        )
    return filled


def _characters(*, alphabet: str, count: int) -> str:
    letters = ALPHABETS[alphabet]
    state, picked = 12345 + count, ""
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        picked += letters[(state >> 8) % len(letters)]
    return picked


def _jwt() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "example", "iat": 1700000000})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, _characters(alphabet="url", count=43)])
