"""Keeps the sandbox open while it holds, and says on the status board how it is."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.sandbox import Sandbox
from servicekit.status_board import Health, StatusBoard

RETRY_SECONDS = 30.0
"""How long after a failed self-test the next one is made: what was wrong may have been set right."""

SELF_TEST_SECONDS = 2.0
"""How long a self-test takes, at most, on a machine that is not busy."""

_LOG = logging.getLogger(__name__)


class Keeper:
    """Holds the sandbox, or the reason why there is none.

    Args:
        opened: opens a sandbox that has passed its self-test.
        board: is told.
    """

    def __init__(
        self, *, opened: Callable[[], AbstractAsyncContextManager[Sandbox]], board: StatusBoard
    ) -> None:
        self._opened = opened
        self._board = board
        self._sandbox: Sandbox | None = None
        self._lose("its self-test has not ended yet.", retry_after=SELF_TEST_SECONDS)

    def sandbox(self) -> Sandbox:
        """Return the sandbox.

        Raises:
            SandboxUnavailableError: there is none.
        """
        if self._sandbox is None:
            raise SandboxUnavailableError(self._why, retry_after=self._retry_after)
        return self._sandbox

    async def run(self) -> None:
        """Keep it open until cancelled."""
        while True:
            try:
                async with self._opened() as sandbox:
                    await self._hold(sandbox)
            except SandboxUnavailableError as error:
                self._lose(error.why)
                _LOG.error("sandbox unavailable", extra={"why": error.why})
            await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._board.set("sandbox", Health.HEALTHY, required=True)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._lose("it is closed.")

    def _lose(self, why: str, *, retry_after: float = RETRY_SECONDS) -> None:
        self._sandbox = None
        self._why = why
        self._retry_after = retry_after
        self._board.set("sandbox", Health.UNAVAILABLE, detail=why, required=True)
