"""What every process of arms stands on: the model, the orchestrator and its register, the check of tokens."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from arms.clients import GrpcRegister
from arms.host import Shared
from arms.model.layer import open_model_layer
from arms.permission.app import TokenVerifiers, token_verifiers
from arms.settings import ArmsSettings
from servicekit.channel import open_channel

_REGISTER_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What arms are put into.

    Attributes:
        shared: what all arms of the process have in common.
        orchestrator: the channel to it.
        verifiers: check capability tokens; `loops` is what keeps their keys fresh.
    """

    shared: Shared
    orchestrator: grpc.aio.Channel
    verifiers: TokenVerifiers


@asynccontextmanager
async def open_surroundings(settings: ArmsSettings) -> AsyncGenerator[Surroundings]:
    """Open them; the orchestrator and the model may come later.

    Raises:
        ValidationFailedError: no model provider has the configured name, the internal key is missing, or a
            certificate is wrong.
    """
    async with (
        open_model_layer(settings.model_choice()) as layer,
        open_channel(
            settings.target("orchestrator"),
            timeout=_REGISTER_SECONDS,
            tokens=settings.internal_tokens("arms"),
            tls=settings.mutual_tls(),
            peer="orchestrator",
        ) as orchestrator,
    ):
        verifiers = token_verifiers(channel=orchestrator)
        shared = Shared(
            settings=settings,
            layer=layer,
            register=GrpcRegister(channel=orchestrator),
            verifiers=verifiers,
        )
        yield Surroundings(shared=shared, orchestrator=orchestrator, verifiers=verifiers)
