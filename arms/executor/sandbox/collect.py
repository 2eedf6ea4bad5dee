"""Files come back as one stream that a small program inside writes: no path of the sandbox is opened outside.

The stream is, for each requested file, eight bytes of length (big-endian; all ones: there is no such
file) and the content. What runs inside may forge it; it can only forge its own files.
"""

from collections.abc import Mapping

from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program

MISSING = 2**64 - 1
LENGTH_BYTES = 8

COLLECTOR = """
import os, stat, sys
channel, cap, count = map(int, sys.argv[1:4])
names, argv = sys.argv[4:4 + count], sys.argv[4 + count:]
child = os.fork()
if not child:
    os.close(channel)
    try:
        os.execv(argv[0], argv)
    finally:
        os._exit(127)
_, status = os.waitpid(child, 0)
def content(name):
    if not stat.S_ISREG(os.stat(name).st_mode):
        return None
    with open(name, "rb") as stream:
        return stream.read(cap + 1)
with open(channel, "wb") as stream:
    for name in names:
        try:
            data = content(name)
        except OSError:
            data = None
        stream.write((2**64 - 1 if data is None else len(data)).to_bytes(8, "big"))
        stream.write(data or b"")
code = os.waitstatus_to_exitcode(status)
os._exit(code if code >= 0 else 128 - code)
"""
"""Runs inside, in a Python of its own, around a program whose files are wanted back."""


def collected(program: Program, *, parts: Parts, limits: Limits, channel: int | None) -> tuple[str, ...]:
    """Return the arguments that run `program` and then write its files to `channel`, if there is one."""
    if channel is None:
        return program.argv
    return (
        *("/usr/bin/env", *(f"{name}={value}" for name, value in parts.interpreter.environment.items())),
        *(str(parts.interpreter.path), "-I", "-S", "-c", COLLECTOR),
        *(str(channel), str(limits.artifact_bytes), str(len(program.outputs)), *program.outputs),
        *program.argv,
    )


def parsed(stream: bytes, *, names: tuple[str, ...], cap: int) -> tuple[Mapping[str, bytes], bool]:
    """Read the files back out of `stream`.

    Returns:
        Content by name, and whether something was cut: a stream that ended early or went over `cap`.
    """
    files: dict[str, bytes] = {}
    position = total = 0
    for name in names:
        head = stream[position : position + LENGTH_BYTES]
        if len(head) < LENGTH_BYTES:
            return files, True
        position += LENGTH_BYTES
        length = int.from_bytes(head, "big")
        if length == MISSING:
            continue
        total += length
        if total > cap or len(stream) < position + length:
            return files, True
        files[name] = stream[position : position + length]
        position += length
    return files, False
