"""Cuts a text into the pieces that it is scanned in, so that each match lies in one of them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

PIECE = 1024
"""Bytes of a piece, without what it shares with others; a shorter text is left whole."""

_CONTINUATION = 0x80
"""The upper two bits of a UTF-8 byte that begins no character."""
_MOST_BYTES = 4
"""Of a character."""
_SPACES = bytes.maketrans(b"\t\r\n", b"   ")


class Piece(NamedTuple):
    """A piece of UTF-8; its bounds are bounds of characters.

    Attributes:
        first: where matches that end in the piece may begin.
        last: one past the last byte where they may end.
        past: where they end at most when they are followed to their longest ends.
    """

    first: int
    last: int
    past: int


Cut = Callable[[bytes], Iterator[Piece]]


def whole(data: bytes) -> Iterator[Piece]:
    """One piece, for matches of any length."""
    yield Piece(0, len(data), len(data))


def near(*, widest: int, piece: int = PIECE) -> Cut:
    """Pieces of so many bytes for matches that span so many characters at most."""

    def cut(data: bytes) -> Iterator[Piece]:
        first = 0
        while first < len(data):
            last = _boundary(data, first + (piece if len(data) > PIECE else len(data)))
            yield Piece(
                first=back(data=data, place=first, characters=widest),
                last=last,
                past=ahead(data=data, place=last, characters=widest),
            )
            first = last

    return cut


def by_words(*, widest: int) -> Cut:
    """The same for matches that span so many apart from one word, which no piece cuts."""

    def cut(data: bytes) -> Iterator[Piece]:
        if len(data) <= PIECE:
            yield from whole(data)
            return
        spaces = data.translate(_SPACES)
        first = 0
        while first < len(data):
            last = (spaces.find(b" ", first + PIECE) + 1) or len(data)
            word = spaces.rfind(b" ", 0, back(data=data, place=first, characters=widest)) + 1
            past = spaces.find(b" ", ahead(data=data, place=last, characters=widest))
            yield Piece(
                first=back(data=data, place=word, characters=widest),
                last=last,
                past=past if past >= 0 else len(data),
            )
            first = last

    return cut


def back(*, data: bytes, place: int, characters: int) -> int:
    """A place at least so many characters before a place, or the beginning."""
    near = data[max(0, place - characters) : place]
    missing = 0 if near.isascii() else characters - len(near.decode("utf-8", "ignore"))
    return _boundary(data, place - characters - missing * _MOST_BYTES)


def ahead(*, data: bytes, place: int, characters: int) -> int:
    """A place at least so many characters after a place, or the end."""
    near = data[place : place + characters]
    missing = 0 if near.isascii() else characters - len(near.decode("utf-8", "ignore"))
    return min(len(data), place + characters + missing * _MOST_BYTES)


def _boundary(data: bytes, place: int) -> int:
    """The place, or the start of the character that it would cut: hyperscan reads valid UTF-8 only."""
    place = max(0, place)
    while 0 < place < len(data) and data[place] & 0xC0 == _CONTINUATION:
        place -= 1
    return min(place, len(data))
