"""Several models, one after the other: who is asked first, which failures go on to the next, what is told."""

from collections.abc import Sequence

from arms.model.candidate import MODEL_TIMEOUT, Candidate
from arms.model.failures import UnusableOutputError
from arms.model.provider import ModelHealth
from servicekit.errors import (
    ConflictError,
    DeadlineError,
    OctoError,
    PayloadTooLargeError,
    RateLimitError,
    UnavailableError,
)
from servicekit.status_board import Health

_NEXT_MAY_DO_BETTER = (
    UnavailableError,  # it is away, overloaded, or refuses our key
    RateLimitError,  # too many wait for it
    PayloadTooLargeError,  # the next one's window may be larger
    UnusableOutputError,  # it is too weak for what was asked
)

Failure = tuple[Candidate, OctoError]
"""Who failed, and how."""


def in_turn(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The order in which they are asked: as configured, those that failed just now last."""
    return sorted(candidates, key=lambda candidate: candidate.rests)


def goes_on(error: OctoError) -> bool:
    """Whether the next model is asked after this failure; the caller's own deadline ends it all."""
    if isinstance(error, DeadlineError):
        return error.reason == MODEL_TIMEOUT
    if isinstance(error, ConflictError):
        return error.reason == "BUDGET_EXCEEDED"  # the next one may be cheaper
    return isinstance(error, _NEXT_MAY_DO_BETTER)


def together(failures: Sequence[Failure]) -> OctoError:
    """One error for all of them: trying again makes sense when it does for one of them."""
    if len(failures) == 1:
        return failures[0][1]
    passing = [error for _, error in failures if isinstance(error, UnavailableError | RateLimitError)]
    error = passing[0] if passing else failures[-1][1]
    told = "; ".join(f"{candidate.provider.title}: {failed.message}" for candidate, failed in failures)
    waits = [failed.retry_after for failed in passing if failed.retry_after is not None]
    return type(error)(
        f"no model could answer: {told}", reason=error.reason, retry_after=min(waits, default=None)
    )


async def health_of(candidates: Sequence[Candidate]) -> ModelHealth:
    """How a chain stands: as its first model, with less when another must stand in; asks no further."""
    told: list[str] = []
    for candidate in candidates:
        health = await candidate.provider.health()
        if health.health is not Health.UNAVAILABLE:
            if not told:
                return health
            return ModelHealth(
                health=Health.DEGRADED, detail="; ".join([*told, f"{candidate.provider.title} answers"])
            )
        told.append(f"{candidate.provider.title}: {health.detail}" if len(candidates) > 1 else health.detail)
    return ModelHealth(health=Health.UNAVAILABLE, detail="; ".join(told))
