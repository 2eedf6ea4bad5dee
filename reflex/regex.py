"""The typed door to google-re2, which ships no types; its time is linear in the text whatever the pattern."""

from collections.abc import Iterator
from typing import Any, AnyStr, Protocol, TypeVar, cast

import re2  # pyright: ignore[reportMissingTypeStubs]  # wrapped and typed here

_RE2 = cast("Any", re2)


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


def compile_regex(pattern: str) -> Regex:
    """Compile RE2 syntax.

    Raises:
        ValueError: the pattern is malformed.
    """
    options = _RE2.Options()
    options.log_errors = False
    try:
        return cast("Regex", _RE2.compile(pattern, options))
    except _RE2.error as error:
        raise ValueError(f"bad pattern {pattern!r}: {error}") from error
