"""Keeps an MCP server running: a dead one makes the arm unavailable and is started again, with pauses."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from arms.mcp_tools.command import ServerCommand
from arms.mcp_tools.server import McpServer, run_server
from servicekit.errors import OctoError, UnavailableError
from servicekit.status_board import Health, StatusBoard

_LOG = logging.getLogger(__name__)

START_SECONDS = 30.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0
"""A server that ran so long is started again at once when it dies."""


@dataclass(kw_only=True)
class Keeper:
    """Runs one server at a time.

    Attributes:
        command: how it is started.
        board: where it tells how it is.
        start_seconds: how long a start may take.
        first_pause: seconds before the first try to start it again.
    """

    command: ServerCommand
    board: StatusBoard
    start_seconds: float = START_SECONDS
    first_pause: float = _FIRST_PAUSE
    _server: McpServer | None = field(default=None, init=False)
    _started: "asyncio.Future[McpServer]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), init=False
    )

    @property
    def server(self) -> McpServer:
        """The server.

        Raises:
            UnavailableError: it does not run now.
        """
        if self._server is None or self._server.died.is_set():
            raise UnavailableError(
                "the MCP server does not run; it is being restarted", reason="MCP_DIED", retry_after=1.0
            )
        return self._server

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[McpServer]:
        """Have it run for the length of the block; its first start must succeed.

        Raises:
            UnavailableError: it cannot be started.
        """
        # One task starts, waits and stops: what the client opens must be closed where it was opened.
        task = asyncio.create_task(self._run(), name="keep the MCP server running")
        try:
            await asyncio.wait({task, self._started}, return_when=asyncio.FIRST_COMPLETED)
            yield await (self._started if self._started.done() else task)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OctoError):
                await task

    async def _run(self) -> McpServer:
        pause = self.first_pause
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._run_once()
                why = "the MCP server has died"
            except UnavailableError as error:
                if not self._started.done():
                    raise
                why = error.message
            if loop.time() - began > _STEADY_SECONDS:
                pause = self.first_pause
            self.board.set("mcp", Health.UNAVAILABLE, detail=f"{why}; started again soon", required=True)
            _LOG.warning("%s; it is started again in %.1f s", why, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _run_once(self) -> None:
        """Start it and wait until it dies."""
        async with run_server(self.command, seconds=self.start_seconds) as server:
            self._server = server
            self.board.set("mcp", Health.HEALTHY, required=True)
            if not self._started.done():
                self._started.set_result(server)
            try:
                await server.died.wait()
            finally:
                self._server = None
