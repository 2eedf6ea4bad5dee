"""The executor's settings, read once from OCTOLLM_EXECUTOR_* variables."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from arms.executor.action_limits import ActionLimits
from arms.executor.interpreter.expression import Bounds
from arms.executor.sandbox.limits import MEBIBYTE, Limits

READERS_AND_FILTERS = (
    *("awk", "base64", "cat", "cmp", "comm", "cut", "date", "diff", "echo", "find", "fold", "grep", "gunzip"),
    *("gzip", "head", "join", "ls", "md5sum", "nl", "od", "paste", "printf", "sed", "seq", "sha256sum"),
    *("sort", "split", "tac", "tail", "tar", "tr", "uniq", "wc"),
)
"""Commands that look at text and files."""


def _listed(value: object) -> object:
    """Read "a, b" as a list: a variable's value is a text."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class ExecutorSettings(BaseSettings):
    """What the executor may do."""

    model_config = SettingsConfigDict(env_prefix="OCTOLLM_", frozen=True, extra="ignore")

    executor_places: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Programs that run at the same time."""
    executor_commands: Listed = READERS_AND_FILTERS
    """Commands that the shell action takes, separated by commas."""
    executor_http_hosts: Listed = ()
    """Hosts that the HTTP action may ask, separated by commas: example.org, *.example.org, *, host:port."""
    executor_memory_mb: int = Field(default=512, ge=64)
    """Memory of one program, in MiB."""
    executor_disk_mb: int = Field(default=64, ge=1)
    """Files of one program, in MiB; they are held in memory."""
    executor_processes: int = Field(default=32, ge=4)
    """Processes and threads of one program."""
    executor_output_kb: int = Field(default=1024, ge=1, le=2048)
    """Output of one program, in KiB; more ends it."""
    executor_seconds: int = Field(default=300, ge=1, le=300)
    """The longest time that a caller may ask for, for a program."""
    executor_shell_memory_mb: int = Field(default=256, ge=64)
    """Memory of one command, in MiB."""
    executor_shell_processes: int = Field(default=8, ge=4)
    """Processes of one command."""
    executor_shell_seconds: int = Field(default=60, ge=1, le=300)
    """The longest time that a caller may ask for, for a command."""
    executor_http_seconds: int = Field(default=60, ge=1, le=300)
    """The longest time that a caller may ask for, for a request."""
    executor_expression_memory_mb: int = Field(default=64, ge=1, le=256)
    """Memory of an expression in the small interpreter, in MiB."""
    executor_expression_seconds: float = Field(default=1.0, gt=0, le=10)
    """How long the small interpreter may work at an expression; then Python takes it over."""
    executor_staging_dir: Path = Path("/var/lib/octollm/sandbox")
    """Where root keeps copies for the sandbox's account of what that account cannot read."""

    def limits(self) -> ActionLimits:
        """What one action may use, by its kind."""
        program = Limits(
            wall_seconds=self.executor_seconds,
            memory_bytes=self.executor_memory_mb * MEBIBYTE,
            disk_bytes=self.executor_disk_mb * MEBIBYTE,
            processes=self.executor_processes,
            output_bytes=self.executor_output_kb * 1024,
        )
        command = replace(
            program,
            wall_seconds=self.executor_shell_seconds,
            memory_bytes=self.executor_shell_memory_mb * MEBIBYTE,
            processes=self.executor_shell_processes,
        )
        return ActionLimits(
            program=program,
            command=command,
            expression=Bounds(
                seconds=self.executor_expression_seconds,
                memory_bytes=self.executor_expression_memory_mb * MEBIBYTE,
            ),
            http_seconds=self.executor_http_seconds,
        )
