"""What goes wrong in the servers behind a gateway, when a test says so."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Trouble:
    """What goes wrong at the next calls.

    Attributes:
        error: raised instead of an answer.
        permission: raised instead of a permission.
        hang: calls wait for this before they answer.
        cancelled: set when a call that hangs was cancelled.
        entered: set when a call began.
    """

    error: Exception | None = None
    permission: Exception | None = None
    hang: asyncio.Event | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self) -> None:
        self.entered.set()
        if self.error:
            raise self.error
        if self.hang:
            try:
                await self.hang.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
