"""The arms' composition root: the model layer, the register, and the six arms in one process."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import grpc

from arms.coder.app import host_coder
from arms.executor.app import host_executor
from arms.guardian.app import host_guardian
from arms.host import serve_arms
from arms.judge.app import host_judge
from arms.planner.app import host_planner
from arms.programs.clients import GrpcRunner
from arms.retriever.app import host_retriever
from arms.settings import ArmsSettings
from arms.surroundings import open_surroundings
from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.running import Running

_REFLEX_SECONDS = 10.0
_RUN_SECONDS = 60.0


@asynccontextmanager
async def build(settings: ArmsSettings) -> AsyncGenerator[Running]:
    """Run the six arms until the block ends; the orchestrator and the model may come later.

    Raises:
        UnavailableError: an address is taken.
        ValidationFailedError: no model provider has the configured name.
    """
    secured = partial(open_channel, tokens=settings.internal_tokens("arms"), tls=settings.mutual_tls())
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(open_surroundings(settings))
        reflex = await stack.enter_async_context(
            secured(settings.target("reflex"), timeout=_REFLEX_SECONDS, peer="reflex")
        )
        runner = _runner(
            around.orchestrator, open_channel=partial(secured, timeout=_RUN_SECONDS, peer="executor")
        )
        stack.push_async_callback(runner.close)
        hosted = [
            host_planner(),
            host_executor(),
            host_retriever(),
            host_coder(runner=runner),
            host_judge(runner=runner),
            host_guardian(channel=reflex),
        ]
        yield await stack.enter_async_context(
            serve_arms(hosted, shared=around.shared, background=around.verifiers.loops)
        )


def _runner(orchestrator: grpc.aio.Channel, *, open_channel: Callable[[str], grpc.aio.Channel]) -> GrpcRunner:
    """What has programs run by the executor, for the arms that write or judge them."""
    return GrpcRunner(
        register=orchestrator,
        open_channel=open_channel,
        capabilities=Capabilities(channel=orchestrator),
    )
