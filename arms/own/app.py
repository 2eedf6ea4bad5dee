"""One arm of one's own, put together: its model, its server, its place in the register."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from arms.host import HostedArm, serve_arms
from arms.own.settings import OwnArmSettings
from arms.surroundings import open_surroundings
from servicekit.running import Running


@asynccontextmanager
async def build_own(hosted: HostedArm, *, settings: OwnArmSettings) -> AsyncGenerator[Running]:
    """Run one arm until the block ends; the orchestrator and the model may come later.

    Raises:
        UnavailableError: its address is taken.
        ValidationFailedError: no model provider has the configured name, the internal key is missing, or a
            certificate is wrong.
    """
    async with (
        open_surroundings(settings) as around,
        serve_arms([hosted], shared=around.shared, background=around.verifiers.loops) as running,
    ):
        yield running
