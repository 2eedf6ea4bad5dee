"""What is to run in the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program.

    Attributes:
        argv: the program, by its path inside, and its arguments.
        files: content by name, put into the working directory.
        outputs: names of files that come back.
        environment: variables beside the sandbox's own.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
