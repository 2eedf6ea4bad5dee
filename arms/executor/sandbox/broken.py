"""What is raised when there is no working sandbox."""

from servicekit.errors import UnavailableError

REASON = "SANDBOX_UNAVAILABLE"


class SandboxUnavailableError(UnavailableError):
    """Nothing can be run safely here, so nothing was run."""

    def __init__(self, why: str, *, retry_after: float | None = None) -> None:
        message = f"The sandbox does not work, so nothing was run: {why}"
        super().__init__(message, reason=REASON, retry_after=retry_after)
        self.why = why
