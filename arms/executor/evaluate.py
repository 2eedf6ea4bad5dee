"""Evaluates an expression: by the small interpreter, and by Python when that one does not."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from arms.executor.actions import ExpressionAction
from arms.executor.interpreter.expression import Bounds, Evaluation, NotEvaluatedError
from arms.executor.interpreter.program import expression_program, with_value
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import Outcome, StoppedBy
from arms.executor.sandbox.sandbox import Output, Sandbox


async def evaluated(
    action: ExpressionAction, *, sandbox: Sandbox, tenant: str, limits: Limits, bounds: Bounds
) -> AsyncGenerator[Output | Outcome]:
    """Yield what the expression printed, and its outcome with its value.

    The small interpreter knows a part of Python. Only its success counts: whatever fails there, be it a bound
    or an error of the expression's own, is run again in Python, which has the last word. Nothing is done
    twice by that, because neither can do anything but compute.

    Raises:
        OctoError: the sandbox does not work, or is busy.
    """
    began = time.monotonic()
    try:
        evaluation = await sandbox.interpreter.evaluate(action.expression, tenant=tenant, bounds=bounds)
    except NotEvaluatedError:
        program = expression_program(sandbox.parts, action.expression)
        async with aclosing(sandbox.run(program, limits=limits)) as events:
            async for event in events:
                yield with_value(event) if isinstance(event, Outcome) else event
        return
    for output in _outputs(evaluation):
        yield output
    yield Outcome(
        exit_code=0,
        stopped_by=StoppedBy.NOTHING,
        truncated=False,
        files={},
        seconds=time.monotonic() - began,
        value=evaluation.value,
        method="interpreter",
    )


def _outputs(evaluation: Evaluation) -> list[Output]:
    return [
        Output(stream="stderr" if stream == "stderr" else "stdout", data=text.encode(errors="replace"))
        for stream, text in evaluation.output
    ]
