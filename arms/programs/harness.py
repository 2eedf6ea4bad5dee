"""Runs inside: tests.py against solution.py, one test after the other, and reports as JSON."""

import ast
import contextlib
import importlib.abc
import importlib.util
import inspect
import json
import math
import pathlib
import sys
import traceback
import types
import unittest
from collections.abc import Callable, Iterator
from typing import Any

MOST_FAILURES = 5
MOST_CHARACTERS = 600

passed = 0
failures: list[str] = []


def outcome(name: str, run: Callable[[], object]) -> None:
    """Run one test and remember how it went."""
    global passed  # noqa: PLW0603 - one program, one count
    try:
        run()
    except unittest.SkipTest:
        return
    except BaseException as error:  # noqa: BLE001 - a test may raise anything, SystemExit too
        if len(failures) < MOST_FAILURES:
            failures.append(f"{name}\n{told(error)}"[:MOST_CHARACTERS])
        else:
            failures.append(name[:80])
        return
    passed += 1


def told(error: BaseException) -> str:
    """What went wrong, and where in the solution or the tests."""
    ours = (*traceback.extract_tb(error.__traceback__),)
    places = [frame for frame in ours if frame.filename in {"solution.py", "tests.py"}]
    lines = [f"  {frame.filename}, line {frame.lineno}: {frame.line}" for frame in places[-4:]]
    return "\n".join([*lines, "".join(traceback.format_exception_only(error)).strip()])


def explained(test: ast.Assert, names: dict[str, Any]) -> None:
    """Run an assert; when a comparison fails, say what its left side was."""
    code = compile(ast.Module([test], []), "tests.py", "exec")
    try:
        exec(code, names)  # noqa: S102 - to run it is what the sandbox is for
    except AssertionError as error:
        left = test.test.left if isinstance(test.test, ast.Compare) else None
        if left is None or str(error):
            raise
        value = eval(compile(ast.Expression(left), "tests.py", "eval"), names)  # noqa: S307 - same
        raise AssertionError(f"{ast.unparse(left)} is {value!r}"[:300]) from error


def run_asserts_and_others(source: str, names: dict[str, Any]) -> None:
    """Run the statements of the tests: an assert is a test, others only fail."""
    for node in ast.parse(source, "tests.py").body:
        if isinstance(node, ast.Assert):
            outcome(ast.unparse(node)[:200], lambda node=node: explained(node, names))
            continue
        before = passed
        count = len(failures)
        code = compile(ast.Module([node], []), "tests.py", "exec")
        outcome(ast.unparse(node)[:120], lambda code=code: exec(code, names))  # noqa: S102 - as above
        if len(failures) == count and not _holds_asserts(node):
            globals()["passed"] = before


def _holds_asserts(node: ast.stmt) -> bool:
    """Whether a loop or a block asserts; what it defines is run later."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node))


def run_functions(names: dict[str, Any]) -> None:
    """Run every function named test_*, with each set of parameters that it is marked with."""
    for name, function in list(names.items()):
        if not name.startswith("test") or not inspect.isfunction(function):
            continue
        for arguments in getattr(function, "parameters", [{}]):
            outcome(name, lambda function=function, arguments=arguments: awaited(function(**arguments)))


def awaited(result: object) -> None:
    """Run a coroutine to its end."""
    if inspect.iscoroutine(result):
        import asyncio

        asyncio.run(result)


def run_classes(names: dict[str, Any]) -> None:
    """Run every unittest class, and every class named Test*."""
    for name, found in list(names.items()):
        if not inspect.isclass(found) or found.__module__ != "tests":
            continue
        if issubclass(found, unittest.TestCase):
            for test in unittest.defaultTestLoader.loadTestsFromTestCase(found):
                outcome(
                    f"{name}.{getattr(test, '_testMethodName', '')}", getattr(test, "debug", lambda: None)
                )
        elif name.startswith("Test"):
            for method in (each for each in dir(found) if each.startswith("test")):
                outcome(f"{name}.{method}", lambda found=found, method=method: getattr(found(), method)())


def imported(tests: str) -> set[str]:
    """The modules that the tests import and Python does not have."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(tests, "tests.py")):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names - sys.stdlib_module_names


