"""Runs actions: programs and commands in the sandbox, requests through the egress guard."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from arms.executor.actions import Action, HttpAction, PythonAction
from arms.executor.exchange import exchanged
from arms.executor.http.fetch import Fetcher
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Output, Sandbox
from arms.executor.shell import shell_program


@dataclass(frozen=True, kw_only=True)
class Executor:
    """What runs actions.

    Attributes:
        sandbox: gives the sandbox, or raises SandboxUnavailableError: then nothing runs.
        fetcher: the way out for requests.
        commands: what the shell action takes.
        limits: what one program may use; its wall clock is the action's.
    """

    sandbox: Callable[[], Sandbox]
    fetcher: Fetcher
    commands: tuple[str, ...]
    limits: Limits

    async def run(self, action: Action) -> AsyncGenerator[Output | Outcome]:
        """Yield output as it comes, and the outcome at the end; leaving early ends the action.

        Raises:
            SandboxUnavailableError: the sandbox does not work here.
            OctoError: the action may not be done, or could not be; the text says why.
        """
        sandbox = self.sandbox()
        if isinstance(action, HttpAction):
            events = exchanged(action, fetcher=self.fetcher, cap=self.limits.output_bytes)
        elif isinstance(action, PythonAction):
            program = python_program(
                sandbox.parts, source=action.source, files=action.files, outputs=action.outputs
            )
            events = sandbox.run(program, limits=replace(self.limits, wall_seconds=action.seconds))
        else:
            program = shell_program(
                action.argv, allowed=self.commands, files=action.files, outputs=action.outputs
            )
            events = sandbox.run(program, limits=replace(self.limits, wall_seconds=action.seconds))
        async with aclosing(events):
            async for event in events:
                yield event
