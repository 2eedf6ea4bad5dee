"""Opens a sandbox only where it holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from arms.executor.sandbox.account import Account
from arms.executor.sandbox.advice import advice
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.leftovers import end_leftovers
from arms.executor.sandbox.parts import find_parts
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.self_test import attempts_source, self_test, try_monty, try_node


@asynccontextmanager
async def open_sandbox(*, account: Account, staging_dir: Path, places: int) -> AsyncIterator[Sandbox]:
    """Yield a sandbox that has passed its self-test.

    Args:
        account: who builds it.
        staging_dir: where copies go of what that account could not read.
        places: how many programs run at a time.

    Raises:
        SandboxUnavailableError: it does not work here, and what to change.
    """
    sandbox: Sandbox | None = None
    try:
        parts = await asyncio.to_thread(find_parts, account=account, staging_dir=staging_dir)
        await asyncio.to_thread(end_leftovers, bubblewrap=parts.bubblewrap)
        sandbox = Sandbox(parts=parts, places=places)
        await self_test(sandbox, attempts=attempts_source())
        node, monty = await asyncio.gather(try_node(sandbox), try_monty(sandbox))
        sandbox.use(node=node, monty=monty)
    except SandboxUnavailableError as error:
        if sandbox:
            sandbox.close()
        raise SandboxUnavailableError(f"{error.why} {advice()}".strip()) from error
    try:
        yield sandbox
    finally:
        await asyncio.to_thread(sandbox.close)
