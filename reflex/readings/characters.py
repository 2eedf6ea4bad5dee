"""Tables of characters that look alike, cannot be seen, or say the same thing in another width."""

import unicodedata
from collections.abc import Iterator, Mapping

from reflex.data_files import data_lines

_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u02bc"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
PUNCTUATION: Mapping[str, str] = (
    dict.fromkeys(_QUOTES, "'") | dict.fromkeys(_DOUBLE_QUOTES, '"') | dict.fromkeys(_DASHES, "-")
)
"""Typographic quotes and dashes, so that rules need to know the plain ones only."""

_ENCLOSED = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
"""First letters of the enclosed and regional alphabets, which NFKC leaves alone."""


def _lookalikes() -> Mapping[str, str]:
    """The table of data/lookalikes.txt, and the enclosed alphabets."""
    rows = (line.split() for line in data_lines("lookalikes.txt"))
    table = {character: latin for latin, characters in rows for character in characters}
    table.update({chr(first + i): chr(ord("A") + i) for first in _ENCLOSED for i in range(26)})
    return table


_LOOKALIKES = _lookalikes()

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0"
) | frozenset(chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_KEPT_CONTROLS = "\t\n\r"
_LONGEST = 4
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_INHABITED = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xD800, 0xE000),
    (0xF900, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE0200),
)
"""Code points among which characters with another reading are; Han and Hangul have none."""


def changeable() -> Iterator[str]:
    """Every character that `plain` or `folded` may turn into something else."""
    for first, last in _INHABITED:
        for character in map(chr, range(first, last)):
            if (
                unicodedata.decomposition(character)
                or unicodedata.combining(character)
                or unicodedata.category(character) in {"Cf", "Cc", "Cs"}
                or character in PUNCTUATION
                or character in _INVISIBLE
                or character in _LOOKALIKES
            ):
                yield character


def plain(character: str) -> str:
    """NFKC without invisible characters and typographic punctuation; may be 0, 1 or more long."""
    if character in PUNCTUATION:
        return PUNCTUATION[character]
    if character in _INVISIBLE or (
        unicodedata.category(character) in {"Cf", "Cc"} and character not in _KEPT_CONTROLS
    ):
        return ""
    if unicodedata.category(character) == "Cs":
        # Half a character, as an escape may write it, is no UTF-8: no engine takes it.
        return _REPLACEMENT
    becomes = unicodedata.normalize("NFKC", character)
    # A few signs stand for whole phrases: spelling them out would let a text grow eighteenfold.
    return character if len(becomes) > _LONGEST else "".join(PUNCTUATION.get(part, part) for part in becomes)


def folded(character: str) -> str:
    """The Latin letter a plain character looks like; marks above and below are dropped."""
    if character.isascii():
        return character
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    parts = unicodedata.normalize("NFKD", character)
    if len(parts) > _LONGEST:
        return character
    bare = (part for part in parts if not unicodedata.combining(part))
    return "".join(_LOOKALIKES.get(part, part) for part in bare)
