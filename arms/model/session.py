"""One call's way to the model: asks for text or for a typed answer, within limits, and keeps account."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models import Model
from pydantic_ai.models.instrumented import InstrumentationSettings, InstrumentedModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from arms.model.cutting import Fitted, fit
from arms.model.failures import octo_error
from arms.model.prompt import Prompt, sha256_of
from arms.model.provider import Connection, Provider
from arms.model.queue import ModelQueue
from arms.model.usage import CallLimits, Usage
from servicekit.context import remaining_seconds
from servicekit.errors import ConflictError, DeadlineError, OctoError, PayloadTooLargeError

Typed = TypeVar("Typed", bound=BaseModel)

OnDelta = Callable[[str], Awaitable[None]]
"""Told each new piece of text."""

_LONGEST_SECONDS = 3600.0
_LEAST_ANSWER_TOKENS = 16


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A text that a model wrote.

    Attributes:
        text: the text.
        complete: False when the token limit cut it off.
        cut: titles of the prompt's sections whose middle was left out.
    """

    text: str
    complete: bool
    cut: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request that fits: what is sent, and how much may come back."""

    model: Model
    fitted: Fitted
    settings: ModelSettings


@dataclass(kw_only=True)
class ModelSession:
    """What an arm is given for one call.

    Attributes:
        provider: the configured model.
        queue: places at it, shared with everybody in this process.
        limits: what this call may consume.
        trace_content: whether traces may carry what was said.
        usage: what it consumed so far.
    """

    provider: Provider
    queue: ModelQueue
    limits: CallLimits = field(default_factory=CallLimits)
    trace_content: bool = False
    usage: Usage = field(default_factory=Usage)
    _sent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    @property
    def model(self) -> str:
        """The model's name when one was asked, else empty."""
        return self.provider.title if self._sent else ""

    @property
    def prompt_hash(self) -> str:
        """SHA-256 in hex over all prompts sent, in order; empty when there were none."""
        return sha256_of(self._sent)

    async def text(
        self, prompt: Prompt, *, max_tokens: int, temperature: float = 0.0, on_delta: OnDelta | None = None
    ) -> Answer:
        """Ask for text.

        Args:
            prompt: what to ask.
            max_tokens: the most tokens of the answer.
            temperature: 0 takes the likeliest token always.
            on_delta: told the text as it comes.

        Raises:
            UnavailableError: the model is not ready or cannot be reached.
            DeadlineError: the caller's deadline passed.
            PayloadTooLargeError: what may not be cut is too long for the model.
            ConflictError: reason BUDGET_EXCEEDED: the limits leave too little.
            RateLimitError: too many requests wait for the model.
            InternalError: the model's answer is of no use.
        """
        async with self._asking(prompt, max_tokens=max_tokens, temperature=temperature) as (request, used):
            agent = Agent(request.model, instructions=request.fitted.prompt.instructions)
            message = request.fitted.prompt.render()
            async with agent.run_stream(message, model_settings=request.settings, usage=used) as stream:
                pieces: list[str] = []
                async for piece in stream.stream_text(delta=True, debounce_by=None):
                    pieces.append(piece)
                    if on_delta is not None:
                        await on_delta(piece)
                complete = stream.response.finish_reason != "length"
        return Answer(text="".join(pieces).strip(), complete=complete, cut=request.fitted.cut)

    async def structured(
        self, prompt: Prompt, *, output: type[Typed], max_tokens: int, temperature: float = 0.0
    ) -> Typed:
        """Ask for an object of a type; its schema constrains what the model can write.

        Bounds on numbers and lengths are checked here, not trusted to the model. Recursive types run away:
        use none.

        Raises:
            UnusableOutputError: the answer broke off or breaks the type's rules.
            OctoError: as `text`.
        """
        async with self._asking(prompt, max_tokens=max_tokens, temperature=temperature) as (request, used):
            agent = Agent(
                request.model,
                instructions=request.fitted.prompt.instructions,
                output_type=NativeOutput(output),
                retries=0,
            )
            message = request.fitted.prompt.render()
            result = await agent.run(message, model_settings=request.settings, usage=used)
        return result.output

    @asynccontextmanager
    async def _asking(
        self, prompt: Prompt, *, max_tokens: int, temperature: float
    ) -> AsyncGenerator[tuple[_Request, RunUsage]]:
        """Wait for a place, make the prompt fit, send it, and account for it however it ends."""
        used = RunUsage()
        seconds = remaining_seconds(_LONGEST_SECONDS)
        try:
            async with asyncio.timeout(seconds), self.queue.place():
                connection = await self.provider.connect()
                request = await self._prepare(
                    prompt, connection=connection, max_tokens=max_tokens, temperature=temperature
                )
                self._sent.append((request.fitted.prompt.instructions, request.fitted.prompt.render()))
                yield request, used
        except TimeoutError as error:
            raise DeadlineError(f"{self.provider.title} did not answer in time") from error
        except AgentRunError as error:
            raise octo_error(error, title=self.provider.title) from error
        finally:
            if used.requests:
                self.usage += self.provider.tariff.usage(
                    input_tokens=used.input_tokens, output_tokens=used.output_tokens, requests=used.requests
                )

    async def _prepare(
        self, prompt: Prompt, *, connection: Connection, max_tokens: int, temperature: float
    ) -> _Request:
        left = self._tokens_left()
        window = connection.window if left is None else min(connection.window, left)
        answer = min(max_tokens, window // 2)
        fitted = None
        if answer >= min(max_tokens, _LEAST_ANSWER_TOKENS):
            fitted = await fit(prompt=prompt, limit=window - answer, count=connection.count)
        if fitted is None:
            raise self._too_long(window=window, is_budget=window < connection.window)
        self._check_cost(fitted, answer=answer)
        return _Request(
            model=InstrumentedModel(connection.model, _SPANS[self.trace_content]),
            fitted=fitted,
            settings=ModelSettings(max_tokens=answer, temperature=temperature),
        )

    def _tokens_left(self) -> int | None:
        if self.limits.max_tokens is None:
            return None
        return max(0, self.limits.max_tokens - self.usage.tokens)

    def _check_cost(self, fitted: Fitted, *, answer: int) -> None:
        if self.limits.max_cost_micros is None:
            return
        most = self.provider.tariff.usage(input_tokens=fitted.tokens, output_tokens=answer).cost_micros
        if self.usage.cost_micros + most > self.limits.max_cost_micros:
            raise ConflictError(
                f"a request to {self.provider.title} may cost {most} millionths of a dollar, "
                f"{self.limits.max_cost_micros - self.usage.cost_micros} are left",
                reason="BUDGET_EXCEEDED",
            )

    def _too_long(self, *, window: int, is_budget: bool) -> OctoError:
        if is_budget:
            return ConflictError(
                f"the {window} tokens that are left are too few to ask {self.provider.title}",
                reason="BUDGET_EXCEEDED",
            )
        return PayloadTooLargeError(
            f"the task is too long for {self.provider.title}: a request and its answer share {window} tokens",
            reason="CONTEXT_TOO_LONG",
        )


_SPANS = {
    told: InstrumentationSettings(
        include_content=told, include_binary_content=False, include_model_request_parameters=False
    )
    for told in (False, True)
}
"""Spans as OpenTelemetry's GenAI conventions want them, without and with what was said."""
