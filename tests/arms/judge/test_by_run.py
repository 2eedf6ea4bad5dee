"""Criteria that only a run decides, and such that merely speak of one."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from arms.judge.by_run import decide_by_run
from arms.judge.judging import judge_output
from arms.judge.verdict import JudgeRequest
from arms.programs.program import NoRunner
from arms.step import Brief
from tests.arms.coder.scripted import scripted
from tests.arms.programs.local import LocalRunner, local_runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = "Here it is:\n\n```python\ndef add(a, b):\n    return a + b\n```\n"
JS_ADD = "```js\nconst add = (a, b) => a + b;\n```"
PRINTS = "```python\nprint('total: 42')\n```"
BROKEN = "```python\nprint(1 / 0)\n```"
WITH_TESTS = ADD + "```python\ndef test_add():\n    assert add(1, 2) == 3\n```"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(staging_dir: Path) -> AsyncIterator[LocalRunner]:
    async with local_runner(staging_dir) as runner:
        yield runner


def request(output: str, *, tests: str = "") -> JudgeRequest:
    context = orjson.dumps({"tests": tests}).decode() if tests else ""
    return JudgeRequest(brief=Brief(context_json=context), output=output)


@pytest.mark.parametrize(
    ("criterion", "output", "passed", "evidence"),
    [
        ("The code runs without errors.", PRINTS, True, "printed: total: 42"),
        ("the program must run", BROKEN, False, "ZeroDivisionError"),
        ("is executable", ADD, True, "status 0"),
        ("runs", "```javascript\nthrow new Error('no')\n```", False, "Error: no"),
        ("The code runs without errors", "There is no code.", False, "no Python or JavaScript"),
        ("the code runs", "```rust\nfn main() {}\n```", False, "no Python or JavaScript"),
        ("runs", "print(1)", True, "printed: 1"),
        ('prints "42"', PRINTS, True, "it printed: total: 42"),
        ("the program prints `43`", PRINTS, False, "it printed: total: 42"),
        ("prints 42", BROKEN, False, "ZeroDivisionError"),
        ("add(1, 2) returns 3", ADD, True, "1 of 1 tests passed"),
        ("The function add(1, 2) must return 4.", ADD, False, "add(1, 2) is 3"),
        ("`add(2, 2)` returns `4`", JS_ADD, True, "`node main.js`: 1 of 1"),
        ("passes these tests: `assert add(1, 1) == 2`", ADD, True, "1 of 1 tests passed"),
        ("passes the tests: ```python\nassert add(1, 1) == 3\n```", ADD, False, "0 of 1 tests passed"),
        ("all tests pass", WITH_TESTS, True, "1 of 1 tests passed"),
        ("passes all its tests", WITH_TESTS, True, "1 of 1 tests passed"),
        ("the tests pass", ADD, None, ""),
        ("passes the given tests", ADD, None, ""),
        ("runs fast", ADD, None, ""),
        ("runs without errors and is documented", ADD, None, ""),
        ("explains that add(1, 2) returns 3", ADD, None, ""),
        ("mentions the tests", ADD, None, ""),
    ],
)  # fmt: skip
async def test_criteria(
    runner: LocalRunner, criterion: str, output: str, *, passed: bool | None, evidence: str
) -> None:
    found = await decide_by_run(criterion, request=request(output), runner=runner)
    assert (found and found.passed) is passed, found
    assert evidence in (found.evidence if found else "")


async def test_the_tests_of_the_context_are_meant_when_none_are_named(runner: LocalRunner) -> None:
    found = await decide_by_run(
        "passes the given tests", request=request(ADD, tests="assert add(1, 1) == 2"), runner=runner
    )
    assert found
    assert found.passed


async def test_without_an_executor_the_criterion_is_undecided_and_the_model_is_not_asked() -> None:
    model, script = scripted()
    brief = Brief(acceptance_criteria=("the code runs", "contains 'def add'"))
    judgement = await judge_output(
        JudgeRequest(brief=brief, output=ADD), model=model, runner=NoRunner("no executor is registered")
    )
    assert [(verdict.passed, verdict.method) for verdict in judgement.verdicts] == [
        (False, "undecided"),
        (True, "rule"),
    ]
    assert "nothing could be run: no executor is registered" in judgement.verdicts[0].evidence
    assert script.prompts == []
