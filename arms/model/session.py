"""One call's way to the models: asks for text or for a typed answer, within limits, and keeps account."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic_ai import Agent, NativeOutput

from arms.model.account import Account
from arms.model.asking import Asker, Request, Wish
from arms.model.candidate import Candidate
from arms.model.chain import Failure, goes_on, in_turn, together
from arms.model.prompt import Prompt
from arms.model.usage import CallLimits, Usage
from servicekit.errors import OctoError

_LOG = logging.getLogger(__name__)

Typed = TypeVar("Typed")
Got = TypeVar("Got")

OnDelta = Callable[[str], Awaitable[None]]
"""Told each new piece of text."""


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


@dataclass(kw_only=True)
class _Stream:
    """Pieces of a text as they come; once somebody was told one, no other model can start anew."""

    on_delta: OnDelta | None
    pieces: list[str] = field(default_factory=list[str])

    @property
    def told(self) -> bool:
        """Whether somebody knows a piece already."""
        return self.on_delta is not None and bool(self.pieces)

    async def add(self, piece: str) -> None:
        """Take one piece."""
        self.pieces.append(piece)
        if self.on_delta is not None:
            await self.on_delta(piece)


@dataclass(kw_only=True)
class ModelSession:
    """What an arm is given for one call.

    Attributes:
        candidates: the configured models, in the order in which they are asked.
        limits: what this call may consume.
        seconds: how long one model may take before the next one is asked; None leaves it all to the first.
        trace_content: whether traces may carry what was said.
    """

    candidates: Sequence[Candidate]
    limits: CallLimits = field(default_factory=CallLimits)
    seconds: float | None = None
    trace_content: bool = False
    _account: Account = field(default_factory=Account, init=False)

    @property
    def usage(self) -> Usage:
        """What this call consumed so far."""
        return self._account.usage

    @property
    def model(self) -> str:
        """The name of the model that answered; empty when none was asked."""
        return self._account.model

    @property
    def prompt_hash(self) -> str:
        """SHA-256 in hex over all prompts sent, in order; empty when there were none."""
        return self._account.prompt_hash

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
        stream = _Stream(on_delta=on_delta)

        async def ask(request: Request) -> Answer:
            stream.pieces.clear()
            complete = await _write(request, stream)
            return Answer(text="".join(stream.pieces).strip(), complete=complete, cut=request.fitted.cut)

        wish = Wish(prompt=prompt, max_tokens=max_tokens, temperature=temperature)
        return await self._ask(wish, ask, is_told=lambda: stream.told)

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

        async def ask(request: Request) -> Typed:
            agent = Agent(
                request.model,
                instructions=request.fitted.prompt.instructions,
                output_type=NativeOutput(output),
                retries=0,
            )
            message = request.fitted.prompt.render()
            return (await agent.run(message, model_settings=request.settings, usage=request.used)).output

        wish = Wish(prompt=prompt, max_tokens=max_tokens, temperature=temperature)
        return await self._ask(wish, ask, is_told=lambda: False)

    async def _ask(
        self, wish: Wish, ask: Callable[[Request], Awaitable[Got]], *, is_told: Callable[[], bool]
    ) -> Got:
        """Ask one model after the other until one answers."""
        asker = Asker(
            account=self._account,
            limits=self.limits,
            seconds=self.seconds if len(self.candidates) > 1 else None,
            trace_content=self.trace_content,
        )
        failures: list[Failure] = []
        for candidate in in_turn(self.candidates):
            try:
                async with asker.asking(wish, candidate=candidate) as request:
                    got = await ask(request)
            except OctoError as error:
                candidate.note(error)
                failures.append((candidate, error))
                if is_told() or not goes_on(error):
                    raise
                _LOG.info(
                    "a model could not answer",
                    extra={"model": candidate.provider.title, "reason": error.reason},
                )
            else:
                candidate.trust()
                return got
        raise together(failures)


async def _write(request: Request, stream: _Stream) -> bool:
    """Have a text written; whether it is complete."""
    agent = Agent(request.model, instructions=request.fitted.prompt.instructions)
    message = request.fitted.prompt.render()
    async with agent.run_stream(message, model_settings=request.settings, usage=request.used) as writing:
        async for piece in writing.stream_text(delta=True, debounce_by=None):
            await stream.add(piece)
        return writing.response.finish_reason != "length"
