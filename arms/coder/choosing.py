"""Chooses among several answers by tests that nobody vouches for: by how the answers agree on them.

A small model's tests are wrong more often than its code. A test that every answer fails is one of those; by
the others, the results that most answers share are the likeliest to be right (Chen et al., CodeT, ICLR 2023).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arms.coder.testing import Tests
from arms.coder.work import Code
from arms.programs.suite import Tested, told_failures


@dataclass(frozen=True, kw_only=True)
class Try:
    """Code that was run, and how it did."""

    code: Code
    tested: Tested

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The better the higher, by tests that can be trusted."""
        return self.tested.is_good, self.tested.passed, -self.tested.failed


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One of several answers, with the tests that still count and how many do not."""

    best: Try
    tests: Tests
    left_out: int = 0


def chosen(tries: Sequence[Try], *, tests: Tests) -> Chosen:
    """Choose among answers to one task, all run with the same tests of one line each."""
    lines = tests.text.splitlines()
    failed = [frozenset(line for line in lines if _is_failed(line, tested=each.tested)) for each in tries]
    alike = Counter(failed)
    place = max(
        range(len(tries)),
        key=lambda number: (
            tries[number].tested.passed > 0 or not _is_broken(tries[number].tested, lines=lines),
            alike[failed[number]],
            tries[number].tested.passed,
            -number,
        ),
    )
    wrong = failed[0].intersection(*failed) if len(tries) > 1 else frozenset[str]()
    left = [line for line in lines if line not in wrong]
    kept = Tests(text="\n".join(left), by=tests.by) if left else Tests()
    best = replace(tries[place], tested=_without(wrong, tested=tries[place].tested))
    return Chosen(best=best, tests=kept, left_out=len(wrong))


def _without(wrong: frozenset[str], *, tested: Tested) -> Tested:
    """The result as if those tests had not been run."""
    if not wrong:
        return tested
    left = tuple(text for text in tested.failures if not any(_names(text, line=line) for line in wrong))
    return replace(tested, failures=left, failed=len(left), failure=told_failures(left))


def _is_failed(line: str, *, tested: Tested) -> bool:
    return any(_names(text, line=line) for text in tested.failures)


def _is_broken(tested: Tested, *, lines: Sequence[str]) -> bool:
    """Whether something failed that is none of the tests, such as loading the code."""
    return any(not any(_names(text, line=line) for line in lines) for text in tested.failures) or (
        bool(tested.failure) and not tested.failures
    )


def _names(failure: str, *, line: str) -> bool:
    """Whether a failure is a test's: a report names tests by their beginning, the last ones by less of it."""
    name = failure.partition("\n")[0]
    return name in {line[:200], line[:80]}
