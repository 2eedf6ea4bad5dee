"""How a program in the sandbox ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class StoppedBy(StrEnum):
    """Why a program was stopped from outside."""

    NOTHING = ""
    """It ended by itself."""
    WALL_CLOCK = "wall_clock"
    """It ran too long."""
    MEMORY = "memory"
    """Its processes together held too much memory."""
    FILES = "files"
    """It made too many files."""
    OUTPUT = "output"
    """It wrote more than the cap; what came before was kept."""
    CALLER = "caller"
    """Who asked for it went away."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a program ended.

    Attributes:
        exit_code: its exit status; 128 + n when signal n ended it.
        stopped_by: why it was stopped from outside.
        truncated: whether output or files were cut at their cap.
        files: content of the files that came back, by name; those that were not made are left out.
        seconds: wall-clock time from start to end.
        value: the value of an expression as JSON; empty for other programs.
        method: what ran it: "sandbox", or "interpreter" for the small one, which is in a sandbox too.
    """

    exit_code: int
    stopped_by: StoppedBy
    truncated: bool
    files: Mapping[str, bytes]
    seconds: float
    value: str = ""
    method: str = "sandbox"
