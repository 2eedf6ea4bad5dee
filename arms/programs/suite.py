"""Runs code with its tests: each test for itself, so that it is known which failed and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

import orjson

from arms.programs.program import Program, Ran, Runner

REPORT = "report.json"
MOST_FAILURE_CHARACTERS = 2000


@dataclass(frozen=True, kw_only=True)
class Tested:
    """How code and its tests did.

    Attributes:
        command: what was run.
        ran: how it ended.
        passed: tests that passed; 0 when it was run without tests.
        failed: tests that failed, the one counted that kept the others from running.
        failure: what failed and how, short enough for a prompt; empty when nothing did.
        failures: the same for each test that failed, its name in the first line.
    """

    command: str
    ran: Ran
    passed: int
    failed: int
    failure: str
    failures: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it ran to its end and no test failed."""
        return not self.failure


async def run_tests(code: str, *, tests: str, language: str, runner: Runner, seconds: int) -> Tested:
    """Run tests against code; without tests, run the code as a program.

    The tests see the code's names, and find it as a module under whatever name they import. Python's may be
    plain asserts, functions named test_*, or unittest classes; JavaScript's plain asserts, or test() with
    expect(). The report is written by the process that runs both: code that means to deceive could.

    Raises:
        NotRunError: nothing could be run.
    """
    if not tests.strip():
        return _program_result(
            await runner.run(Program(language=language, source=code, seconds=seconds)), language=language
        )
    program = suite_program(code, tests=tests, language=language, seconds=seconds)
    return _suite_result(await runner.run(program), command=program.command)


def suite_program(code: str, *, tests: str, language: str, seconds: int) -> Program:
    """The program that runs the tests and reports."""
    ending = "js" if language == "javascript" else "py"
    return Program(
        language=language,
        source=files("arms.programs").joinpath(f"harness.{ending}").read_text(),
        files={f"solution.{ending}": code, f"tests.{ending}": tests},
        outputs=(REPORT,),
        seconds=seconds,
    )


def _program_result(ran: Ran, *, language: str) -> Tested:
    command = Program(language=language, source="").command
    return Tested(command=command, ran=ran, passed=0, failed=0, failure=_how_it_ended(ran))


def _suite_result(ran: Ran, *, command: str) -> Tested:
    report = _report(ran.files.get(REPORT, ""))
    if report is None:
        why = _how_it_ended(ran) or "the program ended before its tests did"
        return Tested(command=command, ran=ran, passed=0, failed=1, failure=why)
    passed, failures = report
    failure = told_failures(failures) or _how_it_ended(ran)
    if not passed and not failures:
        failure = failure or "there is no test in the tests"
    failed = len(failures) or int(bool(failure))
    return Tested(
        command=command,
        ran=ran,
        passed=passed,
        failed=failed,
        failure=failure,
        failures=tuple(failures),
    )


def told_failures(failures: Sequence[str]) -> str:
    """All of them, short enough for a prompt."""
    return shortened("\n\n".join(failures))


def _report(text: str) -> tuple[int, list[str]] | None:
    try:
        found: Any = orjson.loads(text)
        return int(found["passed"]), [str(each) for each in cast("list[Any]", found["failures"])]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _how_it_ended(ran: Ran) -> str:
    if ran.stopped_by:
        return shortened(f"it was stopped by its limit: {ran.stopped_by}\n{ran.stderr}".strip())
    if ran.exit_code:
        return shortened(ran.stderr.strip() or f"exit status {ran.exit_code}")
    return ""


def shortened(text: str) -> str:
    """Beginning and end of a text that is too long for a prompt."""
    half = MOST_FAILURE_CHARACTERS // 2
    return text if len(text) <= MOST_FAILURE_CHARACTERS else f"{text[:half]}\n...\n{text[-half:]}"
