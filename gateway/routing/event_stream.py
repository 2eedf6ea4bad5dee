"""Answers that are written while they come into being, as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi.responses import StreamingResponse

from gateway.routing.asgi import Send


class EventStream(StreamingResponse):
    """Server-sent events; never stored by anybody on the way."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes]) -> None:
        headers = {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
            "x-accel-buffering": "no",  # proxies that buffer would hold events back
        }
        super().__init__(chunks, headers=headers)
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Write the events out; their source is closed when the client leaves in the middle of a write."""
        async with aclosing(self._chunks):
            await super().stream_response(send)
