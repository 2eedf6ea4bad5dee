"""The small interpreter: nothing is left of an expression, and a process that is odd is replaced."""

import asyncio
import dataclasses
import json
import os
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from arms.executor.interpreter.expression import Bounds, Evaluation, Expression, NotEvaluatedError
from arms.executor.interpreter.interpreter import Interpreter
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.self_test import try_monty
from arms.executor.sandbox.tools import Missing, Tool
from arms.executor.sandbox.watchdog import family
from servicekit.errors import RateLimitError

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOUNDS = Bounds(seconds=5.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def interpreter(parts: Parts) -> AsyncGenerator[Interpreter]:
    interpreter = Interpreter(parts=parts, places=1)
    yield interpreter
    interpreter.close()


async def evaluate(
    interpreter: Interpreter, source: str, *, tenant: str = "a", bounds: Bounds = BOUNDS, **inputs: Any
) -> Evaluation:
    expression = Expression(source=source, inputs=inputs)
    return await interpreter.evaluate(expression, tenant=tenant, bounds=bounds)


def hit(process: int, number: int) -> None:
    """Send a signal and wait until it did its work: kill() returns before the last thread stands still."""
    os.kill(process, number)
    give_up = time.monotonic() + 10
    while threads(process) - {"T", "Z", "X"}:
        assert time.monotonic() < give_up, threads(process)
        time.sleep(0.002)


def threads(process: int) -> set[str]:
    """The states of a process's threads, as /proc has them."""
    try:
        stats = [(task / "stat").read_text() for task in Path(f"/proc/{process}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return set()  # it ended meanwhile
    return {stat.rpartition(")")[2].split()[0] for stat in stats}


def processes(interpreter: Interpreter) -> list[int]:
    """Whose process it is: the first inside, the driver, the interpreter."""
    worker = interpreter._seats[0]._worker
    assert worker is not None
    return list(family(worker._running.first))


@pytest.mark.parametrize(
    ("source", "inputs", "value"),
    [
        ("6 * 7", {}, 42),
        ("sum(n * price for n, price in items)", {"items": [[2, 1.5], [1, 4]]}, 7.0),
        ("import re\nre.findall('[0-9]+', text)", {"text": "1 or 22"}, ["1", "22"]),
        ("def double(n):\n    return 2 * n\ndouble(x)", {"x": 21}, 42),
        ("{'a': (1, None)}", {}, {"a": [1, None]}),
        ("2 ** 100", {}, 2**100),
        ("x = 1", {}, None),
        ("float('nan')", {}, "nan"),
    ],
)
async def test_values(interpreter: Interpreter, source: str, inputs: dict, value: Any) -> None:
    assert json.loads((await evaluate(interpreter, source, **inputs)).value) == value


async def test_what_it_prints_is_told(interpreter: Interpreter) -> None:
    assert (await evaluate(interpreter, "print('a')\n1")).output == (("stdout", "a\n"),)


@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "[1,",
        "unknown",
        "import statistics",
        "open('/etc/passwd').read()",
        "import os\nos.listdir('/')",
        "import os\nos.environ['PATH']",
        "'a' * 10 ** 10",
        "print('x' * 10 ** 6)",
        "'x' * 10 ** 6",
        "def f():\n    return f()\nf()",
        "import time\ntime.sleep(5)",
    ],
)
async def test_what_it_does_not_evaluate(interpreter: Interpreter, source: str) -> None:
    with pytest.raises(NotEvaluatedError):
        await evaluate(interpreter, source)
    assert (await evaluate(interpreter, "1")).value == "1"


async def test_an_expression_that_does_not_end_is_ended(interpreter: Interpreter) -> None:
    with pytest.raises(NotEvaluatedError, match="time limit"):
        await evaluate(interpreter, "while True: pass", bounds=Bounds(seconds=0.1))


async def test_nothing_is_left_for_the_next_one(interpreter: Interpreter) -> None:
    left = "import json\nkept = [1]\nint = str\njson.kept = 1\nx"
    with pytest.raises(NotEvaluatedError):  # a module takes no attribute
        await evaluate(interpreter, left, x=1)
    await evaluate(interpreter, "kept = x", x="secret")
    before = processes(interpreter)
    for source in ("kept", "x"):
        with pytest.raises(NotEvaluatedError, match="NameError"):
            await evaluate(interpreter, source)
    assert (await evaluate(interpreter, "int('3') + 1")).value == "4"
    assert processes(interpreter) == before


async def test_another_tenant_gets_another_process(interpreter: Interpreter) -> None:
    await evaluate(interpreter, "1", tenant="a")
    first = processes(interpreter)
    await evaluate(interpreter, "1", tenant="b")
    assert not set(first) & set(processes(interpreter))
    assert not any(map(psutil.pid_exists, first))


async def test_a_worn_process_is_replaced(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    await evaluate(interpreter, "1")
    first = processes(interpreter)
    monkeypatch.setattr("arms.executor.interpreter.worker.MOST_RUNS", 1)
    await evaluate(interpreter, "1")
    assert not set(first) & set(processes(interpreter))


@pytest.mark.parametrize("which", [-1, -2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_an_odd_process_is_replaced(interpreter: Interpreter, which: int, number: int) -> None:
    await evaluate(interpreter, "1")
    first = processes(interpreter)
    assert len(first) == 3
    hit(first[which], number)
    with pytest.raises(NotEvaluatedError):
        await evaluate(interpreter, "1", bounds=Bounds(seconds=0.1))
    assert (await evaluate(interpreter, "2")).value == "2"
    assert not set(first) & set(processes(interpreter))


async def test_a_caller_who_leaves_takes_nobody_with_him(interpreter: Interpreter) -> None:
    slow = asyncio.create_task(evaluate(interpreter, "while True: pass", bounds=Bounds(seconds=0.3)))
    await asyncio.sleep(0.05)
    slow.cancel()
    assert (await evaluate(interpreter, "5")).value == "5"
    assert slow.cancelled()


async def test_too_many_waiting_are_refused(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arms.executor.interpreter.interpreter.QUEUE_PER_PLACE", 2)
    interpreter = Interpreter(parts=parts, places=1)
    asked = await asyncio.gather(*(evaluate(interpreter, "1") for _ in range(5)), return_exceptions=True)
    interpreter.close()
    assert [isinstance(each, RateLimitError) for each in asked].count(True) == 2


@pytest.mark.parametrize("path", ["/bin/false", "/bin/cat", "/nonexistent"])
async def test_an_interpreter_that_does_not_work_is_left_out(parts: Parts, path: str) -> None:
    assert isinstance(parts.monty, Tool)
    broken = dataclasses.replace(parts, monty=Tool(path=Path(path), binds=parts.monty.binds))
    sandbox = Sandbox(parts=broken, places=1)
    assert isinstance(await try_monty(sandbox), Missing)
    sandbox.close()


async def test_one_that_works_passes_its_test(parts: Parts) -> None:
    sandbox = Sandbox(parts=parts, places=1)
    assert await try_monty(sandbox) == parts.monty
    sandbox.close()
