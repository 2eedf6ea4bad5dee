"""One call's way to the models: asks for text or for a typed answer, within limits, and keeps account."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic_ai import Agent, NativeOutput
from pydantic_ai.settings import merge_model_settings

from arms.model.account import Account
from arms.model.asking import Asker, Request, Wish
from arms.model.candidate import Candidate
from arms.model.chain import Failure, goes_on, in_turn, together
from arms.model.odds import ODDS_SETTINGS, share_of_yes
from arms.model.prompt import Prompt
from arms.model.stopping import Stop, goes_in_circles
from arms.model.usage import CallLimits, Usage
from servicekit.errors import OctoError

_LOG = logging.getLogger(__name__)

_LOOK_PIECES = 32
"""Every so many pieces of a text it is looked at whether it goes in circles."""

Typed = TypeVar("Typed")
Got = TypeVar("Got")

OnDelta = Callable[[str], Awaitable[None]]
"""Told each new piece of text."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A text that a model wrote.

    Attributes:
        text: the text.
        complete: False when the token limit cut it off, or it went in circles and was ended for that.
        cut: titles of the prompt's sections whose middle was left out.
    """

    text: str
    complete: bool
    cut: tuple[str, ...]


@dataclass(kw_only=True)
class _Stream:
    """Pieces of a text as they come; once somebody was told one, no other model can start anew."""

    on_delta: OnDelta | None
    stop: Stop | None
    pieces: list[str] = field(default_factory=list[str])

    @property
    def told(self) -> bool:
        """Whether somebody knows a piece already."""
        return self.on_delta is not None and bool(self.pieces)

    @property
    def text(self) -> str:
        """What was written so far."""
        return "".join(self.pieces)

    @property
    def says_all(self) -> bool:
        """Whether nothing more is wanted; a line's end is where that can be told."""
        return self.stop is not None and "\n" in self.pieces[-1] and self.stop(self.text)

    @property
    def circles(self) -> bool:
        """Whether nothing more is to come; looked at now and then, for it costs more than a piece."""
        return len(self.pieces) % _LOOK_PIECES == 0 and goes_in_circles(self.text)

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
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        on_delta: OnDelta | None = None,
        stop: Stop | None = None,
    ) -> Answer:
        """Ask for text; one that goes in circles is ended.

        Args:
            prompt: what to ask.
            max_tokens: the most tokens of the answer.
            temperature: 0 takes the likeliest token always.
            on_delta: told the text as it comes.
            stop: asked at the end of each line whether the text so far is enough; then it is complete.

        Raises:
            UnavailableError: the model is not ready or cannot be reached.
            DeadlineError: the caller's deadline passed.
            PayloadTooLargeError: what may not be cut is too long for the model.
            ConflictError: reason BUDGET_EXCEEDED: the limits leave too little.
            RateLimitError: too many requests wait for the model.
            InternalError: the model's answer is of no use.
        """
        stream = _Stream(on_delta=on_delta, stop=stop)

        async def ask(request: Request) -> Answer:
            stream.pieces.clear()
            complete = await _write(request, stream)
            return Answer(text=stream.text.strip(), complete=complete, cut=request.fitted.cut)

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

    @property
    def tells_odds(self) -> bool:
        """Whether the model that is asked first tells how likely its words are."""
        return in_turn(self.candidates)[0].provider.tells_odds

    async def odds(self, prompt: Prompt) -> float:
        """Ask a question whose answer is yes or no.

        Returns:
            How likely yes is, against no: 0 to 1.

        Raises:
            UnusableOutputError: the model does not tell, or means neither.
            OctoError: as `text`.
        """

        async def ask(request: Request) -> float:
            agent = Agent(request.model, instructions=request.fitted.prompt.instructions)
            settings = merge_model_settings(request.settings, ODDS_SETTINGS)
            message = request.fitted.prompt.render()
            return share_of_yes(
                (await agent.run(message, model_settings=settings, usage=request.used)).response
            )

        return await self._ask(Wish(prompt=prompt, max_tokens=1, temperature=0.0), ask, is_told=lambda: False)

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
            if stream.says_all or stream.circles:
                await writing.cancel()
                break
        else:
            return writing.response.finish_reason != "length"
    await request.count_unfinished(stream.text)
    return stream.says_all
