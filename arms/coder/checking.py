"""Writes code, runs it with its tests, and mends it from the failure: what is returned has been run."""

from dataclasses import dataclass, replace

from arms.arm import Emit
from arms.coder.telling import nothing_run, told
from arms.coder.testing import Tests, can_characterise, choose_tests, kept
from arms.coder.work import Check, Code, CodeAction, CodeWork
from arms.coder.writing import write_code
from arms.model.session import ModelSession
from arms.programs.program import LANGUAGES, NotRunError, Runner
from arms.programs.suite import Tested, run_tests
from arms.step import Progress, Run
from servicekit.context import remaining_seconds
from servicekit.errors import DeadlineError, OctoError

MEND_ROUNDS = 2
"""How often code is mended from a failure."""

MEND_ROUNDS_BY_MODEL = 1
"""The same for tests that the model wrote itself: they are wrong more often than the caller's."""

RUN_SECONDS = 10
LEAST_SECONDS = 4.0
"""What must be left of the caller's time for another run, or another round."""

_TRUSTED = frozenset({"caller", "specification"})
_SURE = {"caller": 0.95, "specification": 0.95, "model": 0.85, "": 0.8}
_FAILED = 0.3


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What code is written and run with."""

    model: ModelSession
    runner: Runner
    emit: Emit


@dataclass(frozen=True, kw_only=True)
class _Try:
    """Code that was run, and how it did."""

    code: Code
    tested: Tested

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The better the higher."""
        return self.tested.is_good, self.tested.passed, -self.tested.failed


async def write_checked_code(work: CodeWork, *, bench: Bench) -> Code:
    """Write code and return the best that was run; say truthfully when nothing was.

    Tests that are given are run as they are. Whatever keeps the code from being run or mended (no executor,
    no permission, a budget that is used up) is said and costs no more than that: the code is still returned.

    Raises:
        OctoError: the model could not be asked, or wrote no code.
        DeadlineError: the caller's deadline passed.
    """
    code = await write_code(work, model=bench.model, emit=bench.emit)
    why_not = _why_not(work, code=code)
    if why_not:
        return replace(code, check=nothing_run(why_not))
    try:
        return await _checked(work, code=code, bench=bench)
    except NotRunError as error:
        return replace(code, check=nothing_run(str(error)))


def _why_not(work: CodeWork, *, code: Code) -> str:
    if work.action is CodeAction.EXPLAIN:
        return "an explanation has nothing to run"
    if work.skip_run:
        return "the caller asked for that"
    if code.language not in LANGUAGES:
        return f"code in {code.language or 'an unknown language'} is not run here, only Python and JavaScript"
    if work.action is CodeAction.TEST and not work.code.strip():
        return "there is no code to run the tests against"
    if remaining_seconds(3600.0) < LEAST_SECONDS:
        return "no time is left for it"
    return ""


async def _checked(work: CodeWork, *, code: Code, bench: Bench) -> Code:
    tests = Tests() if work.action is CodeAction.TEST else await _tests(work, code=code, bench=bench)
    runs: list[Run] = []
    best = _Try(code=code, tested=await _run(work, code=code, tests=tests, bench=bench, runs=runs))
    rounds = MEND_ROUNDS if tests.by in _TRUSTED else MEND_ROUNDS_BY_MODEL
    for number in range(1, rounds + 1):
        if best.tested.is_good or _waits_for_input(best.tested) or remaining_seconds(3600.0) < LEAST_SECONDS:
            break
        mended = await _mended(work, last=best, tests=tests, bench=bench, round_number=number)
        if mended is None or mended.code == best.code.code:
            break
        try:
            tested = await _run(work, code=mended, tests=tests, bench=bench, runs=runs)
        except NotRunError:
            break  # such as a sandbox that was lost meanwhile: what was run before stays true
        best = max(best, _Try(code=mended, tested=tested), key=lambda each: each.rank)
    return _finished(work, best=best, tests=tests, runs=tuple(runs))


async def _tests(work: CodeWork, *, code: Code, bench: Bench) -> Tests:
    tests = await choose_tests(work, code=code.code, language=code.language, model=bench.model)
    if tests.by == "model" and can_characterise(work.action) and work.code.strip():
        before = await run_tests(
            work.code, tests=tests.text, language=code.language, runner=bench.runner, seconds=RUN_SECONDS
        )
        return kept(tests, failure=before.failure)
    return tests


async def _run(work: CodeWork, *, code: Code, tests: Tests, bench: Bench, runs: list[Run]) -> Tested:
    """Run the code with its tests, or the tests that were written with the code that they are for."""
    await bench.emit(Progress(message=f"running it (run {len(runs) + 1})"))
    is_test = work.action is CodeAction.TEST
    tested = await run_tests(
        work.code if is_test else code.code,
        tests=code.code if is_test else tests.text,
        language=code.language,
        runner=bench.runner,
        seconds=max(1, int(min(RUN_SECONDS, remaining_seconds(3600.0) / 2))),
    )
    runs.append(
        Run(
            command=tested.command,
            exit_code=tested.ran.exit_code,
            stopped_by=tested.ran.stopped_by,
            tests_passed=tested.passed,
            tests_failed=tested.failed,
            seconds=tested.ran.seconds,
        )
    )
    return tested


async def _mended(
    work: CodeWork, *, last: _Try, tests: Tests, bench: Bench, round_number: int
) -> Code | None:
    """The code mended from its failure; None when the model cannot be asked again, or writes none."""
    await bench.emit(Progress(message=f"mending it (round {round_number})"))
    again = replace(
        work,
        action=work.action if work.action is CodeAction.TEST else CodeAction.DEBUG,
        language=last.code.language,
        code=work.code if work.action is CodeAction.TEST else last.code.code,
        failure=last.tested.failure,
        tests=last.code.code if work.action is CodeAction.TEST else tests.text,
        feedback="",
    )
    try:
        return await write_code(again, model=bench.model, emit=bench.emit, warmer=round_number > 1)
    except DeadlineError:
        raise
    except OctoError:
        return None


def _waits_for_input(tested: Tested) -> bool:
    return "EOFError" in tested.failure and "input" in tested.failure


def _finished(work: CodeWork, *, best: _Try, tests: Tests, runs: tuple[Run, ...]) -> Code:
    tested = best.tested
    if work.action is CodeAction.TEST:
        tests = Tests(text=best.code.code, by="model")
    waits = _waits_for_input(tested)
    check = Check(
        words=told(tested, tests_by=tests.by, runs=len(runs), waits=waits),
        verified=None if waits else tested.is_good,
        tests=tests.text,
        tests_by=tests.by,
        failure=tested.failure,
        runs=runs,
    )
    sure = _SURE[tests.by] if tested.is_good else _FAILED
    return replace(
        best.code, check=check, confidence=best.code.confidence if waits else min(sure, best.code.confidence)
    )
