"""What is to run in the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program.

    Attributes:
        argv: the program, by its path inside, and its arguments.
        files: content by name, put into the working directory.
        outputs: names of files that come back.
        environment: variables beside the sandbox's own.
        binds: further read-only places it sees, path inside by path outside.
        listens: whether it goes on reading its standard input, a socket; others find it empty.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    binds: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    listens: bool = False
