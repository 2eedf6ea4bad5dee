"""The one refusal of credentials: callers learn nothing from it, the audit log everything."""

from servicekit.errors import UnauthenticatedError

MESSAGE = "valid credentials are needed: Authorization: Bearer with a token or an API key"


def refusal(reason: str) -> UnauthenticatedError:
    """The refusal; `reason` is for the audit log, the answer is the same for every one."""
    return UnauthenticatedError(MESSAGE, reason=reason)
