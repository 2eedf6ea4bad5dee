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


def told(tested: Tested, *, tests_by: str, runs: int, waits: bool, left_out: int = 0) -> str:
    """One or two sentences about the run of the code that is returned."""
    if waits:
        return (
            f"Run with `{tested.command}`: it waits for input, which nobody gives here; so nothing is shown."
        )
    rounds = f", after {_counted(runs - 1, 'other try', 'other tries')}" if runs > 1 else ""
    wrong = (
        f" {_counted(left_out, 'test')} of the model's, failed by every try, left out." if left_out else ""
    )
    if not tests_by:
        how = "it ran to its end, and nothing checked what it does" if tested.is_good else "it failed"
        return f"Run with `{tested.command}` without tests: {how}{rounds}.{wrong}"
    total = tested.passed + tested.failed
    counted = f"{tested.passed} of {total} passed"
    doubt = " Such tests may be wrong themselves." if tests_by == "model" and not tested.is_good else ""
    return f"Run with `{tested.command}`, {_BY[tests_by]}: {counted}{rounds}.{wrong}{doubt}"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
