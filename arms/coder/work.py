"""The pieces of work that the coder takes, and what it makes of them."""

from dataclasses import dataclass
from enum import Enum

from arms.step import Brief, StepInput


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
    """

    brief: Brief
    action: CodeAction
    instruction: str
    language: str = ""
    code: str = ""
    failure: str = ""
    inputs: tuple[StepInput, ...] = ()
    feedback: str = ""


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A text that was written; `confidence` is 0 to 1."""

    text: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Code:
    """Code that was written.

    Attributes:
        code: the code; empty when there is none, as for an explanation.
        language: its language.
        explanation: what was done and why; the whole answer for an explanation.
        confidence: 0 to 1.
    """

    code: str
    language: str
    explanation: str
    confidence: float
