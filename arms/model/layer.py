"""The model layer of a process: the configured model and the places at it; every call gets a session."""

import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from arms.model.catalog import CATALOG
from arms.model.local import open_local
from arms.model.provider import ModelHealth, Provider
from arms.model.queue import ModelQueue
from arms.model.session import ModelSession
from arms.model.usage import CallLimits

_MOST_WAITING = 256


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Which model, as the settings tell it.

    Attributes:
        name: local, local-small, openai:..., anthropic:..., or any name with `base_url`.
        base_url: an OpenAI-compatible server to use instead; empty for none.
        api_key: its key; empty for none.
        state_file: where the local model's server tells how far it is; None when nobody runs one.
        window: tokens that a request may hold; None takes what is known or usual.
        places: requests at once; None takes what is usual.
        trace_content: whether traces may carry what was said.
    """

    name: str
    base_url: str = ""
    api_key: str = ""
    state_file: Path | None = None
    window: int | None = None
    places: int | None = None
    trace_content: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelLayer:
    """The configured model, for everybody in this process."""

    provider: Provider
    queue: ModelQueue
    trace_content: bool = False

    @property
    def title(self) -> str:
        """The model's name."""
        return self.provider.title

    def session(self, limits: CallLimits | None = None) -> ModelSession:
        """A fresh account for one call."""
        return ModelSession(
            provider=self.provider,
            queue=self.queue,
            limits=limits if limits is not None else CallLimits(),
            trace_content=self.trace_content,
        )

    async def health(self) -> ModelHealth:
        """How the model stands now."""
        return await self.provider.health()


@asynccontextmanager
async def open_model_layer(choice: ModelChoice) -> AsyncGenerator[ModelLayer]:
    """Open the chosen model; it need not be ready, nor even be there.

    Raises:
        ValidationFailedError: no provider has that name.
    """
    async with _open_provider(choice) as provider:
        yield ModelLayer(
            provider=provider,
            queue=ModelQueue(places=provider.places, most_waiting=_MOST_WAITING),
            trace_content=choice.trace_content,
        )


def _open_provider(choice: ModelChoice) -> AbstractAsyncContextManager[Provider]:
    if choice.name in CATALOG and not choice.base_url:
        return open_local(name=choice.name, state_file=choice.state_file)
    # Here, not above: the hosted providers' SDKs take longer to import than all else that an arm needs.
    from arms.model.remote import open_hosted, open_server

    if choice.base_url:
        return open_server(
            name=choice.name,
            base_url=choice.base_url,
            api_key=choice.api_key,
            window=choice.window,
            places=choice.places,
        )
    return open_hosted(name=choice.name, environ=os.environ, window=choice.window, places=choice.places)
