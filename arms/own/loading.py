"""Finds a third party's arm by its name, MODULE:CLASS, and tells what is wrong with it."""

import inspect
import re
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from arms.arm import Arm
from arms.declaration import check_arm, check_arm_class, listed
from servicekit.errors import ValidationFailedError

_NAME = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<kind>[A-Za-z_]\w*)", re.ASCII)


def load_arm(name: str, *, directory: Path) -> Arm:
    """Import an arm and make one.

    Args:
        name: where it is, such as "my_arm:MyArm".
        directory: where modules are looked for first.

    Raises:
        ValidationFailedError: there is no such module or class, it is no arm, or it breaks a rule of arms.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise _refused(f"{name!r} is not of the form MODULE:CLASS, such as my_arm:MyArm")
    kind = _class(_module(parts["module"], directory=directory), name=parts["kind"])
    check_arm_class(kind)
    arm = _made(kind)
    check_arm(arm)
    return arm


def _module(name: str, *, directory: Path) -> ModuleType:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _refused(f"there is no module {name}: it was looked for in {directory} first") from None
        raise _refused(f"{name} imports {error.name}, which is not installed here") from error
    except Exception as error:
        raise _refused(f"{name} cannot be imported: {_told(error)}") from error


def _class(module: ModuleType, *, name: str) -> type[Arm]:
    kind: Any = getattr(module, name, None)
    if kind is None:
        arms = [found for found, value in vars(module).items() if _is_arm(value) and value is not Arm]
        hint = f"; it has {listed(sorted(arms))}" if arms else "; it has no arm at all"
        raise _refused(f"{module.__name__} has no class {name}{hint}")
    if not _is_arm(kind):
        raise _refused(f"{module.__name__}:{name} is no arm: make it a class that extends arms.arm.Arm")
    return kind


def _made(kind: type[Arm]) -> Arm:
    try:
        return kind()
    except Exception as error:
        raise _refused(f"{kind.__name__}() fails: {_told(error)}; it must work without arguments") from error


def _is_arm(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Arm)


def _told(error: Exception) -> str:
    """What was raised, and where in the arm's own file."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _refused(text: str) -> ValidationFailedError:
    return ValidationFailedError(f"No arm can be served: {text}.", field="module", reason="ARM_NOT_FOUND")
