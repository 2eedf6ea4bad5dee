"""Whatever fails further inside becomes the error envelope; a defect is logged, and its text stays here."""

import asyncio
import logging
from collections.abc import Mapping

from gateway.edge.state import DEPARTED, UNREAD, state_of
from gateway.errors import INTERNAL_MESSAGE, error_answer
from gateway.routing.asgi import App, Receive, Scope, Send, header
from servicekit.errors import Code, InternalError, OctoError, UnavailableError

log = logging.getLogger(__name__)

_UNREAD = frozenset({Code.PAYLOAD_TOO_LARGE, Code.TIMEOUT, Code.UNSUPPORTED_MEDIA_TYPE})
"""Errors that may leave a body unread: the connection ends, or its rest would have to be swallowed."""
_REFUSED = frozenset({Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.RATE_LIMIT})
"""Errors that leave a body unread where there is one: nothing is read for those who may not."""

_CLOSE: Mapping[str, str] = {"connection": "close"}


class ErrorEnvelopeLayer:
    """Answers for everything that raises."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except OctoError as error:
            await _refuse(error, scope=scope, receive=receive, send=send)
        except asyncio.CancelledError:
            if scope.get(DEPARTED):
                return  # nobody reads the answer, and the server would log the cancellation as a defect
            ending = UnavailableError("the gateway is shutting down; try again shortly", reason="DRAINING")
            await _refuse(ending, scope=scope, receive=receive, send=send)
        except Exception:
            log.exception("a defect ended the request")
            await _refuse(InternalError(INTERNAL_MESSAGE), scope=scope, receive=receive, send=send)


async def _refuse(error: OctoError, *, scope: Scope, receive: Receive, send: Send) -> None:
    state = state_of(scope)
    if state.status:
        # Half an answer is out: only a broken connection tells the client that the rest is missing.
        log.warning("the answer broke off", extra={"reason": error.reason})
        raise ConnectionAbortedError(error.reason)
    if error.code is Code.INTERNAL_ERROR:
        log.error("answered with an internal error", extra={"reason": error.reason})
    headers: Mapping[str, str] = {}
    if error.code in _UNREAD or (error.code in _REFUSED and _has_body(scope)):
        headers = _CLOSE
        scope.get(UNREAD, _nothing)()
    answer = error_answer(error, request_id=state.request_id, headers=headers)
    await answer(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    return header(scope, b"content-length") not in {None, b"0"} or bool(header(scope, b"transfer-encoding"))


def _nothing() -> None:
    """For servers other than ours."""
