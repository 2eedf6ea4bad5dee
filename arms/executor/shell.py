"""How a command becomes a program of the sandbox: from an allow-list, and never through a shell."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from arms.executor.sandbox.files import check_names
from arms.executor.sandbox.program import Program
from servicekit.errors import PermissionDeniedError, ValidationFailedError

SEARCHED = "/usr/bin:/bin:/usr/local/bin"


def shell_program(
    argv: Sequence[str],
    *,
    allowed: Sequence[str],
    files: Mapping[str, bytes] | None = None,
    outputs: tuple[str, ...] = (),
) -> Program:
    """Return the program that runs `argv` in the working directory.

    Raises:
        PermissionDeniedError: the command is not in `allowed`.
        ValidationFailedError: it is not on this machine, or a file has a name that it may not have.
    """
    given = dict(files or {})
    check_names(tuple(given), field="files")
    check_names(outputs, field="outputs")
    if any("\0" in argument for argument in argv):
        raise ValidationFailedError("An argument has a NUL.", field="shell.argv", reason="ARGUMENT")
    if argv[0] not in allowed:
        raise PermissionDeniedError(
            f"The command {argv[0]!r} is not allowed. OCTOLLM_EXECUTOR_COMMANDS lists those that are.",
            reason="COMMAND_NOT_ALLOWED",
            metadata={"command": argv[0][:100]},
        )
    return Program(argv=(str(_found(argv[0])), *argv[1:]), files=given, outputs=outputs)


def _found(command: str) -> Path:
    found = shutil.which(command, path=SEARCHED)
    if found is None:
        raise ValidationFailedError(
            f"The command {command!r} is not on this machine.",
            field="shell.argv[0]",
            reason="COMMAND_MISSING",
        )
    path = Path(found)
    # Some names are links through /etc/alternatives, which the sandbox does not show.
    return path.resolve() if path.is_symlink() and path.readlink().is_relative_to("/etc") else path
