"""What the executor can be asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from arms.executor.interpreter.expression import Expression
from servicekit.egress.request import Request


@dataclass(frozen=True, kw_only=True)
class PythonAction:
    """Run a Python program.

    Attributes:
        source: the program.
        files: content by name, found in its working directory.
        outputs: names of files that come back.
        seconds: how long it may run.
    """

    source: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
    seconds: float


@dataclass(frozen=True, kw_only=True)
class JavaScriptAction:
    """Run a JavaScript program.

    Attributes:
        source: the program.
        files: content by name, found in its working directory.
        outputs: names of files that come back.
        seconds: how long it may run.
    """

    source: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
    seconds: float


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
class ShellAction:
    """Run a command from the allow-list.

    Attributes:
        argv: the command and its arguments.
        files: content by name, found in its working directory.
        outputs: names of files that come back.
        seconds: how long it may run.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: tuple[str, ...] = ()
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
