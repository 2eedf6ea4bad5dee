"""The coder on small tasks with hidden tests: pass@1 of its first answer, and after its run-and-fix loop."""

import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from arms.coder.checking import Bench, write_checked_code
from arms.coder.work import Code, CodeAction, CodeWork
from arms.model.layer import ModelLayer
from arms.model.prompt import Prompt
from arms.model.session import Answer, ModelSession, OnDelta
from arms.model.usage import CallLimits
from arms.programs.program import Runner
from arms.programs.suite import run_tests
from arms.step import Brief, Progress
from servicekit.errors import OctoError

MOST_TOKENS = 3000
"""Of a task, both ways of working together: a small model that repeats itself must not hold up the others."""

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
        self, prompt: Prompt, *, max_tokens: int, temperature: float = 0.0, on_delta: OnDelta | None = None
    ) -> Answer:
        """Ask."""
        if self.first is not None:
            answer, self.first = self.first, None
            return answer
        return await self.session.text(
            prompt, max_tokens=max_tokens, temperature=temperature, on_delta=on_delta
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """How one task went."""

    first: bool
    looped: bool
    said: bool | None
    tests_by: str
    rounds: int
    tokens: int


async def measure_coder(layer: ModelLayer, *, runner: Runner) -> None:
    began = time.perf_counter()
    rows = [await measure(task, layer=layer, runner=runner) for task in coding_tasks()]
    seconds = time.perf_counter() - began
    count = len(rows)
    gained = sum(row.looped and not row.first for row in rows)
    lost = sum(row.first and not row.looped for row in rows)
    good = [row for row in rows if row.said]
    bad = [row for row in rows if row.said is False]
    tokens = sum(row.tokens for row in rows)
    print(f"{count} tasks, temperature 0, hidden tests; {seconds:.0f} s, {tokens} tokens.\n")
    print("| | passed |\n|---|---|")
    print(f"| first answer, as written | {sum(row.first for row in rows)} of {count} |")
    print(
        f"| after the run-and-fix loop | {sum(row.looped for row in rows)} of {count} (+{gained}, -{lost}) |"
    )
    print(f"| of those it says are verified | {sum(row.looped for row in good)} of {len(good)} |")
    print(f"| of those it says failed | {sum(row.looped for row in bad)} of {len(bad)} |")
    kinds = {
        kind or "none": sum(row.tests_by == kind for row in rows) for kind in ("specification", "model", "")
    }
    told = ", ".join(f"{number} by {kind}" for kind, number in kinds.items())
    print(f"\nTests it ran: {told}; {sum(row.rounds > 1 for row in rows)} tasks were mended.", flush=True)


async def measure(task: CodingTask, *, layer: ModelLayer, runner: Runner) -> Row:
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
        print(f"- {task.name}: {error.message}", flush=True)
        return Row(first=False, looped=False, said=None, tests_by="", rounds=0, tokens=session.usage.tokens)
    return Row(
        first=await passes(first[0], task=task, runner=runner),
        looped=await passes(looped, task=task, runner=runner),
        said=looped.check.verified,
        tests_by=looped.check.tests_by,
        rounds=len(looped.check.runs),
        tokens=session.usage.tokens,
    )


class Recorder:
    """Remembers the first answer."""

    def __init__(self, inner: FirstOnce) -> None:
        self._inner = inner
        self.first: Answer | None = None

    async def text(
        self, prompt: Prompt, *, max_tokens: int, temperature: float = 0.0, on_delta: OnDelta | None = None
    ) -> Answer:
        """Ask."""
        answer = await self._inner.text(
            prompt, max_tokens=max_tokens, temperature=temperature, on_delta=on_delta
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
