"""HTTP/1.1 below ASGI: what a layer would see too late, or not at all.

The header block's size and deadline, connections per address, the parser's own refusals in our envelope, and
the end of a request whose client has left.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.edge.connections import Connections
from gateway.edge.state import DEPARTED, UNREAD
from gateway.errors import HeadersTooLargeError, error_answer
from servicekit.errors import DeadlineError, OctoError, RateLimitError, ValidationFailedError
from servicekit.request_id import accept

HEADER_BYTES = 32 * 1024
"""Bytes that the head of a request may have."""

LINGER_SECONDS = 2.0
"""How long a refused client may go on sending into the void: closing at once would reset the connection
before it has read why."""


@dataclass(frozen=True, kw_only=True)
class ProtocolLimits:
    """What one connection may do.

    Attributes:
        connections: counts them by address.
        header_seconds: how long the head of a request may take.
        write_seconds: how long a client may leave an answer unread before it is cut off.
        header_bytes: how large it may be.
    """

    connections: Connections
    header_seconds: float
    write_seconds: float
    header_bytes: int = HEADER_BYTES


def protocol_factory(limits: ProtocolLimits) -> Callable[..., asyncio.Protocol]:
    """What uvicorn calls for each connection."""

    def make(**arguments: Any) -> asyncio.Protocol:
        return EdgeProtocol(limits=limits, **arguments)

    return make


class EdgeProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *, limits: ProtocolLimits, config: Config, **rest: Any) -> None:
        super().__init__(config=config, **rest)
        self._limits = limits
        self._counted = False
        self._head_bytes = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._running: dict[asyncio.Task[None], RequestResponseCycle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Count the connection, and give its first request a deadline."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._counted = self._limits.connections.enter(address)
        if not self._counted:
            self._refuse(
                RateLimitError("too many connections from this address", reason="TOO_MANY_CONNECTIONS")
            )
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything that was done for this client."""
        if self._counted:
            self._limits.connections.leave(self.client[0] if self.client else "")
            self._counted = False
        self._head_arrived()
        for timer in (self._lingering, self._stalled):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        for task, cycle in list(self._running.items()):
            cycle.scope[DEPARTED] = True  # type: ignore[typeddict-unknown-key]  # ours, read by the layers
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and hold the head against its limit."""
        if self._lingering is not None or self.transport.is_closing():
            return
        if self._in_head:
            if self._deadline is None:
                self._expect_head()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self._limits.header_bytes and not self.transport.is_closing():
            self._refuse(
                HeadersTooLargeError(
                    f"the head of the request is larger than {self._limits.header_bytes} bytes",
                    constraint=f"must be at most {self._limits.header_bytes} bytes",
                )
            )

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is the body's, with a deadline of its own."""
        self._in_head = False
        self._head_arrived()
        version = self.parser.get_http_version() if self.parser else ""
        if version not in {"1.0", "1.1"} or not self._names_one_host(version):
            self.send_400_response("")
            return
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.header_bytes:
            self._refuse(_head_too_large(self._limits.header_bytes))
            return
        self.scope[UNREAD] = self._will_linger  # type: ignore[typeddict-unknown-key]  # ours, read by the layers
        super().on_headers_complete()

    def _names_one_host(self, version: str) -> bool:
        """Whether it says for whom it is, once (RFC 9112, 3.2): others on the way might read another line."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and version == "1.0")

    def on_message_complete(self) -> None:
        """The next head may come."""
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def pause_writing(self) -> None:
        """The client does not read: wait for it, not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:
        """The parser's refusal, in the envelope."""
        del msg
        self._refuse(ValidationFailedError("the request is not valid HTTP/1.1", reason="MALFORMED_REQUEST"))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: what a client asks for is not worth a line of the log each time."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """As uvicorn does, but know the task: it is cancelled when its client leaves."""
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self._running[task] = cycle
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self._limits.header_seconds, self._head_is_late)

    def _head_arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        if self.transport.is_closing() or self._running:
            return
        if self._head_bytes:
            self._refuse(DeadlineError("the head of the request came too slowly", reason="SLOW_HEAD"))
        else:
            self.transport.close()

    def _refuse(self, error: OctoError) -> None:
        """Answer below ASGI, and end the connection."""
        if self._lingering is not None or self.transport.is_closing():
            return
        if not self._drop_running():
            self.transport.close()
            return
        request_id = accept(
            next((value for name, value in self.headers or () if name == b"x-request-id"), None)
        )
        answer = error_answer(error, request_id=request_id)
        status = HTTPStatus(answer.status_code)
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"x-request-id: {request_id}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
            "connection: close",
        ]
        self.transport.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + answer.body)
        self.close_late()

    def _drop_running(self) -> bool:
        """Let go of the request being answered; False when part of its answer is out already."""
        cycles = dict(self._running)
        if len(cycles) > 1 or any(cycle.response_started for cycle in cycles.values()):
            return False
        for task, cycle in cycles.items():
            cycle.disconnected = True  # what it still sends goes nowhere
            cycle.scope[DEPARTED] = True  # type: ignore[typeddict-unknown-key]  # ours, read by the layers
            task.cancel()
        return True

    def _will_linger(self) -> None:
        """The answer that comes leaves a body unread: close only when the client could read it."""
        self.cycle.transport = cast("asyncio.Transport", LateClosing(self))

    def close_late(self) -> None:
        """Say that nothing more comes, swallow what still arrives, close in a moment."""
        if self._lingering is None and not self.transport.is_closing():
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.flow.resume_reading()
            self._lingering = self.loop.call_later(LINGER_SECONDS, self.transport.abort)


class LateClosing:
    """A transport for one last answer: closing it takes a moment."""

    def __init__(self, protocol: EdgeProtocol) -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        """Write through."""
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        """Whether the connection is ending."""
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        """Let the client read, then close."""
        self._protocol.close_late()


def _head_too_large(limit: int) -> HeadersTooLargeError:
    return HeadersTooLargeError(
        f"the head of the request is larger than {limit} bytes", constraint=f"must be at most {limit} bytes"
    )
