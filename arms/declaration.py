"""What an arm says of itself, held against the rules of the register before anybody is told."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, cast

from arms.arm import Arm, Capability
from servicekit.errors import ValidationFailedError

OURS = frozenset({"planner", "executor", "retriever", "coder", "judge", "guardian"})
"""The platform's own arms; a third party's may not pass for one."""

CALLED_BY_NAME = frozenset({"plan", "validate", "review", "screen"})
"""Capabilities that the orchestrator calls by itself, through services that only our arms have."""

_ARM_ID = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_CAPABILITY = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_NEEDED = ("arm_id", "name", "description", "capabilities")
_TEXTS = {"name": (1, 100), "description": (0, 1000), "version": (0, 50)}
_NUMBERS = {"cost_tier": 5, "max_concurrency": 10_000}
_MOST_CAPABILITIES = 50
_LONGEST_DESCRIPTION = 1000


def check_arm_class(kind: type[Arm]) -> None:
    """Check what can be told before there is an instance.

    Raises:
        ValidationFailedError: a class variable is missing, or `execute` is not written.
    """
    missing = [name for name in _NEEDED if not hasattr(kind, name)]
    if missing:
        raise _unusable(kind, f"it does not set {listed(missing)}", field=missing[0])
    unwritten = sorted(getattr(kind, "__abstractmethods__", ()))
    if unwritten:
        raise _unusable(kind, f"it does not write {listed(unwritten)}", field=unwritten[0])


def check_arm(arm: Arm) -> None:
    """Check what an arm says of itself.

    Raises:
        ValidationFailedError: naming the first rule that is broken.
    """
    for field, rule in _broken(arm):
        raise _unusable(type(arm), f"its {field} must be {rule}", field=field)


def listed(names: Sequence[str]) -> str:
    """The names as a sentence has them: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _broken(arm: Arm) -> Iterator[tuple[str, str]]:
    """The rules that are broken: of what, and what would be right."""
    if not _matches(_ARM_ID, arm.arm_id):
        yield "arm_id", "a lower-case word of letters, digits and hyphens, at most 63 characters"
    elif arm.arm_id in OURS:
        yield "arm_id", f"another than those of the platform: {listed(sorted(OURS))}"
    for name, (least, most) in _TEXTS.items():
        text: Any = getattr(arm, name)
        if not isinstance(text, str) or not least <= len(text) <= most:
            yield name, f"a text of {least} to {most} characters"
    for name, most in _NUMBERS.items():
        number: Any = getattr(arm, name)
        if not isinstance(number, int) or not 1 <= number <= most:
            yield name, f"a whole number from 1 to {most}"
    if not _is_list_of_capabilities(arm.capabilities):
        yield "capabilities", f"a tuple of 1 to {_MOST_CAPABILITIES} of arms.arm.Capability"
        return
    yield from _broken_capabilities(arm.capabilities)


def _broken_capabilities(capabilities: Sequence[Capability]) -> Iterator[tuple[str, str]]:
    for held in capabilities:
        field = f"capability {held.name!r}"
        if not _matches(_CAPABILITY, held.name):
            yield field, "a lower-case word of letters, digits and underscores, at most 63 characters"
        elif held.name in CALLED_BY_NAME:
            yield (
                field,
                f"another than {listed(sorted(CALLED_BY_NAME))}, which the orchestrator calls by itself",
            )
        if len(held.description) > _LONGEST_DESCRIPTION:
            yield field, f"described in at most {_LONGEST_DESCRIPTION} characters"
    for name, times in Counter(held.name for held in capabilities).items():
        if times > 1:
            yield f"capability {name!r}", f"there once, and it is there {times} times"


def _is_list_of_capabilities(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    items = cast("Sequence[object]", value)
    return 1 <= len(items) <= _MOST_CAPABILITIES and all(isinstance(item, Capability) for item in items)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _unusable(kind: type[Arm], text: str, *, field: str) -> ValidationFailedError:
    return ValidationFailedError(
        f"The arm {kind.__name__} cannot be used: {text} (docs/arms.md has an example).",
        field=field,
        reason="ARM_INVALID",
    )
