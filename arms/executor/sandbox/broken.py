"""What is raised when there is no working sandbox."""

from servicekit.errors import UnavailableError

REASON = "SANDBOX_UNAVAILABLE"


class SandboxUnavailableError(UnavailableError):
    """Nothing can be run safely here, so nothing was run."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The sandbox does not work, so nothing was run: {why}", reason=REASON)
        self.why = why
