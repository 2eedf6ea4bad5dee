"""A program to run, how it ended, and the seam at which an arm has it run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LANGUAGES = ("python", "javascript")
"""What can be run."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run.

    Attributes:
        language: one of LANGUAGES.
        source: the program.
        files: texts that it finds in its working directory, by name.
        outputs: names of files that come back.
        seconds: how long it may run.
    """

    language: str
    source: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    outputs: tuple[str, ...] = ()
    seconds: int = 20

    @property
    def command(self) -> str:
        """The command that runs it, for people."""
        return "node main.js" if self.language == "javascript" else "python main.py"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a program ended.

    Attributes:
        exit_code: its exit status.
        stopped_by: why it was stopped from outside; empty when it ended by itself.
        stdout: what it wrote.
        stderr: what it wrote there.
        files: texts that came back, by name.
        seconds: how long it took.
    """

    exit_code: int
    stopped_by: str
    stdout: str
    stderr: str
    files: Mapping[str, str]
    seconds: float


class NotRunError(Exception):
    """Nothing was run; the text says why."""


class Runner(Protocol):
    """Has programs run in the sandbox, on behalf of the call that is being carried out."""

    async def run(self, program: Program) -> Ran:
        """Run a program to its end.

        Raises:
            NotRunError: there is no executor, it has no sandbox, or it may not be asked.
            DeadlineError: the caller's deadline passed.
        """
        ...


class NoRunner:
    """Runs nothing, and says why.

    Args:
        why: the reason.
    """

    def __init__(self, why: str = "there is no executor here") -> None:
        self._why = why

    async def run(self, program: Program) -> Ran:
        """Run nothing."""
        del program
        raise NotRunError(self._why)
