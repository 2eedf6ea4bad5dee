"""What the sandbox costs: how long until a program's first byte, how many programs a second.

    python -m bench.arms_executor [--runs 200]

Needs nothing but this checkout. "bare" is the same interpreter without a sandbox, for comparison.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.open import open_sandbox
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox

LIMITS = Limits(wall_seconds=20)


async def main(runs: int, *, staging: Path) -> None:
    began = time.perf_counter()
    opened = open_sandbox(account=sandbox_account(), staging_dir=staging, places=os.cpu_count() or 1)
    async with opened as sandbox:
        print(f"opened, copied and self-tested in {time.perf_counter() - began:.2f} s")
        python = python_program(sandbox.parts, source="print(1)")
        echo = Program(argv=("/bin/echo", "1"))
        await one_after_another("python, in the sandbox", sandbox, python, runs=runs)
        await one_after_another("echo, in the sandbox", sandbox, echo, runs=runs)
        bare(runs)
        await at_once(sandbox, python, runs=runs)


async def one_after_another(name: str, sandbox: Sandbox, program: Program, *, runs: int) -> None:
    first: list[float] = []
    whole: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        async with aclosing(sandbox.run(program, limits=LIMITS)) as events:
            await anext(events)
            first.append(time.perf_counter() - began)
            async for _ in events:
                pass
        whole.append(time.perf_counter() - began)
    told(name, first, whole)


def bare(runs: int) -> None:
    whole: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-c", "print(1)"], check=True, stdout=subprocess.DEVNULL
        )
        whole.append(time.perf_counter() - began)
    told("python, bare", whole, whole)


def told(name: str, first: list[float], whole: list[float]) -> None:
    tail = statistics.quantiles(whole, n=100)[94]
    print(
        f"{name:24} first byte p50 {statistics.median(first) * 1000:5.1f} ms, "
        f"end p50 {statistics.median(whole) * 1000:5.1f} ms, p95 {tail * 1000:5.1f} ms"
    )


async def at_once(sandbox: Sandbox, program: Program, *, runs: int) -> None:
    gate = asyncio.Semaphore(16)

    async def run() -> None:
        async with gate:
            outcome, _, _ = await sandbox.outcome(program, limits=LIMITS)
            assert outcome.exit_code == 0

    began = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(runs)))
    print(f"{runs / (time.perf_counter() - began):.0f} runs/s with {os.cpu_count()} at a time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)  # the sandbox's account must enter it
        asyncio.run(main(parser.parse_args().runs, staging=Path(place)))
