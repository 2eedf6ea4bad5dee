"""Code with its tests in the sandbox: what counts as a test, and what is told of a failure."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from arms.programs.suite import run_tests
from tests.arms.programs.local import LocalRunner, local_runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(staging_dir: Path) -> AsyncIterator[LocalRunner]:
    async with local_runner(staging_dir) as runner:
        yield runner


ADD = "def add(a, b):\n    return a + b\n"
BAD = "def add(a, b):\n    return a - b\n"
JS_ADD = "function add(a, b) { return a + b; }\n"
JS_BAD = "function add(a, b) { return a - b; }\n"

CLASSES = """
import unittest
from calculator import add
class TestAdd(unittest.TestCase):
    def test_one(self): self.assertEqual(add(1, 2), 3)
    def test_two(self): self.assertEqual(add(2, 2), 5)
    @unittest.skip("later")
    def test_three(self): pass
class TestPlain:
    def test_it(self): assert add(0, 0) == 0
if __name__ == "__main__":
    unittest.main()
"""
PARAMETERS = """
import pytest
@pytest.mark.parametrize("a, b, total", [(1, 2, 3), (1, 1, 3)])
def test_add(a, b, total): assert add(a, b) == total
def test_raises():
    with pytest.raises(TypeError): add(1, None)
def test_near(): assert add(0.1, 0.2) == pytest.approx(0.3)
async def test_async(): assert add(1, 1) == 2
"""
EXPECT = """
const { add: sum } = require('./adder');
describe('add', () => {
  test('adds', () => expect(sum(1, 2)).toBe(3));
  it('fails', async () => { expect(add(1, 2)).not.toEqual(3); });
  test('throws', () => expect(() => nothing()).toThrow(ReferenceError));
});
"""
MODULES = "import { add } from './add.js';\nimport assert from 'assert';\nassert.strictEqual(add(1, 2), 3);"


@pytest.mark.parametrize(
    ("language", "code", "tests", "expected"),
    [
        ("python", ADD, "assert add(1, 2) == 3\nassert add(0, 0) == 0", (2, 0, "")),
        ("python", BAD, "assert add(1, 2) == 3\nassert add(0, 0) == 0", (1, 1, "add(1, 2) is -1")),
        ("python", ADD, "for a in (1, 2):\n    assert add(a, 1) == a + 1", (1, 0, "")),
        ("python", ADD, CLASSES, (2, 1, "TestAdd.test_two\n")),
        ("python", ADD, PARAMETERS, (4, 1, "test_add")),
        ("python", ADD, "from solution import add as plus\nassert plus(1, 1) == 2", (1, 0, "")),
        ("python", ADD, "x = 1", (0, 1, "there is no test")),
        ("python", ADD, "assert (", (0, 1, "the tests are no Python")),
        ("python", "def add(:", "assert True", (0, 1, "SyntaxError")),
        ("python", "1 / 0", "assert True", (0, 1, "solution.py, line 1: 1 / 0")),
        ("python", "import sys\nsys.exit(0)", "assert add(1, 1) == 2", (0, 1, "SystemExit")),
        ("python", "import os\nos._exit(0)", "assert True", (0, 1, "ended before its tests did")),
        ("python", ADD, "while True: pass", (0, 1, "wall_clock")),
        ("javascript", JS_ADD, "assert.strictEqual(add(1, 2), 3);\nassert(add(0, 0) === 0);", (2, 0, "")),
        (
            "javascript",
            JS_BAD,
            "assert.deepEqual(add(1, 2), 3);\nassert(add(0, 0) === 0);",
            (1, 1, "deep-equal"),
        ),
        ("javascript", JS_BAD, "console.assert(add(1, 2) === 3, 'sum')", (0, 1, "sum")),
        ("javascript", JS_ADD, EXPECT, (2, 1, "fails\nError: 3 is equal to 3")),
        ("javascript", f"export default {JS_ADD}", MODULES, (1, 0, "")),
        ("javascript", f"export {JS_ADD}", MODULES, (1, 0, "")),
        ("javascript", f"const assert = require('assert');{JS_ADD}", "expect(add(1, 1)).toBe(2)", (1, 0, "")),
        ("javascript", "function (", "assert(true)", (0, 1, "SyntaxError")),
        ("javascript", "process.exit(0)", "assert(true)", (0, 1, "ended before its tests did")),
        ("javascript", JS_ADD, "const x = 1;", (0, 1, "there is no test")),
    ],
)
async def test_tests(
    runner: LocalRunner, language: str, code: str, tests: str, expected: tuple[int, int, str]
) -> None:
    passed, failed, told = expected
    seconds = 1 if "while True" in tests else 20
    result = await run_tests(code, tests=tests, language=language, runner=runner, seconds=seconds)
    assert (result.passed, result.failed) == (passed, failed), result.failure
    assert told in result.failure
    assert result.is_good is (failed == 0)


@pytest.mark.parametrize(
    ("language", "code", "exit_code", "told"),
    [
        ("python", "print('hi')", 0, ""),
        ("python", "raise ValueError('no')", 1, "ValueError: no"),
        ("javascript", "console.log('hi')", 0, ""),
        ("javascript", "throw new TypeError('no')", 1, "TypeError: no"),
    ],
)
async def test_programs_without_tests(
    runner: LocalRunner, language: str, code: str, exit_code: int, told: str
) -> None:
    result = await run_tests(code, tests="", language=language, runner=runner, seconds=20)
    assert (result.ran.exit_code, result.passed, result.failed) == (exit_code, 0, 0)
    assert told in result.failure
    assert result.is_good is (exit_code == 0)


async def test_a_long_failure_is_shortened(runner: LocalRunner) -> None:
    result = await run_tests(
        ADD, tests="raise ValueError('x' * 9000)", language="python", runner=runner, seconds=20
    )
    assert 10 < len(result.failure) < 2100
