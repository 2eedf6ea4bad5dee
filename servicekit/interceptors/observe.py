"""Counts, times and logs every call."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from servicekit.errors import OctoError
from servicekit.interceptors.wrap import Call, GuardInterceptor
from servicekit.metrics import Metrics

_LOG = logging.getLogger(__name__)
_QUIET_SERVICES = frozenset({"grpc.health.v1.Health", "octollm.service.v1.StatusService"})
_QUIET_METHODS = frozenset({"HeartbeatArm"})


class ObserveInterceptor(GuardInterceptor):
    """Writes one log line and one sample a call; polled calls are logged at DEBUG."""

    def __init__(self, *, metrics: Metrics) -> None:
        # Not "service": that label tells whose metrics they are, where those of several stand on one page.
        labels = ("rpc_service", "method", "code")
        self._handled = metrics.counter("octollm_grpc_calls", "Calls that ended, by code.", labels)
        self._seconds = metrics.histogram(
            "octollm_grpc_call_seconds", "How long calls took.", ("rpc_service", "method")
        )

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Watch the call."""
        return self._watched(call)

    @asynccontextmanager
    async def _watched(self, call: Call) -> AsyncIterator[None]:
        started = time.perf_counter()
        code = "OK"
        try:
            yield
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        except OctoError as error:
            code = error.code.value
            raise
        except Exception:
            code = "INTERNAL_ERROR"
            raise
        finally:
            self._write(call, code, time.perf_counter() - started)

    def _write(self, call: Call, code: str, seconds: float) -> None:
        self._handled.labels(call.service, call.method, code).inc()
        self._seconds.labels(call.service, call.method).observe(seconds)
        quiet = call.service in _QUIET_SERVICES or call.method in _QUIET_METHODS
        _LOG.log(
            logging.DEBUG if quiet else logging.INFO,
            "call",
            extra={"rpc": f"{call.service}/{call.method}", "code": code, "ms": round(seconds * 1000, 3)},
        )
