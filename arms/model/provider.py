"""What every provider of a model is: it tells how it stands, and opens the way to the model."""

from dataclasses import dataclass
from typing import Protocol

from pydantic_ai.models import Model

from arms.model.cutting import CountTokens
from arms.model.usage import Tariff
from servicekit.status_board import Health


@dataclass(frozen=True, kw_only=True)
class ModelHealth:
    """How a model stands; `detail` says what is wrong and what to do, empty when healthy."""

    health: Health
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The way to a model that is ready.

    Attributes:
        model: pydantic-ai's view of it.
        window: tokens that one request may hold, prompt and answer together.
        count: counts tokens as the model does, or estimates them on the safe side.
    """

    model: Model
    window: int
    count: CountTokens


class Provider(Protocol):
    """One configured model."""

    @property
    def title(self) -> str:
        """The model's name in provenance and messages."""
        ...

    @property
    def tariff(self) -> Tariff:
        """What its tokens cost."""
        ...

    @property
    def places(self) -> int:
        """How many requests it is worth sending at once."""
        ...

    @property
    def look_seconds(self) -> float:
        """How often it is worth asking how it stands."""
        ...

    @property
    def tells_odds(self) -> bool:
        """Whether it tells how likely its words are."""
        ...

    async def health(self) -> ModelHealth:
        """How it stands now."""
        ...

    async def connect(self) -> Connection:
        """The way to it.

        Raises:
            UnavailableError: it is not ready; the text says why.
        """
        ...


async def estimate_tokens(text: str) -> int:
    """A safe estimate for models whose tokeniser is not here: three bytes a token."""
    return len(text.encode()) // 3 + 1