class Aliases(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the solution under every name that nothing else has: tests import it by one that they made up."""

    def __init__(self, solution: types.ModuleType, *, names: set[str]) -> None:
        self._solution = solution
        self._names = names

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Stand last: only names that nobody else knows come here."""
        del path, target
        return importlib.util.spec_from_loader(fullname, self) if fullname in self._names else None

    def create_module(self, spec: Any) -> types.ModuleType:
        """A module with the solution's names."""
        module = types.ModuleType(spec.name)
        vars(module).update(
            {name: value for name, value in vars(self._solution).items() if not name.startswith("__")}
        )
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is left to run."""


@contextlib.contextmanager
def raises(expected: Any, match: str = "") -> Iterator[types.SimpleNamespace]:
    """Stand for pytest.raises, which is not installed here."""
    import re

    info = types.SimpleNamespace(value=None)
    try:
        yield info
    except expected as error:
        info.value = error
        if match and not re.search(match, str(error)):
            raise AssertionError(f"{error} does not match {match!r}") from error
        return
    raise AssertionError(f"did not raise {expected}")


def parametrize(names: str | list[str], rows: list[Any], **_: Any) -> Callable[[Any], Any]:
    """Stand for pytest.mark.parametrize."""
    split = [name.strip() for name in names.split(",")] if isinstance(names, str) else names

    def mark(function: Any) -> Any:
        function.parameters = [
            dict(zip(split, row if len(split) > 1 else (row,), strict=True)) for row in rows
        ]
        return function

    return mark


class Near:
    """Stand for pytest.approx."""

    def __init__(self, value: float, **_: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and math.isclose(other, self.value, rel_tol=1e-6, abs_tol=1e-9)

    def __hash__(self) -> int:
        return hash(self.value)


def nothing(*_given: object, **_named: object) -> None:
    """Stand for what starts a test runner."""


def pytest_stand_in() -> types.ModuleType:
    """What tests use of pytest most."""
    module = types.ModuleType("pytest")
    mark = types.SimpleNamespace(parametrize=parametrize)
    vars(module).update(raises=raises, approx=Near, mark=mark, main=nothing)
    return module


def module_of(name: str, source: str) -> types.ModuleType:
    """A module made of a text, that tracebacks can quote."""
    module = types.ModuleType(name)
    module.__file__ = f"{name}.py"
    sys.modules[name] = module
    exec(compile(source, f"{name}.py", "exec"), vars(module))  # noqa: S102 - as above
    return module


def main() -> None:
    """Load the solution, then the tests with its names, and report whatever happens."""
    sys.modules["pytest"] = pytest_stand_in()
    unittest.main = nothing  # pyright: ignore[reportAttributeAccessIssue]  # the tests are run here
    solution: list[types.ModuleType] = []
    source = pathlib.Path("solution.py").read_text(encoding="utf-8")
    outcome("importing the code", lambda: solution.append(module_of("solution", source)))
    globals()["passed"] = 0
    if solution:
        names = {**vars(solution[0]), "__name__": "tests"}
        sys.modules["tests"] = types.ModuleType("tests")
        tests = pathlib.Path("tests.py").read_text(encoding="utf-8")
        try:
            sys.meta_path.append(Aliases(solution[0], names=imported(tests)))
            run_asserts_and_others(tests, names)
        except SyntaxError as error:
            failures.append(f"the tests are no Python: {error}")
        own = {name: value for name, value in names.items() if vars(solution[0]).get(name) is not value}
        run_functions(own)
        run_classes(own)
    report = json.dumps({"passed": passed, "failures": failures})
    pathlib.Path("report.json").write_text(report, encoding="utf-8")
    sys.exit(1 if failures else 0)


main()
