"""What one call sent to models, who answered, and what that consumed."""

from dataclasses import dataclass, field

from arms.model.prompt import Prompt, sha256_of
from arms.model.usage import Usage


@dataclass(kw_only=True)
class Account:
    """The account of one call.

    Attributes:
        usage: what it consumed so far, with all models together, each at its own price.
    """

    usage: Usage = field(default_factory=Usage)
    _sent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _asked: list[str] = field(default_factory=list[str])
    _answered: list[str] = field(default_factory=list[str])

    @property
    def model(self) -> str:
        """Who answered, in order; who was asked last when nobody did; empty when nobody was asked."""
        return ", ".join(dict.fromkeys(self._answered or self._asked[-1:]))

    @property
    def prompt_hash(self) -> str:
        """SHA-256 in hex over all prompts sent, in order; empty when there were none."""
        return sha256_of(self._sent)

    def send(self, prompt: Prompt, *, title: str) -> None:
        """A prompt goes to a model."""
        self._sent.append((prompt.instructions, prompt.render()))
        self._asked.append(title)

    def answer(self, title: str) -> None:
        """A model answered."""
        self._answered.append(title)
