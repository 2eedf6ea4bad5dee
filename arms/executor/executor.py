"""Runs actions: programs, commands and expressions in the sandbox, requests through the egress guard."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from arms.executor.action_limits import ActionLimits
from arms.executor.actions import Action, ExpressionAction, HttpAction, JavaScriptAction, ShellAction
from arms.executor.evaluate import evaluated
from arms.executor.exchange import exchanged
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Output, Sandbox
from arms.executor.shell import shell_program
from servicekit.egress.fetch import Fetcher


@dataclass(frozen=True, kw_only=True)
class Executor:
    """What runs actions.

    Attributes:
        sandbox: gives the sandbox, or raises SandboxUnavailableError: then nothing runs.
        fetcher: the way out for requests.
        commands: what the shell action takes.
        limits: what one action may use.
    """

    sandbox: Callable[[], Sandbox]
    fetcher: Fetcher
    commands: tuple[str, ...]
    limits: ActionLimits

    async def run(self, action: Action, *, tenant: str) -> AsyncGenerator[Output | Outcome]:
        """Yield output as it comes, and the outcome at the end; leaving early ends the action.

        Raises:
            SandboxUnavailableError: the sandbox does not work here.
            OctoError: the action may not be done, or could not be; the text says why.
        """
        async with aclosing(self._events(action, sandbox=self.sandbox(), tenant=tenant)) as events:
            async for event in events:
                yield event

    def _events(self, action: Action, *, sandbox: Sandbox, tenant: str) -> AsyncGenerator[Output | Outcome]:
        limits = self.limits.of(action)
        if isinstance(action, HttpAction):
            return exchanged(action, fetcher=self.fetcher, cap=limits.output_bytes)
        if isinstance(action, ExpressionAction):
            bounds = self.limits.bounds(action)
            return evaluated(action, sandbox=sandbox, tenant=tenant, limits=limits, bounds=bounds)
        if isinstance(action, ShellAction):
            program = shell_program(
                action.argv, allowed=self.commands, files=action.files, outputs=action.outputs
            )
        elif isinstance(action, JavaScriptAction):
            program = javascript_program(
                sandbox.parts,
                source=action.source,
                memory_bytes=limits.memory_bytes,
                files=action.files,
                outputs=action.outputs,
            )
        else:
            program = python_program(
                sandbox.parts, source=action.source, files=action.files, outputs=action.outputs
            )
        return sandbox.run(program, limits=limits)
