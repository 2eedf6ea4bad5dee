"""A transport to an MCP server that tells when the server's end of the line is closed: it has died."""

import asyncio
from types import TracebackType
from typing import Any, Self

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client


class Watched:
    """A transport that tells when the server's end of the line is closed."""

    def __init__(self, parameters: StdioServerParameters, *, died: asyncio.Event) -> None:
        self._inner = stdio_client(parameters)
        self._died = died

    async def __aenter__(self) -> tuple[Any, Any]:
        reading, writing = await self._inner.__aenter__()
        return _Stream(reading, died=self._died), writing

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, trace)


class _Stream:
    """Delegates to a stream of messages; its end is the server's."""

    def __init__(self, inner: Any, *, died: asyncio.Event) -> None:
        self._inner = inner
        self._died = died

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def receive(self) -> Any:
        """The next message."""
        try:
            return await self._inner.receive()
        except Exception:
            self._died.set()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._inner.__anext__()
        except (Exception, StopAsyncIteration):
            self._died.set()
            raise

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, trace)
