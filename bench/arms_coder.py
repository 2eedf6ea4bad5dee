"""The coder on small tasks with hidden tests: pass@1 of its first answer, and after its run-and-fix loop."""

import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from arms.coder.checking import write_checked_code
from arms.coder.trying import Bench
from arms.coder.work import Code, CodeAction, CodeWork
from arms.model.layer import ModelLayer
from arms.model.prompt import Prompt
from arms.model.session import Answer, ModelSession, OnDelta
from arms.model.stopping import Stop
from arms.model.usage import CallLimits
from arms.programs.program import Runner
from arms.programs.suite import run_tests
from arms.step import Brief, Progress
from servicekit.errors import OctoError

MOST_TOKENS = 6000
"""Of a task, both ways of working together: a small model that repeats itself must not hold up the others."""

MOST_TOKENS_A_CALL = 600
"""Of one answer: the longest right one of these tasks has half of that."""

TASKS = Path(__file__).with_name("coder_tasks.toml")


@dataclass(frozen=True, kw_only=True)
class CodingTask:
    """A task: what the coder is told, and the tests that it does not see."""

    name: str
    language: str
    instruction: str
    tests: str


def coding_tasks() -> list[CodingTask]:
    with TASKS.open("rb") as file:
        found = tomllib.load(file)["task"]
    return [CodingTask(**{**task, "instruction": " ".join(task["instruction"].split())}) for task in found]


@dataclass(kw_only=True)
class FirstOnce:
    """A session that gives its first answer to both ways of working, so that they begin alike."""

    session: ModelSession
    first: Answer | None = None

    async def text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        on_delta: OnDelta | None = None,
        stop: Stop | None = None,
    ) -> Answer:
        """Ask."""
        if self.first is not None:
            answer, self.first = self.first, None
            return answer
        return await self.session.text(
            prompt,
            max_tokens=min(max_tokens, MOST_TOKENS_A_CALL),
            temperature=temperature,
            on_delta=on_delta,
            stop=stop,
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """How one task went."""

    first: bool = False
    looped: bool = False
    said: bool | None = None
    tests_by: str = ""
    rounds: int = 0
    tokens: int = 0
    seconds: float = 0.0


async def measure_coder(layer: ModelLayer, *, runner: Runner) -> None:
    began = time.perf_counter()
    print("| task | first answer | after the loop | it says | tests by | runs | tokens | s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    rows: list[Row] = []
    for task in coding_tasks():
        row = await measure(task, layer=layer, runner=runner)
        rows.append(row)
        print(
            f"| {task.name} | {MARKS[row.first]} | {MARKS[row.looped]} | {SAID[row.said]} "
            f"| {row.tests_by or 'none'} | {row.rounds} | {row.tokens} | {row.seconds:.0f} |",
            flush=True,
        )
    seconds = time.perf_counter() - began
    print(
        f"\n{len(rows)} tasks, hidden tests; {seconds:.0f} s, {sum(row.tokens for row in rows)} tokens; the "
        "odd ones were looked at while the loop was made, the even ones were not.\n"
    )
    print("| passed | all | odd | even |\n|---|---|---|---|")
    told("first answer, as written", [row.first for row in rows])
    told("after the run-and-fix loop", [row.looped for row in rows])
    told("... gained", [row.looped and not row.first for row in rows])
    told("... lost", [row.first and not row.looped for row in rows])
    for said, words in ((True, "verified"), (False, "failed"), (None, "not checked")):
        some = [row for row in rows if row.said is said]
        print(f"| it says {words}, and passed | {sum(row.looped for row in some)} of {len(some)} | | |")


MARKS = {True: "passed", False: "-"}
SAID = {True: "verified", False: "failed", None: "not checked"}


def told(name: str, holds: Sequence[bool]) -> None:
    halves = (holds, holds[::2], holds[1::2])
    print(f"| {name} | {' | '.join(f'{sum(half)} of {len(half)}' for half in halves)} |", flush=True)


async def measure(task: CodingTask, *, layer: ModelLayer, runner: Runner) -> Row:
    began = time.perf_counter()
    session = layer.session(CallLimits(max_tokens=MOST_TOKENS))
    model = FirstOnce(session=session)
    work = CodeWork(
        brief=Brief(goal=task.instruction),
        action=CodeAction.GENERATE,
        instruction=task.instruction,
        language=task.language,
    )
    try:
        first = await written(work, model=Recorder(model), runner=runner)
        model.first = first[1]
        looped, _ = await written(work, model=Recorder(model), runner=runner, loop=True)
    except OctoError as error:
        print(f"  {task.name}: {error.message}", file=sys.stderr, flush=True)
        return Row(tokens=session.usage.tokens, seconds=time.perf_counter() - began)
    return Row(
        first=await passes(first[0], task=task, runner=runner),
        looped=await passes(looped, task=task, runner=runner),
        said=looped.check.verified,
        tests_by=looped.check.tests_by,
        rounds=len(looped.check.runs),
        tokens=session.usage.tokens,
        seconds=time.perf_counter() - began,
    )


class Recorder:
    """Remembers the first answer."""

    def __init__(self, inner: FirstOnce) -> None:
        self._inner = inner
        self.first: Answer | None = None

    async def text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        on_delta: OnDelta | None = None,
        stop: Stop | None = None,
    ) -> Answer:
        """Ask."""
        answer = await self._inner.text(
            prompt, max_tokens=max_tokens, temperature=temperature, on_delta=on_delta, stop=stop
        )
        self.first = self.first or answer
        return answer


async def written(
    work: CodeWork, *, model: Recorder, runner: Runner, loop: bool = False
) -> tuple[Code, Answer | None]:
    bench = Bench(model=cast("ModelSession", model), runner=runner, emit=quiet)
    code = await write_checked_code(replace(work, skip_run=not loop), bench=bench)
    return code, model.first


async def quiet(_progress: Progress) -> None:
    """Nobody waits."""


async def passes(code: Code, *, task: CodingTask, runner: Runner) -> bool:
    tested = await run_tests(code.code, tests=task.tests, language=task.language, runner=runner, seconds=10)
    return tested.is_good
