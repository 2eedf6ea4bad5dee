"""The model layer of a process: the configured models and the places at them; every call gets a session."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from arms.model.candidate import Candidate
from arms.model.chain import health_of
from arms.model.local import open_local
from arms.model.names import chain_of, is_hosted, is_local
from arms.model.provider import ModelHealth, Provider
from arms.model.queue import ModelQueue
from arms.model.session import ModelSession
from arms.model.usage import CallLimits

_MOST_WAITING = 256


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Which model, as the settings tell it.

    Attributes:
        name: local, local-small, openai:..., anthropic:..., or any name with `base_url`; several with commas
            between them are asked in this order, until one answers.
        base_url: an OpenAI-compatible server, which has every model that is neither local nor hosted; a
            single model is always that server's. Empty for none.
        api_key: its key; empty for none.
        state_file: where the local model's server tells how far it is; None when nobody runs one.
        window: tokens that a request may hold; None takes what is known or usual.
        places: requests at once; None takes what is usual.
        seconds: how long one model of several may take before the next one is asked; None is no limit.
        trace_content: whether traces may carry what was said.
    """

    name: str
    base_url: str = ""
    api_key: str = ""
    state_file: Path | None = None
    window: int | None = None
    places: int | None = None
    seconds: float | None = None
    trace_content: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelLayer:
    """The configured models, for everybody in this process.

    Attributes:
        candidates: in the order in which they are asked.
        seconds: how long one of several may take.
        trace_content: whether traces may carry what was said.
    """

    candidates: Sequence[Candidate]
    seconds: float | None = None
    trace_content: bool = False

    @property
    def title(self) -> str:
        """The models' names."""
        return ", ".join(candidate.provider.title for candidate in self.candidates)

    @property
    def look_seconds(self) -> float:
        """How often it is worth asking how they stand."""
        return min(candidate.provider.look_seconds for candidate in self.candidates)

    def session(self, limits: CallLimits | None = None) -> ModelSession:
        """A fresh account for one call."""
        return ModelSession(
            candidates=self.candidates,
            limits=limits if limits is not None else CallLimits(),
            seconds=self.seconds,
            trace_content=self.trace_content,
        )

    async def health(self) -> ModelHealth:
        """How they stand now."""
        return await health_of(self.candidates)


@asynccontextmanager
async def open_model_layer(choice: ModelChoice) -> AsyncGenerator[ModelLayer]:
    """Open the chosen models; they need not be ready, nor even be there.

    Raises:
        ValidationFailedError: no provider has such a name, or the same one stands there twice.
    """
    names = chain_of(choice.name)
    async with AsyncExitStack() as stack:
        providers = [
            await stack.enter_async_context(_open_provider(name, choice=choice, alone=len(names) == 1))
            for name in names
        ]
        candidates = [
            Candidate(provider=provider, queue=ModelQueue(places=provider.places, most_waiting=_MOST_WAITING))
            for provider in providers
        ]
        yield ModelLayer(candidates=candidates, seconds=choice.seconds, trace_content=choice.trace_content)


def _open_provider(name: str, *, choice: ModelChoice, alone: bool) -> AbstractAsyncContextManager[Provider]:
    if is_local(name) and not (choice.base_url and alone):
        return open_local(name=name, state_file=choice.state_file)
    # Here, not above: the hosted providers' SDKs take longer to import than all else that an arm needs.
    from arms.model.remote import open_hosted, open_server

    if choice.base_url and (alone or not is_hosted(name)):
        return open_server(
            name=name,
            base_url=choice.base_url,
            api_key=choice.api_key,
            window=choice.window,
            places=choice.places,
        )
    return open_hosted(name=name, environ=os.environ, window=choice.window, places=choice.places)
