"""Direct calls of arms: each with its permission, each within its time."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from servicekit.channel import ResponseStream

T = TypeVar("T")


class ArmRequest(Protocol):
    """What every method of an arm takes."""

    capability_token: str


class ArmCalls:
    """Calls arms on behalf of the current principal.

    Args:
        seconds: how long a call may take where its caller says nothing else.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds

    async def one(
        self,
        method: Callable[..., Awaitable[T]],
        request: ArmRequest,
        *,
        arm_id: str,
        act: str,
        seconds: float | None = None,
    ) -> T:
        """Call a method that answers once.

        Args:
            method: a stub's method.
            request: what it takes, but for the permission.
            arm_id: whose method it is.
            act: the capability that is asked for.
            seconds: how long it may take.
        """
        await self._permit(request, arm_id=arm_id, act=act)
        return await method(request, timeout=self._seconds if seconds is None else seconds)

    async def each(
        self,
        method: Callable[..., Any],
        request: ArmRequest,
        *,
        arm_id: str,
        act: str,
        seconds: float | None = None,
    ) -> AsyncGenerator[Any]:
        """Call a method that answers with a stream; leaving it early ends the work."""
        await self._permit(request, arm_id=arm_id, act=act)
        stream: ResponseStream = method(request, timeout=self._seconds if seconds is None else seconds)
        async with aclosing(stream):
            async for response in stream:
                yield response

    async def _permit(self, request: ArmRequest, *, arm_id: str, act: str) -> None:
        """Attach the permission for exactly this call."""
