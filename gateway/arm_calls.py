"""Direct calls of arms: to the registered instance, each with its permission, each within its time."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from gateway.directory import ArmDirectory
from servicekit.capability.clients import Capabilities
from servicekit.channel import ResponseStream
from servicekit.errors import InternalError, NotFoundError, OctoError, UnavailableError

S = TypeVar("S")
T = TypeVar("T")

UNUSABLE = "MODEL_OUTPUT_"
"""How the reasons begin why a model's answer was of no use."""

GONE = "ARM_INSTANCE_UNKNOWN"
"""Why no permission is issued for an instance that has just left."""


@dataclass(frozen=True, kw_only=True)
class CalledArm(Generic[S]):
    """An arm instance to call on behalf of the current principal.

    Attributes:
        stub: of one of its services.
        arm_id: its kind.
        instance_id: which running one.
        capabilities: issues permissions.
        seconds: how long a call may take where its caller says nothing else.
    """

    stub: S
    arm_id: str
    instance_id: str
    capabilities: Capabilities
    seconds: float

    async def one(self, method: Callable[..., Awaitable[T]], request: Message, *, act: str) -> T:
        """Call a method that answers once.

        Args:
            method: of the stub.
            request: what it takes, complete but for the permission.
            act: the capability that is asked for.
        """
        await self._permit(request, act=act)
        try:
            return await method(request, timeout=self.seconds)
        except InternalError as error:
            raise _told(error) from error

    async def each(
        self, method: Callable[..., Any], request: Message, *, act: str, seconds: float | None = None
    ) -> AsyncGenerator[Any]:
        """Call a method that answers with a stream; leaving it early ends the work."""
        await self._permit(request, act=act)
        stream: ResponseStream = method(request, timeout=self.seconds if seconds is None else seconds)
        try:
            async with aclosing(stream):
                async for response in stream:
                    yield response
        except InternalError as error:
            raise _told(error) from error

    async def _permit(self, request: Message, *, act: str) -> None:
        try:
            await self.capabilities.issue(request, act=act, instance_id=self.instance_id)
        except NotFoundError as error:
            if error.reason != GONE:
                raise
            raise UnavailableError(
                f"the arm {self.arm_id} has just left; try again shortly", reason="ARM_UNAVAILABLE"
            ) from error


class ArmCalls:
    """Finds arms to call.

    Args:
        directory: knows them.
        capabilities: issues permissions.
        seconds: how long a call may take where its caller says nothing else.
    """

    def __init__(self, *, directory: ArmDirectory, capabilities: Capabilities, seconds: float) -> None:
        self._directory = directory
        self._capabilities = capabilities
        self._seconds = seconds

    async def arm(self, arm_id: str, stub: Callable[[grpc.aio.Channel], S]) -> CalledArm[S]:
        """The registered instance of an arm.

        Args:
            arm_id: which arm.
            stub: makes the stub of the service that is called.

        Raises:
            NotFoundError: there is no such arm.
            UnavailableError: it is one of the platform's own, and not there now.
        """
        found = await self._directory.instance(arm_id)
        return CalledArm(
            stub=stub(found.channel),
            arm_id=arm_id,
            instance_id=found.instance_id,
            capabilities=self._capabilities,
            seconds=self._seconds,
        )


def _told(error: InternalError) -> OctoError:
    """A model that answers badly is no defect of ours: the caller is told, and may try again."""
    if not error.reason.startswith(UNUSABLE):
        return error
    return UnavailableError(
        f"{error.message}; try again, or with more tokens or a stronger model", reason=error.reason
    )
