"""Runs programs in a sandbox of this process: the seam's other side, without the wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.parts import find_parts
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox
from arms.programs.program import Program, Ran


@dataclass(kw_only=True)
class LocalRunner:
    """Runs in `sandbox`, and remembers what it ran."""

    sandbox: Sandbox
    programs: list[Program] = field(default_factory=list[Program])

    async def run(self, program: Program) -> Ran:
        self.programs.append(program)
        files = {name: text.encode() for name, text in program.files.items()}
        limits = Limits(wall_seconds=program.seconds)
        if program.language == "javascript":
            ready = javascript_program(
                self.sandbox.parts,
                source=program.source,
                memory_bytes=limits.memory_bytes,
                files=files,
                outputs=program.outputs,
            )
        else:
            ready = python_program(
                self.sandbox.parts, source=program.source, files=files, outputs=program.outputs
            )
        outcome, stdout, stderr = await self.sandbox.outcome(ready, limits=limits)
        return Ran(
            exit_code=outcome.exit_code,
            stopped_by=outcome.stopped_by,
            stdout=stdout.decode(errors="replace"),
            stderr=stderr.decode(errors="replace"),
            files={name: content.decode(errors="replace") for name, content in outcome.files.items()},
            seconds=outcome.seconds,
        )


@asynccontextmanager
async def local_runner(staging_dir: Path) -> AsyncIterator[LocalRunner]:
    """A runner whose sandbox works."""
    sandbox = Sandbox(parts=find_parts(account=sandbox_account(), staging_dir=staging_dir), places=2)
    try:
        yield LocalRunner(sandbox=sandbox)
    finally:
        sandbox.close()
