"""Takes the request id, the task and the deadline from the caller, for logs and the calls that follow."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from servicekit import request_id
from servicekit.context import TASK_METADATA_KEY, hear_task_id, set_deadline, set_service
from servicekit.interceptors.wrap import Call, GuardInterceptor


class ContextInterceptor(GuardInterceptor):
    """Sets the context variables of the call; gRPC runs each call in an asyncio task of its own."""

    def __init__(self, *, service: str) -> None:
        self._service = service

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Set them for the length of the call."""
        return _entered(self._service, call)


@asynccontextmanager
async def _entered(service: str, call: Call) -> AsyncIterator[None]:
    set_service(service)
    request_id.set_request_id(request_id.accept(call.metadata.get(request_id.METADATA_KEY)))
    hear_task_id(call.metadata.get(TASK_METADATA_KEY))
    set_deadline(call.context.time_remaining())
    yield
