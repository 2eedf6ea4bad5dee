"""How an MCP server is started, as the user says it."""

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from servicekit.errors import UnavailableError, ValidationFailedError


@dataclass(frozen=True, kw_only=True)
class ServerCommand:
    """A program and its arguments.

    Attributes:
        program: its path.
        arguments: what follows it.
        environ: variables that it is given beside the few that every program needs.
    """

    program: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]


def read_command(text: str, *, passed: Sequence[str], environ: Mapping[str, str]) -> ServerCommand:
    """Read a command as a shell would, without giving it to one.

    Args:
        text: such as "npx some-server --flag".
        passed: names of variables that the server may see.
        environ: our environment.

    Raises:
        ValidationFailedError: it is no command, its program is not there, or a variable is not set.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValidationFailedError(f"--mcp {text!r} cannot be read: {error}", field="mcp") from error
    if not words:
        raise ValidationFailedError("--mcp wants the command that starts the server", field="mcp")
    program = shutil.which(words[0], path=environ.get("PATH", os.defpath))
    if program is None:
        raise ValidationFailedError(
            f"there is no program {words[0]!r} to start the MCP server with", field="mcp"
        )
    unset = [name for name in passed if name not in environ]
    if unset:
        raise ValidationFailedError(f"--mcp-env {unset[0]}: no such variable is set", field="mcp_env")
    return ServerCommand(
        program=program, arguments=tuple(words[1:]), environ={name: environ[name] for name in passed}
    )


def require_mcp() -> None:
    """See that the official client is installed.

    Raises:
        UnavailableError: it is not; the text says how to get it.
    """
    if find_spec("mcp") is None:
        raise UnavailableError(
            "MCP servers need the extra `mcp`: pip install 'octollm[mcp]', or in a checkout "
            "`uv sync --extra embedded --extra mcp`.",
            reason="MCP_NOT_INSTALLED",
        )
