"""Turns whatever a servicer raises into a google.rpc.Status; a defect's text never leaves the process."""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc

from servicekit.errors import InternalError, OctoError
from servicekit.interceptors.wrap import Call, GuardInterceptor
from servicekit.status import DETAILS_KEY, to_status

_LOG = logging.getLogger(__name__)


class ErrorInterceptor(GuardInterceptor):
    """Ends a failed call with the status of its error."""

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Catch what comes out of the call."""
        return _caught(call)


@asynccontextmanager
async def _caught(call: Call) -> AsyncIterator[None]:
    try:
        yield
    except OctoError as error:
        await _abort(call, error)
    except grpc.aio.AbortError:
        raise
    except Exception:  # noqa: BLE001  # the last line of defence: gRPC would send its text to the caller
        _LOG.exception("a defect ended the call", extra={"rpc": f"{call.service}/{call.method}"})
        await _abort(call, InternalError("an internal error occurred; the request id finds it in the logs"))


async def _abort(call: Call, error: OctoError) -> None:
    status = to_status(error)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    await call.context.abort(
        code, status.message, trailing_metadata=((DETAILS_KEY, status.SerializeToString()),)
    )
