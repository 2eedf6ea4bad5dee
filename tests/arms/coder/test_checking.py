"""The coder runs what it writes, mends it from the failure, and says truthfully what was run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from arms.coder.checking import write_checked_code
from arms.coder.trying import Bench
from arms.coder.work import Code, CodeAction, CodeWork
from arms.programs.program import NoRunner, NotRunError, Program, Ran, Runner
from arms.step import Brief, Progress
from servicekit.context import set_deadline
from servicekit.errors import ConflictError, OctoError, UnavailableError
from tests.arms.coder.scripted import Scripted, scripted
from tests.arms.programs.local import LocalRunner, local_runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef add(a, b):\n    return a - b\n```"
WORSE = "```python\ndef add(a, b):\n    raise ValueError(a)\n```"
TESTS = "assert add(1, 2) == 3\nassert add(0, 0) == 0"
JS_GOOD = "```javascript\nfunction add(a, b) { return a + b; }\n```"
JS_BAD = "```js\nfunction add(a, b) { return a * b; }\n```"
OUT = ConflictError("the tokens that are left are too few", reason="BUDGET_EXCEEDED")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(staging_dir: Path) -> AsyncIterator[LocalRunner]:
    async with local_runner(staging_dir) as runner:
        yield runner


async def quiet(progress: Progress) -> None:
    """Nobody listens."""


async def written(
    runner: Runner,
    *answers: str | OctoError,
    action: CodeAction = CodeAction.GENERATE,
    instruction: str = "Write add(a, b), the sum.",
    **given: str | bool,
) -> tuple[Code, Scripted]:
    model, script = scripted(*answers)
    work = CodeWork(brief=Brief(), action=action, instruction=instruction, **given)  # pyright: ignore[reportArgumentType]
    return await write_checked_code(work, bench=Bench(model=model, runner=runner, emit=quiet)), script


def counts(code: Code) -> list[tuple[int, int, int]]:
    return [(run.exit_code, run.tests_passed, run.tests_failed) for run in code.check.runs]


async def test_code_that_passes_the_callers_tests_is_run_once(runner: LocalRunner) -> None:
    code, script = await written(runner, GOOD, tests=TESTS)
    assert (code.check.verified, code.check.tests, code.check.tests_by) == (True, TESTS, "caller")
    assert counts(code) == [(0, 2, 0)]
    assert code.check.words == "Run with `python main.py`, the caller's tests: 2 of 2 passed."
    assert code.check.failure == ""
    assert TESTS in script.prompts[0]


async def test_code_that_fails_is_mended_from_the_failure(runner: LocalRunner) -> None:
    code, script = await written(runner, BAD, GOOD, tests=TESTS)
    assert "return a + b" in code.code
    assert (code.check.verified, counts(code)) == (True, [(1, 1, 1), (0, 2, 0)])
    assert "after 1 other try" in code.check.words
    assert "add(1, 2) is -1" in script.prompts[1]
    assert "return a - b" in script.prompts[1]


async def test_mending_ends_and_the_best_is_returned_with_its_failure(runner: LocalRunner) -> None:
    others = [WORSE, WORSE.replace("(a)", "(b)"), WORSE.replace("(a)", "(1)")]
    code, script = await written(runner, BAD, *others, GOOD, tests=TESTS)
    assert "return a - b" in code.code
    assert (code.check.verified, len(code.check.runs), len(script.answers)) == (False, 4, 1)
    assert "add(1, 2) is -1" in code.check.failure
    assert "1 of 2 passed" in code.check.words
    assert code.confidence == 0.3


async def test_given_tests_are_never_changed(runner: LocalRunner) -> None:
    wrong = "assert add(1, 1) == 3"
    code, _ = await written(
        runner, GOOD, GOOD + "\n```python\nassert add(1, 1) == 2\n```", GOOD, GOOD, tests=wrong
    )
    assert (code.check.verified, code.check.tests) == (False, wrong)
    assert all(program.files["tests.py"] == wrong for program in runner.programs[-2:])


async def test_the_same_code_again_is_not_run_again_and_code_is_written_anew(runner: LocalRunner) -> None:
    code, script = await written(runner, BAD, BAD, GOOD, tests=TESTS)
    assert (code.check.verified, counts(code)) == (True, [(1, 1, 1), (0, 2, 0)])
    assert "return a - b" in script.prompts[1]
    assert script.prompts[2] == script.prompts[0]


async def test_examples_of_the_task_are_tests(runner: LocalRunner) -> None:
    code, script = await written(runner, BAD, GOOD, instruction="Write add(a, b); add(2, 3) returns 5.")
    assert (code.check.tests, code.check.tests_by) == ("assert add(2, 3) == 5", "specification")
    assert (code.check.verified, len(script.prompts)) == (True, 2)


async def test_what_breaks_on_nothing_is_mended(runner: LocalRunner) -> None:
    task = "Write first(items), the first item or None; first([1, 2]) returns 1."
    breaks = "```python\ndef first(items):\n    return items[0]\n```"
    mended = "```python\ndef first(items):\n    return items[0] if items else None\n```"
    code, script = await written(runner, breaks, mended, instruction=task)
    assert "if items else None" in code.code
    assert (code.check.verified, code.check.tests_by) == (True, "specification")
    assert "IndexError" in script.prompts[1]
    refuses = breaks.replace("return", "if not items:\n        raise ValueError(items)\n    return")
    code, _ = await written(runner, refuses, instruction=task)
    assert (code.check.verified, len(code.check.runs)) == (True, 1)


async def test_without_tests_the_model_writes_some_and_that_is_said(runner: LocalRunner) -> None:
    asserts = "```python\nimport os\nassert add(1, 2) == 3\nassert other(1)\nassert add(0, 0) == 0\n```"
    code, script = await written(runner, GOOD, asserts)
    assert (code.check.tests, code.check.tests_by) == (TESTS, "model")
    assert (code.check.verified, counts(code)) == (True, [(0, 2, 0)])
    assert "tests that the model wrote" in code.check.words
    assert "def add(a, b):" in script.prompts[1]
    assert "return a + b" not in script.prompts[1]  # its tests shall not follow from the code


async def test_by_the_models_own_tests_the_answer_counts_that_most_answers_agree_with(
    runner: LocalRunner,
) -> None:
    asserts = "```python\nassert add(1, 2) == 3\nassert add(2, 2) == 5\nassert add(0, 0) == 0\n```"
    other = GOOD.replace("a + b", "b + a")
    code, script = await written(runner, BAD, asserts, GOOD, other)
    assert "return a + b" in code.code
    assert (code.check.verified, counts(code)) == (True, [(1, 1, 2), (1, 2, 1), (1, 2, 1)])
    assert (code.check.tests, code.check.tests_by) == (TESTS, "model")
    assert "2 of 2 passed, after 2 other tries. 1 test of the model's" in code.check.words
    assert script.prompts[2] == script.prompts[0]  # written anew, not mended by what may be wrong


async def test_tests_that_every_answer_fails_check_nothing(runner: LocalRunner) -> None:
    code, _ = await written(runner, GOOD, "```python\nassert add(1, 2) == 4\n```", GOOD, GOOD)
    assert (code.check.verified, code.check.tests, code.check.failure) == (None, "", "")
    assert counts(code) == [(1, 0, 1)]
    assert "nothing checked what it does" in code.check.words
    assert "1 test of the model's, failed by every try, left out" in code.check.words


async def test_code_that_cannot_be_loaded_stays_failed(runner: LocalRunner) -> None:
    broken = "```python\ndef add(a, b):\n    return a + b\n\nmissing()\n```"
    code, _ = await written(runner, broken, "```python\nassert add(1, 2) == 3\n```", broken, broken)
    assert code.check.verified is False
    assert "missing" in code.check.failure


async def test_refactoring_keeps_what_the_old_code_did(runner: LocalRunner) -> None:
    old = "def add(a, b):\n    c = a\n    c = c + b\n    return c"
    asserts = "```python\nassert add(1, 2) == 3\nassert add(1, 1) == 5\n```"
    code, _ = await written(runner, GOOD, asserts, action=CodeAction.REFACTOR, code=old)
    assert (code.check.tests, code.check.verified) == ("assert add(1, 2) == 3", True)


async def test_tests_are_run_against_the_code_that_they_are_for(runner: LocalRunner) -> None:
    wrong = "```python\ndef test_add():\n    assert add(1, 1) == 3\n```"
    right = wrong.replace("3", "2")
    code, script = await written(
        runner, wrong, right, action=CodeAction.TEST, code="def add(a, b):\n    return a + b"
    )
    assert "== 2" in code.code
    assert (code.check.verified, counts(code)) == (True, [(1, 0, 1), (0, 1, 0)])
    assert "test_add" in script.prompts[1]


@pytest.mark.parametrize(
    ("answers", "given", "told"),
    [
        ((GOOD,), {"skip_run": True}, "the caller asked for that"),
        (("It adds.",), {"action": CodeAction.EXPLAIN}, "an explanation has nothing to run"),
        (("```rust\nfn add() {}\n```",), {}, "code in rust is not run here"),
        (("```python\nassert add(1, 1) == 2\n```",), {"action": CodeAction.TEST}, "no code to run the tests"),
    ],
)
async def test_what_is_not_run_says_why(runner: LocalRunner, answers: tuple, given: dict, told: str) -> None:
    before = len(runner.programs)
    code, _ = await written(runner, *answers, **given)
    assert code.check.verified is None
    assert code.check.runs == ()
    assert code.check.words.startswith("Nothing was run: ")
    assert told in code.check.words
    assert len(runner.programs) == before


async def test_without_an_executor_the_code_is_returned_and_said_to_be_unrun() -> None:
    code, _ = await written(NoRunner("no arm executor is registered"), GOOD, tests=TESTS)
    assert "return a + b" in code.code
    assert (code.check.verified, code.check.tests) == (None, "")
    assert code.check.words == "Nothing was run: no arm executor is registered."


class LosesTheSandbox:
    """Runs once, then never again."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._left = 1

    async def run(self, program: Program) -> Ran:
        if not self._left:
            raise NotRunError("the sandbox is lost")
        self._left -= 1
        return await self._runner.run(program)


