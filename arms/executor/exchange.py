"""A request's reply as a stream of events, within a cap and a clock."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack

from arms.executor.actions import HttpAction
from arms.executor.sandbox.outcome import Outcome, StoppedBy
from arms.executor.sandbox.sandbox import Output
from servicekit.egress.fetch import Fetcher, Reply
from servicekit.errors import DeadlineError


async def exchanged(action: HttpAction, *, fetcher: Fetcher, cap: int) -> AsyncGenerator[Output | Outcome]:
    """Yield the reply's headers as ``stderr``, its body as ``stdout``, and its status as the exit code.

    Args:
        action: what to send.
        fetcher: the way out.
        cap: bytes of the body that are taken; what comes after is left.

    Raises:
        OctoError: as `Fetcher.fetch` raises it.
        DeadlineError: no reply began in time.
    """
    began = time.monotonic()
    deadline = asyncio.get_running_loop().time() + action.seconds
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout_at(deadline):
                reply = await stack.enter_async_context(fetcher.fetch(action.request))
        except TimeoutError as error:
            raise DeadlineError(
                f"No reply began within {action.seconds:g} seconds.", reason="HOST_SILENT"
            ) from error
        yield Output(stream="stderr", data=_head(reply))
        left, stopped_by = cap, StoppedBy.NOTHING
        while (
            stopped_by is StoppedBy.NOTHING and (piece := await _next(reply.body, deadline=deadline)) != b""
        ):
            kept = (piece or b"")[:left]
            left -= len(kept)
            if kept:
                yield Output(stream="stdout", data=kept)
            if piece is None:
                stopped_by = StoppedBy.WALL_CLOCK
            elif len(kept) < len(piece):
                stopped_by = StoppedBy.OUTPUT
        yield Outcome(
            exit_code=reply.status,
            stopped_by=stopped_by,
            truncated=stopped_by is not StoppedBy.NOTHING,
            files={},
            seconds=time.monotonic() - began,
        )


async def _next(body: AsyncIterator[bytes], *, deadline: float) -> bytes | None:
    """Return the next piece, b"" at the end, None when it does not come in time."""
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(body, b"")
    except TimeoutError:
        return None


def _head(reply: Reply) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in reply.headers).encode()
