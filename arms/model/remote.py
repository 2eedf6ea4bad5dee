"""Models elsewhere: hosted ones by their provider's name, and any OpenAI-compatible server by its address."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from arms.model.provider import Connection, ModelHealth, Provider, estimate_tokens
from arms.model.usage import Tariff
from servicekit.errors import UnavailableError, ValidationFailedError
from servicekit.status_board import Health

_PLACES = 16
_PROBE_SECONDS = 5.0
_RETRIES = 2

HOSTED_WINDOW = 100_000
"""Tokens of a request at a hosted model when nobody says otherwise."""

SERVER_WINDOW = 16_384
"""Tokens of a request at somebody's own server when nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class HostedProvider:
    """A hosted model, or the reason why it cannot be used.

    Attributes:
        title: such as "openai:gpt-5-mini".
        tariff: whose prices hold.
        model: None when something is missing.
        missing: what is missing.
        window: tokens that a request may hold.
        places: requests at once.
        look_seconds: how often it is worth asking how it stands.
        tells_odds: not all do.
    """

    title: str
    tariff: Tariff
    model: Model | None
    missing: str = ""
    window: int = HOSTED_WINDOW
    places: int = _PLACES
    look_seconds: float = 60.0
    tells_odds: bool = False

    async def health(self) -> ModelHealth:
        """Healthy when configured: asking would cost."""
        if self.model is None:
            return ModelHealth(health=Health.UNAVAILABLE, detail=self.missing)
        return ModelHealth(health=Health.HEALTHY)

    async def connect(self) -> Connection:
        """The way to it.

        Raises:
            UnavailableError: something is missing.
        """
        if self.model is None:
            raise UnavailableError(self.missing, reason="MODEL_NOT_CONFIGURED")
        return Connection(model=self.model, window=self.window, count=estimate_tokens)


@dataclass(frozen=True, kw_only=True)
class ServerProvider:
    """An OpenAI-compatible server of the user's.

    Attributes:
        title: the model's name there.
        base_url: its address, with ``/v1`` where it wants that.
        model: pydantic-ai's view of it.
        http: for looking whether it answers.
        headers: what it wants to see of us.
        window: tokens that a request may hold.
        places: requests at once.
        look_seconds: how often it is worth asking how it stands.
        tells_odds: not all do, and some refuse to be asked.
    """

    title: str
    base_url: str
    model: Model
    http: httpx.AsyncClient
    headers: Mapping[str, str]
    window: int = SERVER_WINDOW
    places: int = _PLACES
    look_seconds: float = 15.0
    tells_odds: bool = False

    @property
    def tariff(self) -> Tariff:
        """Nobody publishes its prices."""
        return Tariff(model=self.title, provider="unknown")

    async def health(self) -> ModelHealth:
        """Whether it answers its list of models."""
        try:
            answer = await self.http.get(
                f"{self.base_url}/models", headers=self.headers, timeout=_PROBE_SECONDS
            )
        except httpx.HTTPError:
            detail = f"the model server at {self.base_url} does not answer"
            return ModelHealth(health=Health.UNAVAILABLE, detail=detail)
        if not answer.is_success:
            detail = f"the model server at {self.base_url} answers HTTP {answer.status_code}"
            return ModelHealth(health=Health.UNAVAILABLE, detail=detail)
        return ModelHealth(health=Health.HEALTHY)

    async def connect(self) -> Connection:
        """The way to it."""
        return Connection(model=self.model, window=self.window, count=estimate_tokens)


@asynccontextmanager
async def open_hosted(
    *, name: str, environ: Mapping[str, str], window: int | None, places: int | None
) -> AsyncGenerator[Provider]:
    """Open `openai:MODEL` or `anthropic:MODEL`; keys come from the providers' own variables.

    Raises:
        ValidationFailedError: another provider.
    """
    vendor, _, model_name = name.partition(":")
    variable = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}.get(vendor)
    if variable is None or not model_name:
        raise ValidationFailedError(
            f"OCTOLLM_MODEL is {name!r}; it may be local, local-small, openai:MODEL or anthropic:MODEL, "
            "or any name together with OCTOLLM_MODEL_BASE_URL, or several of these with commas between them",
            field="model",
        )
    key = environ.get(variable, "")
    client = _client(vendor, key=key) if key else None
    provider = HostedProvider(
        title=name,
        tariff=Tariff(model=model_name, provider=vendor),
        model=_model(client, model_name=model_name),
        missing="" if key else f"{name} needs {variable}, which is not set",
        window=window or HOSTED_WINDOW,
        places=places or _PLACES,
    )
    try:
        yield provider
    finally:
        if client is not None:
            await client.close()


@asynccontextmanager
async def open_server(
    *, name: str, base_url: str, api_key: str, window: int | None, places: int | None
) -> AsyncGenerator[Provider]:
    """Open an OpenAI-compatible server."""
    address = base_url.rstrip("/")
    key = api_key or "none"  # the client wants one even where the server does not
    async with (
        AsyncOpenAI(base_url=address, api_key=key, max_retries=_RETRIES, timeout=3600.0) as client,
        httpx.AsyncClient() as http,
    ):
        vendor = OpenAICompatibleProvider("octollm-server", openai_client=client)
        yield ServerProvider(
            title=name,
            base_url=address,
            model=OpenAIChatModel(name, provider=vendor),
            http=http,
            headers={"Authorization": f"Bearer {key}"},
            window=window or SERVER_WINDOW,
            places=places or _PLACES,
        )


def _client(vendor: str, *, key: str) -> AsyncOpenAI | AsyncAnthropic:
    kind = AsyncOpenAI if vendor == "openai" else AsyncAnthropic
    return kind(api_key=key, max_retries=_RETRIES, timeout=600.0)


def _model(client: AsyncOpenAI | AsyncAnthropic | None, *, model_name: str) -> Model | None:
    match client:
        case AsyncOpenAI():
            return OpenAIChatModel(model_name, provider=OpenAIProvider(openai_client=client))
        case AsyncAnthropic():
            return AnthropicModel(model_name, provider=AnthropicProvider(anthropic_client=client))
        case None:
            return None