async def test_what_was_run_stays_true_when_the_sandbox_is_lost(runner: LocalRunner) -> None:
    code, _ = await written(LosesTheSandbox(runner), BAD, GOOD, tests=TESTS)
    assert "return a - b" in code.code
    assert (code.check.verified, counts(code)) == (False, [(1, 1, 1)])


@pytest.mark.parametrize("error", [OUT, UnavailableError("the model is away")])
async def test_a_model_that_cannot_be_asked_again_ends_the_mending(
    runner: LocalRunner, error: OctoError
) -> None:
    code, _ = await written(runner, BAD, error, tests=TESTS)
    assert (code.check.verified, len(code.check.runs)) == (False, 1)
    code, _ = await written(runner, GOOD, error)  # it has no tests to give
    assert (code.check.verified, code.check.tests, counts(code)) == (None, "", [(0, 0, 0)])


async def test_a_program_without_functions_is_run_as_it_is(runner: LocalRunner) -> None:
    code, _ = await written(runner, "```python\nprint(1 / 0)\n```", "```python\nprint(1)\n```")
    assert (code.check.verified, [run.exit_code for run in code.check.runs]) == (None, [1, 0])
    assert "without tests: it ran to its end, and nothing checked what it does" in code.check.words


async def test_a_program_that_fails_is_no_good_without_tests_too(runner: LocalRunner) -> None:
    code, _ = await written(runner, "```python\nprint(1 / 0)\n```", "```python\nprint(2 / 0)\n```")
    assert code.check.verified is False
    assert "without tests: it failed" in code.check.words


