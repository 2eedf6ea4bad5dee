"""Which of our services may call what, as far as internal tokens tell who calls."""

from servicekit.errors import PermissionDeniedError
from servicekit.principal import current_caller

GATEWAY, COMMAND_LINE, ARMS = "gateway", "cli", "arms"


def only(*callers: str) -> None:
    """Refuse other services of ours; while authentication is off nobody says who calls.

    Raises:
        PermissionDeniedError: another one calls.
    """
    caller = current_caller()
    if caller and caller not in callers:
        raise PermissionDeniedError(f"the service {caller} has no business here", reason="CALLER_NOT_ALLOWED")
