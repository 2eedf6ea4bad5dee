"""How much one action may use, by its kind."""

from dataclasses import dataclass, replace

from arms.executor.actions import Action, ExpressionAction, HttpAction, ShellAction
from arms.executor.interpreter.expression import Bounds
from arms.executor.sandbox.limits import Limits
from servicekit.errors import ValidationFailedError


@dataclass(frozen=True, kw_only=True)
class ActionLimits:
    """Bounds on one action. The wall clock is the longest that a caller may ask for.

    Attributes:
        program: of a Python or JavaScript program, and of an expression that Python evaluates.
        command: of a shell command.
        expression: of an expression in the small interpreter.
        http_seconds: the longest time of a request.
    """

    program: Limits
    command: Limits
    expression: Bounds
    http_seconds: float

    def of(self, action: Action) -> Limits:
        """What the action may use in the sandbox, with the time that its caller asks for.

        Raises:
            ValidationFailedError: it asks for more time than it may have.
        """
        limits = self.command if isinstance(action, ShellAction) else self.program
        most = self.http_seconds if isinstance(action, HttpAction) else limits.wall_seconds
        if action.seconds > most:
            raise ValidationFailedError(
                f"This takes {most:g} seconds at most here, {action.seconds:g} are asked for.",
                field="timeout_seconds",
                constraint=f"must be at most {most:g}",
                reason="TIMEOUT_TOO_LONG",
            )
        return replace(limits, wall_seconds=action.seconds)

    def bounds(self, action: ExpressionAction) -> Bounds:
        """What the expression may use in the small interpreter."""
        return replace(self.expression, seconds=min(self.expression.seconds, action.seconds))
