"""The arms' composition root: the model layer, the register, and the six arms in one process."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from arms.clients import GrpcRegister
from arms.coder.app import host_coder
from arms.executor.app import host_executor
from arms.guardian.app import host_guardian
from arms.host import Shared, serve_arms
from arms.judge.app import host_judge
from arms.model.layer import open_model_layer
from arms.permission.app import token_verifiers
from arms.planner.app import host_planner
from arms.programs.clients import GrpcRunner
from arms.retriever.app import host_retriever
from arms.settings import ArmsSettings
from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.running import Running

_REGISTER_SECONDS = 3.0
_REFLEX_SECONDS = 10.0
_RUN_SECONDS = 60.0


@asynccontextmanager
async def build(settings: ArmsSettings) -> AsyncGenerator[Running]:
    """Run the six arms until the block ends; the orchestrator and the model may come later.

    Raises:
        UnavailableError: an address is taken.
        ValidationFailedError: no model provider has the configured name.
    """
    tokens = settings.internal_tokens("arms")
    tls = settings.mutual_tls()
    async with AsyncExitStack() as stack:
        layer = await stack.enter_async_context(open_model_layer(settings.model_choice()))
        orchestrator = await stack.enter_async_context(
            open_channel(
                settings.target("orchestrator"),
                timeout=_REGISTER_SECONDS,
                tokens=tokens,
                tls=tls,
                peer="orchestrator",
            )
        )
        reflex = await stack.enter_async_context(
            open_channel(
                settings.target("reflex"), timeout=_REFLEX_SECONDS, tokens=tokens, tls=tls, peer="reflex"
            )
        )
        runner = GrpcRunner(
            register=orchestrator,
            open_channel=lambda endpoint: open_channel(
                endpoint, timeout=_RUN_SECONDS, tokens=tokens, tls=tls, peer="executor"
            ),
            capabilities=Capabilities(channel=orchestrator),
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
        verifiers = token_verifiers(channel=orchestrator)
        shared = Shared(
            settings=settings,
            layer=layer,
            register=GrpcRegister(channel=orchestrator),
            verifiers=verifiers,
        )
        yield await stack.enter_async_context(serve_arms(hosted, shared=shared, background=verifiers.loops))
