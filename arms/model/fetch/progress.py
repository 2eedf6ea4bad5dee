"""What a fetch tells while it works, for whoever draws a bar or writes a log."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What a fetch is doing."""

    WAITING = "waiting"
    """Another process fetches the same model."""
    DOWNLOADING = "downloading"
    """Bytes come from the source."""
    JOINING = "joining"
    """The bytes are put into one file, and its checksum is taken."""
    SOURCE_FAILED = "source_failed"
    """This source did not work; `note` says why, the next one is tried."""
    READY = "ready"
    """The verified file is in the cache."""


@dataclass(frozen=True, kw_only=True)
class FetchProgress:
    """One report of a fetch.

    Attributes:
        model: the model's name.
        phase: what is being done.
        source: where the bytes come from: "file", "hub" or "wheels"; "cache" when nothing had to be done.
        done_bytes: bytes of this phase that are done.
        total_bytes: bytes of this phase in all.
        note: one sentence for people, or empty.
    """

    model: str
    phase: Phase
    source: str
    done_bytes: int = 0
    total_bytes: int = 0
    note: str = ""


ProgressCallback = Callable[[FetchProgress], None]
"""Called from the fetching thread, at most a few times a second."""


def ignore_progress(_progress: FetchProgress, /) -> None:
    """Say nothing."""
