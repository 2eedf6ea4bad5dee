"""What the executor can be asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from arms.executor.interpreter.expression import Expression
from servicekit.egress.request import Request


@dataclass(frozen=True, kw_only=True)
class InSandbox:
    """What every action in the sandbox has.

    Attributes:
        files: content by name, found in its working directory.
        outputs: names of files that come back.
        seconds: how long it may run.
    """

    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
    seconds: float


@dataclass(frozen=True, kw_only=True)
class PythonAction(InSandbox):
    """Run a Python program; `source` is the program."""

    source: str


@dataclass(frozen=True, kw_only=True)
class JavaScriptAction(InSandbox):
    """Run a JavaScript program; `source` is the program."""

    source: str


@dataclass(frozen=True, kw_only=True)
class ShellAction(InSandbox):
    """Run a command from the allow-list; `argv` is the command and its arguments."""

    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExpressionAction:
    """Evaluate a short piece of Python.

    Attributes:
        expression: what to evaluate.
        seconds: how long it may take.
    """

    expression: Expression
    seconds: float


@dataclass(frozen=True, kw_only=True)
class HttpAction:
    """Send a request through the egress guard.

    Attributes:
        request: what to send.
        seconds: how long it may take, redirects and body included.
    """

    request: Request
    seconds: float


Action = PythonAction | JavaScriptAction | ExpressionAction | ShellAction | HttpAction
