"""Requests a second of GET /tasks/{id} through the gateway, of several source trees in turns.

`python bench/gateway.py [TREE ...]`: the gateway of each tree, this one by default, in front of the same gRPC
servers; prints requests a second, the gateway's own CPU time a request, and how the trees compare.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

HERE = Path(__file__).resolve()
CONNECTIONS = 16
REQUESTS = 1500
ROUNDS = 9


@dataclass
class Measured:
    """One tree's gateway, and what its rounds gave.

    Attributes:
        rates: requests a second.
        cpu: microseconds of the gateway's CPU time a request.
        p99: seconds.
    """

    tree: Path
    port: int
    process: psutil.Process
    rates: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    p99: list[float] = field(default_factory=list[float])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, default=[HERE.parents[1]])
    parser.add_argument("--serve", choices=["gateway", "fakes"], help=argparse.SUPPRESS)
    parser.add_argument("--sockets", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_fakes(arguments.sockets) if arguments.serve == "fakes" else serve_gateway())
    else:
        compare([tree.resolve() for tree in arguments.trees])


def compare(trees: list[Path]) -> None:
    with tempfile.TemporaryDirectory(prefix="gwb-") as sockets, ExitStack() as stack:
        _, task_id = stack.enter_context(started("fakes", tree=trees[0], sockets=sockets))
        measured: list[Measured] = []
        for tree in trees:
            process, port = stack.enter_context(started("gateway", tree=tree, sockets=sockets))
            measured.append(Measured(tree, int(port), psutil.Process(process.pid)))
        for number in range(ROUNDS + 1):
            for it in measured:
                asyncio.run(one_round(it, task_id, counts=number > 0))
        report(measured)


def report(measured: list[Measured]) -> None:
    for it in measured:
        rate, cpu, p99 = map(statistics.median, (it.rates, it.cpu, it.p99))
        print(f"{it.tree}: {rate:.0f} requests/s, p99 {p99 * 1000:.1f} ms, {cpu:.0f} us CPU a request")
    first = measured[0]
    for it in measured[1:]:
        rate = statistics.median(b / a for a, b in zip(first.rates, it.rates, strict=True))
        cpu = statistics.median(b / a for a, b in zip(first.cpu, it.cpu, strict=True))
        print(f"{it.tree} / {first.tree}: {rate:.2f} x requests/s, {cpu:.2f} x CPU")


async def one_round(it: Measured, task_id: str, *, counts: bool) -> None:
    request = f"GET /api/v1/tasks/{task_id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    before, began, times = sum(it.process.cpu_times()[:2]), time.perf_counter(), list[float]()
    share = REQUESTS // CONNECTIONS
    await asyncio.gather(*(client(it.port, request, share, times) for _ in range(CONNECTIONS)))
    seconds, spent = time.perf_counter() - began, sum(it.process.cpu_times()[:2]) - before
    if counts:
        it.rates.append(len(times) / seconds)
        it.cpu.append(spent / len(times) * 1e6)
        it.p99.append(statistics.quantiles(times, n=100)[98])


async def client(port: int, request: bytes, number: int, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(number):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        times.append(time.perf_counter() - began)
    writer.close()


@contextmanager
def started(what: str, *, tree: Path, sockets: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of this script on a tree's code, and the line that it says when it is ready."""
    settings = {"SOCKET_DIR": sockets, "RATE_LIMIT_IP": "0", "CONNECTIONS_PER_IP": "0"}
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tree}:{tree / 'gen'}",
        "PYTHONSAFEPATH": "1",  # this script's folder holds a module named as the package that is measured
        **{f"OCTOLLM_{name}": value for name, value in settings.items()},
    }
    command = [sys.executable, str(HERE), "--serve", what, "--sockets", sockets]
    with subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGKILL)


async def serve_fakes(sockets: Path) -> None:
    from tests.gateway.fakes import a_completed_task, fakes

    async with fakes(sockets, arms=()) as behind:
        print(a_completed_task(behind.tasks).task_id, flush=True)
        await asyncio.Event().wait()


async def serve_gateway() -> None:
    from gateway.app import build
    from gateway.settings import GatewaySettings

    async with build(GatewaySettings(ports={"gateway": 0})) as running:
        print(running.endpoints["rest"].rpartition(":")[2], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
