"""The local model: found through the state file of its server, counted with its own tokeniser."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from arms.model.catalog import find_model
from arms.model.provider import Connection, ModelHealth, Provider
from arms.model.runtime.state import RuntimePhase, RuntimeState, read_state
from arms.model.usage import Tariff
from servicekit.errors import UnavailableError
from servicekit.status_board import Health

_PROBE_SECONDS = 3.0
_PERCENT = 100


@dataclass(kw_only=True)
class LocalProvider:
    """The model server that a supervisor runs beside us.

    Attributes:
        title: the model's name in provenance.
        state_file: where the server tells how far it is; None when nobody runs one.
        http: for the server's own endpoints.
        places: as many as the server has slots.
        look_seconds: a look costs a file and a local request.
        tells_odds: llama.cpp does.
    """

    title: str
    state_file: Path | None
    http: httpx.AsyncClient
    places: int = 1
    look_seconds: float = 1.0
    tells_odds: bool = True
    _client: AsyncOpenAI | None = None
    _client_of: tuple[str, str] = ("", "")

    @property
    def tariff(self) -> Tariff:
        """It costs nothing."""
        return Tariff(model=self.title)

    async def health(self) -> ModelHealth:
        """How the server stands, asked at the server itself when it says that it is ready."""
        state = self._state()
        if state is None or state.phase is not RuntimePhase.READY:
            return ModelHealth(health=Health.UNAVAILABLE, detail=_not_ready(state, title=self.title))
        try:
            answer = await self.http.get(f"{state.base_url}/health", timeout=_PROBE_SECONDS)
        except httpx.HTTPError:
            answer = None
        if answer is None or not answer.is_success:
            return ModelHealth(
                health=Health.UNAVAILABLE,
                detail=f"the server of {self.title} does not answer; it may restart",
            )
        return ModelHealth(health=Health.HEALTHY)

    async def connect(self) -> Connection:
        """The way to the server as it stands now; a restarted one has another port and key.

        Raises:
            UnavailableError: it is being fetched or loaded, it failed, or it does not run.
        """
        state = self._state()
        if state is None or state.phase is not RuntimePhase.READY:
            raise UnavailableError(
                _not_ready(state, title=self.title), reason="MODEL_NOT_READY", retry_after=5.0
            )
        client = await self._client_for(state)
        provider = OpenAICompatibleProvider("octollm-local", openai_client=client)

        async def count(text: str) -> int:
            return await self._count(text, state=state)

        return Connection(
            model=OpenAIChatModel(self.title, provider=provider), window=state.slot_context, count=count
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def _state(self) -> RuntimeState | None:
        return read_state(self.state_file) if self.state_file is not None else None

    async def _client_for(self, state: RuntimeState) -> AsyncOpenAI:
        where = (state.base_url, state.api_key)
        if self._client is None or self._client_of != where:
            await self.close()
            # No retries here: the server is on this machine, and who calls us retries with a budget.
            self._client = AsyncOpenAI(
                base_url=f"{state.base_url}/v1", api_key=state.api_key, max_retries=0, timeout=3600.0
            )
            self._client_of = where
        return self._client

    async def _count(self, text: str, *, state: RuntimeState) -> int:
        try:
            answer = await self.http.post(
                f"{state.base_url}/tokenize",
                json={"content": text, "parse_special": False},
                headers={"Authorization": f"Bearer {state.api_key}"},
                timeout=30.0,
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"the server of {self.title} does not answer", reason="MODEL_UNREACHABLE", retry_after=1.0
            ) from error
        body: dict[str, list[Any]] = answer.json()
        return len(body["tokens"])


@asynccontextmanager
async def open_local(*, name: str, state_file: Path | None) -> AsyncGenerator[Provider]:
    """Open the local model of that name.

    Args:
        name: its name in the catalogue.
        state_file: where its server tells how far it is; None when nobody runs one.

    Raises:
        NotFoundError: there is no local model of that name.
    """
    title = find_model(name).title
    # Nothing between us and the server on this machine: proxies of the environment are for elsewhere.
    async with httpx.AsyncClient(trust_env=False) as http:
        provider = LocalProvider(title=title, state_file=state_file, http=http)
        try:
            yield provider
        finally:
            await provider.close()


def _not_ready(state: RuntimeState | None, *, title: str) -> str:
    if state is None:
        return f"no server of {title} runs; `octollm serve all` starts one"
    match state.phase:
        case RuntimePhase.FETCHING if state.total_bytes:
            share = state.done_bytes * _PERCENT // state.total_bytes
            return f"{title} is being fetched: {share} %"
        case RuntimePhase.FAILED:
            return f"{title} cannot run: {state.detail}"
        case _:
            return f"{title} is being loaded"
