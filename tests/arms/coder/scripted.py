"""A model that answers what the test says, and remembers what it was asked."""

from dataclasses import dataclass, field
from typing import cast

from arms.model.prompt import Prompt
from arms.model.session import Answer, ModelSession, OnDelta
from arms.model.stopping import Stop
from servicekit.errors import OctoError


@dataclass(kw_only=True)
class Scripted:
    """Stands for a ModelSession; runs out of budget when its answers do."""

    answers: list[str | OctoError]
    prompts: list[str] = field(default_factory=list[str])

    async def text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        on_delta: OnDelta | None = None,
        stop: Stop | None = None,
    ) -> Answer:
        self.prompts.append(prompt.render())
        answer = self.answers.pop(0)
        if isinstance(answer, OctoError):
            raise answer
        return Answer(text=answer, complete=True, cut=())


def scripted(*answers: str | OctoError) -> tuple[ModelSession, Scripted]:
    """The model, as the coder takes it and as the test looks at it."""
    model = Scripted(answers=list(answers))
    return cast("ModelSession", model), model
