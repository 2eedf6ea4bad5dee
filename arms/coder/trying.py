"""Runs an answer with its tests, and gets others where it fails: mended from the failure, or written anew."""

from dataclasses import dataclass, field, replace

from arms.arm import Emit
from arms.coder.choosing import Chosen, Try, chosen
from arms.coder.testing import Tests
from arms.coder.work import Code, CodeAction, CodeWork
from arms.coder.writing import write_code
from arms.model.session import ModelSession
from arms.programs.program import NotRunError, Runner
from arms.programs.suite import Tested, run_tests
from arms.step import Progress, Run
from servicekit.context import remaining_seconds
from servicekit.errors import DeadlineError, OctoError

ROUNDS = 3
"""How often code that fails tests which can be trusted is mended, or written anew."""

ROUNDS_WITHOUT = 1
"""The same for code without such tests, which only has to run."""

FRESH_ANSWERS = 2
"""How often code is written anew that fails tests of the model's own."""

RUN_SECONDS = 10
LEAST_SECONDS = 4.0
"""What must be left of the caller's time for another run, or another round."""

_ANEW = 2
"""The round in which code is written anew."""

_TRUSTED = frozenset({"caller", "specification"})


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What code is written and run with."""

    model: ModelSession
    runner: Runner
    emit: Emit


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A piece of work whose answers are tried.

    Attributes:
        work: what to write.
        tests: what its answers are run with; none where the answers are tests themselves.
        bench: what they are written and run with.
        runs: every run so far, in order.
    """

    work: CodeWork
    tests: Tests
    bench: Bench
    runs: list[Run] = field(default_factory=list[Run])

    async def tried(self, code: Code) -> Try:
        """Run an answer.

        Raises:
            NotRunError: nothing could be run.
        """
        await self.bench.emit(Progress(message=f"running it (run {len(self.runs) + 1})"))
        is_test = self.work.action is CodeAction.TEST
        tested = await run_tests(
            self.work.code if is_test else code.code,
            tests=code.code if is_test else self.tests.text,
            language=code.language,
            runner=self.bench.runner,
            seconds=max(1, int(min(RUN_SECONDS, remaining_seconds(3600.0) / 2))),
        )
        self.runs.append(_run_of(tested))
        return Try(code=code, tested=tested)

    async def tried_again(self, code: Code) -> Try | None:
        """Run another answer; None when it cannot be run any more: what was run before stays true."""
        try:
            return await self.tried(code)
        except NotRunError:
            return None

    async def mended(self, last: Try, *, warmer: bool) -> Code | None:
        """The code mended from its failure; None when the model cannot be asked again, or writes none."""
        await self.bench.emit(Progress(message="mending it"))
        is_test = self.work.action is CodeAction.TEST
        again = replace(
            self.work,
            action=self.work.action if is_test else CodeAction.DEBUG,
            language=last.code.language,
            code=self.work.code if is_test else last.code.code,
            failure=last.tested.failure,
            tests=last.code.code if is_test else self.tests.text,
            feedback="",
        )
        return await self._written(again, warmer=warmer)

    async def anew(self) -> Code | None:
        """Another answer to the same task; None as above."""
        await self.bench.emit(Progress(message="writing it anew"))
        return await self._written(self.work, warmer=True)

    async def _written(self, work: CodeWork, *, warmer: bool) -> Code | None:
        try:
            return await write_code(work, model=self.bench.model, emit=self.bench.emit, warmer=warmer)
        except DeadlineError:
            raise
        except OctoError:
            return None


async def by_rounds(trial: Trial, *, first: Try) -> Try:
    """The best after some rounds: mended from its failure, then written anew, then mended with more daring.

    A small model mends less than it gets right at another try.
    """
    best = first
    for number in range(1, (ROUNDS if trial.tests.by in _TRUSTED else ROUNDS_WITHOUT) + 1):
        if best.tested.is_good or waits_for_input(best.tested) or not has_time():
            break
        code = await (trial.anew() if number == _ANEW else trial.mended(best, warmer=number > 1))
        if code is None:
            break
        if code.code == best.code.code:
            continue
        again = await trial.tried_again(code)
        if again is None:
            break
        best = max(best, again, key=lambda each: each.rank)
    return best


async def by_agreement(trial: Trial, *, first: Try) -> Chosen:
    """The answer on whose results most answers agree, where the first one fails tests of the model's own."""
    tries = [first]
    while not first.tested.is_good and len(tries) <= FRESH_ANSWERS and has_time():
        code = await trial.anew()
        if code is None:
            break
        known = next((each for each in tries if each.code.code == code.code), None)
        again = known or await trial.tried_again(code)
        if again is None:
            break
        tries.append(again)
    return chosen(tries, tests=trial.tests)


def has_time() -> bool:
    """Whether the caller's time is enough for another run, or another round."""
    return remaining_seconds(3600.0) >= LEAST_SECONDS


def waits_for_input(tested: Tested) -> bool:
    """Whether it failed for want of somebody who types."""
    return "EOFError" in tested.failure and "input" in tested.failure


def _run_of(tested: Tested) -> Run:
    return Run(
        command=tested.command,
        exit_code=tested.ran.exit_code,
        stopped_by=tested.ran.stopped_by,
        tests_passed=tested.passed,
        tests_failed=tested.failed,
        seconds=tested.ran.seconds,
    )
