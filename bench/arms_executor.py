"""What the sandbox costs: the time to a first byte, programs and expressions a second; see bench.arms."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

from arms.executor.interpreter.expression import Bounds, Expression
from arms.executor.interpreter.program import expression_program
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.tools import Tool

LIMITS = Limits(wall_seconds=20)
AT_ONCE = 16

EXPRESSIONS: Mapping[str, Expression] = {
    "x * 2": Expression(source="x * 2", inputs={"x": 21}),
    "a sum over 100 rows": Expression(
        source="sum(n * price for n, price in rows)", inputs={"rows": [[n, n / 4] for n in range(100)]}
    ),
    "a regular expression": Expression(
        source="import re\nre.findall('[a-z]+@[a-z.]+', text)", inputs={"text": "ann@example.org " * 20}
    ),
}


async def measure_executor(sandbox: Sandbox, *, runs: int) -> None:
    """Print the times of programs; "bare" is the same Python without a sandbox, for comparison."""
    python = python_program(sandbox.parts, source="print(1)")
    programs = {"echo": Program(argv=("/bin/echo", "1")), "Python": python}
    if isinstance(sandbox.parts.node, Tool):
        programs["JavaScript"] = javascript_program(
            sandbox.parts, source="console.log(1)", memory_bytes=LIMITS.memory_bytes
        )
    print("| | first byte p50 | end p50 | end p95 |\n|---|---|---|---|")
    for name, program in programs.items():
        await one_after_another(name, sandbox, program, runs=runs)
    bare(runs)
    each = await at_once(lambda: finished(sandbox, python), runs=runs)
    print(f"\n{each:.0f} Python programs/s with {os.cpu_count()} at a time.")


async def measure_expressions(sandbox: Sandbox, *, runs: int) -> None:
    """The small interpreter, one after another and at once, beside Python in the full sandbox."""
    print("| | p50 | p95 |\n|---|---|---|")
    for name, expression in EXPRESSIONS.items():
        times = [await timed(lambda each=expression: evaluate(sandbox, each)) for _ in range(runs)]
        told_short(f"`{name}`" if " " not in name or "*" in name else name, times[5:])
    first = next(iter(EXPRESSIONS.values()))
    program = expression_program(sandbox.parts, first)
    times = [await timed(lambda: finished(sandbox, program)) for _ in range(max(10, runs // 20))]
    told_short("the first by Python in the full sandbox", times)
    one = runs / sum([await timed(lambda: evaluate(sandbox, first)) for _ in range(runs)])
    many = await at_once(lambda: evaluate(sandbox, first), runs=runs)
    print(f"\n{one:.0f} expressions/s one after another, {many:.0f}/s with {AT_ONCE} callers.")


async def evaluate(sandbox: Sandbox, expression: Expression) -> None:
    await sandbox.interpreter.evaluate(expression, tenant="bench", bounds=Bounds())


async def finished(sandbox: Sandbox, program: Program) -> None:
    outcome, _, _ = await sandbox.outcome(program, limits=LIMITS)
    assert outcome.exit_code == 0


async def timed(run: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await run()
    return time.perf_counter() - began


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
    told(f"{name}, in the sandbox", first, whole)


def bare(runs: int) -> None:
    whole: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-c", "print(1)"], check=True, stdout=subprocess.DEVNULL
        )
        whole.append(time.perf_counter() - began)
    told("Python, bare", whole, whole)


async def at_once(run: Callable[[], Awaitable[None]], *, runs: int) -> float:
    """Runs a second."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with gate:
            await run()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(runs)))
    return runs / (time.perf_counter() - began)


def told(name: str, first: list[float], whole: list[float]) -> None:
    tail = statistics.quantiles(whole, n=100)[94]
    print(
        f"| {name} | {statistics.median(first) * 1000:.1f} ms | {statistics.median(whole) * 1000:.1f} ms "
        f"| {tail * 1000:.1f} ms |",
        flush=True,
    )


def told_short(name: str, times: list[float]) -> None:
    tail = statistics.quantiles(times, n=100)[94]
    print(f"| {name} | {statistics.median(times) * 1000:.2f} ms | {tail * 1000:.2f} ms |", flush=True)
