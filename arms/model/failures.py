"""What goes wrong with a model, as the errors that arms raise."""

from dataclasses import dataclass
from typing import Any, cast

from pydantic_ai import exceptions

from servicekit.errors import DeadlineError, InternalError, OctoError, PayloadTooLargeError, UnavailableError


class UnusableOutputError(InternalError):
    """The model answered, and its answer is not what was asked for: cut off, or of another shape."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    raised: type[exceptions.AgentRunError]
    error: type[OctoError]
    text: str
    reason: str
    retry_after: float | None = None


_ROWS = (
    _Row(
        raised=exceptions.OutputTokenLimitExceeded,
        error=UnusableOutputError,
        text="{} did not finish its answer",
        reason="MODEL_OUTPUT_CUT",
    ),
    _Row(
        raised=exceptions.UnexpectedModelBehavior,
        error=UnusableOutputError,
        text="{} answered in another shape than asked for",
        reason="MODEL_OUTPUT_INVALID",
    ),
    _Row(
        raised=exceptions.ModelTimeoutError,
        error=DeadlineError,
        text="{} did not answer in time",
        reason="MODEL_TIMEOUT",
    ),
    _Row(
        raised=exceptions.ModelAuthenticationError,
        error=UnavailableError,
        text="{} refuses our key",
        reason="MODEL_KEY_REFUSED",
    ),
    _Row(
        raised=exceptions.ModelNotFoundError,
        error=UnavailableError,
        text="the provider does not know {}",
        reason="MODEL_UNKNOWN",
    ),
    _Row(
        raised=exceptions.ModelQuotaExceededError,
        error=UnavailableError,
        text="the account of {} has no credit left",
        reason="MODEL_QUOTA",
    ),
    _Row(
        raised=exceptions.ModelRateLimitError,
        error=UnavailableError,
        text="{} is overloaded",
        reason="MODEL_OVERLOADED",
        retry_after=5.0,
    ),
    _Row(
        raised=exceptions.ModelRequestRejectedError,
        error=InternalError,
        text="{} rejected the request",
        reason="MODEL_REQUEST_REJECTED",
    ),
    _Row(
        raised=exceptions.AgentRunError,
        error=UnavailableError,
        text="{} cannot be reached",
        reason="MODEL_UNREACHABLE",
        retry_after=1.0,
    ),
)
"""What the library raises and what we raise, first match first: special classes stand before their bases."""


def octo_error(error: exceptions.AgentRunError, *, title: str) -> OctoError:
    """Return the OctoError for what the model library raised; provider texts stay out of it.

    Args:
        error: what was raised.
        title: the model's name for people.
    """
    if _is_too_long(error):
        return PayloadTooLargeError(f"the text is too long for {title}", reason="CONTEXT_TOO_LONG")
    row = next(row for row in _ROWS if isinstance(error, row.raised))
    return row.error(row.text.format(title), reason=row.reason, retry_after=row.retry_after)


def _is_too_long(error: exceptions.AgentRunError) -> bool:
    if isinstance(error, exceptions.ModelContextWindowExceededError):
        return True
    body: object = getattr(error, "body", None)
    return isinstance(body, dict) and cast("dict[str, Any]", body).get("type") == "exceed_context_size_error"
