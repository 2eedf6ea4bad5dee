"""The executor as an arm: three capabilities, no model."""

from codecs import getincrementaldecoder
from contextlib import aclosing

from arms.arm import Arm, Capability, Emit
from arms.executor.arguments import CodeArguments, Execution, HttpArguments, ShellArguments, action_of
from arms.executor.artifacts import artifacts
from arms.executor.executor import Executor
from arms.executor.sandbox.outcome import Outcome
from arms.model.session import ModelSession
from arms.step import Progress, Result, Step
from servicekit.errors import InternalError
from servicekit.principal import current_principal


class ExecutorArm(Arm):
    """Runs code, commands and requests."""

    arm_id = "executor"
    name = "Executor"
    description = "Runs Python, JavaScript and commands in a sandbox, and requests to allowed hosts."
    capabilities = (
        Capability(
            name="code_execution",
            description="Runs Python or JavaScript, given or of an earlier step, and returns what it prints.",
            arguments=CodeArguments,
            output=Execution,
        ),
        Capability(
            name="shell_command",
            description="Runs one command for texts and files, such as sort, grep or wc, without a shell.",
            arguments=ShellArguments,
            output=Execution,
        ),
        Capability(
            name="http_request",
            description="Sends one HTTPS request to a host on the list of allowed hosts.",
            arguments=HttpArguments,
            output=Execution,
        ),
    )

    def __init__(self, *, executor: Executor) -> None:
        self._executor = executor

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Run the step's action."""
        del model
        written = {"stdout": bytearray(), "stderr": bytearray()}
        decoder = getincrementaldecoder("utf-8")(errors="replace")
        outcome: Outcome | None = None
        async with aclosing(self._executor.run(action_of(step), tenant=current_principal().tenant)) as events:
            async for event in events:
                if isinstance(event, Outcome):
                    outcome = event
                    continue
                written[event.stream] += event.data
                if event.stream == "stdout":
                    await emit(Progress(text_delta=decoder.decode(event.data)))
        if outcome is None:
            raise InternalError("An action ended without an outcome.")
        return _result(
            outcome,
            stdout=bytes(written["stdout"]),
            stderr=bytes(written["stderr"]),
            is_program=not isinstance(step.arguments, HttpArguments),
        )


def _result(outcome: Outcome, *, stdout: bytes, stderr: bytes, is_program: bool) -> Result:
    execution = Execution(
        exit_code=outcome.exit_code,
        stopped_by=outcome.stopped_by,
        truncated=outcome.truncated,
        stdout=stdout.decode(errors="replace"),
        stderr=stderr.decode(errors="replace"),
        value_json=outcome.value,
    )
    failed = bool(outcome.stopped_by) or (is_program and outcome.exit_code != 0)
    return Result(
        output=_told(execution, failed=failed),
        value=execution,
        confidence=1.0,
        method=outcome.method,
        artifacts=artifacts(outcome.files),
    )


def _told(execution: Execution, *, failed: bool) -> str:
    """Return what was printed, and the value of an expression; of a failure, what was said about it too."""
    if not failed:
        return f"{execution.stdout}{execution.value_json}"
    why = execution.stopped_by or f"exit status {execution.exit_code}"
    return f"{execution.stdout}\n[{why}]\n{execution.stderr}".strip()
