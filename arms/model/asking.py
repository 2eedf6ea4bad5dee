"""One request to one model: waits for a place, makes the prompt fit, and accounts for it however it ends.

This is the one place from which models are called.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models import Model
from pydantic_ai.models.instrumented import InstrumentationSettings, InstrumentedModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from arms.model.account import Account
from arms.model.candidate import MODEL_TIMEOUT, Candidate
from arms.model.cutting import CountTokens, Fitted, fit
from arms.model.failures import octo_error
from arms.model.prompt import Prompt
from arms.model.provider import Connection
from arms.model.usage import CallLimits
from servicekit.context import remaining_seconds
from servicekit.errors import ConflictError, DeadlineError, OctoError, PayloadTooLargeError

_LONGEST_SECONDS = 3600.0
_LEAST_ANSWER_TOKENS = 16


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for, of whichever model.

    Attributes:
        prompt: what to ask.
        max_tokens: the most tokens of the answer.
        temperature: 0 takes the likeliest token always.
    """

    prompt: Prompt
    max_tokens: int
    temperature: float


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that fits: what is sent, how much may come back, and where its usage is counted."""

    model: Model
    fitted: Fitted
    settings: ModelSettings
    used: RunUsage
    count: CountTokens

    async def count_unfinished(self, text: str) -> None:
        """Account for a text that we ended ourselves: the server tells what it used only at its own end."""
        if not self.used.output_tokens:
            self.used.requests = max(1, self.used.requests)
            self.used.input_tokens = max(self.used.input_tokens, self.fitted.tokens)
            self.used.output_tokens = await self.count(text)


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Asks within the limits of one call.

    Attributes:
        account: where it is accounted for.
        limits: what the call may consume.
        seconds: how long one model may take; None is no limit but the caller's deadline.
        trace_content: whether traces may carry what was said.
    """

    account: Account
    limits: CallLimits
    seconds: float | None
    trace_content: bool

    @asynccontextmanager
    async def asking(self, wish: Wish, *, candidate: Candidate) -> AsyncGenerator[Request]:
        """Hold a place at a model for the length of the block, which sends the request.

        Raises:
            OctoError: the model is away, is too slow, or cannot take it.
        """
        provider, used = candidate.provider, RunUsage()
        left = remaining_seconds(_LONGEST_SECONDS)
        allowed = min(left, self.seconds or left)
        try:
            async with asyncio.timeout(allowed), candidate.queue.place():
                request = await self._prepare(
                    wish, candidate=candidate, connection=await provider.connect(), used=used
                )
                self.account.send(request.fitted.prompt, title=provider.title)
                yield request
        except TimeoutError as error:
            reason = MODEL_TIMEOUT if allowed < left else None
            raise DeadlineError(f"{provider.title} did not answer in time", reason=reason) from error
        except AgentRunError as error:
            raise octo_error(error, title=provider.title) from error
        else:
            self.account.answer(provider.title)
        finally:
            if used.requests:
                self.account.usage += provider.tariff.usage(
                    input_tokens=used.input_tokens, output_tokens=used.output_tokens, requests=used.requests
                )

    async def _prepare(
        self, wish: Wish, *, candidate: Candidate, connection: Connection, used: RunUsage
    ) -> Request:
        left = self._tokens_left()
        window = connection.window if left is None else min(connection.window, left)
        answer = min(wish.max_tokens, window // 2)
        fitted = None
        if answer >= min(wish.max_tokens, _LEAST_ANSWER_TOKENS):
            fitted = await fit(prompt=wish.prompt, limit=window - answer, count=connection.count)
        if fitted is None:
            raise _too_long(candidate, window=window, is_budget=window < connection.window)
        self._check_cost(fitted, answer=answer, candidate=candidate)
        return Request(
            model=InstrumentedModel(connection.model, _SPANS[self.trace_content]),
            fitted=fitted,
            settings=ModelSettings(max_tokens=answer, temperature=wish.temperature),
            used=used,
            count=connection.count,
        )

    def _tokens_left(self) -> int | None:
        if self.limits.max_tokens is None:
            return None
        return max(0, self.limits.max_tokens - self.account.usage.tokens)

    def _check_cost(self, fitted: Fitted, *, answer: int, candidate: Candidate) -> None:
        if self.limits.max_cost_micros is None:
            return
        provider, spent = candidate.provider, self.account.usage.cost_micros
        most = provider.tariff.usage(input_tokens=fitted.tokens, output_tokens=answer).cost_micros
        if spent + most > self.limits.max_cost_micros:
            raise ConflictError(
                f"a request to {provider.title} may cost {most} millionths of a dollar, "
                f"{self.limits.max_cost_micros - spent} are left",
                reason="BUDGET_EXCEEDED",
            )


def _too_long(candidate: Candidate, *, window: int, is_budget: bool) -> OctoError:
    title = candidate.provider.title
    if is_budget:
        return ConflictError(
            f"the {window} tokens that are left are too few to ask {title}", reason="BUDGET_EXCEEDED"
        )
    return PayloadTooLargeError(
        f"the task is too long for {title}: a request and its answer share {window} tokens",
        reason="CONTEXT_TOO_LONG",
    )


_SPANS = {
    told: InstrumentationSettings(
        include_content=told, include_binary_content=False, include_model_request_parameters=False
    )
    for told in (False, True)
}
"""Spans as OpenTelemetry's GenAI conventions want them, without and with what was said."""
