"""Writes code, runs it with its tests, and mends it from the failure: what is returned has been run."""

from dataclasses import replace

from arms.coder.choosing import Chosen
from arms.coder.telling import nothing_run, told
from arms.coder.testing import Tests, can_characterise, choose_tests, kept
from arms.coder.trying import RUN_SECONDS, Bench, Trial, by_agreement, by_rounds, has_time, waits_for_input
from arms.coder.work import Check, Code, CodeAction, CodeWork
from arms.coder.writing import write_code
from arms.programs.program import LANGUAGES, NotRunError
from arms.programs.suite import Tested, run_tests
from arms.step import Run

_SURE = {"caller": 0.95, "specification": 0.95, "model": 0.85, "": 0.8}
_FAILED = 0.3


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
    if not has_time():
        return "no time is left for it"
    return ""


async def _checked(work: CodeWork, *, code: Code, bench: Bench) -> Code:
    tests = Tests() if work.action is CodeAction.TEST else await _tests(work, code=code, bench=bench)
    trial = Trial(work=work, tests=tests, bench=bench)
    first = await trial.tried(code)
    if tests.by != "model" or can_characterise(work.action):
        found = Chosen(best=await by_rounds(trial, first=first), tests=tests)
    elif code.language == "python":
        found = await by_agreement(trial, first=first)
    else:  # reports do not tell which assert of JavaScript failed, and one alone is no reason to change code
        found = Chosen(best=first, tests=tests)
    return _finished(work, found=found, runs=tuple(trial.runs))


async def _tests(work: CodeWork, *, code: Code, bench: Bench) -> Tests:
    tests = await choose_tests(work, code=code.code, language=code.language, model=bench.model)
    if tests.by == "model" and can_characterise(work.action) and work.code.strip():
        before = await run_tests(
            work.code, tests=tests.text, language=code.language, runner=bench.runner, seconds=RUN_SECONDS
        )
        return kept(tests, failure=before.failure)
    return tests


def _finished(work: CodeWork, *, found: Chosen, runs: tuple[Run, ...]) -> Code:
    best, tests = found.best, found.tests
    tested = best.tested
    if work.action is CodeAction.TEST:
        tests = Tests(text=best.code.code, by="model")
    waits = waits_for_input(tested)
    check = Check(
        words=told(tested, tests_by=tests.by, runs=len(runs), waits=waits, left_out=found.left_out),
        verified=_verified(tested, tests=tests, waits=waits),
        tests=tests.text,
        tests_by=tests.by,
        failure=tested.failure,
        runs=runs,
    )
    sure = _SURE[tests.by] if tested.is_good else _FAILED
    return replace(
        best.code, check=check, confidence=best.code.confidence if waits else min(sure, best.code.confidence)
    )


def _verified(tested: Tested, *, tests: Tests, waits: bool) -> bool | None:
    """Whether tests passed. That code ran to its end says nothing about its results; that it failed does."""
    if waits or (tested.is_good and not tests.by):
        return None
    return tested.is_good
