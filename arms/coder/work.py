"""The pieces of work that the coder takes, and what it makes of them."""

from dataclasses import dataclass
from enum import Enum

from arms.step import Brief, Run, StepInput


class CodeAction(Enum):
    """What to do with code."""

    GENERATE = "generate"
    """Write new code."""
    DEBUG = "debug"
    """Find and mend a defect."""
    REFACTOR = "refactor"
    """Change the form, keep the behaviour."""
    TEST = "test"
    """Write tests."""
    EXPLAIN = "explain"
    """Explain in words."""


@dataclass(frozen=True, kw_only=True)
class ProseWork:
    """A text to write.

    Attributes:
        brief: the task.
        instruction: what is wanted.
        inputs: outputs of earlier steps to build on.
        feedback: what was wrong with an earlier result.
    """

    brief: Brief
    instruction: str
    inputs: tuple[StepInput, ...] = ()
    feedback: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeWork:
    """A piece of coding work.

    Attributes:
        brief: the task.
        action: what to do.
        instruction: what is wanted.
        language: the programming language; empty lets the model choose.
        code: the code to work on; empty for new code.
        failure: the failure to mend, such as a traceback.
        inputs: outputs of earlier steps to build on.
        feedback: what was wrong with an earlier result.
        tests: tests that the code must pass; empty when none are given.
        skip_run: whether nothing shall be run.
    """

    brief: Brief
    action: CodeAction
    instruction: str
    language: str = ""
    code: str = ""
    failure: str = ""
    inputs: tuple[StepInput, ...] = ()
    feedback: str = ""
    tests: str = ""
    skip_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was run to check code, said truthfully.

    Attributes:
        words: for people; why nothing was run, when nothing was.
        verified: whether tests passed, or False when the code failed without any; None when nothing was run,
            or it ran to its end without tests, which says nothing about its results.
        tests: the tests that were run; empty for none.
        tests_by: who wrote them: "caller", "specification" (examples found in it) or "model"; empty for none.
        failure: what failed in the run of the code that is returned; empty when nothing did.
        runs: every run, in order.
    """

    words: str = "Nothing was run."
    verified: bool | None = None
    tests: str = ""
    tests_by: str = ""
    failure: str = ""
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Code:
    """Code that was written.

    Attributes:
        code: the code; empty when there is none, as for an explanation.
        language: its language.
        explanation: what was done and why; the whole answer for an explanation.
        confidence: 0 to 1.
        check: what was run.
    """

    code: str
    language: str
    explanation: str
    confidence: float
    check: Check = Check()


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A text that was written; `confidence` is 0 to 1."""

    text: str
    confidence: float
