"""Files that go into the sandbox, and which names they may have."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

from servicekit.errors import ValidationFailedError

WORK = PurePosixPath("/work")
"""The one writable place in the sandbox; it is memory and ends with the program."""

LONGEST_NAME = 255


def check_names(names: Sequence[str], *, field: str) -> None:
    """Refuse names that would leave the working directory, or stand twice.

    Raises:
        ValidationFailedError: with `field` as the place of the fault.
    """
    for index, name in enumerate(names):
        if not _stays_inside(name):
            raise ValidationFailedError(
                f"{name!r} is no name of a file in the working directory.",
                field=f"{field}[{index}]",
                constraint="must be a relative path without '..', of printable characters, at most 255 long",
                reason="FILE_NAME",
            )
    if len(set(names)) != len(names):
        raise ValidationFailedError("Two files have the same name.", field=field, reason="FILE_NAME")


def _stays_inside(name: str) -> bool:
    if not name.isprintable() or not 0 < len(name.encode()) <= LONGEST_NAME:
        return False
    parts = name.split("/")
    return all(part not in {"", ".", ".."} for part in parts)


@contextmanager
def readable(contents: Mapping[str, bytes]) -> Iterator[dict[int, str]]:
    """Yield a descriptor to read each content from, with its name; they are closed at the end."""
    opened: dict[int, str] = {}
    try:
        for name, content in contents.items():
            descriptor = os.memfd_create(name[:32], os.MFD_CLOEXEC)
            opened[descriptor] = name
            with os.fdopen(os.dup(descriptor), "wb") as stream:
                stream.write(content)
            os.lseek(descriptor, 0, os.SEEK_SET)
        yield opened
    finally:
        for descriptor in opened:
            os.close(descriptor)
