"""A real arm in a process of its own that notes what it begins: `python -m tests.fault.noting_arm FILE`.

It checks capability tokens as every arm does; OCTOLLM_* variables say where the orchestrator is.
"""

import asyncio
import os
import signal
import sys

from arms.arm import Arm, Capability, Emit
from arms.host import HostedArm
from arms.model.session import ModelSession
from arms.own.app import build_own
from arms.own.settings import OwnArmSettings
from arms.step import Result, Step
from servicekit.status_board import StatusBoard


class Noting(Arm):
    """Appends a line to a file when a step begins."""

    arm_id = "noting"
    name = "Noting"
    description = "Notes what it is asked to do."
    capabilities = (
        Capability(name="note", description="Notes."),
        Capability(name="code_execution", description="Notes what it would run."),
    )

    def __init__(self, path: str) -> None:
        self._notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        os.write(self._notes, f"{step.step_id}\n".encode())
        return Result(output=step.instruction, confidence=1.0, method="rule")


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    hosted = HostedArm(arm=Noting(sys.argv[1]), board=StatusBoard(service="noting"))
    async with build_own(hosted, settings=OwnArmSettings()):
        print('{"error": ""}', flush=True)  # noqa: T201  # whoever started this waits for it
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
