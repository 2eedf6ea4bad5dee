"""What calls of models consumed, what they may consume, and what that costs."""

import math
from dataclasses import dataclass

from genai_prices import Usage as PricedUsage
from genai_prices import calc_price

_MICROS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens and money of one or more requests.

    Attributes:
        input_tokens: tokens read.
        output_tokens: tokens written.
        cost_micros: millionths of a US dollar.
        cost_known: False when a model without a known price was used; `cost_micros` leaves it out.
        requests: how many requests were sent.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cost_known: bool = True
    requests: int = 0

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_micros=self.cost_micros + other.cost_micros,
            cost_known=self.cost_known and other.cost_known,
            requests=self.requests + other.requests,
        )


@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """What one call of an arm may consume; None is no limit.

    Attributes:
        max_tokens: tokens read and written, all requests together.
        max_cost_micros: millionths of a US dollar.
    """

    max_tokens: int | None = None
    max_cost_micros: int | None = None

    def within(self, outer: "CallLimits") -> "CallLimits":
        """The tighter of both, each for itself."""
        return CallLimits(
            max_tokens=_tighter(self.max_tokens, outer.max_tokens),
            max_cost_micros=_tighter(self.max_cost_micros, outer.max_cost_micros),
        )


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """Whose price list holds for a model.

    Attributes:
        model: the model as the price list calls it.
        provider: the list, such as "openai"; None for a model that costs nothing.
    """

    model: str
    provider: str | None = None

    def usage(self, *, input_tokens: int, output_tokens: int, requests: int = 1) -> Usage:
        """Those tokens with what they cost; a model that the list does not know costs 0 and says so."""
        micros = self._micros(input_tokens=input_tokens, output_tokens=output_tokens)
        return Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_micros=micros or 0,
            cost_known=micros is not None,
            requests=requests,
        )

    def _micros(self, *, input_tokens: int, output_tokens: int) -> int | None:
        if self.provider is None:
            return 0
        try:
            price = calc_price(
                PricedUsage(input_tokens=input_tokens, output_tokens=output_tokens),
                self.model,
                provider_id=self.provider,
            )
        except LookupError:
            return None
        return math.ceil(price.total_price * _MICROS)


def _tighter(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
