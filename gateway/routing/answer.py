"""What a handler answers with, and how it goes out."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.routing.asgi import Send

JSON = b"application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole response.

    Attributes:
        status: the HTTP status.
        body: its bytes.
        media_type: what they are; ignored when there are none.
        headers: further headers, names in lower case.
    """

    status: int = 200
    body: bytes = b""
    media_type: bytes = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    async def send(self, send: Send) -> None:
        """Write it out."""
        head = [(b"content-length", b"%d" % len(self.body))] if self.status not in _BODILESS else []
        if self.body:
            head.append((b"content-type", self.media_type))
        head += [(name.encode("ascii"), value.encode("latin-1")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A response that is written while it comes into being; never stored by anybody on the way.

    Attributes:
        chunks: its pieces; closed when the client leaves.
        media_type: what they are.
    """

    chunks: AsyncGenerator[bytes]
    media_type: bytes

    async def send(self, send: Send) -> None:
        """Write it out, piece by piece."""
        head = [
            (b"content-type", self.media_type),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # proxies that buffer would hold events back
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        async with aclosing(self.chunks) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


_BODILESS = frozenset({204, 304})


def json_answer(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer whose body is `content` as JSON."""
    return Answer(status=status, body=orjson.dumps(content), headers=headers or {})
