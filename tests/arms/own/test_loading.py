"""A third party's arm is found by name, and what is wrong with it is told before anything runs."""

import itertools
import sys
import textwrap
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from arms.own.loading import load_arm
from servicekit.errors import ValidationFailedError

HEAD = """
from arms.arm import Arm, Capability
from arms.step import Result
CAN = (Capability(name="sing", description="Sings."),)
class Sing(Arm):
    arm_id = "sing"
    name = "Sing"
    description = "Sings."
    capabilities = CAN
    async def execute(self, step, *, model, emit):
        return Result(output="la", confidence=1.0, method="rule")
"""

_numbers = itertools.count()

Load = Callable[..., object]


@pytest.fixture
def load(tmp_path: Path) -> Generator[Load]:
    made: list[str] = []

    def write_and_load(text: str, *, name: str = "Mine", head: str = HEAD) -> object:
        module = f"loaded_{next(_numbers)}"
        made.append(module)
        (tmp_path / f"{module}.py").write_text(head + textwrap.dedent(text))
        return load_arm(f"{module}:{name}", directory=tmp_path)

    before = list(sys.path)
    yield write_and_load
    sys.path[:] = before
    for module in made:
        sys.modules.pop(module, None)


def test_an_arm_is_found(load: Load) -> None:
    assert type(load("", name="Sing")).__name__ == "Sing"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sing", "not of the form MODULE:CLASS"),
        ("a b:C", "not of the form"),
        ("../x:C", "not of the form"),
        ("no_such_module:C", "there is no module no_such_module"),
        ("no_such_package.part:C", r"there is no module no_such_package\.part"),
    ],
)
def test_names_that_lead_nowhere(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationFailedError, match=why):
        load_arm(name, directory=tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nothing_of_this_name", "imports nothing_of_this_name, which is not installed"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(loaded_\d+.py, line \d+\)"),
        ("def f(:", "SyntaxError"),
        ("", "has no class Mine; it has Sing"),
        ("Mine = 3", "Mine is no arm"),
        ("class Mine: pass", "Mine is no arm"),
        ("class Mine(Arm): pass", "does not set arm_id, name, description and capabilities"),
        (
            "class Mine(Arm):\n    arm_id = name = description = 'x'\n    capabilities = CAN",
            "does not write execute",
        ),
        ("class Mine(Sing):\n    def __init__(self, key): pass", "must work without arguments"),
        ("class Mine(Sing):\n    arm_id = 'Sing'", "arm_id must be a lower-case word"),
        ("class Mine(Sing):\n    arm_id = 'coder'", "arm_id must be another than those of the platform"),
        ("class Mine(Sing):\n    name = ''", "name must be a text of 1 to 100"),
        ("class Mine(Sing):\n    cost_tier = 9", "cost_tier must be a whole number from 1 to 5"),
        ("class Mine(Sing):\n    capabilities = ()", "capabilities must be a tuple"),
        ("class Mine(Sing):\n    capabilities = ('sing',)", "capabilities must be a tuple"),
        ("class Mine(Sing):\n    capabilities = CAN * 2", "capability 'sing' must be there once, .* 2 times"),
        (
            "class Mine(Sing):\n    capabilities = (Capability(name='Sing-a', description=''),)",
            "capability 'Sing-a' must be a lower-case word",
        ),
        (
            "class Mine(Sing):\n    capabilities = (Capability(name='plan', description=''),)",
            "capability 'plan' must be another than plan, review, screen and validate",
        ),
    ],
)
def test_arms_that_cannot_be_used(text: str, why: str, load: Load) -> None:
    with pytest.raises(ValidationFailedError, match=why):
        load(text)


def test_a_module_without_any_arm_says_so(load: Load) -> None:
    with pytest.raises(ValidationFailedError, match="has no class Mine; it has no arm at all"):
        load("x = 1", head="")
