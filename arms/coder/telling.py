"""Says in words what was run, and what follows from it."""

from arms.coder.work import Check
from arms.programs.suite import Tested

_BY = {
    "caller": "the caller's tests",
    "specification": "the examples of the task",
    "model": "tests that the model wrote from the task",
}


def nothing_run(why: str) -> Check:
    """The check of code that was not run."""
    return Check(words=f"Nothing was run: {why}.")


def told(tested: Tested, *, tests_by: str, runs: int, waits: bool) -> str:
    """One or two sentences about the run of the code that is returned."""
    if waits:
        return (
            f"Run with `{tested.command}`: it waits for input, which nobody gives here; so nothing is shown."
        )
    rounds = f", after {runs - 1} round{'s' if runs > 2 else ''} of mending" if runs > 1 else ""  # noqa: PLR2004
    if not tests_by:
        how = "it ran to its end" if tested.is_good else "it failed"
        return f"Run with `{tested.command}` without tests: {how}{rounds}."
    total = tested.passed + tested.failed
    counted = f"{tested.passed} of {total} passed"
    doubt = " Such tests may be wrong themselves." if tests_by == "model" and not tested.is_good else ""
    return f"Run with `{tested.command}`, {_BY[tests_by]}: {counted}{rounds}.{doubt}"
