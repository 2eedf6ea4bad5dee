"""Several models: which failures go on to the next one, who is paid and named, who is asked first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel
from pydantic_ai.exceptions import ModelHTTPError, ModelRequestRejectedError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from arms.model.candidate import REST_SECONDS, Candidate
from arms.model.layer import ModelChoice, ModelLayer, open_model_layer
from arms.model.names import chain_of, local_of
from arms.model.prompt import Prompt, Section
from arms.model.provider import Connection, ModelHealth, estimate_tokens
from arms.model.queue import ModelQueue
from arms.model.usage import CallLimits, Tariff
from servicekit.context import set_deadline
from servicekit.errors import (
    ConflictError,
    DeadlineError,
    InternalError,
    OctoError,
    PayloadTooLargeError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.status_board import Health

PROMPT = Prompt(instructions="Answer.", sections=(Section(title="question", text="Why?"),))
FREE, PRICED = Tariff(model="free"), Tariff(model="gpt-4o-mini", provider="openai")


@dataclass(kw_only=True)
class Told:
    """A model that says, raises or does what the test tells."""

    title: str
    says: str | Exception = "yes"
    tariff: Tariff = FREE
    window: int = 16_000
    seconds: float = 0.0
    asked: int = 0
    places: int = 1
    look_seconds: float = 1.0
    tells_odds: bool = False

    async def health(self) -> ModelHealth:
        if isinstance(self.says, Exception):
            return ModelHealth(health=Health.UNAVAILABLE, detail=str(self.says))
        return ModelHealth(health=Health.HEALTHY)

    async def connect(self) -> Connection:
        self.asked += 1
        if isinstance(self.says, OctoError):
            raise self.says

        async def respond(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            return ModelResponse(parts=[TextPart(await self._said())])

        async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
            said = await self._said()
            for piece in said.split(" "):
                if piece == "BREAK":
                    raise ModelHTTPError(500, self.title)
                yield f"{piece} "

        model = FunctionModel(respond, stream_function=stream)
        return Connection(model=model, window=self.window, count=estimate_tokens)

    async def _said(self) -> str:
        await asyncio.sleep(self.seconds)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@dataclass(kw_only=True)
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Chain:
    models: Sequence[Told]
    seconds: float | None = None
    clock: Clock = field(default_factory=Clock)

    def layer(self) -> ModelLayer:
        return ModelLayer(
            candidates=[
                Candidate(provider=model, queue=ModelQueue(places=1, most_waiting=9), clock=self.clock)
                for model in self.models
            ],
            seconds=self.seconds,
        )


def http(status: int) -> ModelHTTPError:
    return ModelHTTPError(status, "m")


@pytest.mark.parametrize(
    "failure",
    [
        UnavailableError("being loaded", reason="MODEL_NOT_READY"),
        UnavailableError("needs OPENAI_API_KEY", reason="MODEL_NOT_CONFIGURED"),
        http(401),
        http(404),
        http(429),
        http(500),
        http(503),
    ],
)
async def test_a_model_that_is_away_is_stood_in_for(failure: Exception) -> None:
    first, second = Told(title="first", says=failure), Told(title="second", says="because", tariff=PRICED)
    session = Chain(models=[first, second]).layer().session()
    answer = await session.text(PROMPT, max_tokens=50)
    assert answer.text == "because"
    assert session.model == "second"
    assert session.usage.cost_micros > 0


class Yes(BaseModel):
    yes: bool


async def test_a_model_that_is_too_weak_is_stood_in_for_and_both_are_paid() -> None:
    first, second = (
        Told(title="first", says="perhaps", tariff=PRICED),
        Told(title="second", says='{"yes": true}'),
    )
    session = Chain(models=[first, second]).layer().session()
    assert (await session.structured(PROMPT, output=Yes, max_tokens=50)).yes
    assert session.model == "second"
    assert session.usage.requests == 2
    assert session.usage.cost_micros > 0


async def test_a_prompt_too_long_for_one_goes_to_one_with_a_larger_window() -> None:
    long = Prompt(instructions="Answer.", sections=(Section(title="q", text="why " * 3000),))
    small, large = Told(title="small", window=1000), Told(title="large", says="done")
    session = Chain(models=[small, large]).layer().session()
    assert (await session.text(long, max_tokens=50)).text == "done"
    with pytest.raises(PayloadTooLargeError):
        await Chain(models=[small]).layer().session().text(long, max_tokens=50)


async def test_a_dear_model_is_stood_in_for_by_one_within_the_budget() -> None:
    dear, free = Told(title="dear", tariff=PRICED), Told(title="free", says="cheap")
    session = Chain(models=[dear, free]).layer().session(CallLimits(max_cost_micros=0))
    assert (await session.text(PROMPT, max_tokens=50)).text == "cheap"
    assert session.usage.cost_micros == 0
    with pytest.raises(ConflictError, match="may cost"):
        await Chain(models=[dear]).layer().session(CallLimits(max_cost_micros=0)).text(PROMPT, max_tokens=50)


async def test_a_refused_request_is_refused_by_all() -> None:
    second = Told(title="second")
    first = Told(title="first", says=ModelRequestRejectedError("m", "no"))
    session = Chain(models=[first, second]).layer().session()
    with pytest.raises(InternalError):
        await session.text(PROMPT, max_tokens=50)
    assert second.asked == 0
    assert session.model == "first"


async def test_a_text_that_somebody_was_told_is_not_begun_anew() -> None:
    first, second = Told(title="first", says="once upon BREAK"), Told(title="second", says="the end")
    heard: list[str] = []

    async def hear(piece: str) -> None:
        heard.append(piece)

    layer = Chain(models=[first, second]).layer()
    with pytest.raises(UnavailableError):
        await layer.session().text(PROMPT, max_tokens=50, on_delta=hear)
    assert "".join(heard).split() == ["once", "upon"]
    assert second.asked == 0
    # Nobody listens: nothing was told, and nothing of the first text is left.
    assert (
        await Chain(models=[first, second]).layer().session().text(PROMPT, max_tokens=50)
    ).text == "the end"


async def test_a_slow_model_is_stood_in_for_within_the_deadline() -> None:
    slow, quick = Told(title="slow", seconds=30), Told(title="quick")
    chain = Chain(models=[slow, quick], seconds=0.05)
    assert (await chain.layer().session().text(PROMPT, max_tokens=50)).text == "yes"
    # Alone it may take what the caller's deadline leaves, and that ends everything.
    set_deadline(0.2)
    with pytest.raises(DeadlineError):
        await Chain(models=[slow], seconds=0.05).layer().session().text(PROMPT, max_tokens=50)


async def test_a_model_that_failed_is_put_aside_for_a_while() -> None:
    chain = Chain(models=[Told(title="first", says=http(500)), Told(title="second")])
    first, layer = chain.models[0], chain.layer()
    for _ in range(3):
        await layer.session().text(PROMPT, max_tokens=50)
    assert first.asked == 1
    first.says = "back"
    chain.clock.now += REST_SECONDS + 1
    assert (await layer.session().text(PROMPT, max_tokens=50)).text == "back"


async def test_when_all_fail_one_error_tells_of_all() -> None:
    chain = Chain(
        models=[
            Told(
                title="local", says=UnavailableError("being loaded", reason="MODEL_NOT_READY", retry_after=5)
            ),
            Told(title="hosted", says=UnavailableError("needs a key", reason="MODEL_NOT_CONFIGURED")),
        ]
    )
    with pytest.raises(UnavailableError, match=r"local: being loaded; hosted: needs a key") as caught:
        await chain.layer().session().text(PROMPT, max_tokens=50)
    assert (caught.value.reason, caught.value.retry_after) == ("MODEL_NOT_READY", 5)


@pytest.mark.parametrize(
    ("first", "second", "health", "detail"),
    [
        ("yes", "yes", Health.HEALTHY, ""),
        ("yes", UnavailableError("gone"), Health.HEALTHY, ""),
        (UnavailableError("gone"), "yes", Health.DEGRADED, "a: gone; b answers"),
        (UnavailableError("gone"), UnavailableError("off"), Health.UNAVAILABLE, "a: gone; b: off"),
    ],
)
async def test_health(first: str | Exception, second: str | Exception, health: Health, detail: str) -> None:
    found = await Chain(models=[Told(title="a", says=first), Told(title="b", says=second)]).layer().health()
    assert (found.health, found.detail) == (health, detail)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("local", ("local",)),
        ("local, openai:gpt-5-mini", ("local", "openai:gpt-5-mini")),
        ("anthropic:x,local-small", ("anthropic:x", "local-small")),
    ],
)
def test_chains_are_read(text: str, names: tuple[str, ...]) -> None:
    assert chain_of(text) == names


@pytest.mark.parametrize("text", ["local,", ",", "local,local", "local,local-small"])
def test_chains_that_make_no_sense(text: str) -> None:
    with pytest.raises(ValidationFailedError, match="OCTOLLM_MODEL"):
        chain_of(text)


@pytest.mark.parametrize(
    ("text", "has_server", "local"),
    [
        ("local", False, "local"),
        ("local", True, None),
        ("openai:x,local-small", False, "local-small"),
        ("mine,local", True, "local"),
        ("openai:x", False, None),
    ],
)
def test_which_local_model_must_run(text: str, has_server: bool, local: str | None) -> None:
    assert local_of(text, has_server=has_server) == local


async def test_a_chain_is_opened_by_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    choice = ModelChoice(name="local,mine,openai:gpt-4o-mini", base_url="http://127.0.0.1:1/v1")
    async with open_model_layer(choice) as layer:
        titles = [candidate.provider.title for candidate in layer.candidates]
    assert titles == ["qwen2.5-coder-1.5b-instruct-q4_k_m", "mine", "openai:gpt-4o-mini"]