async def test_a_program_that_waits_for_input_shows_nothing(runner: LocalRunner) -> None:
    code, _ = await written(runner, "```python\nname = input('Name? ')\nprint(name)\n```")
    assert code.check.verified is None
    assert "waits for input" in code.check.words


async def test_javascript(runner: LocalRunner) -> None:
    tests = "assert.strictEqual(add(1, 2), 3);"
    code, _ = await written(runner, JS_BAD, JS_GOOD, tests=tests, language="js")
    assert (code.language, code.check.verified, counts(code)) == ("javascript", True, [(1, 0, 1), (0, 1, 0)])
    code, _ = await written(
        runner, JS_GOOD, instruction="add(a, b): add(2, 3) returns 5", language="javascript"
    )
    assert (code.check.tests_by, code.check.verified) == ("specification", True)
    asserts = "```js\nconst x = 1;\nassert.deepStrictEqual(add(1, 2), 3);\n```"
    code, _ = await written(runner, JS_GOOD, asserts, language="javascript")
    assert (code.check.tests, code.check.tests_by) == ("assert.deepStrictEqual(add(1, 2), 3);", "model")


async def test_without_time_nothing_is_run(runner: LocalRunner) -> None:
    set_deadline(1.0)
    try:
        code, _ = await written(runner, GOOD, tests=TESTS)
    finally:
        set_deadline(None)
    assert "no time is left" in code.check.words
