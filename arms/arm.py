"""The base of every arm, a third party's included: say what it can do, and do one step at a time.

    class Shout(Arm):
        arm_id = "shout"
        name = "Shout"
        description = "Says it louder."
        capabilities = (Capability(name="shout", description="Turns text into capitals."),)

        async def execute(self, step, *, model, emit):
            return Result(output=step.instruction.upper(), confidence=1.0, method="rule")

Everything around it (gRPC, health, registration, limits, provenance) is `arms.host`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from pydantic import BaseModel

from arms.model.session import ModelSession
from arms.step import Progress, Result, Step
from servicekit.version import octollm_version

Emit = Callable[[Progress], Awaitable[None]]
"""Reports progress to whoever waits for the step."""


Arguments = type[BaseModel] | Mapping[str, Any] | None
"""A type, the JSON Schema of an object, or nothing."""


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One thing that an arm can do.

    Attributes:
        name: what plans refer to, such as "text_generation"; lower case, digits and underscores.
        description: one sentence for planners and people.
        arguments: the type of its arguments, or the JSON Schema of an object; None when it takes none.
        output: the type of its output, or its JSON Schema; None when that is plain text.
    """

    name: str
    description: str
    arguments: Arguments = None
    output: Arguments = None


class ModelNeed(Enum):
    """What an arm is without a language model."""

    NONE = "none"
    """It never asks one."""
    HELPS = "helps"
    """It works by rules, and does more with one."""
    REQUIRED = "required"
    """It can do nothing."""


class Arm(ABC):
    """One arm. Subclasses set the class variables and write `execute`."""

    arm_id: ClassVar[str]
    """The kind, a slug such as "coder"."""
    name: ClassVar[str]
    """The name for people."""
    description: ClassVar[str]
    """One sentence of purpose."""
    capabilities: Sequence[Capability]
    """What it can do; of the class, or of one arm where that hangs on how it was set up."""
    version: ClassVar[str] = octollm_version()
    """The arm's version."""
    cost_tier: ClassVar[int] = 1
    """How dear a call is, 1 (rules only) to 5 (a large hosted model)."""
    max_concurrency: ClassVar[int] = 8
    """How many steps it takes at once."""
    model_need: ClassVar[ModelNeed] = ModelNeed.NONE
    """What it is without a language model."""

    @abstractmethod
    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Do one step.

        Args:
            step: what to do; its arguments have been checked.
            model: the way to the language model, within the step's limits; keeps account of what is used.
            emit: reports progress.

        Raises:
            OctoError: the step cannot be done; the text says why, in the caller's words.
        """

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Hold what the arm needs as long as it runs, such as a connection; by default nothing.

        Raises:
            OctoError: it cannot be had; the arm does not start.
        """
        yield

    def capability(self, name: str) -> Capability | None:
        """The capability of that name, or None."""
        return next((capability for capability in self.capabilities if capability.name == name), None)
