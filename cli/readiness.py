"""How a `serve` process tells its starter that it is ready, or why it gives up: one JSON line on a pipe."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

READY_FD = "OCTOLLM_READY_FD"
"""Variable that holds the number of the open descriptor to write the line to."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What the line says.

    Args:
        endpoints: by service name, where it listens.
        error: why the process gives up instead; empty when it is ready.
    """

    endpoints: Mapping[str, Mapping[str, str]]
    error: str = ""


def announce(ready: Ready, *, descriptor: int | None) -> None:
    """Write the line to ``descriptor`` and close it; print it when there is none."""
    line = json.dumps(asdict(ready))
    if descriptor is None:
        print(line, flush=True)
        return
    with os.fdopen(descriptor, "w") as pipe:
        pipe.write(line + "\n")


async def await_ready(descriptor: int) -> Ready | None:
    """Read the line from the other end of the pipe, which is closed afterwards.

    Returns:
        The line, or None when the process ended (or closed its end) without one.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        line = await reader.readline()
    finally:
        transport.close()
    return Ready(**json.loads(line)) if line.endswith(b"\n") else None


def ready_descriptor(environ: Mapping[str, str]) -> int | None:
    """Return the descriptor a starter gave us; not passed on to processes that we start."""
    number = environ.get(READY_FD)
    if number is None:
        return None
    os.set_inheritable(int(number), False)
    return int(number)
