"""SHA-256 of files, and copying with the checksum taken on the way."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

_BLOCK = 1 << 20


class Reader(Protocol):
    """Anything with a binary `read`."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


class Hash(Protocol):
    """The part of hashlib's objects that is used here."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        ...

    def hexdigest(self) -> str:
        """The checksum so far."""
        ...


class Writer(Protocol):
    """Anything with a binary `write`."""

    def write(self, data: bytes, /) -> int:
        """Write all bytes."""
        ...


def sha256_of_file(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_hashed(*, source: Reader, target: Writer, digest: Hash, on_bytes: Callable[[int], None]) -> None:
    """Copy everything, feeding the checksum, and tell the size of every block that was written."""
    while block := source.read(_BLOCK):
        target.write(block)
        digest.update(block)
        on_bytes(len(block))
