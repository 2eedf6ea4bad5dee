"""A process with arms that do what their flags say: `python -m tests.fault.arms_process --sockets DIR ...`.

Every call is written to a log file as it begins and as it ends, so that a test can tell what reached an arm.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc

from servicekit.channel import open_channel
from servicekit.errors import OctoError
from tests.orchestrator.house import ROLES, Script, description, planned, result, scripted


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sockets", type=Path, required=True)
    parser.add_argument("--name", default="arms", help="the socket's name and the instances' suffix")
    parser.add_argument("--steps", type=int, default=1, help="steps of every plan, one after the other")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that a step takes")
    parser.add_argument("--answer", choices=["done", "garbage", "huge"], default="done")
    parser.add_argument("--log", type=Path, help="where calls are written")
    parser.add_argument("--registry", default="orchestrator", help="sockets of orchestrators, by comma")
    parser.add_argument("--reflex", action="store_true", help="serve a reflex that lets everything pass")
    return parser.parse_args()


def script_of(options: argparse.Namespace) -> Script:
    log = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if options.log else None

    def note(word: str, request: arm_pb2.ExecuteRequest) -> None:
        if log is not None:
            line = f"{word} {request.task.task_id} {request.step_id} {request.attempt} {time.time():.6f}\n"
            os.write(log, line.encode())

    async def execute(
        request: arm_pb2.ExecuteRequest, context: Any
    ) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        note("begin", request)
        try:
            await asyncio.sleep(options.delay)
        except asyncio.CancelledError:
            note("cancelled", request)
            raise
        note("end", request)
        if options.answer == "garbage":
            await context.abort(grpc.StatusCode.DATA_LOSS, "\x00garbage" * 100)
        size = 10_000_000 if options.answer == "huge" else 0
        yield result(f"{request.step_id} done" + "x" * size)

    names = [f"s{number}" for number in range(options.steps)]
    plan = [planned(name, *names[max(place - 1, 0) : place]) for place, name in enumerate(names)]
    script = Script(plan=plan, execute=execute)
    script.remember = False
    return script


async def keep_registered(options: argparse.Namespace) -> None:
    """Register every role, then beat; again and again, for orchestrators come and go."""
    channels = [
        open_channel(f"unix:{options.sockets / name}.sock", timeout=2) for name in options.registry.split(",")
    ]
    stubs = [arm_registry_pb2_grpc.ArmRegistryServiceStub(channel) for channel in channels]
    known = False
    while True:
        for stub in stubs:
            try:
                for arm_id, capability in ROLES.items():
                    instance = f"{arm_id}-{options.name}"
                    if known:
                        beat = arm_registry_pb2.HeartbeatArmRequest(
                            instance_id=instance, status=arm_registry_pb2.ARM_STATUS_HEALTHY
                        )
                        known = (await stub.HeartbeatArm(beat)).known
                    else:
                        await stub.RegisterArm(
                            arm_registry_pb2.RegisterArmRequest(
                                instance_id=instance,
                                arm=description(
                                    arm_id,
                                    capability,
                                    options.sockets,
                                    socket=options.name,
                                    max_concurrency=1000,
                                ),
                                status=arm_registry_pb2.ARM_STATUS_HEALTHY,
                            )
                        )
                known = True
                break
            except OctoError:
                continue
        await asyncio.sleep(1.0 if known else 0.2)


async def main() -> None:
    options = arguments()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sockets = [options.name, "reflex"] if options.reflex else [options.name]
    async with scripted(script_of(options), options.sockets, *sockets):
        print('{"error": ""}', flush=True)  # noqa: T201  # whoever started this waits for it
        registering = asyncio.create_task(keep_registered(options))
        await stop.wait()
        registering.cancel()


if __name__ == "__main__":
    asyncio.run(main())
