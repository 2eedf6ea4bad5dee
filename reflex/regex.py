"""The typed door to google-re2, which ships no types; its time is linear in the text whatever the pattern."""

from collections.abc import Iterator
from typing import Any, AnyStr, Protocol, TypeVar, cast

import re2  # pyright: ignore[reportMissingTypeStubs]  # wrapped and typed here

_RE2 = cast("Any", re2)
_UNANCHORED = _RE2._Anchor.UNANCHORED  # noqa: SLF001 - the door of `occurs` and `spans`, which ask a match and make no object


Text_co = TypeVar("Text_co", str, bytes, covariant=True)


class Match(Protocol[Text_co]):
    """One match."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Start and end of a group; (-1, -1) when it took no part."""
        ...

    def start(self, group: int = 0) -> int:
        """Start of a group."""
        ...

    def end(self, group: int = 0) -> int:
        """End of a group."""
        ...

    def group(self, group: int = 0) -> Text_co:
        """Text of a group."""
        ...


class Regex(Protocol):
    """A compiled pattern; offsets are characters of a str and bytes of a bytes."""

    _regexp: Any

    @property
    def groups(self) -> int:
        """Number of capturing groups."""
        ...

    def search(self, text: AnyStr) -> Match[AnyStr] | None:
        """The first match."""
        ...

    def fullmatch(self, text: AnyStr) -> Match[AnyStr] | None:
        """A match of the whole text."""
        ...

    def finditer(self, text: AnyStr, pos: int = 0, endpos: int | None = None) -> Iterator[Match[AnyStr]]:
        """Matches from left to right, not overlapping; boundaries see the text around pos and endpos."""
        ...

    def sub(self, repl: AnyStr, text: AnyStr) -> AnyStr:
        """The text with every match replaced."""
        ...


MEMORY = 2 << 20
"""Bytes that an automaton may take; one that a hostile text makes larger is only slower."""
STEADY_MEMORY = 256 << 10
"""The same where no text may make it slow.

So little that re2 soon does without an automaton, at a third of a microsecond a byte; with more, a text that
needs new states all the time takes a microsecond, an ordinary text a five hundredth of one.
"""


def compile_regex(pattern: str, *, memory: int = MEMORY) -> Regex:
    """Compile RE2 syntax.

    Args:
        pattern: the pattern.
        memory: see `MEMORY`.

    Raises:
        ValueError: the pattern is malformed.
    """
    options = _RE2.Options()
    options.log_errors = False
    options.max_mem = memory
    try:
        return cast("Regex", _RE2.compile(pattern, options))
    except _RE2.error as error:
        raise ValueError(f"bad pattern {pattern!r}: {error}") from error


def occurs(regex: Regex, text: str) -> bool:
    """Whether a pattern matches somewhere; what `search` says in a third of its time.

    Args:
        regex: compiled.
        text: to look in.
    """
    data = text.encode("utf-8", "replace")
    match = regex._regexp.Match  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see above
    return match(_UNANCHORED, data, 0, len(data))[0][0] >= 0


def spans(
    regex: Regex,
    *,
    data: bytes,
    group: int = 0,
    first: int = 0,
    last: int | None = None,
    most: int | None = None,
) -> list[tuple[int, int]]:
    """Where matches, or a group of theirs, lie in bytes, from left to right.

    What `finditer` does without an object for each match: a hostile text has ten thousand.

    Args:
        regex: compiled; it matches no empty text.
        data: UTF-8.
        group: whose span is given; the whole match where it took no part.
        first: where matches may begin.
        last: where they must have ended; the end of the data when None.
        most: matches; all when None.
    """
    match, unanchored = regex._regexp.Match, _UNANCHORED  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see above
    last = len(data) if last is None else min(last, len(data))
    found = list[tuple[int, int]]()
    while first < last and len(found) != most:
        groups: list[tuple[int, int]] = match(unanchored, data, first, last)
        start, end = groups[0]
        if start < 0:
            break
        found.append(groups[group] if group and groups[group][0] >= 0 else groups[0])
        first = end if end > first else first + 1
    return found
