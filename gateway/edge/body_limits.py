"""Bodies: how large, how slow, of what type and encoding they may be."""

import asyncio

from gateway.edge.state import state_of
from gateway.errors import UnsupportedMediaTypeError
from gateway.routing.asgi import App, Message, Receive, Scope, Send, header, headers
from servicekit.errors import DeadlineError, PayloadTooLargeError, ValidationFailedError

SLACK_SECONDS = 5.0
"""Seconds that any body may take."""

BYTES_PER_SECOND = 256 * 1024
"""The pace at which a body must come beyond that."""

_MAX_LENGTH_DIGITS = 18


class BodyLimitsLayer:
    """Refuses by the head what can be refused by it, and watches the body while it comes."""

    def __init__(self, app: App, *, slack_seconds: float = SLACK_SECONDS) -> None:
        self._app = app
        self._slack = slack_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = state_of(scope).match.route
        if route is None or route.body_limit is None:
            await self._app(scope, receive, send)
            return
        _check_head(scope, limit=route.body_limit, form=route.form)
        await self._app(scope, _Watched(receive, limit=route.body_limit, slack=self._slack), send)


class _Watched:
    """A `receive` that counts bytes and seconds."""

    def __init__(self, receive: Receive, *, limit: int, slack: float) -> None:
        self._receive = receive
        self._limit = limit
        self._slack = slack
        self._seen = 0
        self._began = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        try:
            async with asyncio.timeout_at(self._began + self._slack + self._seen / BYTES_PER_SECOND):
                message = await self._receive()
        except TimeoutError:
            raise DeadlineError(
                "the body came too slowly",
                constraint=f"must come within {self._slack:g} s and 1 s per {BYTES_PER_SECOND // 1024} KiB",
                reason="SLOW_BODY",
            ) from None
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise _too_large(self._limit)
        return message


def _check_head(scope: Scope, *, limit: int, form: bool) -> None:
    encodings = {value.strip().lower() for value in headers(scope, b"content-encoding")}
    if encodings - {b"identity", b""}:
        raise UnsupportedMediaTypeError(
            "this API takes bodies without Content-Encoding",
            field="Content-Encoding",
            constraint="must not be given",
        )
    if {value.strip().lower() for value in headers(scope, b"transfer-encoding")} - {b"chunked"}:
        raise UnsupportedMediaTypeError(
            "this API knows no Transfer-Encoding but chunked",
            field="Transfer-Encoding",
            constraint="must be chunked",
        )
    length = header(scope, b"content-length")
    if length is not None and (len(length) > _MAX_LENGTH_DIGITS or int(length) > limit):
        raise _too_large(limit)
    content_types = headers(scope, b"content-type")
    if form and not _is_form(content_types):
        raise UnsupportedMediaTypeError(
            "this route reads a form with files",
            field="Content-Type",
            constraint="must be multipart/form-data",
        )
    if not form and not _is_json(content_types):
        raise UnsupportedMediaTypeError(
            "this route reads JSON", field="Content-Type", constraint="must be application/json"
        )


def _is_json(content_types: list[bytes]) -> bool:
    if len(content_types) != 1:
        return False
    media_type, *parameters = (part.strip().lower() for part in content_types[0].split(b";"))
    charsets = [value for part in parameters if (value := part.removeprefix(b"charset=")) != part]
    return media_type == b"application/json" and all(
        value.strip(b'"') in {b"utf-8", b"utf8"} for value in charsets
    )


def _is_form(content_types: list[bytes]) -> bool:
    media_types = [it.partition(b";")[0].strip().lower() for it in content_types]
    return media_types == [b"multipart/form-data"]


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"the body is larger than the {limit} bytes that this route takes",
        constraint=f"must be at most {limit} bytes",
        reason="BODY_TOO_LARGE",
    )


async def read_body(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        ValidationFailedError: when the client left in the middle of it.
    """
    first = await receive()
    if first["type"] == "http.request" and not first.get("more_body"):
        return first["body"]
    chunks, message = [first.get("body", b"")], first
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    if message["type"] != "http.request":
        raise ValidationFailedError("the body broke off", constraint="must be sent to its end")
    return b"".join(chunks)
