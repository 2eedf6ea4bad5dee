"""A reflex in a process of its own, as `octollm serve reflex` runs it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from octollm.reflex.v1 import reflex_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc


class ReflexProcess:
    """Its stubs.

    Args:
        channel: to the process.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.reflex: reflex_pb2_grpc.ReflexServiceAsyncStub = reflex_pb2_grpc.ReflexServiceStub(channel)
        self._status = status_pb2_grpc.StatusServiceStub(channel)

    async def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        text = (await self._status.GetMetrics(status_pb2.GetMetricsRequest())).text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))

    async def redis_state(self) -> int:
        """What GetStatus says of Redis."""
        told = await self._status.GetStatus(status_pb2.GetStatusRequest())
        return next(part.state for part in told.dependencies if part.name == "redis")


@asynccontextmanager
async def reflex_process(*, redis_url: str, data_dir: Path) -> AsyncGenerator[ReflexProcess]:
    """Run one until the block ends.

    Args:
        redis_url: where its values are kept.
        data_dir: where its compiled rules are kept.
    """
    environ = {
        "OCTOLLM_REDIS_URL": redis_url,
        "OCTOLLM_REDIS_PAUSE": "0.1",
        "OCTOLLM_DATA_DIR": str(data_dir),
        "OCTOLLM_GRPC_PORTS": json.dumps({"reflex": 0}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.serve", "reflex"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | environ,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(_announcement(process.stdout), 60)
        address = json.loads(line)["endpoints"]["reflex"]["grpc"]
        async with grpc.aio.insecure_channel(address) as channel:
            yield ReflexProcess(channel)
    finally:
        process.terminate()
        await process.wait()


async def _announcement(output: asyncio.StreamReader) -> bytes:
    """The line that says where it listens; log lines may come before it."""
    while line := await output.readline():
        if b'"endpoints"' in line:
            return line
    raise AssertionError("the reflex ended before it was ready")
