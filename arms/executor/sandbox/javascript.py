"""How a JavaScript source becomes a program of the sandbox."""

from collections.abc import Mapping

from arms.executor.sandbox.files import WORK, check_names
from arms.executor.sandbox.limits import MEBIBYTE
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.tools import Missing
from servicekit.errors import UnavailableError, ValidationFailedError

MAIN = "main.js"
"""The name of the source in the working directory, as stack traces tell it."""

FLAGS = ("--jitless", "--no-addons", "--v8-pool-size=1")
"""No machine code made at run time: it would want half a gigabyte of address space, and most holes of such
engines are in what makes it. No native extensions, and few threads."""

HEAP_SHARE = 0.7
"""Of a program's memory; the rest is the engine's own."""


def javascript_program(
    parts: Parts,
    *,
    source: str,
    memory_bytes: int,
    files: Mapping[str, bytes] | None = None,
    outputs: tuple[str, ...] = (),
) -> Program:
    """Return the program that runs `source` in the working directory, where it can require `files`.

    Raises:
        UnavailableError: there is no Node.js here.
        ValidationFailedError: a file has a name that it may not have.
    """
    if isinstance(parts.node, Missing):
        raise UnavailableError(f"Nothing here runs JavaScript: {parts.node.why}", reason="NODE_MISSING")
    given = dict(files or {})
    check_names(tuple(given), field="files")
    check_names(outputs, field="outputs")
    if MAIN in given:
        raise ValidationFailedError(
            f"{MAIN} is the name of the program itself.", field="files", reason="FILE_NAME"
        )
    heap = int(HEAP_SHARE * memory_bytes / MEBIBYTE)
    return Program(
        argv=(str(parts.node.path), *FLAGS, f"--max-old-space-size={heap}", str(WORK / MAIN)),
        files={**given, MAIN: source.encode()},
        outputs=outputs,
        environment={"UV_THREADPOOL_SIZE": "2"},
        binds=parts.node.binds,
    )
