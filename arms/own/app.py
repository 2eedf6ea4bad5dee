"""One arm of one's own, put together: its model, its server, its place in the register."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from arms.clients import GrpcRegister
from arms.host import HostedArm, Shared, serve_arms
from arms.model.layer import open_model_layer
from arms.own.settings import OwnArmSettings
from arms.permission.app import token_verifiers
from servicekit.channel import open_channel
from servicekit.running import Running

_REGISTER_SECONDS = 3.0


@asynccontextmanager
async def build_own(hosted: HostedArm, *, settings: OwnArmSettings) -> AsyncGenerator[Running]:
    """Run one arm until the block ends; the orchestrator and the model may come later.

    Raises:
        UnavailableError: its address is taken.
        ValidationFailedError: no model provider has the configured name, the internal key is missing, or a
            certificate is wrong.
    """
    tokens = settings.internal_tokens("arms")
    async with AsyncExitStack() as stack:
        layer = await stack.enter_async_context(open_model_layer(settings.model_choice()))
        orchestrator = await stack.enter_async_context(
            open_channel(
                settings.target("orchestrator"),
                timeout=_REGISTER_SECONDS,
                tokens=tokens,
                tls=settings.mutual_tls(),
                peer="orchestrator",
            )
        )
        verifiers = token_verifiers(channel=orchestrator)
        shared = Shared(
            settings=settings,
            layer=layer,
            register=GrpcRegister(channel=orchestrator),
            verifiers=verifiers,
        )
        yield await stack.enter_async_context(serve_arms([hosted], shared=shared, background=verifiers.loops))
