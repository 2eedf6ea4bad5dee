"""What every source of a model file is: it puts a verified file into the work folder or says why not."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from arms.model.catalog import ModelFile
from arms.model.fetch.progress import Phase

Report = Callable[[Phase, int], None]
"""Told what is being done, and how many bytes of it are done."""


class SourceFailedError(Exception):
    """This source did not work; the next one may."""


class Source(Protocol):
    """One place that a model file can come from."""

    @property
    def name(self) -> str:
        """The source's name in progress reports."""
        ...

    def missing_bytes(self, *, model: ModelFile, work: Path) -> int:
        """How many bytes of disk the source still needs to deliver."""
        ...

    def obtain(self, *, model: ModelFile, work: Path, report: Report) -> Path:
        """Put the verified file into the work folder and return its path.

        Raises:
            SourceFailedError: the source cannot be reached, has not got it, or delivered wrong bytes.
        """
        ...


def size_of(path: Path) -> int:
    """Size of the file in bytes, 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
