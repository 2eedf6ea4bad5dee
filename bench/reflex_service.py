"""Check and cache of a running reflex, over gRPC and through the gateway over REST; for bench.reflex."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import httpx
import psutil
from octollm.reflex.v1 import reflex_pb2 as pb
from octollm.reflex.v1 import reflex_pb2_grpc

from bench.report import Report
from bench.texts import at, fresh_texts

RATES = {"gRPC": (100, 300), "REST": (50, 150)}
"""Calls a second: what the client of this machine can send without being the limit."""
SIZE = 1000
ONE_BY_ONE = 1500
Call = Callable[[str], Awaitable[object]]


async def report_service(report: Report, *, seconds: float) -> None:
    """Latency at fixed rates and one call after the other, processor time a call, memory."""
    with tempfile.TemporaryDirectory(prefix="rb-") as folder:
        async with AsyncExitStack() as stack:
            reflex, where = await stack.enter_async_context(service("reflex", folder=Path(folder)))
            gateway, doors = await stack.enter_async_context(service("gateway", folder=Path(folder)))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(where["reflex"]["grpc"]))
            base = f"{doors['gateway']['rest']}/api/v1"
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=2))
            stub: reflex_pb2_grpc.ReflexServiceAsyncStub = reflex_pb2_grpc.ReflexServiceStub(channel)

            async def check(text: str) -> object:
                return await stub.Check(pb.CheckRequest(text=text))

            async def post(text: str) -> object:
                return (await client.post("/check", json={"text": text})).raise_for_status()

            async def get_cache(key: str) -> object:
                return await stub.GetCache(pb.GetCacheRequest(key=key))

            async def get_rest(key: str) -> object:
                return (await client.get(f"/cache/{key}")).raise_for_status()

            await stub.PutCache(pb.PutCacheRequest(key="k", value_json='{"answer": 42}', ttl_seconds=3600))
            await report_rates(report, {"gRPC": check, "REST": post}, [reflex, gateway], seconds=seconds)
            same = next(fresh_texts(size=SIZE, count=1))
            calls = {
                "Check, gRPC": (check, same),
                "GetCache, gRPC": (get_cache, "k"),
                "POST /check": (post, same),
                "GET /cache/{key}": (get_rest, "k"),
            }
            await report_hits(report, calls)
            sizes = [f"{process.memory_info().rss / 2**20:.0f} MiB" for process in (reflex, gateway)]
            report.line(f"\nmemory: reflex {sizes[0]}, gateway {sizes[1]}")


async def report_rates(
    report: Report, doors: Mapping[str, Call], processes: Sequence[psutil.Process], *, seconds: float
) -> None:
    """Open loop: texts leave on time whether earlier answers came or not."""
    report.line("\n## Check of 1 KB end to end over loopback, at fixed rates\n")
    report.line(
        "| over | text | a second | answered | p50 ms | p95 | p99 | ms of processor time a check, services |"
    )
    report.line("|---|---|---|---|---|---|---|---|")
    for over, call in doors.items():
        same = next(fresh_texts(size=SIZE, count=1))
        for rate in RATES[over]:
            count = int(rate * seconds)
            for name, texts in (
                ("fresh", list(fresh_texts(size=SIZE, count=count))),
                ("remembered", [same] * count),
            ):
                before = _spent(processes)
                times, failed = await at_rate(call, texts, rate=rate)
                spent = (_spent(processes) - before) / count * 1000
                shown = " | ".join(f"{at(times, share):.2f}" for share in (0.5, 0.95, 0.99))
                told = f"{len(times)} of {count}, {failed} failed"
                report.line(f"| {over} | {name} | {rate} | {told} | {shown} | {spent:.2f} |")


async def report_hits(report: Report, calls: Mapping[str, tuple[Call, str]]) -> None:
    report.line("\n## What is remembered, one call after the other, ms\n")
    report.line("| call | calls | p50 | p95 | p99 |\n|---|---|---|---|---|")
    loop = asyncio.get_running_loop()
    for name, (call, argument) in calls.items():
        times = list[float]()
        for _ in range(ONE_BY_ONE):
            started = loop.time()
            await call(argument)
            times.append((loop.time() - started) * 1000)
        times.sort()
        shown = " | ".join(f"{at(times, share):.2f}" for share in (0.5, 0.95, 0.99))
        report.line(f"| {name} | {len(times)} | {shown} |")


async def at_rate(call: Call, texts: Sequence[str], *, rate: int) -> tuple[list[float], int]:
    """Milliseconds from when each call was due, in order of size, and how many failed."""
    loop = asyncio.get_running_loop()
    begin, times = loop.time(), list[float]()

    async def one(number: int, text: str) -> None:
        due = begin + number / rate
        await asyncio.sleep(due - loop.time())
        await call(text)
        times.append((loop.time() - due) * 1000)

    results = await asyncio.gather(*(one(*item) for item in enumerate(texts)), return_exceptions=True)
    return sorted(times), sum(isinstance(result, BaseException) for result in results)


@asynccontextmanager
async def service(
    name: str, *, folder: Path
) -> AsyncIterator[tuple[psutil.Process, dict[str, dict[str, str]]]]:
    """A service in a process of its own, as `octollm serve NAME` runs it; where it listens, by service."""
    ports = json.dumps(dict.fromkeys(_NAMES, 0))
    environ = {
        "OCTOLLM_SOCKET_DIR": str(folder),
        "OCTOLLM_DATA_DIR": str(folder),
        "OCTOLLM_GRPC_PORTS": ports,
        "OCTOLLM_PORTS": ports,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.serve", name),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | environ,
    )
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            if b'"endpoints"' in line:
                yield psutil.Process(process.pid), json.loads(line)["endpoints"]
                return
        raise SystemExit(f"{name} ended before it was ready")
    finally:
        process.terminate()
        await process.wait()


_NAMES = (
    "gateway",
    "orchestrator",
    "reflex",
    "planner",
    "executor",
    "retriever",
    "coder",
    "judge",
    "guardian",
)


def _spent(processes: Sequence[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))
