"""How a Python source becomes a program of the sandbox."""

from collections.abc import Mapping

from arms.executor.sandbox.files import WORK, check_names
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from servicekit.errors import ValidationFailedError

MAIN = "main.py"
"""The name of the source in the working directory, as tracebacks tell it."""

FLAGS = ("-E", "-s", "-B", "-u")
"""No settings from variables, no packages of a user, no byte code written, output as it comes."""


def python_program(
    parts: Parts, *, source: str, files: Mapping[str, bytes] | None = None, outputs: tuple[str, ...] = ()
) -> Program:
    """Return the program that runs `source` in the working directory, where it can import `files`.

    Raises:
        ValidationFailedError: a file has a name that it may not have.
    """
    given = dict(files or {})
    check_names(tuple(given), field="files")
    check_names(outputs, field="outputs")
    if MAIN in given:
        raise ValidationFailedError(
            f"{MAIN} is the name of the program itself.", field="files", reason="FILE_NAME"
        )
    return Program(
        argv=(str(parts.interpreter.path), *FLAGS, str(WORK / MAIN)),
        files={**given, MAIN: source.encode()},
        outputs=outputs,
        environment=parts.interpreter.environment,
    )
