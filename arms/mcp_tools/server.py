"""A running MCP server: its tools, and calls of them; knows when it has died."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from mcp import Client, MCPError, StdioServerParameters

from arms.mcp_tools.command import ServerCommand
from arms.mcp_tools.naming import MOST_TOOLS, Tool
from arms.mcp_tools.watched import Watched
from servicekit.errors import DeadlineError, UnavailableError, ValidationFailedError

_LOG = logging.getLogger(__name__)

_MOST_PAGES = 10


class OnProgress(Protocol):
    """Told how far a tool is: what is done, of how much, and a line for people."""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Take one report."""
        ...


@dataclass(kw_only=True)
class McpServer:
    """A server that answers until it dies.

    Attributes:
        title: what it calls itself.
        tools: what it can do.
        died: set when its end of the line is closed.
    """

    title: str
    tools: Sequence[Tool]
    died: asyncio.Event
    client: Client = field(repr=False)

    async def call(
        self, name: str, arguments: dict[str, Any], *, seconds: float, on_progress: OnProgress
    ) -> Any:
        """Call a tool; cancelling this tells the server to stop.

        Returns:
            A CallToolResult.

        Raises:
            DeadlineError: it did not answer in time.
            UnavailableError: the server died.
            ValidationFailedError: it refused the call.
        """
        calling = asyncio.ensure_future(
            self.client.call_tool(
                name, arguments, read_timeout_seconds=seconds, progress_callback=on_progress
            )
        )
        dying = asyncio.ensure_future(self.died.wait())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({calling, dying}, return_when=asyncio.FIRST_COMPLETED)
                if not calling.done():
                    raise _dead(self.title)
                return await calling
        except TimeoutError:
            raise DeadlineError(f"the tool {name} did not answer within {seconds:.0f} s") from None
        except MCPError as error:
            if self.died.is_set():
                raise _dead(self.title) from None
            raise ValidationFailedError(
                f"the MCP server refuses the call of {name} (code {error.code})", reason="TOOL_REFUSED"
            ) from None
        finally:
            for task in (calling, dying):
                task.cancel()
            await asyncio.gather(calling, dying, return_exceptions=True)


@asynccontextmanager
async def run_server(command: ServerCommand, *, seconds: float) -> AsyncGenerator[McpServer]:
    """Run a server for the length of the block.

    Args:
        command: how it is started.
        seconds: how long it may take until it has told its tools.

    Raises:
        UnavailableError: it cannot be started, or does not speak MCP in time.
    """
    died = asyncio.Event()
    parameters = StdioServerParameters(
        command=command.program, args=list(command.arguments), env=dict(command.environ)
    )
    client = Client(Watched(parameters, died=died), cache=None)
    async with _entered(client, seconds=seconds):
        tools = await _tools(client, seconds=seconds)
        info = client.server_info
        yield McpServer(title=info.name if info else "MCP server", tools=tools, died=died, client=client)


@asynccontextmanager
async def _entered(client: Client, *, seconds: float) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(seconds):
            await client.__aenter__()
    except Exception as error:  # its task groups wrap whatever failed in groups of their own
        raise UnavailableError(
            f"the MCP server cannot be reached: {_told(error, seconds=seconds)}", reason="MCP_NOT_STARTED"
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # what a dead server leaves undone is over
            await client.__aexit__(None, None, None)


async def _tools(client: Client, *, seconds: float) -> list[Tool]:
    tools: list[Tool] = []
    cursor: str | None = None
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                tools += [
                    Tool(
                        name=tool.name,
                        description=tool.description or "",
                        input_schema=tool.input_schema,
                        output_schema=tool.output_schema,
                    )
                    for tool in page.tools
                ]
                cursor = page.next_cursor
                if cursor is None or len(tools) >= MOST_TOOLS:
                    break
    except (TimeoutError, MCPError) as error:
        raise UnavailableError(
            f"the MCP server does not tell its tools: {_told(error, seconds=seconds)}",
            reason="MCP_NOT_STARTED",
        ) from error
    if len(tools) > MOST_TOOLS:
        _LOG.warning("the MCP server has %d tools; the first %d are used", len(tools), MOST_TOOLS)
    return tools


def _told(error: Exception, *, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:.0f} s"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it does not speak MCP, or ended at once; what it says is in this process's error output"


def _dead(title: str) -> UnavailableError:
    return UnavailableError(
        f"the MCP server {title} has died; it is being restarted", reason="MCP_DIED", retry_after=1.0
    )
