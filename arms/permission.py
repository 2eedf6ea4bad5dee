"""Whether a call may be carried out: the seam at which capability tokens are checked."""

from typing import Protocol


class Verifier(Protocol):
    """Checks a call's capability token before anything is done."""

    async def verify(self, *, token: str, act: str, call: bytes) -> None:
        """Return when the token allows the act with exactly this call.

        Args:
            token: what the caller showed; may be empty.
            act: the capability that is asked for.
            call: the request, serialised deterministically, without its token.

        Raises:
            PermissionDeniedError: it does not; nothing has been done.
        """
        ...
