"""Criteria that running the output's code decides: that it runs, prints, passes tests, returns a value."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from arms.judge.rules import reading
from arms.judge.rules.criterion import claim_of
from arms.judge.rules.rule import Finding, shortened
from arms.judge.verdict import JudgeRequest
from arms.programs.examples import as_javascript, examples_in
from arms.programs.program import LANGUAGES, Runner
from arms.programs.suite import Tested, run_tests

RUN_SECONDS = 10

_NAMES = {"py": "python", "python3": "python", "": "python", "js": "javascript", "node": "javascript"}
_CODE = (
    r"(?:(?:the|its|all|this)\s+)?(?:(?:python|javascript|generated|whole)\s+)?"
    r"(?:code|program|script|function)?\s*"
)
_CLEANLY = (
    r"(?:\s+(?:(?:without|with\s+no|and\s+raises\s+no)\s+(?:any\s+)?(?:errors?|exceptions?|failures?|problems?|"
    r"crash(?:es|ing)?)|cleanly|successfully|to\s+(?:its|the)\s+end))?"
)
_CALL = re.compile(rf"{_CODE}(?:(?:the\s+)?(?:call|result)\s+(?:of\s+)?)?`?[A-Za-z_]\w*\(", re.IGNORECASE)
"""How a criterion begins that is an example; others only speak of one."""
_QUOTED = r"(?:\"(?P<text>[^\"]*)\"|`(?P<ticked>[^`]*)`|'(?P<single>[^']*)'|(?P<number>-?\d[\d.]*))"

_RUNS = re.compile(
    rf"{_CODE}(?:(?:must|can|should)\s+)?(?:runs?|executes?|works\s+when\s+run|is\s+(?:runnable|executable)|"
    rf"can\s+be\s+(?:run|executed)){_CLEANLY}",
    re.IGNORECASE,
)
_PRINTS = re.compile(
    rf"{_CODE}(?:runs?\s+and\s+)?(?:prints?|writes|outputs?)\s+(?:exactly\s+)?{_QUOTED}", re.IGNORECASE
)
_PASSES = re.compile(
    rf"{_CODE}pass(?:es)?\s+(?:all\s+|every\s+|each\s+)?(?:(?:of\s+)?(?:the|its|these|those|this|own|given|following)"
    r"\s+)*(?:unit\s+)?(?:tests?|asserts?|assertions)(?:\s*:\s*(?P<tests>\S.*))?"
    r"|(?:all\s+)?(?:(?:the|its|these|given)\s+)*(?:unit\s+)?tests?\s+(?:all\s+)?pass(?:es)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What is to be run, and how its run is read."""

    tests: str
    read: Callable[[Tested], Finding]


async def decide_by_run(criterion: str, *, request: JudgeRequest, runner: Runner) -> Finding | None:
    """Judge one criterion by running the output's code in the sandbox.

    Returns:
        None when the criterion speaks of nothing that can be run.

    Raises:
        NotRunError: it does, and nothing could be run.
        DeadlineError: the caller's deadline passed.
    """
    question = _question(criterion, request=request)
    if question is None:
        return None
    found = _code(request.output)
    if found is None:
        return Finding(passed=False, evidence="The output has no Python or JavaScript that could be run.")
    language, code = found
    tests = question.tests
    if language == "javascript" and tests.startswith("assert "):
        tests = "\n".join(as_javascript(line) for line in tests.splitlines())
    tested = await run_tests(code, tests=tests, language=language, runner=runner, seconds=RUN_SECONDS)
    return question.read(tested)


def _question(criterion: str, *, request: JudgeRequest) -> _Question | None:
    claim = claim_of(criterion)
    if _CALL.match(claim) and (examples := examples_in([claim])):
        return _Question(tests="\n".join(examples), read=_by_tests)
    if match := _PASSES.fullmatch(claim):
        tests = _tests(match["tests"] or "", request=request)
        return _Question(tests=tests, read=_by_tests) if tests else None
    if match := _PRINTS.fullmatch(claim):
        wanted = next(text for text in match.group("text", "ticked", "single", "number") if text is not None)
        return _Question(tests="", read=lambda tested: _by_print(tested, wanted=wanted))
    if _RUNS.fullmatch(claim):
        return _Question(tests="", read=_by_end)
    return None


def _tests(given: str, *, request: JudgeRequest) -> str:
    """The tests that a criterion speaks of: its own, else those of the context, else those of the output."""
    blocks = reading.code_blocks(given)
    own = "\n".join(block.code for block in blocks) if blocks else given.strip().strip("`").strip()
    if own:
        return own
    context = request.brief.context.get("tests")
    if isinstance(context, str) and context.strip():
        return context
    asserting = [block.code for block in reading.code_blocks(request.output) if _asserts(block.code)]
    return asserting[-1] if len(asserting) > 0 else ""


def _asserts(code: str) -> bool:
    return (
        re.search(r"^\s*(?:assert\b|def test|class \w*Test|test\(|it\(|console\.assert)", code, re.MULTILINE)
        is not None
    )


def _code(output: str) -> tuple[str, str] | None:
    """The language and the code of an output: its blocks of the first language that can be run."""
    blocks = [
        (_NAMES.get(block.language, block.language), block.code) for block in reading.code_blocks(output)
    ]
    runnable = [(language, code) for language, code in blocks if language in LANGUAGES]
    if runnable:
        language = runnable[0][0]
        return language, "\n\n".join(code for each, code in runnable if each == language)
    if blocks:
        return None
    try:
        body = ast.parse(output).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    prose = all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Name | ast.Constant) for node in body
    )
    return None if prose else ("python", output)


def _by_end(tested: Tested) -> Finding:
    if not tested.is_good:
        return Finding(
            passed=False, evidence=f"Run with `{tested.command}`, it failed: {_short(tested.failure)}"
        )
    printed = f", and printed: {_short(tested.ran.stdout)}" if tested.ran.stdout.strip() else ""
    return Finding(passed=True, evidence=f"Run with `{tested.command}`, it ended with status 0{printed}")


def _by_print(tested: Tested, *, wanted: str) -> Finding:
    if not tested.is_good:
        return _by_end(tested)
    printed = tested.ran.stdout
    return Finding(
        passed=wanted in printed, evidence=f"Run with `{tested.command}`, it printed: {_short(printed)}"
    )


def _by_tests(tested: Tested) -> Finding:
    total = tested.passed + tested.failed
    evidence = f"Run with `{tested.command}`: {tested.passed} of {total} tests passed."
    if tested.failure:
        evidence += f" Failed: {_short(tested.failure)}"
    return Finding(passed=tested.is_good, evidence=evidence)


def _short(text: str) -> str:
    return shortened(text, length=300)
