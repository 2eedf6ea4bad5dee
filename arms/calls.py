"""One call of an arm, from permission to provenance; every servicer of an arm goes through here."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from arms.arguments import write_arguments
from arms.arm import Arm
from arms.model.layer import ModelLayer
from arms.model.usage import CallLimits
from arms.permission.held import hold
from arms.permission.verifier import Permission, Verifier
from arms.provenance import Provenance, Record, begin_record
from arms.step import Progress, Result, Step
from servicekit.context import current_task_id


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a step made, and how."""

    result: Result
    provenance: Provenance


@dataclass(kw_only=True)
class Calls:
    """The calls of one running arm.

    Attributes:
        arm: whose.
        instance_id: the running instance.
        layer: the model layer of this process.
        verifier: checks capability tokens; None where calls are carried out unasked, as in tests.
        running: calls that are being worked on now.
    """

    arm: Arm
    instance_id: str
    layer: ModelLayer
    verifier: Verifier | None
    running: int = field(default=0, init=False)

    @asynccontextmanager
    async def begin(self, *, act: str, token: str, call: bytes, limits: CallLimits) -> AsyncGenerator[Record]:
        """Check the permission and open the record of a call.

        The permission is looked at once, here: a long call may outlive its token.

        Raises:
            PermissionDeniedError: the token does not allow it.
            UnavailableError: that cannot be told now.
        """
        permission = Permission()
        if self.verifier is not None:
            permission = await self.verifier.verify(
                token=token, act=act, call=call, task_id=current_task_id()
            )
        hold(permission.token)
        session = self.layer.session(limits.within(permission.limits))
        self.running += 1
        try:
            yield begin_record(arm=self.arm, instance_id=self.instance_id, session=session)
        finally:
            self.running -= 1

    async def execute(self, step: Step, *, record: Record) -> AsyncGenerator[Progress | Finished]:
        """Do the step: its progress as it comes, then what it made. Closing the iterator stops the work."""
        events = asyncio.Queue[Progress | None]()

        async def work() -> Result:
            try:
                ready = await self._with_arguments(step, record=record)
                return await self.arm.execute(ready, model=record.session, emit=events.put)
            finally:
                events.put_nowait(None)

        task = asyncio.create_task(work())
        try:
            while (progress := await events.get()) is not None:
                yield progress
            result = await task
        finally:
            await _stopped(task)
        provenance = record.close(
            confidence=result.confidence,
            method=result.method,
            sources=result.sources or tuple(given.step_id for given in step.inputs),
            runs=result.runs,
        )
        yield Finished(result=result, provenance=provenance)

    async def _with_arguments(self, step: Step, *, record: Record) -> Step:
        """The step with the arguments that its plan did not give, where its capability needs some."""
        capability = self.arm.capability(step.capability)
        if capability is None or capability.arguments is None or step.arguments is not None:
            return step
        written = await write_arguments(step, capability=capability, model=record.session)
        return replace(step, arguments=written)


async def _stopped(task: asyncio.Task[Result]) -> None:
    if task.done():
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
